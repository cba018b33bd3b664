"""The texts that are printed word for word, and what of the law counsel must still read."""

from __future__ import annotations

import pytest

from rules.finding import FindingCode
from rules.law import needs_counsel
from rules.notices import (
    carries_not_guaranteed,
    carries_redisclosure_notice,
    not_guaranteed,
    notice_belongs,
    redisclosure_notice,
    redisclosure_paragraphs,
    superseded_in,
)
from rules.tables import TABLES, table
from rules.vocabulary import Language, ProgramClass

OLD_LONG = (
    "This record which has been disclosed to you is protected by federal confidentiality rules (42 CFR part 2). The "
    "federal rules prohibit you from making any further disclosure of this record unless further disclosure is "
    "expressly permitted by the written consent of the individual whose information is being disclosed in this record "
    "or, is otherwise permitted by 42 CFR part 2. A general authorization for the release of medical or other "
    "information is NOT sufficient for this purpose (see §2.31). The federal rules restrict any use of the information "
    "to investigate or prosecute with regard to a crime any patient with a substance use disorder, except as provided "
    "at §§2.12(c)(5) and 2.65;"
)
OLD_SHORT = "42 CFR part 2 prohibits unauthorized disclosure of these records."


def test_the_notice_in_force_is_recognized_however_its_lines_break() -> None:
    for number in (1, 2):
        text = redisclosure_notice(number).text
        assert carries_redisclosure_notice(f"Before.\n{text}\nAfter.")
        assert carries_redisclosure_notice(text.replace(" ", "\n"))
        assert superseded_in(text) == ()


def test_one_changed_word_is_not_the_notice() -> None:
    assert not carries_redisclosure_notice(redisclosure_notice(1).text.replace("testimony", "testimonies"))
    assert not carries_redisclosure_notice(OLD_LONG)
    assert not carries_redisclosure_notice(OLD_SHORT)


@pytest.mark.parametrize("old", [OLD_LONG, OLD_SHORT])
def test_superseded_texts_are_found_out(old: str) -> None:
    assert superseded_in(old)


def test_a_splice_of_old_and_new_is_found_out() -> None:
    new = redisclosure_notice(1).text
    spliced = new[: new.index("In addition")] + OLD_LONG[OLD_LONG.index("The federal rules prohibit") :]
    assert superseded_in(spliced)
    assert not carries_redisclosure_notice(spliced)


def test_the_notice_goes_with_consented_disclosures_of_part_2_records_only() -> None:
    assert notice_belongs([ProgramClass.PART2_PROGRAM], by_consent=True)
    assert notice_belongs([ProgramClass.PART2_LAWFUL_HOLDER, ProgramClass.ETHICS_ONLY], by_consent=True)
    assert not notice_belongs([ProgramClass.PART2_PROGRAM], by_consent=False)
    for other in (ProgramClass.UNKNOWN, ProgramClass.ETHICS_ONLY, ProgramClass.HIPAA_COVERED_ENTITY):
        assert not notice_belongs([other], by_consent=True)


def test_there_are_two_statements_and_no_third() -> None:
    with pytest.raises(ValueError, match="statements 1 and 2"):
        redisclosure_notice(3)


def test_the_paragraphs_that_are_printed_are_the_notice_and_nothing_else() -> None:
    assert "\n".join(redisclosure_paragraphs()) == redisclosure_notice(1).text
    assert len(redisclosure_paragraphs()) == 5


@pytest.mark.parametrize("language", Language)
def test_the_sentence_on_groups_is_recognized_word_for_word(language: Language) -> None:
    sentence = not_guaranteed(language).text
    assert carries_not_guaranteed(f"Before. {sentence.replace(' ', chr(10))} After.", language)
    assert not carries_not_guaranteed(sentence.replace("all", "most").replace("todos", "muchos"), language)
    assert "cannot guarantee that all participants will honor such agreements" in not_guaranteed(Language.EN).text


def test_every_table_says_when_it_was_verified_and_whether_counsel_must_read_it() -> None:
    for name in TABLES:
        assert {"verified_on", "source", "needs_counsel"} <= set(table(name))


def test_what_is_from_memory_always_wants_counsel() -> None:
    for row in table("authorities")["entries"].values():
        assert row["verified_on"] is not None or row["needs_counsel"]


def test_every_rule_that_judges_stands_in_the_table_of_authorities() -> None:
    later = {"V21"}
    finished = {code.value for code in FindingCode if code.value.startswith("F")}
    assert set(table("authorities")["entries"]) == {code.value for code in FindingCode} - later - finished


def test_counsel_is_told_of_every_mark() -> None:
    listed = {(row.table, row.row) for row in needs_counsel()}
    assert ("authorities", "entries.C03") in listed
    assert ("notices", "not_guaranteed") in listed
    assert ("authorities", "entries.V02") not in listed

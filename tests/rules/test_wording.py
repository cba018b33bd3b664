"""What a form may print: plain values only, in the statement's own language."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules.draft import Expiry, Revocable, StatementDraft, dump, load
from rules.form_text import stigma_in
from rules.tables import table
from rules.vocabulary import (
    Family,
    InformationCategory,
    Language,
    MandateKind,
    OrganizationKind,
    ProgramClass,
    PurposeCode,
    SignerCapacity,
)
from rules.wording import Words, date_text, fields_of, label

REF = "K7QF-2M9D-XR4T"
KEYS = {
    "statement": {"ref", "prepared_on"},
    "form": {"id", "version"},
    "agency": {"name", "unit", "address", "phone", "revocation_desk", "logo", "email", "notice_effective_on"},
    "client": {"name", "also_known_as", "birth_date", "number"},
    "organization": {"name", "unit", "address", "function"},
    "mandate": {"kind", "body", "reference", "ordered_on", "final_disposition"},
    "signer": {"capacity", "capacity_label", "name", "both"},
    "interpreter": {"name"},
    "about": {"ref", "signed_on", "allowed", "limited", "revocable_from"},
    "group": {"kind", "name", "keeps_private"},
}
FLAT = {"categories", "records_period", "everything_justification", "purposes", "purpose_text", "effective_from"}
FLAT |= {
    "expires",
    "revocable_from",
    "part2",
    "hipaa",
    "tpo_recipient",
    "exchange",
    "single_use",
    "access_code",
    "notice",
    "state_notice",
}


def leaves(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner)
    else:
        yield value


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(
    which=st.sampled_from(["lawful", "criminal_justice", "acknowledgment"]),
    language=st.sampled_from(Language),
    bare=st.booleans(),
)
def test_the_dictionary_has_the_same_keys_for_every_draft_and_never_none(
    which: str,
    language: Language,
    bare: bool,
    lawful: StatementDraft,
    criminal_justice: StatementDraft,
    acknowledgment: StatementDraft,
    today: dt.date,
) -> None:
    draft = {"lawful": lawful, "criminal_justice": criminal_justice, "acknowledgment": acknowledgment}[which]
    if bare:
        draft = replace(draft, expiry=Expiry(), revocable=None, mandate=None, purposes=(), categories=())
    fields = fields_of(replace(draft, language=language), statement_ref=REF, prepared_on=today)
    assert set(fields) == set(KEYS) | FLAT
    for key, inner in KEYS.items():
        assert set(fields[key]) == inner
    for leaf in leaves(fields):
        assert type(leaf) in (str, bool)
        assert leaf != "None"


def test_dates_are_written_out_in_the_language_of_the_paper() -> None:
    assert date_text(dt.date(2027, 3, 3), Language.EN) == "March 3, 2027"
    assert date_text(dt.date(2027, 3, 3), Language.ES) == "3 de marzo de 2027"
    assert date_text(None, Language.EN) == ""


def test_only_a_criminal_justice_statement_says_from_when_it_is_revocable(
    lawful: StatementDraft, criminal_justice: StatementDraft, today: dt.date
) -> None:
    ordinary = fields_of(replace(lawful, revocable=Revocable(today)), statement_ref=REF, prepared_on=today)
    assert ordinary["revocable_from"] == ""
    assert ordinary["organization"]["function"] == ""
    special = fields_of(criminal_justice, statement_ref=REF, prepared_on=today)
    assert special["revocable_from"] == "The court closes my case"
    assert special["organization"]["function"] == "staff responsible for supervising or monitoring me"


def test_an_end_by_date_and_event_says_whichever_is_first(lawful: StatementDraft, today: dt.date) -> None:
    draft = replace(lawful, expiry=Expiry(dt.date(2027, 3, 3), "I finish the program"))
    text = fields_of(draft, statement_ref=REF, prepared_on=today)["expires"]
    assert "March 3, 2027" in text
    assert "I finish the program" in text
    assert "first" in text


def test_a_paper_that_discloses_nothing_names_no_organization_and_no_end(
    acknowledgment: StatementDraft, today: dt.date
) -> None:
    fields = fields_of(acknowledgment, statement_ref=REF, prepared_on=today)
    assert fields["organization"] == {"name": "", "unit": "", "address": [], "function": ""}
    assert fields["expires"] == ""


def test_the_clauses_of_hipaa_redisclosure_are_for_part_2_records_and_treatment_only(
    lawful: StatementDraft, today: dt.date
) -> None:
    assert lawful.recipient is not None
    treatment = replace(
        lawful,
        purposes=(PurposeCode.TREATMENT,),
        recipient=replace(lawful.recipient, kind=OrganizationKind.TREATMENT),
    )
    assert fields_of(treatment, statement_ref=REF, prepared_on=today)["tpo_recipient"] is True
    parole = replace(treatment, recipient=replace(lawful.recipient, kind=OrganizationKind.PAROLE))
    assert fields_of(parole, statement_ref=REF, prepared_on=today)["tpo_recipient"] is False
    ethics = replace(treatment, discloser=replace(lawful.discloser, classes=frozenset({ProgramClass.ETHICS_ONLY})))
    fields = fields_of(ethics, statement_ref=REF, prepared_on=today)
    assert (fields["tpo_recipient"], fields["part2"]) == (False, False)


@pytest.mark.parametrize("classes", [{ProgramClass.UNKNOWN}, set()])
def test_the_clients_of_a_unit_that_nobody_classified_are_told_of_part_2(
    classes: set[ProgramClass], acknowledgment: StatementDraft, today: dt.date
) -> None:
    def told(held: set[ProgramClass]) -> object:
        unit = replace(acknowledgment.discloser, classes=frozenset(held))
        return fields_of(replace(acknowledgment, discloser=unit), statement_ref=REF, prepared_on=today)["part2"]

    assert told(classes) is True
    assert told({ProgramClass.ETHICS_ONLY}) is False


def test_at_my_own_request_is_printed_when_it_is_the_only_purpose(lawful: StatementDraft, today: dt.date) -> None:
    draft = replace(lawful, purposes=(), initiated_by_client=True)
    assert fields_of(draft, statement_ref=REF, prepared_on=today)["purposes"] == [{"label": "At my own request"}]


@pytest.mark.parametrize(
    ("words", "codes"),
    [
        (Words.CATEGORIES, InformationCategory),
        (Words.PURPOSES, PurposeCode),
        (Words.MANDATES, MandateKind),
        (Words.CAPACITIES, SignerCapacity),
    ],
)
def test_every_code_has_a_label_in_every_language_and_no_label_lacks_its_code(words: Words, codes: type) -> None:
    assert set(table(words.value)["entries"]) == {code.value for code in codes}
    for code in codes:
        labels = {label(words, code, language) for language in Language}
        assert len(labels) == len(Language)
        assert all(labels)


def test_labels_are_person_first_and_never_stigmatize() -> None:
    for words in Words:
        if words is Words.CLAUSES:
            continue
        for row in table(words.value)["entries"].values():
            for language in Language:
                assert not list(stigma_in(row[language.value], language))


def test_there_are_enough_categories_and_purposes_to_choose_from() -> None:
    assert len(InformationCategory) >= 16
    assert len(PurposeCode) >= 12


def test_a_draft_survives_its_writing(
    lawful: StatementDraft, criminal_justice: StatementDraft, acknowledgment: StatementDraft
) -> None:
    for draft in (lawful, criminal_justice, acknowledgment):
        written = dump(draft)
        assert load(written) == draft
        assert dump(load(written)) == written


def test_bytes_that_are_no_draft_are_refused_without_being_repeated() -> None:
    with pytest.raises(ValueError, match="wrong at") as refused:
        load(b'{"family": "Ana Lopez"}')
    assert "Ana Lopez" not in str(refused.value)


def test_a_draft_does_not_show_its_client(criminal_justice: StatementDraft) -> None:
    shown = repr(criminal_justice)
    assert "Ocasio" not in shown
    assert "1990" not in shown
    assert Family.CRIMINAL_JUSTICE.value in shown

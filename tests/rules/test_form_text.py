"""What the text of a form must and must not say, before there is a client."""

from __future__ import annotations

import pytest

from rules.families import Clause
from rules.form_text import found, must_not_say, must_say, signs, stigma_in
from rules.vocabulary import Family, Language


def test_every_family_that_discloses_wants_a_revocation_sentence_and_no_other_family_does() -> None:
    revocation = {Clause.REVOCATION_ANYTIME, Clause.REVOCATION_LIMITED}
    assert all(bool(revocation & set(must_say(family))) is family.discloses for family in Family)


def test_a_criminal_justice_form_may_not_promise_revocation_at_any_time() -> None:
    assert Clause.REVOCATION_ANYTIME in must_not_say(Family.CRIMINAL_JUSTICE)
    assert Clause.REVOCATION_ANYTIME not in must_say(Family.CRIMINAL_JUSTICE)
    assert Clause.HIPAA_REDISCLOSURE in must_not_say(Family.CRIMINAL_JUSTICE)


def test_no_family_wants_and_bars_the_same_clause() -> None:
    assert not [family for family in Family if set(must_say(family)) & set(must_not_say(family))]


@pytest.mark.parametrize("clause", Clause)
def test_every_clause_has_signs_and_an_authority(clause: Clause) -> None:
    assert signs(clause)
    assert any(source in clause.authority for source in ("CFR", "USC", "NYCRR", "NASW", "advisory"))


def test_a_negated_promise_is_no_promise() -> None:
    assert found(Clause.REVOCATION_ANYTIME, "I can revoke this at any time.")
    assert not found(Clause.REVOCATION_ANYTIME, "I cannot revoke this at any time before June.")


@pytest.mark.parametrize(
    ("language", "text", "words"),
    [
        (Language.EN, "The offender met the inmates, an ADDICT and an ex-con­vict.", 4),
        (Language.EN, "Alcohol and drug abuse patient records", 1),
        (Language.EN, "criminals", 1),
        (Language.EN, "A prisoner, two prisoners, an ex-con and the ex cons", 4),
        (Language.ES, "Un preso, la presa, los ofensores, una infractora y un alcohólico", 5),
        (Language.ES, "el expresidiario y la alcohólica", 2),
        (Language.ES, "bebidas alcohólicas; presento mi solicitud; la prisión; una infracción", 0),
        (Language.EN, "the Bureau of Prisons; I can excuse it; an ex-constable", 0),
        (Language.ES, "El delincuente, los reclusos y una drogadicta", 3),
        (Language.EN, "a criminal justice matter before the criminal court, the Office of Addiction Services", 0),
        (Language.EN, "in any civil, criminal, administrative, or legislative proceedings", 0),
        (Language.ES, "procesos civiles o penales; consumo de sustancias", 0),
    ],
)
def test_words_of_stigma_are_told_with_what_to_write_and_words_of_the_law_are_not(
    language: Language, text: str, words: int
) -> None:
    told = list(stigma_in(text, language))
    assert len(told) == words
    assert all(one.instead for one in told)

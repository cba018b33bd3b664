"""What our own forms say, clause by clause of the advisory and of the code of ethics: docs/law.md names these."""

from __future__ import annotations

import io
import re
from functools import cache

import pytest

from rules.families import Clause
from rules.form_text import clauses_in
from rules.notices import carries_not_guaranteed
from rules.vocabulary import Family, Language
from templates.catalog import catalog
from templates.form import Form

BOTH = list(Language)
SHARING = [form.id for form in catalog() if form.family.discloses]


@cache
def words(form_id: str, language: Language) -> str:
    """The text of a form, its tags left out."""
    from docx import Document
    from docx.oxml.ns import qn

    body = Document(io.BytesIO(catalog().get(form_id).docx(language))).element.body
    paragraphs = ["".join(run.text or "" for run in row.iter(qn("w:t"))) for row in body.iter(qn("w:p"))]
    return re.sub(r"\{%.*?%\}", " ", "\n".join(paragraphs))


def said(form_id: str, language: Language) -> frozenset[Clause]:
    return clauses_in(words(form_id, language))


def of(family: Family) -> Form:
    return next(form for form in catalog() if form.family is family)


@pytest.mark.parametrize("language", BOTH)
def test_the_acknowledgment_says_that_before_we_act_on_a_threat_we_try_to_explain(language: Language) -> None:
    assert Clause.HARM_EXPLAINED_FIRST in said(of(Family.ACKNOWLEDGMENT).id, language)


@pytest.mark.parametrize("language", BOTH)
def test_the_acknowledgment_names_the_limits_of_confidentiality(language: Language) -> None:
    assert Clause.LIMITS_OF_CONFIDENTIALITY in said(of(Family.ACKNOWLEDGMENT).id, language)


@pytest.mark.parametrize("language", BOTH)
@pytest.mark.parametrize("form_id", SHARING)
def test_every_statement_says_what_may_come_of_signing_and_of_not_signing(form_id: str, language: Language) -> None:
    wanted = {Clause.CONSEQUENCES_OF_SIGNING, Clause.REFUSAL_CONSEQUENCES, Clause.NOTHING_WITHHELD}
    assert wanted <= said(form_id, language)


@pytest.mark.parametrize("language", BOTH)
def test_the_agreement_of_a_group_keeps_what_others_say_and_cannot_be_guaranteed(language: Language) -> None:
    agreement = of(Family.GROUP_AGREEMENT).id
    assert Clause.KEEP_WHAT_OTHERS_SAY in said(agreement, language)
    assert carries_not_guaranteed(words(agreement, language), language)


@pytest.mark.parametrize("language", BOTH)
def test_the_agreement_of_a_group_says_what_staff_share_among_those_who_take_part(language: Language) -> None:
    assert Clause.SHARING_AMONG_PARTIES in said(of(Family.GROUP_AGREEMENT).id, language)


@pytest.mark.parametrize("form_id", [form.id for form in catalog()])
def test_every_field_of_every_form_says_what_it_is_for(form_id: str) -> None:
    form = catalog().get(form_id)
    assert form.fields
    assert [field.name for field in form.fields if len(field.purpose.strip()) < 8] == []


@pytest.mark.parametrize("language", BOTH)
@pytest.mark.parametrize("form_id", SHARING)
def test_every_statement_promises_the_client_a_copy(form_id: str, language: Language) -> None:
    assert Clause.COPY_TO_CLIENT in said(form_id, language)

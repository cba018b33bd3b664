"""What the forms say: the clauses the law wants, none it forbids, in plain and dignified words, in both languages."""

from __future__ import annotations

import io
import re
from collections.abc import Collection
from dataclasses import replace
from typing import Any, Final

import docx
import jinja2
import pytest
from docx.oxml.ns import qn
from docxtpl import DocxTemplate

from rules.draft import StatementDraft
from rules.families import Clause, requirements
from rules.finished import check_finished
from rules.form_text import found, stigma_in
from rules.lifecycle import DISCLOSABLE
from rules.vocabulary import (
    CRIMINAL_JUSTICE_KINDS,
    TPO_PURPOSES,
    Family,
    Language,
    OrganizationKind,
    ProgramClass,
    PurposeCode,
    StatementState,
)
from rules.wording import fields_of
from templates.catalog import catalog
from templates.drafting.samples import PREPARED_ON, REFERENCE, Size, sample, sample_draft
from templates.drafting.wording import Bullets, Facts, Heading, Signatures, Text, read
from templates.form import Form
from templates.lint.reading import HARD_GRADE, MAX_GRADE, grade
from tests.notices import new_yorks_notice

EACH: Final = [pytest.param(form, language, id=f"{form.id}-{language}") for form in catalog() for language in Language]
DICTATED: Final = r"This notice describes:|Este aviso describe:|unless at least one of the following applies:"
"""Lines that law ends with a colon."""
TO_CLIENTS: Final = [p for p in EACH if p.values[0].family is not Family.ACCOMPANYING_NOTICE]
STATEMENTS: Final = [parameter for parameter in EACH if parameter.values[0].family.discloses]
PLAIN_CLASS: Final = {"part2": False, "hipaa": False, "tpo_recipient": False}


def filled(form: Form, language: Language, *, size: Size = Size.USUAL, **changes: Any) -> str:
    """All words of a form filled for the fictional client, one paragraph a line."""
    return printed(form, language, sample(form, language, size) | changes)


def printed(form: Form, language: Language, data: dict[str, Any]) -> str:
    """All words of a filled form, one paragraph a line."""
    template = DocxTemplate(io.BytesIO(form.docx(language)))
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=True)
    template.render(data, jinja_env=environment, autoescape=True)
    paragraphs = template.docx.element.iter(qn("w:p"))
    return "\n".join("".join(t.text or "" for t in paragraph.iter(qn("w:t"))) for paragraph in paragraphs)


def for_care(form: Form, language: Language, purpose: PurposeCode, classes: Collection[ProgramClass]) -> StatementDraft:
    """The usual paper of a form, for a provider of treatment."""
    draft = sample_draft(form, language, Size.USUAL)
    assert draft.recipient is not None
    return replace(
        draft,
        purposes=(purpose,),
        recipient=replace(draft.recipient, kind=OrganizationKind.TREATMENT),
        discloser=replace(draft.discloser, classes=frozenset(classes)),
    )


def says(text: str, clause: Clause) -> bool:
    """True when the text shows the sign of a clause, as the rules look for it."""
    return bool(found(clause, text))


def wanted(text: str, *phrases: str) -> list[str]:
    """The phrases that are missing."""
    words = " ".join(text.split())
    return [phrase for phrase in phrases if phrase not in words]


SPECIFIC = catalog().get("disclosure")
JUSTICE = catalog().get("disclosure-supervision")
PRIVACY = catalog().get("privacy-acknowledgment")


@pytest.mark.parametrize("language", Language)
def test_v05_the_ordinary_statement_may_be_revoked_in_writing_at_any_time_and_says_how(language: Language) -> None:
    text = filled(SPECIFIC, language)
    assert says(text, Clause.REVOCATION_ANYTIME)
    assert says(text, Clause.REVOCATION_IN_WRITING)
    assert "Front desk, 410 Clinton Avenue North, Rochester, NY 14605" in text
    reliance = {
        Language.EN: "done in reliance on this statement",
        Language.ES: "se hizo confiando en esta declaración",
    }
    assert not wanted(text, reliance[language])


@pytest.mark.parametrize("size", Size)
@pytest.mark.parametrize("language", Language)
def test_v06_the_criminal_justice_statement_is_revocable_from_a_named_time_and_never_at_any_time(
    language: Language, size: Size
) -> None:
    text = filled(JUSTICE, language, size=size)
    assert not says(text, Clause.REVOCATION_ANYTIME)
    assert says(text, Clause.REVOCATION_LIMITED)
    when = sample(JUSTICE, language, size)["revocable_from"]
    final = {
        Language.EN: "It is never later than the final decision on the release or case",
        Language.ES: "Nunca es después de la decisión final sobre la libertad o el caso",
    }
    period = {
        Language.EN: "set to fit how long I am expected to take part, the kind of case, and when its final decision",
        Language.ES: "se fijó según cuánto se espera que dure mi participación, el tipo de caso y cuándo se espera",
    }
    assert not wanted(text, when, final[language], period[language])


@pytest.mark.parametrize("language", Language)
def test_the_criminal_justice_statement_tells_that_sharing_stops_at_a_request_that_comes_early(
    language: Language,
) -> None:
    # as the software does: a spoken request suspends, an early writing waits for counsel, and nothing goes meanwhile
    assert {StatementState.SUSPENDED, StatementState.REVOCATION_REQUESTED}.isdisjoint(DISCLOSABLE)
    told = {
        Language.EN: "If I ask sooner, in writing or by talking, sharing stops while my request is reviewed",
        Language.ES: "Si lo pido antes, por escrito o de palabra, se deja de compartir mientras se revisa",
    }
    text = filled(JUSTICE, language)
    assert not wanted(text, told[language])
    assert "cannot cancel" not in text
    assert "no puedo cancelar" not in text


@pytest.mark.parametrize("language", Language)
def test_the_criminal_justice_statement_prints_the_mandate_and_binds_the_recipient_to_its_duties(
    language: Language,
) -> None:
    text = filled(JUSTICE, language)
    mandate = sample(JUSTICE, language, Size.USUAL)["mandate"]
    duties = {
        Language.EN: "only to carry out its official duties in the release or case",
        Language.ES: "únicamente para cumplir sus funciones oficiales en la libertad o el caso",
    }
    assert not wanted(text, *mandate.values(), duties[language])
    # the mandating body stands in its own field and nowhere else (house invariant 1)
    assert text.count(mandate["body"]) == 1


@pytest.mark.parametrize("language", Language)
def test_v07_the_clause_for_treatment_partners_never_stands_where_one_is_supervised(language: Language) -> None:
    flags = PLAIN_CLASS | {"part2": True, "hipaa": True, "tpo_recipient": True}
    assert not says(filled(JUSTICE, language, **flags), Clause.HIPAA_REDISCLOSURE)
    assert not says(filled(SPECIFIC, language, **PLAIN_CLASS | {"part2": True}), Clause.HIPAA_REDISCLOSURE)
    assert says(filled(SPECIFIC, language, **flags), Clause.HIPAA_REDISCLOSURE)


def test_the_clause_for_treatment_partners_has_the_words_of_the_rule() -> None:
    text = filled(SPECIFIC, Language.EN, size=Size.LONG)
    assert not wanted(
        text,
        "may be redisclosed in accordance with the permissions contained in the HIPAA regulations, except for uses and "
        "disclosures for civil, criminal, administrative, and legislative proceedings against the patient",
    )


@pytest.mark.parametrize(("form", "language"), STATEMENTS)
def test_v08_every_statement_tells_the_risk_of_redisclosure_and_what_refusing_means(
    form: Form, language: Language
) -> None:
    text = filled(form, language)
    assert says(text, Clause.POTENTIAL_REDISCLOSURE)
    assert says(text, Clause.REFUSAL_CONSEQUENCES)
    nothing_withheld = {
        Language.EN: "will not refuse, delay, or change any treatment, service, payment, enrollment, or benefit",
        Language.ES: "no me negará, demorará ni cambiará ningún tratamiento, servicio, pago, inscripción ni beneficio",
    }
    supervision = {Language.EN: "decides about my supervision", Language.ES: "sus decisiones sobre mi supervisión"}
    assert not wanted(text, nothing_withheld[language])
    # whoever may supervise may use it: said wherever the paper can go to them
    kinds = requirements(form.family).only_kinds
    if not kinds or kinds & CRIMINAL_JUSTICE_KINDS:
        assert not wanted(text, supervision[language])


@pytest.mark.parametrize(("form", "language"), STATEMENTS)
@pytest.mark.parametrize("size", Size)
def test_every_value_that_was_given_is_printed(form: Form, language: Language, size: Size) -> None:
    data = sample(form, language, size)
    text = filled(form, language, size=size)
    given = [data[key] for key in ("records_period", "everything_justification", "purpose_text", "effective_from")]
    given += [data["expires"], data["client"]["name"], data["client"]["also_known_as"], data["client"]["birth_date"]]
    given += [data["organization"]["name"], data["organization"]["unit"], *data["organization"]["address"]]
    given += [data["agency"]["name"], data["agency"]["unit"], *data["agency"]["address"], data["interpreter"]["name"]]
    given += [item["label"] for item in (*data["categories"], *data["purposes"])]
    if data["signer"]["capacity"] != "client":
        given += [data["signer"]["name"], data["signer"]["capacity_label"]]
    assert not wanted(text, *given)


@pytest.mark.parametrize(("form", "language"), TO_CLIENTS)
def test_everyone_is_told_of_the_copy_the_questions_the_interpreter_and_the_paper(
    form: Form, language: Language
) -> None:
    text = filled(form, language).casefold()
    words = {
        Language.EN: ("copy", "free", "questions", "interpreter", "paper"),
        Language.ES: ("copia", "gratis", "preguntas", "intérprete", "papel"),
    }
    assert not wanted(text, *words[language])


@pytest.mark.parametrize("language", Language)
def test_the_acknowledgment_tells_the_harm_exception_and_that_we_first_try_to_explain(language: Language) -> None:
    wishes = {
        Language.EN: (
            "harm yourself or someone else",
            "We will first try to explain to you what may happen if threatening behavior goes on, and that we act to "
            "serve you",
            "separate disclosure statement for that one organization",
            "We ask only for what we need",
            "as a team",
            "It is not permission to share anything with anyone",
            "We cannot guarantee that everyone will honor this",
            "A court can order us to share",
            "You may choose paper instead",
            "There is no fee",
        ),
        Language.ES: (
            "hacerse daño o hacer daño a otra persona",
            "Primero trataremos de explicarle qué puede pasar si sigue la conducta amenazante, y que actuamos para "
            "ayudarle",
            "declaración de divulgación separada para esa única organización",
            "Pedimos solo lo que necesitamos",
            "como equipo",
            "No es un permiso para compartir nada con nadie",
            "No podemos garantizar que todos lo respeten",
            "Un tribunal puede ordenarnos compartir",
            "Puede elegir el papel",
            "No cuesta nada",
        ),
    }
    assert not wanted(filled(PRIVACY, language), *wishes[language])


@pytest.mark.parametrize(("form", "language"), TO_CLIENTS)
def test_no_superseded_notice_and_no_notice_at_all_is_printed_on_a_statement(form: Form, language: Language) -> None:
    flags = {"part2": True, "hipaa": True, "tpo_recipient": form.family is Family.SPECIFIC}
    text = " ".join(filled(form, language, **flags).split()).casefold()
    if form.family is Family.HIV:
        text = text.replace(" ".join(new_yorks_notice().split()).casefold(), "")
    for notice in (
        "prohibits unauthorized disclosure",
        "prohibits unauthorized use or disclosure",
        "this record which has been disclosed to you",
        "further disclosure",
        "not sufficient for this purpose",
        "restrict any use of the information to investigate or prosecute",
        "alcohol and drug abuse",
        "at the request of the individual",
    ):
        assert notice not in text


@pytest.mark.parametrize(("form", "language"), EACH)
def test_no_word_of_stigma_stands_on_any_form(form: Form, language: Language) -> None:
    text = filled(form, language, size=Size.LONG)
    assert not list(stigma_in(text, language))


@pytest.mark.parametrize(("form", "language"), EACH)
def test_no_tag_and_no_emptiness_is_left_on_a_filled_form(form: Form, language: Language) -> None:
    for size in Size:
        text = re.sub(DICTATED, "", filled(form, language, size=size))
        assert not re.search(r"[{}]|None|Undefined|\*\*|__| ,|\( ?\)|: *$", text, re.MULTILINE)


@pytest.mark.parametrize("form", catalog(), ids=lambda form: str(form.id))
def test_both_languages_have_the_same_blocks_lines_and_conditions(form: Form) -> None:
    def shape(language: Language) -> list[object]:
        found: list[object] = []
        for block in read(form.id, language).blocks:
            match block:
                case Facts():
                    found += [[(line.when, line.each, line.choice) for line in row.lines] for row in block.rows]
                case Bullets():
                    found.append([line.when for line in block.lines])
                case Text():
                    found.append(("text", block.line.when))
                case Heading():
                    found.append(("heading", block.when))
                case Signatures():
                    found.append([*(line.when for line in block.lines), *(place.role for place in block.places)])
        return found

    assert shape(Language.EN) == shape(Language.ES)


def running_text(form: Form) -> list[str]:
    found = []
    for block in read(form.id, Language.EN).blocks:
        match block:
            case Text() if not block.line.verbatim:
                found.append(block.line.text)
            case Bullets():
                found += [line.text for line in block.lines if not line.verbatim]
            case Signatures():
                found += [*(line.text for line in block.lines), block.end.text]
    return [re.sub(r"\{\{.*?\}\}", "Ann", re.sub(r"\{%.*?%\}", "", text)).replace("**", "") for text in found]


@pytest.mark.parametrize("form", catalog(), ids=lambda form: str(form.id))
def test_english_reads_at_grade_eight_or_easier(form: Form) -> None:
    lines = running_text(form)
    assert grade("\n".join(lines)) <= MAX_GRADE
    # no paragraph far above either, but for the sentence the rule itself dictates
    hard = [
        line for line in lines if grade(line) > HARD_GRADE and "HIPAA regulations" not in line and len(line.split()) > 6
    ]
    assert not hard


CARE = catalog().get("disclosure-care")
PROCEEDING = catalog().get("disclosure-proceeding")
PROTECTED = catalog().get("disclosure-protected")
NOTES = catalog().get("disclosure-separate-notes")
TRANSFER = catalog().get("disclosure-transfer")


@pytest.mark.parametrize(("form", "language"), STATEMENTS)
def test_every_statement_says_the_clauses_that_its_family_must_have(form: Form, language: Language) -> None:
    text = filled(form, language, size=Size.LONG)
    needed = requirements(form.family)
    tpo = needed.clauses_tpo if sample(form, language, Size.LONG)["tpo_recipient"] else frozenset()
    assert not [clause for clause in needed.clauses | tpo if not says(text, clause)]
    assert not [clause for clause in needed.never if says(text, clause)]


FOR_CARE: Final = [
    pytest.param(form, language, purpose, id=f"{form.id}-{language}-{purpose}")
    for form in catalog()
    if form.family.discloses and form.family is not Family.CRIMINAL_JUSTICE
    for purpose in sorted(TPO_PURPOSES & (requirements(form.family).only_purposes or TPO_PURPOSES))
    for language in Language
]
"""Every form that a purpose of treatment, payment or operations can be named on, with each that can."""


@pytest.mark.parametrize(("form", "language", "purpose"), FOR_CARE)
@pytest.mark.parametrize("classes", [{ProgramClass.PART2_PROGRAM}, {ProgramClass.HIPAA_COVERED_ENTITY}])
def test_v08_a_paper_for_care_says_what_the_recipient_may_pass_on_where_the_records_are_under_part_2(
    form: Form, language: Language, purpose: PurposeCode, classes: set[ProgramClass]
) -> None:
    draft = for_care(form, language, purpose, classes)
    text = printed(form, language, fields_of(draft, statement_ref=REFERENCE, prepared_on=PREPARED_ON))
    assert says(text, Clause.HIPAA_REDISCLOSURE) is (ProgramClass.PART2_PROGRAM in classes)
    # the footer, with the short id, is no paragraph of the body
    findings = check_finished(
        f"{text}\n{REFERENCE}", {}, f"{REFERENCE}.pdf", draft=draft, statement_ref=REFERENCE, other_organizations=()
    )
    assert not findings


@pytest.mark.parametrize("language", Language)
def test_the_statement_for_care_names_all_three_purposes_and_no_other(language: Language) -> None:
    text = filled(CARE, language, part2=True, tpo_recipient=True)
    wishes = {
        Language.EN: ("for all future uses", "for these reasons only", "may not pay"),
        Language.ES: ("todos los usos y divulgaciones futuros", "Vale solo para estos motivos", "puede no pagar"),
    }
    assert not wanted(text, *wishes[language])
    assert says(text, Clause.HIPAA_REDISCLOSURE)
    assert not says(filled(CARE, language, **PLAIN_CLASS), Clause.HIPAA_REDISCLOSURE)


@pytest.mark.parametrize("language", Language)
def test_the_statement_for_a_proceeding_is_for_that_one_alone_and_says_that_it_may_be_used_against_me(
    language: Language,
) -> None:
    text = filled(PROCEEDING, language, part2=True)
    wishes = {
        Language.EN: ("never joined with a statement for something else", "It can also be used against me there"),
        Language.ES: ("Nunca se une a una declaración para otra cosa", "También puede usarse allí en mi contra"),
    }
    assert not wanted(text, *wishes[language], sample(PROCEEDING, language, Size.USUAL)["purpose_text"])
    assert says(text, Clause.ONE_PROCEEDING)


@pytest.mark.parametrize("language", Language)
def test_the_release_of_new_york_prints_the_notice_of_the_state_word_for_word(language: Language) -> None:
    notice = " ".join(new_yorks_notice().split())
    assert filled(PROTECTED, language).splitlines().count(notice) == 1
    document = docx.Document(io.BytesIO(PROTECTED.docx(language)))
    (paragraph,) = (one for one in document.paragraphs if one.text == notice)
    # a screen reader says it in English
    assert {mark.get(qn("w:val")) for mark in paragraph._p.iter(qn("w:lang"))} == {"en-US"}


@pytest.mark.parametrize("language", Language)
def test_nothing_may_hang_on_signing_for_notes_kept_apart(language: Language) -> None:
    wishes = {
        Language.EN: (
            "Nobody may make my treatment, payment, enrollment, or benefits depend on signing this",
            "never joined with a statement for other information",
        ),
        Language.ES: (
            "Nadie puede hacer que mi tratamiento, pago, inscripción o beneficios dependan de firmar esto",
            "Nunca se une a una declaración para otra información",
        ),
    }
    assert not wanted(filled(NOTES, language), *wishes[language])


@pytest.mark.parametrize(("form", "language"), STATEMENTS)
def test_a_statement_for_one_time_says_so_and_any_other_does_not(form: Form, language: Language) -> None:
    once = {
        Language.EN: ("This statement is for one time only", "Use: one time only"),
        Language.ES: ("Esta declaración sirve una sola vez", "Uso: una sola vez"),
    }
    missing = wanted(filled(form, language, single_use=True), *once[language])
    assert len(missing) == (2 if form.family is Family.TPO else 0)  # that one is for all future uses
    assert len(wanted(filled(form, language, single_use=False), *once[language])) == 2


def test_records_move_once() -> None:
    assert [form.id for form in catalog() if form.single_use] == [TRANSFER.id]


@pytest.mark.parametrize(("form", "language"), STATEMENTS)
def test_a_two_way_exchange_names_both_as_disclosers_where_the_family_has_one(form: Form, language: Language) -> None:
    both = {Language.EN: "This goes both ways. I also allow", Language.ES: "También autorizo a"}
    in_return = {Language.EN: "In return: ", Language.ES: "A cambio: "}
    data = sample(form, language, Size.USUAL)
    names = [in_return[language] + data[side]["name"] for side in ("organization", "agency")]
    missing = wanted(filled(form, language, exchange=True), both[language], *names)
    assert len(missing) == (0 if requirements(form.family).may_exchange else 3)
    assert len(wanted(filled(form, language, exchange=False), both[language], *names)) == 3

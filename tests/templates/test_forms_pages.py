"""The forms as pages: filled, rendered and looked at by the same rules that look at a real client's paper."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pikepdf
import pytest

from rules.finished import check_finished
from rules.signers import signing_roles
from rules.vocabulary import Family, Language
from rules.wording import Logo, fields_of
from templates.catalog import catalog
from templates.drafting.samples import PREPARED_ON, REFERENCE, Size, of_two, sample_draft
from templates.drafting.wording import Heading, Signatures, read
from templates.fill import fill
from templates.form import Form
from templates.logo import clean_logo
from templates.press import Press
from templates.text import FinishedText, extract
from tests.templates.conftest import Daemon
from tests.templates.test_pictures import drawn

POINTS_PER_CENTIMETER: Final = 72 / 2.54
OTHERS: Final = ("Monroe County Office of Probation", "Rochester Drug Treatment Court", "Division of Parole")
STAFF: Final = ("Tobe Okafor", "Rosalind Achterberg")

EACH: Final = [
    pytest.param(form, language, size, id=f"{form.id}-{language}-{size}")
    for form in catalog()
    for language in Language
    for size in Size
]
SIGNED: Final = [parameter for parameter in EACH if parameter.values[0].signers]
OF_TWO: Final = [(form, language) for form in catalog() if form.family.discloses for language in form.languages]
LOGO: Final = Logo(clean_logo(drawn()), "Logo: Genesee Reentry House")
"""It narrows the letterhead."""
_made: dict[tuple[str, str, str], bytes] = {}
_press: list[Press] = []


@pytest.fixture(autouse=True, scope="module")
def warm(run_dir: Path, renderer: Daemon) -> Iterator[None]:
    """A warm renderer: some hundred papers are made here."""
    _press.append(Press(run_dir))
    yield
    _press.clear()


def paper(form: Form, language: Language, size: Size) -> bytes:
    """The finished PDF, made once; with a logo where there is much to print."""
    key = (form.id, language.value, size.value)
    if key not in _made:
        logo = LOGO if size is Size.LONG else None
        draft = sample_draft(form, language, size)
        data = fields_of(draft, statement_ref=REFERENCE, prepared_on=PREPARED_ON, logo=logo)
        docx = fill(form.docx(language), data, locale=language.value)
        _made[key] = _press[0].render(
            docx, title=form.title[language], language=language.value, prepared_on=PREPARED_ON
        )
    return _made[key]


def words(form: Form, language: Language, size: Size) -> FinishedText:
    return extract(paper(form, language, size))


@pytest.mark.real
@pytest.mark.parametrize(("form", "language", "size"), EACH)
def test_a_paper_needs_two_pages_and_with_much_to_say_three(form: Form, language: Language, size: Size) -> None:
    # the notice of 42 CFR 2.22 has twenty things to tell
    more = form.family is Family.PATIENT_NOTICE
    assert len(words(form, language, size).pages) <= (3 if size is Size.LONG or more else 2)


@pytest.mark.real
@pytest.mark.parametrize(("form", "language", "size"), EACH)
def test_no_page_is_left_next_to_empty(form: Form, language: Language, size: Size) -> None:
    """The Spanish notice once gave two lines a page of their own, and the Spanish revocation five."""
    for text in words(form, language, size).pages:
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        assert len([line for line in lines if not line.startswith(_footer(form, language))]) >= 9


@pytest.mark.real
@pytest.mark.parametrize(("form", "language", "size"), EACH)
def test_the_rules_find_nothing_wrong_with_the_finished_paper(form: Form, language: Language, size: Size) -> None:
    seen = words(form, language, size)
    findings = check_finished(
        seen.pages,
        seen.metadata,
        f"{REFERENCE}.pdf",
        draft=sample_draft(form, language, size),
        statement_ref=REFERENCE,
        other_organizations=OTHERS,
        staff_names=STAFF,
        asked=form.asks_for,
    )
    assert not findings


@pytest.mark.real
@pytest.mark.parametrize(
    ("form", "language"),
    [pytest.param(form, language, id=f"{form.id}-{language}") for form, language in OF_TWO],
)
def test_where_a_minor_and_a_parent_must_both_sign_the_paper_has_both_places_side_by_side(
    form: Form, language: Language
) -> None:
    draft = of_two(sample_draft(form, language, Size.USUAL))
    data = fields_of(draft, statement_ref=REFERENCE, prepared_on=PREPARED_ON)
    docx = fill(form.docx(language), data, locale=language.value)
    pdf = _press[0].render(docx, title=form.title[language], language=language.value, prepared_on=PREPARED_ON)
    seen = extract(pdf)
    assert len(seen.pages) <= 3
    assert not check_finished(
        seen.pages,
        seen.metadata,
        f"{REFERENCE}.pdf",
        draft=draft,
        statement_ref=REFERENCE,
        other_organizations=OTHERS,
        staff_names=STAFF,
        asked=form.asks_for,
    )
    places = _places(pdf)
    assert set(places) == {f"sig:{role}" for role in form.roles} - {"sig:org_cert"}
    assert len({page for page, _ in places.values()}) == 1
    (_, client), (_, beside) = places["sig:client"], places["sig:representative"]
    assert client[1] == pytest.approx(beside[1], abs=0.5)
    assert beside[0] > client[2]


@pytest.mark.real
@pytest.mark.parametrize(("form", "language", "size"), SIGNED)
def test_signatures_stand_on_one_page_with_the_words_they_follow(form: Form, language: Language, size: Size) -> None:
    places = _places(paper(form, language, size))
    draft = sample_draft(form, language, size)
    assert set(places) == {f"sig:{role}" for role in signing_roles(form.roles, draft)} - {"sig:org_cert"}
    (page,) = {page for page, _ in places.values()}
    for left, bottom, right, top in (box for _, box in places.values()):
        assert (right - left) / POINTS_PER_CENTIMETER == pytest.approx(7.0, abs=0.02)
        assert (top - bottom) / POINTS_PER_CENTIMETER == pytest.approx(1.9, abs=0.02)
    text = words(form, language, size).pages[page]
    headings = {
        Language.EN: ("My rights", "Copies and questions", "Signatures"),
        Language.ES: ("Mis derechos", "Copias y preguntas", "Firmas"),
    }
    first, second, last = headings[language]
    assert first in text or second in text
    assert last in text


def _places(pdf: bytes) -> dict[str, tuple[int, list[float]]]:
    """Of every signature place the page, from 0, and its box in points."""
    with pikepdf.open(io.BytesIO(pdf)) as document:
        numbers = {page.obj.objgen: number for number, page in enumerate(document.pages)}
        return {
            str(element.Alt): (numbers[element.Pg.objgen], [float(edge) for edge in _layout(element).BBox])
            for element in document.objects
            if isinstance(element, pikepdf.Dictionary)
            and element.get("/S") == pikepdf.Name.Figure
            and str(element.Alt).startswith("sig:")
        }


def _layout(element: pikepdf.Object) -> pikepdf.Object:
    attributes = element.A
    return attributes[0] if isinstance(attributes, pikepdf.Array) else attributes


@pytest.mark.real
@pytest.mark.parametrize(("form", "language", "size"), EACH)
def test_every_page_carries_form_version_reference_and_number(form: Form, language: Language, size: Size) -> None:
    pages = words(form, language, size).pages
    page_of = {Language.EN: "Page {} of {}", Language.ES: "Página {} de {}"}[language]
    for number, text in enumerate(pages, 1):
        for wanted in (form.id, form.version, REFERENCE, page_of.format(number, len(pages))):
            assert wanted in text


def _lower(docx: bytes, points: int) -> bytes:
    """The same paper with everything below the lead lower by so many points: the pages break elsewhere."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(docx)) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "word/styles.xml":
                lead = rb'(w:styleId="Lead".*?<w:spacing w:before="0" w:after=")\d+'
                content, changed = re.subn(lead, rb"\g<1>%d" % (160 + 20 * points), content, count=1, flags=re.DOTALL)
                assert changed
            target.writestr(name, content)
    return out.getvalue()


@pytest.mark.soak
@pytest.mark.parametrize(
    ("form", "two"),
    [
        *(pytest.param(form, False, id=form.id) for form in catalog() if form.signers),
        pytest.param(catalog().get("disclosure"), True, id="disclosure, two sign"),
    ],
)
def test_wherever_the_page_breaks_no_heading_ends_it_and_no_signature_is_torn_off(form: Form, two: bool) -> None:
    """LibreOffice 7.4 once lost keep-with-next where a heading followed the table at once."""
    wording = read(form.id, Language.EN.value)
    (signatures,) = (block for block in wording.blocks if isinstance(block, Signatures))
    headings = {block.text for block in wording.blocks if isinstance(block, Heading)} | {signatures.heading}
    labels = tuple(place.label.partition("{%")[0] for place in signatures.places)
    draft = sample_draft(form, Language.EN, Size.SHORT)
    data = fields_of(of_two(draft) if two else draft, statement_ref=REFERENCE, prepared_on=PREPARED_ON)
    filled = fill(form.docx(Language.EN), data, locale="en")
    for points in range(0, 480, 6):
        pages = extract(_press[0].converted(_lower(filled, points))).pages
        for number, text in enumerate(pages):
            lines = [line.strip() for line in text.splitlines() if line.strip()]
            last = next(line for line in reversed(lines) if not line.startswith(_footer(form, Language.EN)))
            assert last not in headings, points
            assert not last.startswith(labels), points
            assert number == 0 or not lines[0].startswith((signatures.heading, *labels)), points


def _footer(form: Form, language: Language) -> tuple[str, ...]:
    """How the lines of the footer begin."""
    words = {Language.EN: ("Statement", "Reference", "Page "), Language.ES: ("Declaración", "Referencia", "Página ")}
    statement, reference, page = words[language]
    return (form.id, f"{statement} {REFERENCE}", f"{reference} {REFERENCE}", page)

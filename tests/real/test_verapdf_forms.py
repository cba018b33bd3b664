"""veraPDF on every form, in every language, with little, usual, much and hostile data: as printed, and sealed.

The real tier judges every form once (its language and data turn by turn); the soak judges the whole matrix.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

import pytest

from rules.draft import StatementDraft
from rules.signers import signing_roles
from rules.vocabulary import Language
from rules.wording import Logo, fields_of
from signing import prepare
from signing.authority import Authority
from signing.timestamp import EmbeddedStamper
from templates.catalog import catalog
from templates.drafting.samples import PREPARED_ON, REFERENCE, Size, of_two, sample_draft
from templates.fill import fill
from templates.form import Form
from templates.logo import clean_logo
from templates.press import Press
from tests.real.conftest import VeraPdf
from tests.templates.conftest import daemon_of, renderer, run_dir  # noqa: F401 - fixtures
from tests.templates.test_pictures import drawn

Ceremony = Callable[[bytes, Authority, EmbeddedStamper], bytes]

HOSTILE: Final = "hostile"
TWO: Final = "two must sign"
SETS: Final = (*(size.value for size in Size), HOSTILE)
LOGO: Final = Logo(clean_logo(drawn()), "Logo: Genesee Reentry House")
# markup, placeholders, one word of 300 letters, combining marks, scripts from the right, letters off the first plane
NAME: Final = (
    "Dana <Reyes> & Söhne “{{ client.name }}” {% if x %} N\u0303an\u0303ez Thị Hường שלום محمد "
    + "Llanfairpwll" * 25
    + " \U0001d538"
)


def hostile(draft: StatementDraft) -> StatementDraft:
    """The long sample with names that forms were not drawn for."""
    identity = replace(draft.identity, legal_name=NAME, also_known_as=("O’Neil-" * 30, "<w:p/>"))
    return replace(draft, identity=identity, interpreter_name="A & B <C>", representative_name="Ω" * 120)


def drafted(form: Form, language: Language, which: str) -> StatementDraft:
    if which == TWO:
        return of_two(sample_draft(form, language, Size.LONG))
    draft = sample_draft(form, language, Size.LONG if which == HOSTILE else Size(which))
    return hostile(draft) if which == HOSTILE else draft


def printed(form: Form, language: Language, which: str, press: Press) -> bytes:
    """A finished paper, not signed; with a logo where there is much to print."""
    draft = drafted(form, language, which)
    logo = LOGO if which in (HOSTILE, Size.LONG) else None
    fields = fields_of(draft, statement_ref=REFERENCE, prepared_on=PREPARED_ON, logo=logo)
    filled = fill(form.docx(language), fields, locale=language)
    return press.render(filled, title=form.title[language], language=language, prepared_on=PREPARED_ON)


def failures(
    wanted: list[tuple[Form, Language, str]],
    press: Press,
    verapdf: VeraPdf,
    seal: Callable[[bytes], bytes],
) -> Mapping[Any, list[str]]:
    """What veraPDF finds wrong with the wanted papers, before and after signing; and that it looked at all of them."""
    files: dict[str, bytes] = {}
    for form, language, which in wanted:
        name = f"{form.id} {language} {which}"
        files[f"{name}, printed"] = pdf = printed(form, language, which, press)
        if form.signers:
            signing = signing_roles(form.roles, drafted(form, language, which))
            files[f"{name}, sealed"] = seal(prepare.prepare(pdf, form.labels(language, signing)))
    judged = verapdf.many(files, "2b", "ua1")
    assert len(judged) == 2 * len(files)
    return {name: failed for name, failed in judged.items() if failed}


@pytest.fixture
def seal(ceremony: Ceremony, authority: Authority, stamper: EmbeddedStamper) -> Callable[[bytes], bytes]:
    """Certified, signed by client and witness, sealed and stamped."""
    return lambda pdf: ceremony(pdf, authority, stamper)


@pytest.mark.real
def test_every_form_keeps_both_standards_before_and_after_signing(
    run_dir: Any,  # noqa: F811
    renderer: Any,  # noqa: F811
    verapdf: VeraPdf,
    seal: Callable[[bytes], bytes],
) -> None:
    languages = tuple(Language)
    sample = [
        (form, languages[number % 2], SETS[(number // 2 + 3) % len(SETS)]) for number, form in enumerate(catalog())
    ]
    # and what a minor and a guardian must both sign, in both languages
    sample += [(catalog().get("disclosure-supervision"), language, TWO) for language in languages]
    assert not failures(sample, Press(run_dir), verapdf, seal)


@pytest.mark.soak
@pytest.mark.parametrize("form", catalog(), ids=lambda form: str(form.id))
def test_every_form_in_every_language_with_all_data_keeps_both_standards(
    form: Form,
    run_dir: Any,  # noqa: F811
    renderer: Any,  # noqa: F811
    verapdf: VeraPdf,
    seal: Callable[[bytes], bytes],
) -> None:
    wanted = [(form, language, which) for language in form.languages for which in SETS]
    if form.family.discloses:
        wanted += [(form, language, TWO) for language in form.languages]
    assert not failures(wanted, Press(run_dir), verapdf, seal)

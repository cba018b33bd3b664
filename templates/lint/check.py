"""Look at a whole form, and say everything that is wrong with it at once.

What it costs is bounded by the caller (`templates.lint.apart`): compiling and filling a stranger's form is running a
stranger's program.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from rules.signers import signing_roles
from rules.vocabulary import Family, Language, SignerRole
from rules.wording import fields_of
from templates.catalog import catalog
from templates.errors import FormCode, FormError, Place
from templates.fill import open_form
from templates.form import Form
from templates.lint import baggage, fields, pictures, reading, tags, wording
from templates.lint.paper import Paper, W
from templates.lint.remark import Check, Remark, block, blocking, of_error
from templates.lint.repair import without_macros
from templates.package import dangers

_SIGNERS: tuple[SignerRole, ...] = (SignerRole.CLIENT, SignerRole.WITNESS, SignerRole.ORG_SEAL)
"""Who signs a form of a family that none of our own is of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """What the form is meant to be."""

    form: Form | None = None
    """The manifest it goes with: its fields, signers and family are held against it."""
    family: Family | None = None
    """Without a manifest: the family whose clauses it must show."""
    language: Language | None = None
    """None: as the document itself says, else English."""


def check(docx: bytes, meant: Meant | None = None) -> tuple[Remark, ...]:
    """Every remark about `docx`, those that block first, in the order of the document.

    Raises FormError when the file cannot be read at all, or not without harm.
    """
    meant = meant or Meant()
    unsafe = [_of_danger(error) for error in dangers(docx, as_form=True)]
    docx = without_macros(docx)
    paper = Paper(docx)
    language = meant.language or _language_of(paper)
    family = meant.form.family if meant.form else meant.family
    example = _example(family, paper)
    remarks = [
        *unsafe,
        *tags.look(paper),
        *fields.look(docx, _given(), meant.form),
        *pictures.look(paper, _signers(meant, example)),
        *wording.look(paper, family, language),
        *reading.look(paper, language),
        *baggage.look(paper),
    ]
    if not blocking(remarks) and (meant.form or family):
        remarks += _trial(docx, meant.form or example, language)
    return tuple(sorted(_once(remarks), key=_order))


def _order(remark: Remark) -> tuple[bool, bool, str, int]:
    """Those that block first; the body before headers and footers, paragraph by paragraph."""
    part = remark.place.part.partition(",")[0]
    return (not remark.blocks, part != "body", part, remark.place.paragraph or 0)


def _of_danger(error: FormError) -> Remark:
    return of_error(Check.MACROS if "macros" in error.bare_sentence else Check.UNSAFE_FILE, error)


def _given() -> Mapping[str, object]:
    """All the fields the program gives, filled for somebody who does not exist."""
    from templates.drafting.samples import Size, sample

    return sample(next(form for form in catalog() if form.family.discloses), Language.EN, Size.LONG)


def _example(family: Family | None, paper: Paper) -> Form | None:
    """One of our own of that family; with a place for a second signature only where this one has it too."""
    form = next((form for form in catalog() if form.family is family), None)
    if form is None or any(b"sig:representative" in part for part in paper.parts.values()):
        return form
    return replace(form, signers=tuple(one for one in form.signers if one.role is not SignerRole.REPRESENTATIVE))


def _signers(meant: Meant, example: Form | None) -> Sequence[SignerRole]:
    form = meant.form or example
    if form is not None:
        return [signer.role for signer in form.signers if signer.has_place]
    return _SIGNERS if meant.family else ()


def _language_of(paper: Paper) -> Language:
    for name in ("word/styles.xml", "word/document.xml"):
        root = paper.root(name)
        for said in root.iter(f"{W}lang") if root is not None else ():
            short = str(said.get(f"{W}val", "")).partition("-")[0].lower()
            if short in tuple(Language):
                return Language(short)
    return Language.EN


def _trial(docx: bytes, form: Form | None, language: Language) -> Iterator[Remark]:
    """Fill it for people who do not exist: with little, the usual and much to print, and where two must sign."""
    from templates.drafting.samples import PREPARED_ON, REFERENCE, Size, of_two, sample_draft

    if form is None:
        return
    drafts = [sample_draft(form, language, size) for size in Size]
    if SignerRole.REPRESENTATIVE in form.roles:
        drafts.append(of_two(drafts[1]))
    told: set[str] = set()
    for draft in drafts:
        data = fields_of(draft, statement_ref=REFERENCE, prepared_on=PREPARED_ON)
        try:
            filled = open_form(docx).fill(data, locale=language)
        except FormError as error:
            if error.code in {FormCode.FIELD_NONE, FormCode.FIELD_NOT_PLAIN}:
                raise  # the sample itself is wrong, not the form
            if str(error) not in told:
                told.add(str(error))
                yield of_error(Check.TRIAL, error)
        else:
            signing = [signer.role for signer in form.signers if signer.has_place]
            yield from pictures.misplaced(Paper(filled), signing_roles(signing, draft))


def _once(remarks: Sequence[Remark]) -> list[Remark]:
    """A half tag is noticed by two looks; it is told once, in the words that name it."""
    named = {(one.place.part.partition(",")[0], one.place.paragraph) for one in remarks if "half" in one.sentence}
    return [
        one
        for one in dict.fromkeys(remarks)
        if not (
            one.check is Check.BROKEN_TAG
            and "half" not in one.sentence
            and (one.place.part.partition(",")[0], one.place.paragraph) in named
        )
    ]


def unreadable(error: FormError) -> Remark:
    """The one remark about a file of which nothing more can be said."""
    return block(Check.UNSAFE_FILE, error.place or Place(part="document"), error.bare_sentence, error.remedy)

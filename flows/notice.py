"""The notice that goes with what is shared: printed for one statement, for the receiving organization, never signed.

Danger: consented records of a program under 42 CFR Part 2, or HIV information, that leave without it; or the notice on
anybody else's papers, which brands them. Invariant: it is printed only for a statement in force of a Part 2 unit or on
HIV information (`rules.papers.may_accompany`), its words are compared in the finished PDF with those of the rule, and
it names no client: the statement's short id ties it to what it goes with.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

from flows.finished import read_back
from flows.site import Site, now
from register import agency, statements
from register.errors import RegisterError, RegisterErrorCode
from register.facts import Person, Refusal, Statement
from rules.finding import Finding, blocking
from rules.papers import may_accompany
from rules.vocabulary import Language
from rules.wording import fields_of

FORM = "accompanying-notice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """The finished page."""

    statement: Statement
    pdf: bytes
    file_name: str
    """Form and short id: never a name, never what the program is."""


def accompanying_notice(site: Site, statement_id: UUID, *, language: Language, by: Person) -> Notice:
    """The notices that belong to this statement (42 CFR 2.32; the state's on HIV information) with its scope.

    In `language`, but for the rules' own words, which are English.

    Raises `RegisterError` REFUSED with the findings where it does not belong, `FormError` where the page cannot be
    made.
    """
    row, moment = statements.show(statement_id), now()
    draft = statements.draft(site.vault, statement_id, by=by, now=moment)
    _refuse(row, may_accompany(draft, row.state))
    form = site.catalog.get(FORM)
    page = replace(draft, family=form.family, form_id=form.id, form_version=form.version, language=language)
    today = agency.today(moment)
    fields = fields_of(page, statement_ref=row.ref, prepared_on=today, logo=agency.logo())
    filled = site.press.fill(form.docx(language), fields, locale=language)
    title = form.title[language]
    pdf = site.press.render(filled, title=title, language=language, prepared_on=today, values=fields)
    name = f"{form.id}-{row.ref}.pdf"
    _, findings = read_back(site, pdf, name, form, page, row)
    _refuse(row, findings)
    return Notice(statement=row, pdf=pdf, file_name=name)


def _refuse(row: Statement, findings: tuple[Finding, ...]) -> None:
    if refused := blocking(findings):
        raise RegisterError(
            RegisterErrorCode.REFUSED,
            f"The notice is not printed for {row.ref}.",
            "The findings say why.",
            findings=tuple(Refusal(position=-1, form_id=row.form_id, finding=finding) for finding in refused),
        )

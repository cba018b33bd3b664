"""The finished PDF itself is searched before the organization certifies it (house invariant 1).

Danger: a field is clean and the page is not: a template, a metadata entry or a file name names another organization
or a person. Invariant: what is certified was read back from the PDF bytes and judged by `rules.finished`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flows.runs import Step, StepFailed
from flows.site import Site
from register import organizations, staff
from register.facts import Statement
from rules.draft import StatementDraft
from rules.finding import Finding, blocking
from rules.finished import check_finished

if TYPE_CHECKING:
    from templates.form import Form
    from templates.text import FinishedText


def copy_name(row: Statement) -> str:
    """The file name of a statement's copy: form and short id, never a name, never what the program is."""
    return f"{row.form_id}-{row.ref}.pdf"


def refuse_wrong_names(site: Site, row: Statement, form: Form, draft: StatementDraft, pdf: bytes) -> int:
    """Refuse a finished document that names whom it must not or lacks what it must say; returns its pages.

    Raises :class:`StepFailed` with the codes of the findings.
    """
    found, findings = read_back(site, pdf, copy_name(row), form, draft, row)
    refused = blocking(findings)
    if refused:
        codes = ",".join(sorted({f"{finding.code}:{finding.field}" for finding in refused}))
        raise StepFailed(Step.CHECK, f"finished_refused {codes}", row.statement_id, passing=False)
    return len(found.pages)


def read_back(
    site: Site, pdf: bytes, file_name: str, form: Form, draft: StatementDraft, row: Statement
) -> tuple[FinishedText, tuple[Finding, ...]]:
    """The text of a finished document and everything that the rules find in it."""
    from templates.text import extract

    found = extract(pdf)
    findings = check_finished(
        found.pages,
        found.metadata,
        file_name,
        draft=draft,
        statement_ref=row.ref,
        other_organizations=organizations.other_names(row.organization_id),
        staff_names=staff.display_names(site.vault),
        asked=form.asks_for,
    )
    return found, findings

"""The forms of this site: proposed by one person, looked at and published by another, approved by counsel.

Danger: a text that changes between the look and the signature, or a paper made for training that looks like one that
counts. Invariants: what is proposed is checked, made slim and proven to print the same *before* the second person looks
at it, and what is published is that very folder; the register says first who published, then the folder is moved, and
publishing again finishes what a crash left; a text that no counsel approved says so on every paper, and no manifest
says otherwise once a version of that form needed counsel.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from flows import django_ready  # isort: skip  # noqa: F401 - the worker imports this before anything else of the register
from flows.site import Site, now
from register import forms
from register.facts import FormChoice, Person, Statement
from register.form_facts import FormVersion
from rules.vocabulary import Language
from templates import published
from templates.errors import FormCode, FormError
from templates.form import Form, read_form
from templates.lint.apart import check_apart
from templates.lint.remark import FormRefused, blocking
from templates.marking import marked
from templates.proof import MOST_SETS, require_equal
from templates.slim import same_parts, slim
from templates.snapshot import changes, manifest_snapshot, snapshot

Step = Callable[[int, str], None]


def folder(site: Site) -> Path:
    """Where this site's own forms lie."""
    return site.configuration.forms_path


def propose(site: Site, source: Path, *, by: Person, step: Step) -> tuple[FormVersion, Form]:
    """Check a form folder, make it slim, prove that it prints the same, and lay it down for a second person.

    Raises `FormError` (`FormRefused` with every remark that blocks), `RegisterError`.
    """
    form = read_form(source.resolve())
    _require_higher(site, form)
    remarks = {}
    for language in form.languages:
        step(0, f"looking at {language}")
        remarks[language] = blocking(check_apart(form.docx(language), form=form, language=language))
    if any(remarks.values()):
        raise FormRefused(remarks)
    slimmed = replace(form, files={language: slim(content) for language, content in form.files.items()})
    for place, language in enumerate(form.languages):
        if same_parts(form.docx(language), slimmed.docx(language)):
            continue
        require_equal(
            form.docx(language),
            slimmed.docx(language),
            form=form,
            language=language,
            press=site.press,
            step=lambda done, at=place, said=language: step(1 + MOST_SETS * at + done, f"comparing {said}"),  # type: ignore[misc]
        )
    published.propose(folder(site), slimmed)
    return forms.propose(form.id, form.version, slimmed.digest, by=by, now=now()), slimmed


def proposed(site: Site, form_id: str, version: str) -> Form:
    """What was proposed, byte for byte. Raises `RegisterError`, `FormError`."""
    row = forms.standing(form_id, version)
    if (form_id, version) in forms.published():
        return site.catalog.version(form_id, version)
    return site.catalog.counted(published.proposal(folder(site), form_id, row.digest))


def differences(site: Site, form: Form) -> dict[Language, tuple[str, ...]]:
    """What a proposal changes in the text that is in force, by language; everything, where there is nothing yet."""
    before = _in_force(site, form)
    return {
        language: changes(
            snapshot(before.docx(language)) if before and language in before.languages else "",
            snapshot(form.docx(language)),
        )
        for language in form.languages
    }


def manifest_differences(site: Site, form: Form) -> tuple[str, ...]:
    """What a proposal changes in the manifest: who signs, whether counsel must read it, the family, the titles."""
    before = _in_force(site, form)
    return changes(manifest_snapshot(before.manifest) if before else "", manifest_snapshot(form.manifest))


def _in_force(site: Site, form: Form) -> Form | None:
    return site.catalog.get(form.id) if form.id in site.catalog else None


def publish(site: Site, form_id: str, version: str, *, by: Person) -> FormVersion:
    """A second person publishes a proposal; new packets are made on it from then on.

    Raises `RegisterError` (SAME_PERSON for who proposed it), `FormError` when its files are gone or were changed.
    """
    row = forms.standing(form_id, version)
    if (form_id, version) not in forms.published():
        _require_higher(site, published.proposal(folder(site), form_id, row.digest))
    done = forms.publish(form_id, version, by=by, now=now())
    if not any(one.digest == row.digest for one in published.versions(folder(site))):
        published.publish(folder(site), published.proposal(folder(site), form_id, row.digest))
    return done


def withdraw(site: Site, form_id: str, version: str, *, by: Person) -> FormVersion:
    """Take a proposal back, and its files away. Raises `RegisterError`."""
    row = forms.withdraw(form_id, version, by=by, now=now())
    published.withdraw(folder(site), row.digest)
    return row


def approve(
    site: Site, form: Form, language: Language, *, counsel: str, standing: str, approved_on: dt.date, by: Person
) -> None:
    """Record counsel's approval of one text. Raises `RegisterError`, `FormError` for a language it is not in."""
    sha256 = form.sha256(language)
    forms.approve(
        site.vault,
        form.id,
        form.version,
        language,
        sha256,
        counsel=counsel,
        standing=standing,
        approved_on=approved_on,
        by=by,
        now=now(),
    )


def withdraw_approval(site: Site, form: Form, language: Language, *, reason: str, by: Person) -> None:
    """Counsel no longer stands by one text: it counts as not reviewed. Raises `RegisterError`, `FormError`."""
    sha256 = form.sha256(language)
    forms.withdraw_approval(site.vault, form.id, form.version, language, sha256, reason=reason, by=by, now=now())


def form_choice(form: Form) -> FormChoice:
    """What the register needs of a form."""
    return FormChoice(
        form_id=form.id,
        form_version=form.version,
        family=form.family,
        retention_class=form.retention_class,
        signers=form.roles,
        sha256={language: form.sha256(language) for language in form.languages},
        unreviewed=unreviewed(form),
    )


def unreviewed(form: Form) -> frozenset[Language]:
    """The languages of a form whose text needs counsel's approval and has none."""
    return frozenset(language for language in form.languages if form.unreviewed(language)) - approved(form)


def approved(form: Form) -> frozenset[Language]:
    """The languages of a form whose text a lawyer approved, by name, and still stands by."""
    return frozenset(
        language
        for language in form.languages
        if forms.approved(form.id, form.version, language, form.sha256(language))
    )


def of_statement(site: Site, row: Statement) -> Form:
    """The form a statement stands on; where a newer Confide no longer ships that version, the one in force.

    For what is said about a paper, never for its text: that is in the signed bytes.
    """
    try:
        return site.catalog.version(row.form_id, row.form_version)
    except FormError:
        return site.catalog.get(row.form_id)


def printed_on(form: Form, language: Language) -> bytes:
    """The Word file a statement is filled into: with *not reviewed by counsel* on it where that is so."""
    docx = form.docx(language)
    return marked(docx, language) if language in unreviewed(form) else docx


def _require_higher(site: Site, form: Form) -> None:
    standing = site.catalog.versions(form.id) if form.id in site.catalog else ()
    if standing and form.number <= standing[-1].number:
        raise FormError(
            FormCode.FORM_REFUSED,
            f"The version {form.version} of {form.id} is not higher than the one in force ({standing[-1].version}).",
            "Give form.yaml a higher version, such as the year and month, or a third number.",
        )

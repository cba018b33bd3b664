"""`confide forms`: what forms there are, how a Word template would come out, and what is wrong with it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli import ask
from cli.exit_code import ExitCode
from cli.failure import CommandError
from cli.group import Group
from cli.output import answer, json_option, progress, table
from cli.publishing import approve, propose, publish, review, withdraw, withdraw_approval

if TYPE_CHECKING:
    from templates.catalog import Catalog
    from templates.form import Form
    from templates.lint.remark import Remark


MANIFEST = "form.yaml"
"""Not asked of `templates.form`: `confide --help` reads no form."""


@click.group(cls=Group)
def forms() -> None:
    """The Word forms that statements are written on."""


for verb in (propose, review, publish, withdraw, approve, withdraw_approval):
    forms.add_command(verb)


@forms.command("list")
@click.option("--all", "every", is_flag=True, help="Every version, those that wait for a second person too.")
@json_option
def listing(every: bool, as_json: bool) -> None:
    """The forms in force here, and whether counsel reviewed them."""
    rows = _own_rows(every) if _has_site() else _shipped_rows()
    if as_json:
        answer(rows, "", as_json=True)
        return
    table(
        ["Form", "Version", "Title", "In", "State", "Counsel"],
        [
            [
                row["id"],
                row["version"],
                row["title"],
                " ".join(row["languages"]),
                row["state"],
                _counsel(row),
            ]
            for row in rows
        ],
    )


def _counsel(row: Mapping[str, Any]) -> str:
    """What counsel did with the texts of a form; "approved" only where somebody did."""
    waiting, done = row["not_reviewed_by_counsel"], row["approved_by_counsel"]
    unasked = [language for language in row["languages"] if language not in {*waiting, *done}]
    told = {"not yet": waiting, "approved": done, "not asked for": unasked}
    return ", ".join(f"{said}: {' '.join(languages)}" for said, languages in told.items() if languages)


def _has_site() -> bool:
    from flows import establishment
    from register.configuration import configuration

    return establishment.established(configuration())


def _catalog() -> Catalog:
    """The forms of this site, or those that ship where there is none."""
    from templates.catalog import catalog

    if not _has_site():
        return catalog()
    from cli.doors import opened

    return opened().catalog


def _shipped_rows() -> list[dict[str, Any]]:
    from templates.catalog import catalog

    return [
        _row(form, "ships", [language for language in form.languages if form.unreviewed(language)], [])
        for form in catalog()
    ]


def _own_rows(every: bool) -> list[dict[str, Any]]:
    from cli.doors import opened
    from flows.forms import approved, proposed, unreviewed
    from register import forms as register
    from register.vocabulary import FormState

    site = opened()
    known = site.catalog.every or tuple(site.catalog)
    shown = [form for form in known if every or site.catalog.get(form.id) is form]
    rows = [
        _row(
            form,
            "in force" if site.catalog.get(form.id) is form else "kept",
            sorted(unreviewed(form)),
            sorted(approved(form)),
        )
        for form in shown
    ]
    for waiting in register.listing() if every else ():
        if waiting.state is FormState.PROPOSED:
            form = proposed(site, waiting.form_id, waiting.version)
            rows.append(_row(form, "proposed", sorted(unreviewed(form)), sorted(approved(form))))
    return rows


def _row(form: Form, state: str, unreviewed: Sequence[str], approved: Sequence[str]) -> dict[str, Any]:
    return {
        "id": form.id,
        "version": form.version,
        "title": form.title[form.languages[0]],
        "languages": list(form.languages),
        "signers": [signer.role for signer in form.signers],
        "state": state,
        "digest": form.digest,
        "needs_counsel": bool(unreviewed),
        "not_reviewed_by_counsel": list(unreviewed),
        "approved_by_counsel": list(approved),
    }


@forms.command("preview")
@click.argument("template", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--data", "source", required=True, metavar="FILE", help="Values as JSON or YAML; - is standard input.")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="PDF to write.")
@json_option
def preview(template: Path, source: str, out: Path, as_json: bool) -> None:
    """Fill and render any docxtpl template, ours or not, and say exactly what is wrong with it."""
    from templates.preview import preview as render

    data = ask.read_answers(source)
    with progress(None, "Filling and rendering", quiet=as_json):
        pdf = render(template.read_bytes(), data)
    _write(out, pdf)
    answer({"path": str(out), "bytes": len(pdf)}, f"Wrote {out}", as_json=as_json)


@forms.command("check")
@click.argument("template", metavar="FILE.docx", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--form", "form_id", metavar="ID", help="The form it is an edition of: its fields, signers and family.")
@click.option("--family", metavar="FAMILY", help="Without a form: the family whose clauses it must show.")
@click.option("--language", metavar="en|es", help="The language it is in; else what the document says of itself.")
@click.option(
    "--repair",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="OUT.docx",
    help="Write a repaired file: tags in one piece, straight quotes in them, no names, no macros.",
)
@json_option
def check(
    template: Path, form_id: str | None, family: str | None, language: str | None, repair: Path | None, as_json: bool
) -> None:
    """Say everything that is wrong with a Word form at once: where it is, and what to do.

    Held against form.yaml beside the file, where there is one and neither --form nor --family is given; else it says
    what it did not look at. Exit status 11 when something is found with which the form cannot be published; 0 when
    there is nothing, or only things to look at. Needs no site.
    """
    from rules.vocabulary import Family, Language
    from templates.lint.apart import check_apart

    if form_id and family:
        raise CommandError(ExitCode.USAGE, "A form has its family already.", "Give --form or --family.")
    if family:
        ask.one_of(family, [one.value for one in Family], "family")
    if language:
        ask.one_of(language, [one.value for one in Language], "language")
    content = template.read_bytes()
    beside = None if form_id or family else _beside(template, content)
    form = _catalog().get(form_id) if form_id else beside
    if beside and not language and template.stem in beside.languages:
        language = template.stem
    with progress(None, "Looking at the form", quiet=as_json):
        remarks = check_apart(
            content,
            form=form,
            family=Family(family) if family else None,
            language=Language(language) if language else None,
        )
    unseen = _not_looked_at(known=form is not None, family=bool(family), stopped=any(one.blocks for one in remarks))
    told: dict[str, object] = {
        "remarks": [_as_row(one) for one in remarks],
        "form": form.id if form else None,
        "family": form.family if form else family,
        "not_looked_at": [{"what": what, "how": how} for what, how in unseen],
    }
    lines = [f"Held against {MANIFEST} beside it: {beside.id} {beside.version}."] if beside else []
    lines += _lines(remarks, whole=not unseen)
    lines += ["", *(f"Not looked at: {what}. {how}" for what, how in unseen)] if unseen else []
    if repair:
        from templates.lint.repair import repaired

        _write(repair, repaired(content))
        told["repaired"] = str(repair)
        lines.append(f"Wrote {repair}; check it again.")
    answer(told, lines, as_json=as_json)
    if any(one.blocks for one in remarks):
        raise click.exceptions.Exit(ExitCode.FINDINGS)


def _beside(template: Path, content: bytes) -> Form | None:
    """The form of the manifest that lies beside a Word file, as a folder to be proposed has it; None without one."""
    from templates.form import form_of_one

    folder = template.resolve().parent
    manifest = folder / MANIFEST
    return form_of_one(folder.name, manifest.read_bytes(), content) if manifest.is_file() else None


def _not_looked_at(*, known: bool, family: bool, stopped: bool) -> list[tuple[str, str]]:
    """What a check left out, and what makes it look: silence about it would be read as praise."""
    unseen = []
    if not known and not family:
        unseen.append(
            (
                "the clauses that must be said or may not be, the places to sign, and how it fills for three people",
                f"Give --form ID or --family FAMILY, or lay {MANIFEST} beside it.",
            )
        )
    elif stopped:
        unseen.append(("how it fills for three people who do not exist", "Put right what stops it, and check again."))
    if not known:
        unseen.append(
            ("fields it asks for undeclared, or declares for nothing", f"Give --form ID, or lay {MANIFEST} beside it.")
        )
    return unseen


def _lines(remarks: Sequence[Remark], *, whole: bool) -> list[str]:
    if not remarks:
        return ["Nothing to put right." if whole else "Nothing to put right in what was looked at."]
    stopping = sum(one.blocks for one in remarks)
    lines = [f"{stopping} to put right before it can be published, {len(remarks) - stopping} to look at."]
    for one in remarks:
        mark = click.style("✗", fg="red") if one.blocks else click.style("!", fg="yellow")
        authority = f" [{one.authority}]" if one.authority else ""
        lines += ["", f"{mark} {one.place}", f"  {one.sentence}{authority}", f"  → {one.remedy}"]
    return lines


def _as_row(remark: Remark) -> dict[str, object]:
    return {
        "check": remark.check.value,
        "severity": remark.severity.value,
        "part": remark.place.part,
        "paragraph": remark.place.paragraph,
        "words": remark.place.words,
        "sentence": remark.sentence,
        "remedy": remark.remedy,
        "authority": remark.authority,
    }


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)

"""`confide forms`: what forms there are, and how a Word template would come out."""

from __future__ import annotations

import os
from pathlib import Path

import click

from cli import ask
from cli.output import answer, json_option, progress, table


@click.group()
def forms() -> None:
    """The Word forms that statements are written on."""


@forms.command("list")
@json_option
def listing(as_json: bool) -> None:
    """The forms of this installation."""
    from templates.catalog import catalog

    rows = [
        {
            "id": form.id,
            "version": form.version,
            "title": form.title[form.languages[0]],
            "languages": list(form.languages),
            "signers": [signer.role for signer in form.signers],
            "needs_counsel": form.needs_counsel,
        }
        for form in catalog()
    ]
    if as_json:
        answer(rows, "", as_json=True)
        return
    table(
        ["Form", "Version", "Title", "Languages", "Review"],
        [
            [
                str(row["id"]),
                str(row["version"]),
                str(row["title"]),
                ", ".join(map(str, row["languages"])),  # type: ignore[call-overload]
                "not reviewed by counsel" if row["needs_counsel"] else "reviewed",
            ]
            for row in rows
        ],
    )


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
    descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(pdf)
    answer({"path": str(out), "bytes": len(pdf)}, f"Wrote {out}", as_json=as_json)

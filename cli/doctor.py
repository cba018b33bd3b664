"""`confide doctor`: what is wrong, missing or unsafe here, and what to do about it."""

from __future__ import annotations

import sys

import click

from cli.doors import opened
from cli.exit_code import ExitCode
from cli.output import answer, json_option, progress, table


@click.command()
@json_option
def doctor(as_json: bool) -> None:
    """Look at everything: keys, disk, store, register, audit log, certificates, forms, law, running parts.

    Exit status 11 when there is a problem. Changes nothing.
    """
    site = opened()
    from flows.examination import examine

    with progress(None, "Looking", quiet=as_json):
        lines = examine(site)
    if as_json:
        answer(lines, "", as_json=True)
    else:
        colour = {"ok": "green", "note": "yellow", "problem": "red"}
        table(
            ["", "What", "Found", "Remedy"],
            [[f"[{colour[line.level]}]{line.level}[/]", line.what, line.sentence, line.remedy] for line in lines],
        )
    if any(line.level == "problem" for line in lines):
        sys.exit(ExitCode.FINDINGS)

"""`confide doctor`: what is wrong, missing or unsafe here, and what to do about it."""

from __future__ import annotations

import click

from cli.doors import opened
from cli.output import examined, json_option, progress


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
    examined(lines, "What", as_json=as_json)

"""How verbs answer: a table or a few lines for a person, `--json` for a script, progress on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from cli.exit_code import ExitCode

if TYPE_CHECKING:
    from flows.examination import Line

_Command = TypeVar("_Command", bound=Callable[..., Any])


def json_option(command: _Command) -> _Command:
    """`--json`, the same on every verb."""
    return click.option("--json", "as_json", is_flag=True, help="Answer in JSON, for scripts.")(command)


def answer(data: object, lines: Sequence[str] | str, *, as_json: bool) -> None:
    """Print `data` as JSON, or `lines` for a person."""
    if as_json:
        click.echo(json.dumps(plain(data), ensure_ascii=False, indent=2, default=str))
        return
    for line in [lines] if isinstance(lines, str) else lines:
        click.echo(line)


def plain(data: object) -> object:
    """Dataclasses and mappings as plain JSON values."""
    if is_dataclass(data) and not isinstance(data, type):
        return plain(asdict(data))
    if isinstance(data, Mapping):
        return {str(key): plain(value) for key, value in data.items()}
    if isinstance(data, list | tuple | set | frozenset):
        return [plain(value) for value in data]
    return data


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], *, title: str | None = None) -> None:
    """A table on standard output, as wide as the terminal allows."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    sheet = Table(*headings, title=title, box=SIMPLE_HEAD, title_justify="left", pad_edge=False)
    for row in rows:
        sheet.add_row(*row)
    console = Console()
    # a pipe has no width of its own: give it room, so that no cell is cut in a file
    (console if console.is_terminal else Console(width=160)).print(sheet)


@contextmanager
def progress(total: int | None, what: str, *, quiet: bool) -> Iterator[Callable[[int, str], None]]:
    """Progress on standard error for what takes over a second; `quiet` (JSON, pipes) shows nothing.

    Yields `step(done, note)`: how many of `total` are done, and what is being done now.
    """
    if quiet or not sys.stderr.isatty():
        yield lambda done, note: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        job = bar.add_task(what, total=total)

        def step(done: int, note: str) -> None:
            bar.update(job, completed=done, description=f"{what} · {note}" if note else what)

        yield step


def examined(lines: Sequence[Line], heading: str, *, as_json: bool) -> None:
    """Tell what an examination found, and leave with FINDINGS when there is a problem among it."""
    if as_json:
        answer(lines, "", as_json=True)
    else:
        colour = {"ok": "green", "note": "yellow", "problem": "red"}
        table(
            ["", heading, "Found", "Remedy"],
            [[f"[{colour[line.level]}]{line.level}[/]", line.what, line.sentence, line.remedy] for line in lines],
        )
    if any(line.level == "problem" for line in lines):
        sys.exit(ExitCode.FINDINGS)

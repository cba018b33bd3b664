"""How verbs answer: a table or a few lines for a person, `--json` for a script, progress on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, is_dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from cli.exit_code import ExitCode

if TYPE_CHECKING:
    from flows.examination import Line
    from rules.finding import Finding

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


def warn(where: str, finding: Finding) -> None:
    """Tell on standard error what a rule says without stopping anything."""
    click.echo(f"! {where}: {finding.sentence}", err=True)
    click.echo(f"    {finding.code} · {finding.authority}", err=True)


def plain(data: object) -> object:
    """Dataclasses and mappings as plain JSON values."""
    if is_dataclass(data) and not isinstance(data, type):
        return plain(asdict(data))
    if isinstance(data, Mapping):
        return {str(key): plain(value) for key, value in data.items()}
    if isinstance(data, list | tuple | set | frozenset):
        return [plain(value) for value in data]
    return data


@dataclass(frozen=True, slots=True)
class Coloured:
    """A cell with a colour, which only a terminal shows."""

    text: str
    colour: str


def table(headings: Sequence[str], rows: Sequence[Sequence[str | Coloured]], *, title: str | None = None) -> None:
    """A table on standard output, as wide as the terminal allows; aligned columns, nothing broken, into a pipe.

    Cells are text, never markup: what stands in an organization's name is printed as it stands.
    """
    if not sys.stdout.isatty():
        _columns(headings, rows, title)
        return
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    sheet = Table(title=Text(title) if title else None, box=SIMPLE_HEAD, title_justify="left", padding=(0, 1, 0, 0))
    for heading, *cells in zip(headings, *rows, strict=True):
        # an id is copied from the screen: what is one word is never cut, its neighbours are broken over lines
        word = not any(" " in (cell.text if isinstance(cell, Coloured) else cell) for cell in cells)
        sheet.add_column(Text(heading), no_wrap=word, overflow="fold")
    for row in rows:
        sheet.add_row(*(Text(cell.text, cell.colour) if isinstance(cell, Coloured) else Text(cell) for cell in row))
    Console().print(sheet)


def _columns(headings: Sequence[str], rows: Sequence[Sequence[str | Coloured]], title: str | None) -> None:
    texts = [[cell.text if isinstance(cell, Coloured) else cell for cell in row] for row in (headings, *rows)]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    if title:
        click.echo(title)
    for row in texts:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


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
            [[Coloured(line.level, colour[line.level]), line.what, line.sentence, line.remedy] for line in lines],
        )
    if any(line.level == "problem" for line in lines):
        sys.exit(ExitCode.FINDINGS)

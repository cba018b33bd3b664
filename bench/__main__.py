"""`python -m bench [BENCH…]`: measure, print one table, write results.json; `--record` keeps it in RESULTS.md."""

from __future__ import annotations

import importlib
import json
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.table import Table

    from bench.figures import Figure
    from bench.machine import Machine
    from bench.site import TrainingSite

HERE = Path(__file__).parent
RESULTS, HISTORY = HERE / "results.json", HERE / "RESULTS.md"
BENCHES: dict[str, tuple[str, str]] = {
    "packet": ("bench.packet:measure", "a packet of four documents through the warm worker; the naive script"),
    "stages": ("bench.stages:measure", "fill, render, prepare and certify, store"),
    "sign": ("bench.signing:measure_sign", "a client's signature"),
    "seal": ("bench.signing:measure_seal", "the organization's seal with all revocation data and archival stamp"),
    "computing": ("bench.computing:measure", "statements judged, a finished paper searched, a record sealed"),
    "store": ("bench.store:measure", "records of 100 KB into the directory store, and on S3 against plain boto3"),
    "due": ("bench.due:measure", "the next thousand due among a million records, SQLite and PostgreSQL"),
    "memory": ("bench.memory:measure", "worker, filler and renderer after 50 and after 200 documents"),
    "disposal": ("bench.disposal:measure", "a disposal run of ten thousand records on the directory store"),
    "queue": ("bench.queue:measure", "two hundred packets of four documents at once"),
    "reconcile": ("bench.reconciling:measure", "100,000 records held against an S3 Inventory of their bucket"),
    "terminal": ("bench.terminal:measure", "--help, verify, org list"),
}


@click.command(help="Measure Confide.\n\n" + "\n\n".join(f"{name}: {line}" for name, (_, line) in BENCHES.items()))
@click.argument("names", nargs=-1, type=click.Choice(list(BENCHES)), metavar="[BENCH]...")
@click.option("--rounds", default=7, show_default=True, help="Measurements of each, after the warm-ups.")
@click.option("--record", is_flag=True, help="Append the table to bench/RESULTS.md.")
def bench(names: Sequence[str], rounds: int, record: bool) -> None:
    """Measure the benches named, all of them without a name."""
    from bench import machine
    from bench.site import training_site

    # torn down on a signal too: the context managers see an exception
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    found = machine.look()
    click.echo("\n".join(found.lines()), err=True)
    figures: list[Figure] = []
    with training_site() as site:
        failed = [name for name in names or BENCHES if not _measured(name, site, rounds, figures)]
    _show(found, figures)
    RESULTS.write_text(json.dumps(_with_earlier(figures), indent=1, ensure_ascii=False) + "\n")
    if record:
        with HISTORY.open("a") as history:
            history.write(_section(found, figures))
    if failed:
        click.echo(f"not measured, see above: {', '.join(failed)}", err=True)
    sys.exit(0 if not failed and all(figure.holds is not False for figure in figures) else 1)


def _with_earlier(figures: Sequence[Figure]) -> list[dict[str, object]]:
    """These figures, and the last of each that was not measured now."""
    earlier = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    return list({str(one["name"]): one for one in (*earlier, *(figure.as_data() for figure in figures))}.values())


def _measured(name: str, site: TrainingSite, rounds: int, figures: list[Figure]) -> bool:
    """Put the figures of one bench to the others. False when it broke: what the rest took minutes for is kept."""
    click.echo(f"{name} …", err=True)
    try:
        for figure in _bench(name)(site, rounds):
            click.echo(f"  {figure.name}: {figure.measured} ({figure.promised})", err=True)
            figures.append(figure)
    except Exception:  # noqa: BLE001  told in full, and the exit status says so
        traceback.print_exc()
        return False
    return True


def _bench(name: str) -> Callable[[TrainingSite, int], Iterator[Figure]]:
    module, _, attribute = BENCHES[name][0].partition(":")
    measure: Callable[[TrainingSite, int], Iterator[Figure]] = getattr(importlib.import_module(module), attribute)
    return measure


def _show(found: Machine, figures: Sequence[Figure]) -> None:
    from rich.console import Console

    # a pipe or a file has no width of its own
    console = Console(width=None if sys.stdout.isatty() else 170)
    console.print("\n".join(found.lines()), highlight=False)
    console.print(_table(figures))


def _table(figures: Sequence[Figure]) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE)
    for heading in ("what", "median", "target", "holds", "notes"):
        table.add_column(heading, overflow="fold")
    for figure in figures:
        holds = {True: "[green]yes[/]", False: "[red]NO[/]", None: "—"}[figure.holds]
        table.add_row(figure.name, figure.measured, figure.promised, holds, figure.notes)
    return table


def _section(found: Machine, figures: Sequence[Figure]) -> str:
    holds = {True: "yes", False: "**no**", None: "—"}
    rows = [
        f"| {figure.name} | {figure.measured} | {figure.promised} | {holds[figure.holds]} | {figure.notes} |"
        for figure in figures
    ]
    lines = [
        "",
        f"## {datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "",
        *(f"{line}  " for line in found.lines()),
        "",
        "| what | median | target | holds | notes |",
        "|---|---|---|---|---|",
        *rows,
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    bench()

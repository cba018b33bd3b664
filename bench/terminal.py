"""What a person waits for at the terminal, process start included."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from bench.figures import Figure, median, spread
from bench.signing import sealed_file
from bench.site import TrainingSite

TARGETS_S = {"confide --help": 0.4, "confide verify, one file": 2.5, "confide org list": 1.2}


def measure(site: TrainingSite, rounds: int) -> Iterator[Figure]:
    """Each verb `rounds` times, in turn, after one round that fills the disk's cache; nothing else of ours runs."""
    file = site.folder / "copy.pdf"
    file.write_bytes(sealed_file(site))
    site.stop()
    commands = dict(zip(TARGETS_S, (["--help"], ["verify", str(file)], ["org", "list"]), strict=True))
    took: dict[str, list[float]] = {name: [] for name in commands}
    cpu: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name, arguments in commands.items():
            seconds, used = _run(arguments)
            if number:
                took[name].append(seconds)
                cpu[name].append(used)
    for name, target in TARGETS_S.items():
        notes = f"{spread(took[name], 's')}; CPU {median(cpu[name]):.2f} s"
        yield Figure(name=name, value=median(took[name]), unit="s", target=target, notes=notes)


def _run(arguments: list[str]) -> tuple[float, float]:
    """Seconds by the clock, and of CPU."""
    confide = Path(sys.executable).with_name("confide")
    command = [str(confide)] if confide.exists() else [sys.executable, "-m", "cli.main"]
    before, began = os.times(), time.perf_counter()
    subprocess.run([*command, *arguments], check=True, stdout=subprocess.DEVNULL)
    seconds, after = time.perf_counter() - began, os.times()
    return seconds, after.children_user + after.children_system - before.children_user - before.children_system

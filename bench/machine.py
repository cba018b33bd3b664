"""On what was measured: the machine, how busy it was with other things, and the versions at work.

A figure without its machine is a rumour; a figure taken on a busy machine is an upper bound.
"""

from __future__ import annotations

import os
import platform
import subprocess
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("confide", "docxtpl", "pikepdf", "pyhanko", "cryptography", "django", "prefect")
QUIET_SHARE = 0.9
"""Below this, what was measured waited for other work on the machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What is known of the machine before the first measurement."""

    processor: str
    cores: int
    memory_gib: float
    load: tuple[float, float, float]
    """Of the last 1, 5 and 15 minutes."""
    share: float
    """How much of a core a busy process gets here now: 1.0 on a quiet machine."""
    versions: str
    at: datetime

    @property
    def quiet(self) -> bool:
        """Whether the figures may be read as they stand."""
        return self.share >= QUIET_SHARE

    def lines(self) -> tuple[str, ...]:
        """What stands over the table."""
        load = " ".join(f"{one:.2f}" for one in self.load)
        verdict = "quiet" if self.quiet else "BUSY: times are upper bounds; read the CPU times in the notes"
        return (
            f"{self.at:%Y-%m-%d %H:%M} UTC · {self.processor} · {self.cores} cores · {self.memory_gib:.0f} GiB",
            f"load before: {load} · share of a core a busy process gets: {self.share:.0%} ({verdict})",
            self.versions,
        )


def look() -> Machine:
    """The machine as it is now (takes half a second)."""
    return Machine(
        processor=_processor(),
        cores=len(os.sched_getaffinity(0)),
        memory_gib=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30),
        load=os.getloadavg(),
        share=core_share(),
        versions=_versions(),
        at=datetime.now(UTC),
    )


def core_share(seconds: float = 0.5) -> float:
    """How much of a core a process gets that computes all the time: CPU time through wall time."""
    began, used = time.perf_counter(), time.process_time()
    while time.perf_counter() - began < seconds:
        sum(range(1000))
    return min(1.0, (time.process_time() - used) / (time.perf_counter() - began))


def peak_mib() -> float:
    """The most memory that this program was resident with, in MiB.

    Not `getrusage`'s: that keeps, through exec, what the process was before it became this program.
    """
    told = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(told["VmHWM"].split()[0]) / 1024


def file_system(place: Path) -> str:
    """The kind of file system that holds `place`: "ext4", "tmpfs", …"""
    mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    resolved = place.resolve()
    holding = [mount for mount in mounts if resolved.is_relative_to(mount[1])]
    return max(holding, key=lambda mount: len(mount[1]))[2] if holding else "unknown"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return " ".join(line.partition(":")[2].split())
    return platform.machine()


def _versions() -> str:
    office = subprocess.run(["soffice", "--version"], capture_output=True, text=True, check=False).stdout.split()
    packages = [f"{name} {version(name)}" for name in PACKAGES]
    return " · ".join([f"Python {platform.python_version()}", f"LibreOffice {''.join(office[1:2])}", *packages])

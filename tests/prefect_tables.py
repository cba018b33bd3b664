"""Prefect's own tables, empty: making them is half of its server's start, and every site of the tests starts one.

Made once a virtual environment by Prefect's own command, and copied into a site that has none yet.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

_NAME = "prefect.db"
_SECONDS = 300


def into(folder: Path) -> None:
    """Put the tables into Prefect's folder of a site, unless it has its own."""
    if not (folder / _NAME).exists():
        folder.mkdir(mode=0o700, exist_ok=True)
        shutil.copyfile(_made(), folder / _NAME)
        (folder / _NAME).chmod(0o600)


def _made() -> Path:
    made = Path(sys.prefix) / f"prefect-{version('prefect')}.db"
    with made.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the tests' workers begin at the same time
        if not made.exists():
            with tempfile.TemporaryDirectory(dir=sys.prefix) as folder:
                _upgraded(Path(folder))
                (Path(folder) / _NAME).replace(made)
    return made


def _upgraded(folder: Path) -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    subprocess.run(
        [sys.executable, "-m", "prefect", "server", "database", "upgrade", "-y"],
        env=env | {"PREFECT_HOME": str(folder), "PREFECT_SERVER_ANALYTICS_ENABLED": "false"},
        check=True,
        capture_output=True,
        timeout=_SECONDS,
    )
    database = sqlite3.connect(folder / _NAME)
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()

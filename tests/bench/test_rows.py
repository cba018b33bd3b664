"""A bench that breaks is found by the tests, not in the hour when somebody wants its figures."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.running import PROJECT

pytestmark = pytest.mark.e2e

FEW = """
from bench import disposal, due
from bench.site import training_site

with training_site() as site:
    for figure in (*due.measure(site, 1, records=4000), *disposal.measure(site, 1, records=60)):
        print(figure.name, figure.measured)
"""


def test_the_benches_that_write_rows_themselves_fit_the_tables_as_they_are() -> None:
    """In a process of its own: the settings of a site are read once."""
    ran = subprocess.run([sys.executable, "-c", FEW], cwd=PROJECT, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert len(ran.stdout.splitlines()) >= 4

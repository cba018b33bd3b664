"""veraPDF on what leaves the press, PDF/A-2b and PDF/UA-1; on every shipped form: `tests.real.test_verapdf_forms`."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from templates.fill import fill
from templates.press import Press
from tests.real.conftest import VeraPdf, verapdf  # noqa: F401 - a fixture

pytestmark = pytest.mark.real
DAY = dt.date(2026, 11, 22)


@pytest.fixture(scope="module")
def judged(
    run_dir: Any,
    renderer: Any,
    form: bytes,
    verapdf: VeraPdf,  # noqa: F811
) -> dict[tuple[str, str], list[str]]:
    """A form of these tests, and LibreOffice's own PDF of it, judged."""
    from tests.templates.conftest import sample_data

    press = Press(run_dir)
    filled = fill(form, sample_data())
    files = {
        "finished": press.render(filled, title="Ours", language="en", prepared_on=DAY),
        "not finished": press.converted(filled),
    }
    return verapdf.many(files, "2b", "ua1")


def test_what_leaves_the_press_keeps_both_standards(judged: dict[tuple[str, str], list[str]]) -> None:
    assert judged["finished", "2b"] == judged["finished", "ua1"] == []


def test_what_libreoffice_writes_does_not(judged: dict[tuple[str, str], list[str]]) -> None:
    assert judged["not finished", "2b"]  # the judge can tell

"""The words of a finished PDF."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from templates.errors import FormCode, FormError
from templates.fill import fill
from templates.press import Press
from templates.text import extract


def test_words_and_metadata_are_read_from_several_threads_at_once(
    press: Press, form: bytes, data: dict[str, Any]
) -> None:
    pdf = press.render(fill(form, data), title="Título", language="es", prepared_on=dt.date(2026, 11, 22))
    with ThreadPoolExecutor(4) as threads:
        told = list(threads.map(lambda _: extract(pdf), range(12)))
    assert all(one == told[0] for one in told)
    assert "Harbor & Light <Reentry>" in told[0].pages[0]
    assert dict(told[0].metadata) == {
        "Title": "Título",
        "Producer": "Confide",
        "CreationDate": "D:20261122000000Z",
        "ModDate": "D:20261122000000Z",
    }


def test_what_is_no_pdf_is_refused() -> None:
    with pytest.raises(FormError) as told:
        extract(b"Dear client")
    assert told.value.code is FormCode.NOT_A_PDF

"""The page about signing is executed, not believed."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "signing.md"


def test_the_example_on_the_page_runs(rendered_pdf: bytes) -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    assert blocks
    for block in blocks:
        exec(compile(block, PAGE.name, "exec"), {"rendered": rendered_pdf})  # noqa: S102  # our own page

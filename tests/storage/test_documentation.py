"""What docs/storage.md shows, runs."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "storage.md"


def test_the_samples_of_the_page_run(tmp_path: Path) -> None:
    samples = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert samples
    for sample in samples:
        exec(compile(sample, str(PAGE), "exec"), {"base": tmp_path})  # noqa: S102 - our own page


def test_every_module_of_the_room_is_on_the_page() -> None:
    page = PAGE.read_text()
    modules = {path.stem for path in (PAGE.parents[1] / "storage").glob("*.py")} - {"__init__", "errors"}
    assert {module for module in modules if f"`{module}`" not in page} == set()

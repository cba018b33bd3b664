from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.running import RunningSite, running_site


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    """A site that runs, shared by the tests of this folder: each adds what it needs."""
    with running_site(tmp_path_factory.mktemp("site") / "site") as made:
        yield made.founded().serve("--json")

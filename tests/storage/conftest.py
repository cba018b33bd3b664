"""What the storage tests share: an embedded vault in a directory of its own, with a clock that is set by hand."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

# the contract, the crash driver and the setting are modules beside the tests, whichever way pytest imports these
sys.path.insert(0, str(Path(__file__).parent))
pytest.register_assert_rewrite("contract", "crashing")

from vault_setting import HandClock, open_at  # noqa: E402 - after the path above

from storage.embedded import Places, create_master  # noqa: E402
from storage.master import MasterKey  # noqa: E402
from storage.vault import Vault  # noqa: E402
from tests.cluster import ON_POSTGRESQL, shared_cluster  # noqa: E402


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def places(tmp_path: Path) -> Iterator[Places]:
    """Empty places; on PostgreSQL with a database of their own for the keyring."""
    if not ON_POSTGRESQL:
        yield Places(home=tmp_path / "var", keys=tmp_path / "keys")
        return
    name = shared_cluster().database()
    yield Places(home=tmp_path / "var", keys=tmp_path / "keys", keyring_url=shared_cluster().url(name))
    shared_cluster().drop(name)


@pytest.fixture
def master(places: Places) -> MasterKey:
    return create_master(places)


@pytest.fixture
def vault(places: Places, master: MasterKey, clock: HandClock) -> Iterator[Vault]:
    opened = open_at(places, master, clock)
    yield opened
    opened.keyring.close()


@pytest.fixture
def new_id() -> Callable[[], str]:
    return lambda: uuid.uuid4().hex

"""The directory store keeps the contract of every store."""

from __future__ import annotations

from pathlib import Path

import pytest
from contract import Opened, StoreContract
from vault_setting import HandClock

from storage.directory import DirectoryStore
from storage.protocol import LockMode


class TestDirectoryStore(StoreContract):
    @pytest.fixture
    def opened(self, tmp_path: Path, clock: HandClock) -> Opened:
        root = tmp_path / "records"
        return Opened(
            store=DirectoryStore(root, clock=clock),
            another=lambda: DirectoryStore(root, clock=clock),
            now=clock,
            wait=clock.pass_,
        )

    def test_its_locks_are_software_and_governance(self, opened: Opened) -> None:
        protection = opened.store.effective_protection
        assert (protection.mode, protection.enforced_by) == (LockMode.GOVERNANCE, "software")

"""What an S3 store keeps beyond the contract of every store: on moto and on a real server alike."""

from __future__ import annotations

import uuid

import pytest
from contract import Opened, StoreContract

from storage import s3_many
from storage.protocol import Area, Destroyed
from storage.s3 import S3Store


class S3Contract(StoreContract):
    @pytest.mark.parametrize(("page", "worth"), [(2, 1), (7, 1), (7, 3)])
    def test_many_are_looked_at_and_destroyed_wherever_a_page_ends(
        self, opened: Opened, monkeypatch: pytest.MonkeyPatch, page: int, worth: int
    ) -> None:
        store = opened.store
        assert isinstance(store, S3Store)
        monkeypatch.setattr(s3_many, "PAGE", page)
        monkeypatch.setattr(s3_many, "_WORTH_A_PAGE", worth)
        begin = uuid.uuid4().hex[:28]
        close = [f"{begin}{number:04x}" for number in range(16)]
        ours, others = close[::2], close[1::2]
        put = {
            key: [store.put(Area.RECORDS, key, bytes([count])).version_id for count in range(1 + number % 4)]
            for number, key in enumerate((*ours, *others))
        }
        hidden = ours[5]
        store.requests.ask("delete_object", Key=store.name(Area.RECORDS, hidden))
        never = begin + "ffff"
        told = store.stat_each(Area.RECORDS, [*ours, never])
        assert {key: [one.version_id for one in versions] for key, versions in told.items()} == {
            **{key: put[key] for key in ours},
            never: [],
        }
        gone = store.destroy_each(Area.RECORDS, [*ours, never])
        for key, destroyed in gone.items():
            assert isinstance(destroyed, Destroyed)
            assert sorted(destroyed.version_ids) == sorted(put.get(key, []))
        left = store.requests.ask("list_object_versions", Prefix=store.under(Area.RECORDS))
        names = {line["Key"] for kind in ("Versions", "DeleteMarkers") for line in left.get(kind, ())}
        assert names.isdisjoint({store.name(Area.RECORDS, key) for key in ours}), "no marker of it either"
        assert {key: [one.version_id for one in store.stat(Area.RECORDS, key)] for key in others} == {
            key: put[key] for key in others
        }
        for key in others:
            store.destroy(Area.RECORDS, key)

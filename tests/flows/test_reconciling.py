"""Register against store: every way they can differ is told once, and nothing that only looks so."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from flows.duties.reconciling import compared, reconcile, with_inventory
from flows.found import Found, Kind
from register.facts import Record
from register.vocabulary import ObjectArea
from storage.address import S3Address
from storage.envelope import OVERHEAD
from storage.errors import InventoryRefused
from storage.inventory import Inventory
from storage.protocol import Area
from storage.survey import surveyed
from tests.flows.conftest import Setting
from tests.flows.test_retaining import hold
from tests.inventories import Line, write


def told(setting: Setting) -> list[Found]:
    return list(reconcile(setting.site, setting.now, False))


def lines_of(setting: Setting) -> list[Line]:
    """What a server would list of this store."""
    return [
        Line(
            key=f"records/{key}",
            version_id=v.version_id,
            size=v.size,
            until=v.lock and v.lock.retain_until,
            held=bool(v.lock and v.lock.held),
        )
        for key, versions in surveyed(setting.site.vault.store, Area.RECORDS)
        for v in versions
    ]


def by_inventory(setting: Setting, folder: Path, lines: list[Line]) -> list[Found]:
    setting.site.configuration = replace(setting.site.configuration, s3=S3Address(bucket="records"))
    return list(with_inventory(setting.site, Inventory.read(write(folder, lines, made_at=setting.now))))


def test_a_whole_site_has_nothing_to_tell(setting: Setting, tmp_path: Path) -> None:
    for _ in range(3):
        setting.kept()
    setting.document(b"staged, not published", ObjectArea.RECORDS)
    setting.presented()
    assert told(setting) == []
    assert by_inventory(setting, tmp_path / "list", lines_of(setting)) == []


def test_every_difference_is_told_by_the_store_and_by_its_inventory_alike(setting: Setting, tmp_path: Path) -> None:
    from register import models, objects

    lost, changed, shorter, longer, whole = (setting.kept() for _ in range(5))
    setting.file_of(lost.object_id).unlink()
    models.Object.objects.filter(pk=changed.object_id).update(version_id="000009-" + "0" * 16)
    assert shorter.retain_until is not None
    models.Record.objects.filter(pk=shorter.record_id).update(retain_until=shorter.retain_until + dt.timedelta(days=31))
    later = shorter.retain_until + dt.timedelta(days=40)
    setting.site.vault.store.protect(Area.RECORDS, longer.object_id, retain_until=later)
    stranger = uuid4().hex
    setting.site.vault.put(stranger, b"whose is this", area=Area.RECORDS)
    back = setting.document(b"destroyed, and brought back by a disk's backup", ObjectArea.RECORDS)
    objects.retire(back.object_id, now=setting.now)

    expected = {
        (Kind.LOST, str(lost.record_id)),
        (Kind.DAMAGED, str(changed.record_id)),
        (Kind.LOCK_SHORTER, str(shorter.record_id)),
        (Kind.LOCK_LONGER, str(longer.record_id)),
        (Kind.UNKNOWN_BYTES, stranger),
        (Kind.NOT_GONE, back.object_id),
    }
    found = told(setting)
    assert {(each.kind, each.subject) for each in found} == expected
    assert len(found) == len(expected)
    assert all(each.remedy for each in found)
    assert str(whole.record_id) not in {each.subject for each in found}
    listed = by_inventory(setting, tmp_path / "list", lines_of(setting))
    assert {(each.kind, each.subject) for each in listed} == expected


def test_a_version_of_another_size_or_with_other_bytes_is_damage(setting: Setting) -> None:
    from register import models

    size, digest = setting.kept(), setting.kept()
    models.Object.objects.filter(pk=size.object_id).update(size=7)
    models.Object.objects.filter(pk=digest.object_id).update(sealed_sha256="ab" * 32)
    details = {each.subject: (each.kind, each.detail) for each in told(setting)}
    assert details == {
        str(size.record_id): (Kind.DAMAGED, "size"),
        str(digest.record_id): (Kind.DAMAGED, "sha256"),
    }


def test_what_came_in_after_the_inventory_was_made_is_not_lost_and_what_went_is_not_orphaned(
    setting: Setting, tmp_path: Path
) -> None:
    gone = setting.document(b"never published", ObjectArea.RECORDS)
    lines = lines_of(setting)
    from flows.staging import clear

    clear(setting.site, gone.object_id, ObjectArea.RECORDS)
    setting.kept()
    assert by_inventory(setting, tmp_path / "list", lines) == []


def test_a_lock_extended_after_the_inventory_was_made_is_not_too_short(setting: Setting, tmp_path: Path) -> None:
    record = setting.kept()
    lines = [replace(line, until=setting.now) for line in lines_of(setting)]
    assert by_inventory(setting, tmp_path / "list", lines) == []
    assert record.retain_until is not None


def test_the_sizes_compared_are_those_of_the_sealed_bytes(setting: Setting) -> None:
    record: Record = setting.kept()
    ((_, (version,)),) = surveyed(setting.site.vault.store, Area.RECORDS)
    assert version.size == len(setting.papers.sealed) + OVERHEAD
    assert list(compared(setting.site.vault.store, iter([(record.object_id, (version,))]))) == []


def test_an_inventory_of_another_bucket_compares_nothing(setting: Setting, tmp_path: Path) -> None:
    setting.kept()
    inventory = Inventory.read(write(tmp_path / "list", [], made_at=setting.now))
    with pytest.raises(InventoryRefused):
        with_inventory(setting.site, inventory)


def test_holds_that_only_one_side_knows_are_counted_by_store_and_inventory_alike_and_named_to_counsel(
    setting: Setting, tmp_path: Path
) -> None:
    from flows import holding
    from register import mirroring

    absent, strange, both, free = (setting.kept() for _ in range(4))
    store = setting.site.vault.store
    for record in (absent, both):
        hold(setting, record.record_id)
    mirroring.mirror(setting.site.vault, now=setting.now)
    assert told(setting) == []
    store.protect(Area.RECORDS, absent.object_id, hold=False)
    store.protect(Area.RECORDS, strange.object_id, hold=True)

    expected = [(Kind.HOLD_ABSENT, "records", "1"), (Kind.HOLD_STRANGE, "records", "1")]
    for found in (told(setting), by_inventory(setting, tmp_path / "list", lines_of(setting))):
        assert [(each.kind, each.subject, each.detail) for each in found] == expected, "the night names no record"
        assert all(each.remedy for each in found)
    stale = [replace(line, held=True) for line in lines_of(setting)]
    assert [each.kind for each in by_inventory(setting, tmp_path / "stale", stale)] == [Kind.HOLD_STRANGE], (
        "what an inventory of yesterday says is asked of the store; what it does not say is not"
    )

    compared = holding.compare(setting.site)
    assert (compared.absent, compared.strange) == ((absent.record_id,), (strange.record_id,))
    assert all(version.held for version in store.stat(Area.RECORDS, absent.object_id)), "it was told again"
    again = holding.compare(setting.site)
    assert (again.absent, again.strange) == ((), (strange.record_id,))
    assert not any(version.held for version in store.stat(Area.RECORDS, free.object_id))


def test_of_a_server_that_lists_no_holds_those_known_here_are_asked_and_the_rest_when_they_are_read(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows.duties import kept
    from register import mirroring

    absent, strange = setting.kept(), setting.kept()
    store = setting.site.vault.store
    hold(setting, absent.record_id)
    mirroring.mirror(setting.site.vault, now=setting.now)
    store.protect(Area.RECORDS, absent.object_id, hold=False)
    store.protect(Area.RECORDS, strange.object_id, hold=True)
    without = [(key, tuple(replace(v, lock=None) for v in versions)) for key, versions in surveyed(store, Area.RECORDS)]
    found = list(compared(store, iter(without)))
    assert [(each.kind, each.detail) for each in found] == [(Kind.HOLD_ABSENT, "1")]

    # as S3: a store that lists faster than it tells all of each
    monkeypatch.setattr(type(store), "survey", lambda *_: iter(without), raising=False)
    night = [each for each in kept.prove(setting.site, setting.later(days=90), True) if each.kind is Kind.HOLD_STRANGE]
    assert [(each.subject, each.detail) for each in night] == [("records", "1")]

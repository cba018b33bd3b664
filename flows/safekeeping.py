"""Backup and restore of a whole site.

A backup holds register, keyring, sealed bytes and the forms this site published, and nothing that opens them. The
*standby*, on another disk, holds what a backup must not: the epoch keys and the certificate authority (both wrapped by
the master key) and the destruction log. A restore needs backup, standby and master key; the master key comes from its
file or from the recovery shares.

Danger: a restore that brings back what was destroyed, or a lost disk that takes the only epoch keys with it.
Invariant: the standby is brought level before a backup is called done, and a restore refuses without the destruction
log.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from flows import authority
from flows.erasure import EPOCHS
from flows.site import Site, now
from register import backups, boot
from register.configuration import Configuration
from register.facts import Actor
from register.vocabulary import ObjectArea
from storage.backup import DUMP, KEYRING, KEYRING_DUMP, Manifest, back_up, whole
from storage.custody import KeyPlace
from storage.destruction import DestructionLog
from storage.directory import DirectoryStore
from storage.embedded import Places, open_vault
from storage.epochs import EpochKeys
from storage.errors import RestoreRefused
from storage.keyring_facts import KeyScope
from storage.master import MasterKey
from storage.places import private_directory
from storage.protocol import Area
from storage.restore import Restored, begun, finished
from storage.restore import restore as bring_back
from storage.standby import Standbys
from storage.vault import Vault

if TYPE_CHECKING:
    from register.restoring import Replayed

LOG, AUTHORITY = "log", "authority"
REGISTER_DUMP = f"register{DUMP}"
FORMS = "forms.tar"
_OF_OBJECTS = (KeyScope.RECORDS, KeyScope.WORKING)


def backup(
    site: Site, target: Path, *, standby: Path | None, by: Actor, progress: Callable[[int], None] | None = None
) -> Manifest:
    """Write a consistent backup into a new directory, and bring the standby level before and after.

    Raises `StorageError`: BackupRefused, StandbyAbsent.
    """
    standby = standby or site.configuration.standby
    if standby is not None:
        level(site, standby)
    boot.checkpoint()
    manifest = back_up(
        site.vault,
        target,
        databases=_register(site.configuration),
        # after the register: a version that it does not know yet is not used, one that it knows must be there
        documents={FORMS: lambda: _packed(site.configuration.forms_path)},
        now=now(),
        progress=progress,
    )
    if standby is not None:
        # what was destroyed while the backup ran: a restore refuses a log that is older than its backup
        level(site, standby)
    backups.made(objects=manifest.objects, by=by, now=now())
    return manifest


def level(site: Site, standby: Path) -> None:
    """Bring the standby to exactly what this site has: the log grows, a destroyed epoch is destroyed there too.

    Raises StandbyAbsent where a folder that was a standby is not that one now.
    """
    level_log(site, standby)
    site.vault.keyring.epochs.mirror(standby / EPOCHS)
    authority.copy(site.configuration.authority_path, standby / AUTHORITY)


def level_log(site: Site, standby: Path) -> None:
    """Bring the standby's copy of the log level alone. Raises as `level`."""
    Standbys(site.configuration.keys).take(standby)
    site.vault.log.mirror(DirectoryStore(standby / LOG))


def restore(
    configuration: Configuration,
    source: Path,
    standby: Path,
    *,
    master: MasterKey,
    progress: Callable[[int], None] | None = None,
) -> tuple[Restored, Replayed]:
    """Bring a backup back into the empty home and keys of `configuration`; what was destroyed stays destroyed, and is
    shown so; no approval of a disposal from before counts; every hold the log knows of stands.

    Until the register was told, nobody opens the site; cut off in between, the same call again goes on there.

    Raises `StorageError` where a later version of Confide made the backup (nothing is written then), the place is not
    empty, the log is missing or older than the backup, or bytes are damaged.
    """
    places = boot.places(configuration)
    _refuse_later(source)
    private_directory(configuration.keys)
    if not places.custody.exists():
        places.custody.keep(master, KeyPlace.parse(configuration.kek))
    EpochKeys(standby / EPOCHS, master).mirror(places.epochs)
    authority.copy(standby / AUTHORITY, configuration.authority_path)
    log = DestructionLog(DirectoryStore(standby / LOG))
    restored = begun(configuration.home)
    if restored is None:
        servers = {REGISTER_DUMP: configuration.database_url} if configuration.on_postgresql else {}
        restored = bring_back(source, places, log=log, master=master, servers=servers, now=now(), progress=progress)
    _unpack(configuration.home / FORMS, configuration.forms_path)
    replayed = _told_what_happened(places, master, made_at=restored.made_at)
    Standbys(configuration.keys).take(standby)
    finished(configuration.home)
    return restored, replayed


def _refuse_later(source: Path) -> None:
    """Before anything is written; whatever kind of database the register was kept in, and however it was named."""
    manifest = Manifest.read(source)
    for name in manifest.files.keys() - {KEYRING, KEYRING_DUMP, FORMS}:
        if boot.tables_in(whole(source, name, manifest)) is boot.Tables.LATER:
            raise RestoreRefused(
                "This backup was made by a later version of Confide than this one.",
                "Restore it with that version, or a later one. Nothing was changed here.",
            )


def _packed(folder: Path) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        if folder.exists():
            archive.add(folder, arcname=".")
    return packed.getvalue()


def _unpack(packed: Path, folder: Path) -> None:
    """Put the forms back where they lay; a backup of an earlier version has none."""
    if packed.exists():
        private_directory(folder)
        with tarfile.open(packed) as archive:
            for member in archive:
                _put_back(archive, member, folder)
        for path in folder.rglob("*"):
            path.chmod(0o700 if path.is_dir() else 0o400)
        packed.unlink()


def _put_back(archive: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    """One file or folder, below `folder` and nowhere else; Debian 12's Python has no `filter` for that."""
    inner = PurePosixPath(member.name)
    content = archive.extractfile(member) if member.isfile() else None
    if inner.is_absolute() or ".." in inner.parts or not (member.isdir() or content):
        raise RestoreRefused(
            "The backup's forms hold something that is no file or folder of theirs.", "Take another backup."
        )
    path = folder / inner
    if content is None:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    else:
        path.unlink(missing_ok=True)  # of a restore that was cut off, and closed to writing
        path.write_bytes(content.read())


def _told_what_happened(places: Places, master: MasterKey, *, made_at: datetime) -> Replayed:
    """The register brought after the destruction log and the store."""
    boot.ready()
    if not boot.migrated():
        boot.migrate()  # a backup of an earlier version has fewer tables
    from register import mirroring, restoring

    vault = open_vault(places, master)
    intended = vault.log.intended()
    replayed = restoring.replay(
        {item.object_id for item in intended if item.scope in _OF_OBJECTS},
        {item.object_id for item in intended if item.scope is KeyScope.OWNER},
        vault.log.holds(),
        made_at=made_at,
        now=now(),
    )
    _name_anew(vault)
    mirroring.mirror(vault, now=now())  # what the store refuses, upkeep tells it again and reports
    vault.keyring.close()
    return replayed


def _name_anew(vault: Vault) -> None:
    """Point the register at the versions as this store names them: the same sealed bytes, found by their SHA-256."""
    from register import objects

    for row in (*objects.live(ObjectArea.RECORDS), *objects.live(ObjectArea.WORKING)):
        versions = vault.store.stat(Area(row.area.value), row.object_id)
        same = [version.version_id for version in versions if version.sha256 == row.sealed_sha256]
        if same and row.version_id not in same:
            objects.named_anew(row.object_id, former=row.version_id, version_id=same[-1])


def _register(configuration: Configuration) -> dict[str, Path | str]:
    """The register's database by the name of its copy."""
    if configuration.on_postgresql:
        return {REGISTER_DUMP: configuration.database_url}
    return {configuration.database_path.name: configuration.database_path}

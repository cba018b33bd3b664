"""The vault examined: what is wrong with the places, the keys and the store, in lines a person can act on.

Danger: a check that reports well because it looked at nothing.
Invariant: every check either tries the thing itself (locks a record and tries to destroy it, syncs a file, opens every
epoch key) or reads it from the system; a check that cannot find out says that, as a finding of its own.
"""

from __future__ import annotations

import os
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from storage import trial
from storage.custody import Custody, Keeper
from storage.errors import Held, Locked, StorageError
from storage.findings import Check, Finding, Level
from storage.kms import credentials_at_rest
from storage.places import fsync_directory
from storage.protocol import PROBE, Area, Store
from storage.s3 import S3Store
from storage.vault import Vault

_GIB = 1 << 30
_LEAST_FREE = _GIB
_FORGETFUL = frozenset({"tmpfs", "ramfs"})
_UNTRUSTED_LOCKS = frozenset({"nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs"})
_SYNCS = 8


def examine(vault: Vault, *, keys: Path, home: Path) -> tuple[Finding, ...]:
    """Every check, in an order of reading. Puts probes and takes them away again; takes two seconds, on S3 some ten."""
    return (
        *modes(keys, home),
        same_disk(keys, home),
        epoch_keys(vault),
        sync(home),
        space(home),
        *(trial.tried(vault.store) if isinstance(vault.store, S3Store) else (lock_round_trip(vault.store),)),
        unfinished(vault),
    )


def modes(keys: Path, home: Path) -> Iterator[Finding]:
    """Whether anybody but the owner may read keys, databases or the store's directories; what a crash left."""
    for leftover in keys.rglob(".*.new"):
        yield Finding(
            check=Check.MODES,
            level=Level.NOTE,
            sentence=f"{leftover} was left when the writing of a key was cut short; it may hold a key.",
            remedy=f"shred -u '{leftover}'",
        )
    wrong = [path for path in _looked_at(keys, home) if _open_to_others(path)]
    for path in wrong:
        yield Finding(
            check=Check.MODES,
            level=Level.PROBLEM,
            sentence=f"{path} is open to other users of this machine.",
            remedy=f"chmod go= '{path}', and ask who read it.",
        )
    if not wrong:
        yield Finding(check=Check.MODES, level=Level.OK, sentence="Keys and data are open to their owner alone.")


def same_disk(keys: Path, home: Path) -> Finding:
    """Whether a thief of the machine, or of its disk, has keys and data together and in clear."""
    custody = Custody(keys)
    if custody.exists() and custody.place().keeper is Keeper.AWSKMS:
        return _kept_by_kms(keys, home)
    unencrypted = [place for place in (keys, home) if not encrypted_disk(place)]
    if not unencrypted:
        return Finding(check=Check.SAME_DISK, level=Level.OK, sentence="Keys and data lie on encrypted disks.")
    together = keys.stat().st_dev == home.stat().st_dev
    if together:
        return Finding(
            check=Check.SAME_DISK,
            level=Level.PROBLEM,
            sentence="The master key and the data lie on one disk, and no disk encryption is visible from here: "
            "who takes this machine can read every record. Its theft is a presumptive breach (45 CFR 164.402).",
            remedy="Encrypt the disk (LUKS), or keep the master key in a key service or on another device.",
        )
    return Finding(
        check=Check.SAME_DISK,
        level=Level.NOTE,
        sentence="Keys and data lie on different disks, of which at least one is not visibly encrypted.",
        remedy="Encrypt both; until then never let both out of the house together.",
    )


def _kept_by_kms(keys: Path, home: Path) -> Finding:
    found = credentials_at_rest()
    if found is not None and not all(encrypted_disk(place) for place in (keys, home, found)):
        return Finding(
            check=Check.SAME_DISK,
            level=Level.PROBLEM,
            sentence="AWS KMS keeps the master key, and the credentials that open it lie on this machine without "
            "visible disk encryption: until they are withdrawn, who takes the machine can read every record. Its theft "
            "is a presumptive breach (45 CFR 164.402).",
            remedy="Use a role of the machine instead of stored credentials, or encrypt the disk (LUKS).",
        )
    return Finding(
        check=Check.SAME_DISK,
        level=Level.NOTE,
        sentence="AWS KMS keeps the master key: the disk alone opens nothing. A stolen machine that still reaches KMS "
        "with its own role does, until that role is withdrawn; and a running machine has keys in its memory.",
        remedy="When it is stolen: withdraw its role's access to the KMS key at once, and read CloudTrail.",
    )


def epoch_keys(vault: Vault) -> Finding:
    """Whether every epoch that living data keys depend on opens with this master key."""
    missing = 0
    for number in vault.keyring.epochs_in_use():
        try:
            vault.keyring.epochs.load(number)
        except StorageError:
            missing += 1
    if missing:
        return Finding(
            check=Check.EPOCHS,
            level=Level.PROBLEM,
            sentence=f"{missing} epoch key(s) are missing or do not open: the records under them cannot be read.",
            remedy="Bring the keys directory back from its standby before anything else.",
        )
    return Finding(check=Check.EPOCHS, level=Level.OK, sentence="Every epoch key is there and opens.")


def lock_round_trip(store: Store) -> Finding:
    """Put a locked record, see that it cannot be destroyed, hold it, see again, then see it go."""
    with suppress(StorageError):
        store.destroy(Area.RECORDS, PROBE, bypass_lock=True)  # left by an examination that was interrupted
    try:
        works = _locks_work(store)
    except StorageError:
        works = False
    if works:
        protection = store.effective_protection
        return Finding(
            check=Check.LOCK,
            level=Level.OK,
            sentence=f"Locks and holds work ({protection.mode}, by {protection.enforced_by}). {protection.sentence}",
        )
    return Finding(
        check=Check.LOCK,
        level=Level.PROBLEM,
        sentence="A probe record was not kept by its lock or hold, or did not go afterwards.",
        remedy="Trust no record to this store until this is understood.",
    )


def sync(home: Path) -> Finding:
    """Whether what was synced is on a disk that survives a power cut."""
    kind = file_system(home)
    if kind in _FORGETFUL:
        return Finding(
            check=Check.SYNC,
            level=Level.PROBLEM,
            sentence=f"The data lie on {kind}, which forgets everything at power-off.",
            remedy="Set CONFIDE_HOME to a real disk.",
        )
    if kind in _UNTRUSTED_LOCKS:
        return Finding(
            check=Check.SYNC,
            level=Level.PROBLEM,
            sentence=f"The data lie on {kind}, where SQLite and file locks cannot be relied on.",
            remedy="Set CONFIDE_HOME to a local disk, and use the S3 store for a server elsewhere.",
        )
    took = _seconds_to_sync(home)
    if took < 10e-6:
        return Finding(
            check=Check.SYNC,
            level=Level.NOTE,
            sentence=f"Syncing a file takes {took * 1e6:.0f} µs, faster than any disk: something may only say it did.",
            remedy="Check that the disk or its controller has a protected write cache.",
        )
    return Finding(
        check=Check.SYNC, level=Level.OK, sentence=f"Syncing works on {kind or 'this disk'} ({took * 1e3:.1f} ms)."
    )


def space(home: Path) -> Finding:
    """Whether there is room to go on."""
    usage = shutil.disk_usage(home)
    free = f"{usage.free / _GIB:.1f} GiB of {usage.total / _GIB:.0f} GiB are free."
    if usage.free < _LEAST_FREE:
        return Finding(
            check=Check.SPACE, level=Level.PROBLEM, sentence=free, remedy="Make room before the next packet is opened."
        )
    return Finding(check=Check.SPACE, level=Level.OK, sentence=free)


def unfinished(vault: Vault) -> Finding:
    """Whether a destruction was begun and not finished."""
    count = sum(len(intent.items) for intent in vault.log.unfinished())
    if count:
        return Finding(
            check=Check.UNFINISHED,
            level=Level.NOTE,
            sentence=f"{count} destruction(s) were begun and are not finished.",
            remedy="confide upkeep finishes them.",
        )
    return Finding(check=Check.UNFINISHED, level=Level.OK, sentence="No destruction is unfinished.")


def encrypted_disk(path: Path) -> bool:
    """Whether the disk under a path is visibly encrypted (dm-crypt at any layer). A virtual disk may be so unseen."""
    device = path.stat().st_dev
    return _is_crypt(Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}"))


def file_system(path: Path) -> str:
    """Type of the file system a path lies on, as the kernel names it; empty when it cannot be told."""
    best, kind = "", ""
    wanted = str(path.resolve())
    try:
        lines = Path("/proc/self/mountinfo").read_text().splitlines()
    except OSError:
        return ""
    for line in lines:
        left, _, right = line.partition(" - ")
        mounted = left.split()[4].encode().decode("unicode_escape")
        if len(mounted) >= len(best) and (wanted + "/").startswith(mounted.rstrip("/") + "/"):
            best, kind = mounted, right.split()[0]
    return kind


def _is_crypt(block: Path) -> bool:
    try:
        if (block / "dm" / "uuid").read_text().startswith("CRYPT-"):
            return True
    except OSError:
        if not block.exists():
            return False
    below = list((block / "slaves").iterdir()) if (block / "slaves").is_dir() else []
    if not below and (block / "partition").exists():
        return _is_crypt(block.resolve().parent)
    return bool(below) and all(_is_crypt(Path("/sys/class/block") / slave.name) for slave in below)


def _looked_at(keys: Path, home: Path) -> Iterator[Path]:
    yield from (home, keys)
    yield from keys.rglob("*")
    yield from home.glob("*.db*")
    # directories guard what is in them; a million records are not looked at one by one
    yield from (path for path in home.glob("records/*/*") if path.is_dir())
    yield from (home / "records", *home.glob("records/*"))


def _open_to_others(path: Path) -> bool:
    try:
        return bool(stat.S_IMODE(path.lstat().st_mode) & 0o077)
    except FileNotFoundError:
        return False


def _locks_work(store: Store) -> bool:
    store.put(Area.RECORDS, PROBE, b"probe", retain_until=datetime.now(UTC) + timedelta(seconds=1))
    kept_by_lock = _refuses(store, Locked, bypass_lock=False)
    store.protect(Area.RECORDS, PROBE, hold=True)
    kept_by_hold = _refuses(store, Held, bypass_lock=True)
    store.protect(Area.RECORDS, PROBE, hold=False)
    return kept_by_lock and kept_by_hold and _goes_within(store, seconds=6)


def _refuses(store: Store, refusal: type[StorageError], *, bypass_lock: bool) -> bool:
    try:
        store.destroy(Area.RECORDS, PROBE, bypass_lock=bypass_lock)
    except refusal:
        return bool(store.stat(Area.RECORDS, PROBE))
    return False


def _goes_within(store: Store, *, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            store.destroy(Area.RECORDS, PROBE)
        except Locked:
            time.sleep(0.1)
        else:
            return not store.stat(Area.RECORDS, PROBE)
    return False


def _seconds_to_sync(home: Path) -> float:
    probe = home / ".doctor.new"
    try:
        with probe.open("wb") as file:
            os.fchmod(file.fileno(), 0o600)
            start = time.perf_counter()
            for _ in range(_SYNCS):
                file.write(b"probe")
                file.flush()
                os.fsync(file.fileno())
            took = (time.perf_counter() - start) / _SYNCS
    finally:
        probe.unlink(missing_ok=True)
    fsync_directory(home)
    return took

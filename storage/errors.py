"""What the vault refuses, and what to do about it.

Danger: a message that carries a name, a word of a recovery share or the bytes of a key outlives the person who read it.
Invariant: every message here is written out in the code; only paths, counts and dates are ever put into one.
"""

from __future__ import annotations

from enum import StrEnum


class StorageCode(StrEnum):
    """One value for each thing the vault can refuse; stable, for `--json` and for tests."""

    BAD_KEY = "bad_key"
    NOT_FOUND = "not_found"
    LOCKED = "locked"
    HELD = "held"
    LOCK_REFUSED = "lock_refused"
    LOG_IS_APPEND_ONLY = "log_is_append_only"
    STILL_PRESENT = "still_present"
    DAMAGED = "damaged"
    TAMPERED = "tampered"
    WRONG_HASH = "wrong_hash"
    KEY_EXISTS = "key_exists"
    KEY_NOT_FOUND = "key_not_found"
    KEY_DESTROYED = "key_destroyed"
    WRONG_SCOPE = "wrong_scope"
    EPOCH_GONE = "epoch_gone"
    EPOCH_IN_USE = "epoch_in_use"
    STANDBY_ABSENT = "standby_absent"
    KEYRING_BUSY = "keyring_busy"
    KEYRING_UNREACHABLE = "keyring_unreachable"
    WRONG_MASTER_KEY = "wrong_master_key"
    MASTER_KEY_EXISTS = "master_key_exists"
    KEY_SERVICE_UNAVAILABLE = "key_service_unavailable"
    KEY_SERVICE_REFUSED = "key_service_refused"
    KEY_DISABLED = "key_disabled"
    KEY_PENDING_DELETION = "key_pending_deletion"
    KEY_UNKNOWN = "key_unknown"
    ROTATION_NOT_CONFIRMED = "rotation_not_confirmed"
    KEY_PLACE = "key_place"
    UNSAFE_PLACE = "unsafe_place"
    BAD_REASON = "bad_reason"
    BAD_SHARE = "bad_share"
    WRONG_SHARES = "wrong_shares"
    BACKUP_REFUSED = "backup_refused"
    RESTORE_REFUSED = "restore_refused"
    INVENTORY_REFUSED = "inventory_refused"
    ARCHIVE_REFUSED = "archive_refused"
    STORE_UNAVAILABLE = "store_unavailable"
    STORE_DENIED = "store_denied"
    STORE_UNFIT = "store_unfit"


class StorageError(Exception):
    """Base of every refusal of this room: a code, one sentence for the person, one line that says what to do."""

    def __init__(self, code: StorageCode, sentence: str, remedy: str) -> None:
        self.code = code
        self.sentence = sentence
        self.remedy = remedy
        super().__init__(f"{sentence} {remedy}")

    def __reduce__(self) -> tuple[object, ...]:
        # an exception crosses process borders by pickle, which would call __init__ with the joined text alone
        return (_rebuild, (type(self), self.code, self.sentence, self.remedy))


def _rebuild(kind: type[StorageError], code: StorageCode, sentence: str, remedy: str) -> StorageError:
    error = kind.__new__(kind)
    StorageError.__init__(error, code, sentence, remedy)
    return error


class BadKey(StorageError):
    """The key of an object is not 32 or 64 lowercase hexadecimal characters."""

    def __init__(self) -> None:
        super().__init__(
            StorageCode.BAD_KEY,
            "An object is named by 32 or 64 lowercase hexadecimal characters and by nothing else.",
            "Give the opaque id of the record (uuid4().hex).",
        )


class NotFound(StorageError):
    """No such object, or no such version of it."""

    def __init__(self) -> None:
        super().__init__(
            StorageCode.NOT_FOUND,
            "The store has no such object or version.",
            "Check the id; if it should be there, run `confide doctor`.",
        )


class Protected(StorageError):
    """The object may not be destroyed now: a lock still runs, or a hold lies on it."""


class Locked(Protected):
    def __init__(self) -> None:
        super().__init__(
            StorageCode.LOCKED,
            "A version of this object is locked until a date that has not come.",
            "Wait for the date, or end the lock by the break-glass role.",
        )


class Held(Protected):
    def __init__(self) -> None:
        super().__init__(
            StorageCode.HELD,
            "A hold lies on this object.",
            "Release the hold first; nothing that is held is ever destroyed.",
        )


class LockRefused(StorageError):
    """A lock or hold was asked for that the store does not or must not give."""

    def __init__(self, sentence: str, remedy: str) -> None:
        super().__init__(StorageCode.LOCK_REFUSED, sentence, remedy)


class LogIsAppendOnly(StorageError):
    def __init__(self) -> None:
        super().__init__(
            StorageCode.LOG_IS_APPEND_ONLY,
            "Nothing is ever removed from the log area.",
            "Name the records or the working area.",
        )


class StillPresent(StorageError):
    """After the versions were removed the store still lists some: nothing may be reported as destroyed."""

    def __init__(self, left: int) -> None:
        super().__init__(
            StorageCode.STILL_PRESENT,
            f"{left} version(s) are still in the store after they were removed.",
            "Run the same destruction again; it continues where it stopped.",
        )


class Damaged(StorageError):
    """The bytes on the disk are not the bytes that were put."""

    def __init__(self) -> None:
        super().__init__(
            StorageCode.DAMAGED,
            "A stored object does not match its own checksum.",
            "Restore it from a backup and have the disk examined.",
        )


class Tampered(StorageError):
    """A sealed envelope does not open: other key, other context, or changed bytes."""

    def __init__(self) -> None:
        super().__init__(
            StorageCode.TAMPERED,
            "The sealed bytes do not open with this key for this purpose.",
            "They were changed, cut or exchanged: restore them from a backup and find out why.",
        )


class WrongHash(StorageError):
    """The bytes opened, but they are not the ones the register speaks of."""

    def __init__(self) -> None:
        super().__init__(
            StorageCode.WRONG_HASH,
            "The stored bytes are genuine but not the ones that were registered.",
            "An older version may have been put in place of the latest: compare the versions of the object.",
        )


class KeyExists(StorageError):
    def __init__(self) -> None:
        super().__init__(
            StorageCode.KEY_EXISTS, "This id already has a data key.", "Read it; a data key is made once for an id."
        )


class KeyNotFound(StorageError):
    def __init__(self) -> None:
        super().__init__(
            StorageCode.KEY_NOT_FOUND,
            "The keyring has no data key for this id.",
            "Check the id, and that this keyring belongs to this store.",
        )


class KeyDestroyed(StorageError):
    def __init__(self) -> None:
        super().__init__(
            StorageCode.KEY_DESTROYED,
            "The data key of this id was destroyed, and what it sealed with it.",
            "This is final. Use a new id for something new.",
        )


class WrongScope(StorageError):
    def __init__(self) -> None:
        super().__init__(
            StorageCode.WRONG_SCOPE,
            "This id belongs to another area of the vault.",
            "Use an id of its own for every object and every owner.",
        )


class EpochGone(StorageError):
    """The epoch key that wraps this data key is not in the keys directory."""

    def __init__(self) -> None:
        super().__init__(
            StorageCode.EPOCH_GONE,
            "The epoch key that wraps this data key is not in the keys directory.",
            "If the epoch was destroyed this is final; otherwise bring its file back from the standby copy.",
        )


class EpochInUse(StorageError):
    def __init__(self) -> None:
        super().__init__(
            StorageCode.EPOCH_IN_USE,
            "Living data keys are wrapped by this epoch.",
            "Wrap them by a newer one first: confide upkeep",
        )


class StandbyAbsent(StorageError):
    """What lies at the path of a standby is not the standby that was brought level there before."""

    def __init__(self, path: object) -> None:
        super().__init__(
            StorageCode.STANDBY_ABSENT,
            f"The standby of this site is not at {path}.",
            "Connect or mount it. If it is destroyed for good, say so: confide keys forget-standby",
        )


class KeyringBusy(StorageError):
    def __init__(self) -> None:
        super().__init__(
            StorageCode.KEYRING_BUSY,
            "Another process kept the keyring busy, so old bytes may still lie in its write-ahead log.",
            "Run the same destruction again.",
        )


class KeyringUnreachable(StorageError):
    def __init__(self) -> None:
        super().__init__(
            StorageCode.KEYRING_UNREACHABLE,
            "The keyring's database server does not answer, or does not let this role in.",
            "Check CONFIDE_KEYRING_URL, the password file and the server's certificate: confide doctor",
        )


class WrongMasterKey(StorageError):
    def __init__(self) -> None:
        super().__init__(
            StorageCode.WRONG_MASTER_KEY,
            "This master key does not open these keys.",
            "Give the master key of this installation, or combine its recovery shares (confide keys recover).",
        )


class MasterKeyExists(StorageError):
    def __init__(self) -> None:
        super().__init__(
            StorageCode.MASTER_KEY_EXISTS,
            "There is already a master key at this place.",
            "It is never overwritten: everything sealed under it would be lost.",
        )


class KeyServiceError(StorageError):
    """The key service does not open or wrap the master key; `code` says why."""


class KeyServiceUnavailable(KeyServiceError):
    """It does not answer, or not now; another try may succeed."""

    def __init__(self, what: str) -> None:
        super().__init__(
            StorageCode.KEY_SERVICE_UNAVAILABLE,
            f"The key service {what}.",
            "Nothing is lost. Check network, region and credentials, and run it again in a minute.",
        )


class RotationNotConfirmed(StorageError):
    def __init__(self) -> None:
        super().__init__(
            StorageCode.ROTATION_NOT_CONFIRMED,
            "The recovery shares of the new master key were not confirmed.",
            "Run: confide keys rotate",
        )


class KeyPlaceError(StorageError):
    """The setting that says where the master key is kept is wrong, or says something else than what lies there."""

    def __init__(self, sentence: str, remedy: str) -> None:
        super().__init__(StorageCode.KEY_PLACE, sentence, remedy)


class UnsafePlace(StorageError):
    """A directory or file has the wrong owner, mode or type for what it holds."""

    def __init__(self, sentence: str, remedy: str) -> None:
        super().__init__(StorageCode.UNSAFE_PLACE, sentence, remedy)


class BadReason(StorageError):
    def __init__(self) -> None:
        super().__init__(
            StorageCode.BAD_REASON,
            "A reason in the destruction log is a code of lowercase letters, digits and underscores.",
            "Give the code of the rule or of the case; never prose, never a name.",
        )


class BadShare(StorageError):
    """One recovery share cannot be read. `number` is its place in what was given, from 1; the words are never shown."""

    def __init__(self, number: int, problem: str) -> None:
        self.number = number
        super().__init__(
            StorageCode.BAD_SHARE,
            f"Recovery share {number} {problem}.",
            "Compare it with the sheet word by word and type it again.",
        )


class WrongShares(StorageError):
    """Every share reads well, yet together they do not give the master key."""

    def __init__(self, sentence: str, remedy: str) -> None:
        super().__init__(StorageCode.WRONG_SHARES, sentence, remedy)


class BackupRefused(StorageError):
    def __init__(self, sentence: str, remedy: str) -> None:
        super().__init__(StorageCode.BACKUP_REFUSED, sentence, remedy)


class RestoreRefused(StorageError):
    def __init__(self, sentence: str, remedy: str) -> None:
        super().__init__(StorageCode.RESTORE_REFUSED, sentence, remedy)


class InventoryRefused(StorageError):
    """What was given as an inventory of the bucket is none that can be relied on."""

    def __init__(self, sentence: str, remedy: str) -> None:
        super().__init__(StorageCode.INVENTORY_REFUSED, sentence, remedy)


class ArchiveRefused(StorageError):
    def __init__(self, sentence: str, remedy: str) -> None:
        super().__init__(StorageCode.ARCHIVE_REFUSED, sentence, remedy)


class StoreUnavailable(StorageError):
    """The store does not answer, or answers that it cannot now; the same call may succeed later."""

    def __init__(self, what: str) -> None:
        super().__init__(
            StorageCode.STORE_UNAVAILABLE,
            f"The store cannot be used now ({what}).",
            "Look whether the server and the way to it are up, then do the same again: it goes on where it stopped.",
        )


class DigestRefused(StoreUnavailable):
    """The server says that the bytes it received are not the bytes that were sent; nothing was stored."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}: the bytes changed on their way")


class StoreDenied(StorageError):
    """The store answers, and refuses these credentials or this action."""

    def __init__(self, sentence: str, remedy: str) -> None:
        super().__init__(StorageCode.STORE_DENIED, sentence, remedy)


class StoreUnfit(StorageError):
    """What a setting names is no store, or one that cannot do what records need."""

    def __init__(self, sentence: str, remedy: str) -> None:
        super().__init__(StorageCode.STORE_UNFIT, sentence, remedy)

"""The site's keys as a person sees them: which there are, whether they work, and how each is changed.

Danger: a key that is found out to be gone on the day it is needed; a change that locks everybody out. Invariant: a
check tries the thing itself (opens, signs, verifies); a change of the master key begins only when the shares of the new
one are in people's hands and the audit log names who did it, and is carried through by the same verb from there on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from flows import authority
from flows.duties.passing import RENEW_BEFORE, tell_certificates
from flows.examination import Level, Line
from flows.safekeeping import level as level_standby
from flows.site import Site, now
from register import boot, keys
from register.configuration import Configuration
from register.errors import RegisterError, RegisterErrorCode
from register.facts import Person
from register.vocabulary import AuditVerb
from storage import rotation
from storage.custody import Custody, Keeper, KeyPlace, Stage
from storage.epochs import EpochKeys
from storage.master import MasterKey
from storage.rotation import Rotated
from storage.standby import Standbys

if TYPE_CHECKING:
    from signing.authority import Authority
    from signing.keys import SigningKey

_PROOF = b"confide keys check"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyLine:
    """One key of the site."""

    name: str
    keeper: str
    """Where it is kept: `file`, `awskms`, `pkcs11`, or `authority` (among the parts the master key wraps)."""
    opens: str
    """What it is for."""
    key_id: str
    """A public name that differs whenever the key does; empty where nothing is known without asking its keeper."""
    ends: str
    """The day its certificate ends; empty for a key without one."""


def listing(site: Site) -> tuple[KeyLine, ...]:
    """Every key of the site, without asking a token or a service."""
    custody, own = Custody(site.configuration.keys), site.authority
    return (
        KeyLine(
            name="master key",
            keeper=custody.place().keeper.value,
            opens="epoch keys, certificate authority",
            key_id=custody.key_id(),
            ends="",
        ),
        KeyLine(
            name="epoch keys",
            keeper="keys directory",
            opens="data keys of records and clients",
            key_id=", ".join(str(number) for number in site.vault.keyring.epochs.numbers()),
            ends="",
        ),
        _certified("root", _keeper(site.configuration.ca_key if own.ca_key else ""), "certificates", own.root),
        _certified("time-stamp authority", "authority", "time stamps", own.stamper_certificate),
        _certified("OCSP responder", "authority", "proof that a certificate was good", own.responder_certificate),
        KeyLine(
            name="seal key",
            keeper=_keeper(site.configuration.seal_key) if site.configuration.seal_key else "none: made for each act",
            opens="certification and seal of statements",
            key_id="",
            ends="",
        ),
    )


def check(site: Site) -> tuple[Line, ...]:
    """Try every key; what does not work, ends soon, or is kept otherwise than the settings say is told."""
    lines: list[Line] = []
    for name, look in (
        ("master key", _master),
        ("epoch keys", _epochs),
        ("certificate authority", _authority),
        ("seal key", _seal_key),
        ("certificates", _certificates),
    ):
        try:
            lines.extend(look(site))
        except Exception as failure:  # noqa: BLE001 - the round goes on; only what a room says on purpose is repeated
            sentence, remedy = getattr(failure, "sentence", ""), getattr(failure, "remedy", "")
            told = sentence or f"Could not be looked at ({type(failure).__name__})."
            lines.append(Line(Level.PROBLEM, name, told, remedy or "Put this right first."))
    return tuple(lines)


def rotate(
    site: Site,
    *,
    by: Person,
    confirm_shares: Callable[[MasterKey], None],
    progress: Callable[[int], None] | None = None,
) -> Rotated:
    """Change the master key, to be kept where CONFIDE_KEK says; touches no record. Goes on where it was cut off.

    `confirm_shares` raises unless the new key's recovery shares were written out and read back; it is not called when
    they were confirmed before. Raises `RegisterError` NOT_ALLOWED, `StorageError`.
    """
    keys.may_change(by)
    custody = Custody(site.configuration.keys)
    if not custody.has(Stage.COMING):
        confirm_shares(rotation.prepare(custody, KeyPlace.parse(site.configuration.kek)))
        rotation.confirm(custody)
    place = custody.place().keeper.value
    # before it happens: cut off afterwards, the log says it twice; the other way round it could say it never
    keys.changed(AuditVerb.MASTER_KEY_CHANGED, custody.key_id(), place=place, by=by, now=now())
    files = [authority.parts_file(site.configuration)]
    done = rotation.finish(custody, site.vault.keyring.epochs, files, progress=progress)
    if site.configuration.standby is not None:
        level_standby(site, site.configuration.standby)
    return done


def under_way(configuration: Configuration) -> bool:
    """Whether a change of the master key was confirmed and not carried through."""
    return Custody(configuration.keys).has(Stage.COMING)


def recover(configuration: Configuration, master: MasterKey) -> Rotated:
    """Keep the master key that came back from its shares, where CONFIDE_KEK says, in place of one that is lost.

    Holding enough shares is what entitles to this. Raises `StorageError` WRONG_MASTER_KEY unless it opens everything.
    """
    places = boot.places(configuration)
    if not places.epochs.exists():
        raise RegisterError(RegisterErrorCode.NOT_READY, "There are no keys here to recover.", "Use: confide restore")
    epochs = EpochKeys(places.epochs, master)
    return rotation.recover(
        places.custody, master, KeyPlace.parse(configuration.kek), epochs, [authority.parts_file(configuration)]
    )


def renew(site: Site, *, by: Person, root: bool) -> Authority:
    """New time-stamp and OCSP certificates; with `root`, or where the root itself ends soon, under a prolonged root.

    What was signed before stays good. Raises `RegisterError` NOT_ALLOWED, `SigningError`, `StorageError`.
    """
    keys.may_change(by)
    prolong = root or site.authority.root.not_valid_after <= now() + RENEW_BEFORE
    site.renew_authority(root=prolong)
    renewed = site.authority
    name = hashlib.sha256(renewed.root_der).hexdigest()[:16]
    keys.changed(AuditVerb.AUTHORITY_RENEWED, name, place="root" if prolong else "services", by=by, now=now())
    if site.configuration.standby is not None:
        level_standby(site, site.configuration.standby)
    return renewed


def forget_standby(site: Site, folder: Path, *, by: Person) -> None:
    """Wait no longer for a standby whose medium is destroyed. Raises `RegisterError` NOT_ALLOWED, UNKNOWN_ID."""
    keys.may_change(by)
    if not Standbys(site.configuration.keys).forget(folder):
        raise RegisterError(
            RegisterErrorCode.UNKNOWN_ID,
            "No standby of that folder is known.",
            "confide upkeep tells what it waits for.",
        )
    keys.changed(AuditVerb.STANDBY_FORGOTTEN, "standby", place="gone", by=by, now=now())


def _certified(name: str, keeper: str, opens: str, certificate: object) -> KeyLine:
    der: bytes = certificate.dump()  # type: ignore[attr-defined]  # asn1crypto has no types
    ends: datetime = certificate.not_valid_after  # type: ignore[attr-defined]
    return KeyLine(
        name=name,
        keeper=keeper or "authority",
        opens=opens,
        key_id=hashlib.sha256(der).hexdigest()[:16],
        ends=ends.date().isoformat(),
    )


def _keeper(told: str) -> str:
    return told.partition(":")[0]


def _master(site: Site) -> Iterator[Line]:
    custody = Custody(site.configuration.keys)
    if not custody.exists():
        yield Line(
            Level.PROBLEM,
            "master key",
            "It is not in the key directory: nothing can be opened.",
            "confide keys recover",
        )
        return
    master, place = custody.load(), custody.place()
    yield Line(Level.OK, "master key", f"Opens; kept by {place.keeper.value}, named {master.key_id}.")
    wanted = KeyPlace.parse(site.configuration.kek)
    if wanted.keeper is not place.keeper or not _same_kms_key(wanted, place):
        yield Line(
            Level.PROBLEM,
            "master key",
            f"CONFIDE_KEK says {wanted.keeper.value}, and the key is kept by {place.keeper.value}"
            + (" under another KMS key." if wanted.keeper is place.keeper else "."),
            "Move it: confide keys rotate. Or correct the setting.",
        )
    if custody.has(Stage.COMING) or custody.has(Stage.NEXT) or custody.has(Stage.FORMER):
        yield Line(
            Level.PROBLEM, "master key", "A change of the master key was begun and not finished.", "confide keys rotate"
        )


def _same_kms_key(wanted: KeyPlace, place: KeyPlace) -> bool:
    """Whether a setting can mean this key; an alias is believed, because only KMS knows where it points."""
    told = wanted.kms_key
    return (
        wanted.keeper is Keeper.FILE or "alias/" in told or place.kms_key == told or place.kms_key.endswith(f"/{told}")
    )


def _epochs(site: Site) -> Iterator[Line]:
    from storage.doctor import epoch_keys

    found = epoch_keys(site.vault)
    yield Line(Level(found.level.value), "epoch keys", found.sentence, found.remedy)


def _authority(site: Site) -> Iterator[Line]:
    own = site.authority
    if own.ca_key is None and site.configuration.ca_key:
        yield Line(
            Level.PROBLEM,
            "certificate authority",
            "CONFIDE_CA_KEY is set, and the root of this site has its key here: the setting changes nothing.",
            "It counts at confide init. Remove it.",
        )
    trial = own.issue(own.organization, role="check", act_id="", now=now())
    if own.issued(trial.certificate_der):
        yield Line(Level.OK, "certificate authority", "The root's key issues certificates that verify.")
    else:
        yield Line(
            Level.PROBLEM,
            "certificate authority",
            "The root's key issues certificates that do not verify.",
            "Restore it.",
        )


def _seal_key(site: Site) -> Iterator[Line]:
    key = site.seal_key
    if key is None:
        yield Line(Level.OK, "seal key", "None is set: a key is made for each certification and seal.")
        return
    _require_works(key)
    yield Line(Level.OK, "seal key", f"Signs, and its signature verifies ({_keeper(site.configuration.seal_key)}).")


def _require_works(key: SigningKey) -> None:
    from signing.keys import require_genuine

    require_genuine(key.public_key_der, _PROOF, key.sign(_PROOF, "sha256"), "sha256")


def _certificates(site: Site) -> Iterator[Line]:
    soon = list(tell_certificates(site, now(), True))
    for found in soon:
        yield Line(Level.PROBLEM, found.subject, f"Ends {found.detail}.", found.remedy or "")
    if not soon:
        yield Line(Level.OK, "certificates", "None ends within sixty days.")

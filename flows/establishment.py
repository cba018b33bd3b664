"""Setting a site up: the master key, its recovery shares, the organization's own root, the first administrator.

Danger: a master key whose only copy dies with the disk takes every record with it. Invariant: nothing is established
before what was answered is judged and the recovery shares are written out and confirmed; the rows of agency and first
administrator come in one transaction, last; an interrupted set-up is taken up where it stopped, with the same key, the
same sheets and the same root.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from flows import authority
from flows.orchestration import create_auth
from flows.site import now
from register import boot
from register.configuration import Configuration
from register.errors import RegisterError, RegisterErrorCode
from register.facts import Agency, Machine
from register.vocabulary import MachineName, StaffRole
from rules.vocabulary import ProgramClass
from storage import recovery
from storage.custody import KeyPlace
from storage.embedded import Places, create_master
from storage.master import MasterKey

if TYPE_CHECKING:
    from storage.vault import Vault

SETUP = Machine(MachineName.SETUP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Founding:
    """Whose site it is, and who administers it first."""

    legal_name: str
    unit: str
    address: tuple[str, ...]
    phone: str
    revocation_desk: str
    time_zone: str
    classes: frozenset[ProgramClass]
    training: bool
    administrator: str
    """Staff name to sign in with."""
    administrator_name: str
    """Full name, as it stands under a signature."""
    administrator_roles: frozenset[StaffRole]


def established(configuration: Configuration) -> bool:
    """True once the site belongs to an agency and has somebody to administer it; before, a set-up was cut off.

    Raises `RegisterError` NOT_READY for a site that another version of Confide used last.
    """
    found = boot.tables()
    if found is boot.Tables.LATER:
        boot.refuse_another_version(found)
    if found is boot.Tables.ABSENT:
        return False
    from register import agency, staff

    if not staff.anybody():  # nobody worked here; its tables may be half laid, and are laid on by who sets it up
        return False
    boot.refuse_another_version(found)
    return agency.established()


def master_key(configuration: Configuration) -> MasterKey:
    """The master key of a site that is being set up: the one an interrupted set-up left, else a new one.

    Raises `StorageError` where the place is not private, or KMS refuses.
    """
    place = KeyPlace.parse(configuration.kek)
    configuration.keys.mkdir(mode=0o700, parents=True, exist_ok=True)
    places = Places(home=configuration.home, keys=configuration.keys)
    return places.custody.load() if places.custody.exists() else create_master(places, place)


def shares_as_files(directory: Path, *, needed: int, shares: int) -> Callable[[MasterKey], None]:
    """Write the recovery shares as files and read them back: any `needed` of them must give this very key.

    The whole set that an interrupted set-up left there is read back and not written anew: somebody may have it already.
    """

    def confirm(master: MasterKey) -> None:
        paths = _sheets(directory, shares)
        whole = directory.is_dir() and sorted(directory.iterdir()) == sorted(paths)
        sheets = shares_in(paths if whole else write_shares(master, directory, needed=needed, shares=shares))
        for start in range(shares):
            recovery.confirm(master, [sheets[(start + step) % shares] for step in range(needed)])

    return confirm


def write_shares(master: MasterKey, directory: Path, *, needed: int, shares: int) -> tuple[Path, ...]:
    """Write the recovery shares (SLIP-39 words), one file each, mode 0600, into a new or empty directory."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(directory.iterdir()):
        raise RegisterError(
            RegisterErrorCode.CONFIGURATION,
            "The folder for the shares is not empty.",
            "Give a new folder; sheets that an interrupted set-up left half written are good for nothing.",
        )
    words_of = recovery.split(master, needed=needed, shares=shares)
    written: list[Path] = []
    try:
        for number, (path, words) in enumerate(zip(_sheets(directory, shares), words_of, strict=True), start=1):
            path.touch(mode=0o600, exist_ok=False)
            written.append(path)
            path.write_text(
                f"Confide recovery share {number} of {shares}. Any {needed} of them give the master key again.\n"
                f"Keep this sheet apart from the others and from the machine.\n\n{words}\n"
            )
    except BaseException:
        # a few of them, and others from the next try, are of two sets that give no key together
        for path in written:
            path.unlink()
        raise
    return tuple(written)


def shares_in(paths: Sequence[Path]) -> tuple[str, ...]:
    """The words on the sheets: the last line that is not empty. An empty sheet has none."""
    return tuple((path.read_text().strip().splitlines() or [""])[-1] for path in paths)


def _sheets(directory: Path, shares: int) -> tuple[Path, ...]:
    return tuple(directory / f"share-{number}-of-{shares}.txt" for number in range(1, shares + 1))


def judge(configuration: Configuration, founding: Founding, *, password: str) -> None:
    """Refuse what is wrong with the answers before anything is made for them; writes nothing.

    Raises `RegisterError` NAME_NEEDED, NAMES_A_PERSON (V02), WEAK_PASSWORD or CONFIGURATION.
    """
    boot.ready()
    from register import agency, staff

    agency.judge(
        legal_name=founding.legal_name,
        unit=founding.unit,
        address=founding.address,
        revocation_desk=founding.revocation_desk,
        time_zone=founding.time_zone,
        classes=founding.classes,
    )
    staff.judge(
        username=founding.administrator,
        display_name=founding.administrator_name,
        roles=founding.administrator_roles,
        password=password,
    )
    if StaffRole.ADMINISTRATOR not in founding.administrator_roles:
        raise RegisterError(
            RegisterErrorCode.CONFIGURATION,
            "Nobody could administer this site: the first member of staff is not an administrator.",
            "Give administrator among the roles.",
        )
    if authority.made_for_another(configuration, founding.legal_name):
        raise RegisterError(
            RegisterErrorCode.CONFIGURATION,
            f"The certificate authority in {configuration.authority_path} names another organization.",
            "Give the legal name as it was given first. To bring a lost site back: confide restore.",
        )


def establish(
    configuration: Configuration,
    founding: Founding,
    *,
    password: str,
    master: MasterKey,
    confirm_shares: Callable[[MasterKey], None],
) -> Agency:
    """Set the site up. `confirm_shares` raises unless the recovery shares were written out and read back.

    Raises `RegisterError` ALREADY_ESTABLISHED, or as `judge`. Cut off anywhere, the site is not established; master key
    and root stay for the next try.
    """
    if established(configuration):
        raise RegisterError(
            RegisterErrorCode.ALREADY_ESTABLISHED, "This site is set up already.", "Use `confide doctor` to look at it."
        )
    judge(configuration, founding, password=password)
    # first: a store that records must not be given to is refused before anybody writes down a share
    vault = boot.open_vault()
    confirm_shares(master)
    boot.migrate()
    moment = now()
    create_auth(configuration)
    authority.create_once(configuration, master, organization=founding.legal_name, now=moment)
    return _founded(vault, founding, password, moment)


def _founded(vault: Vault, founding: Founding, password: str, moment: dt.datetime) -> Agency:
    """The rows, all or none: an agency nobody can administer would be neither set up nor to be set up."""
    from django.db import transaction

    from register import agency, organizations, staff

    with transaction.atomic():
        agency.establish(
            vault,
            legal_name=founding.legal_name,
            unit=founding.unit,
            address=founding.address,
            phone=founding.phone,
            revocation_desk=founding.revocation_desk,
            time_zone=founding.time_zone,
            training=founding.training,
            by=SETUP,
            now=moment,
        )
        agency.classify(founding.classes, by=SETUP, now=moment)
        staff.add(
            vault,
            username=founding.administrator,
            display_name=founding.administrator_name,
            roles=founding.administrator_roles,
            password=password,
            by=SETUP,
            now=moment,
        )
        first = staff.authenticate(founding.administrator, password, now=moment)
        organizations.ship_examples(by=first, now=moment)
    return agency.current()

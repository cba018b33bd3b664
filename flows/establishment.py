"""Setting a site up: the master key, its recovery shares, the organization's own root, the first administrator.

Danger: a master key whose only copy dies with the disk takes every record with it. Invariant: nothing is established
before the recovery shares are written out and confirmed; an interrupted set-up is taken up where it stopped, with the
same key.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from flows import authority
from flows.orchestration import create_auth
from flows.site import now
from register import boot
from register.configuration import Configuration
from register.errors import RegisterError, RegisterErrorCode
from register.facts import Agency, Machine
from register.nobody import refuse_persons
from register.vocabulary import MachineName, StaffRole
from rules.vocabulary import ProgramClass
from storage import recovery
from storage.custody import KeyPlace
from storage.embedded import Places, create_master
from storage.master import MasterKey

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
    """True once the site belongs to an agency.

    Raises `RegisterError` NOT_READY for a site that another version of Confide used last.
    """
    found = boot.tables()
    boot.refuse_another_version(found)
    if found is boot.Tables.ABSENT:
        return False
    from register import agency

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
    """Write the recovery shares as files and read them back: any `needed` of them must give this very key."""

    def confirm(master: MasterKey) -> None:
        sheets = shares_in(write_shares(master, directory, needed=needed, shares=shares))
        for start in range(shares):
            recovery.confirm(master, [sheets[(start + step) % shares] for step in range(needed)])

    return confirm


def write_shares(master: MasterKey, directory: Path, *, needed: int, shares: int) -> tuple[Path, ...]:
    """Write the recovery shares (SLIP-39 words), one file each, mode 0600, into a new or empty directory."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(directory.iterdir()):
        raise RegisterError(
            RegisterErrorCode.CONFIGURATION, "The folder for the shares is not empty.", "Give a new folder."
        )
    paths = []
    for number, words in enumerate(recovery.split(master, needed=needed, shares=shares), start=1):
        path = directory / f"share-{number}-of-{shares}.txt"
        path.touch(mode=0o600, exist_ok=False)
        path.write_text(
            f"Confide recovery share {number} of {shares}. Any {needed} of them give the master key again.\n"
            f"Keep this sheet apart from the others and from the machine.\n\n{words}\n"
        )
        paths.append(path)
    return tuple(paths)


def shares_in(paths: Sequence[Path]) -> tuple[str, ...]:
    """The words on the sheets: the last line that is not empty."""
    return tuple(path.read_text().strip().splitlines()[-1] for path in paths)


def establish(
    configuration: Configuration,
    founding: Founding,
    *,
    password: str,
    master: MasterKey,
    confirm_shares: Callable[[MasterKey], None],
) -> Agency:
    """Set the site up. `confirm_shares` raises unless the recovery shares were written out and read back.

    Raises `RegisterError` ALREADY_ESTABLISHED, or what is wrong with the answers; the master key stays for the next
    try.
    """
    if established(configuration):
        raise RegisterError(
            RegisterErrorCode.ALREADY_ESTABLISHED, "This site is set up already.", "Use `confide doctor` to look at it."
        )
    # first: what cannot be established, and a store that records must not be given to, is refused before anybody
    # writes down a share
    refuse_persons(founding.unit, *founding.address, founding.revocation_desk)
    vault = boot.open_vault()
    confirm_shares(master)
    boot.migrate()
    from register import agency, organizations, staff

    moment = now()
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
    create_auth(configuration)
    if authority.root(configuration) is None:
        authority.create(configuration, master, organization=founding.legal_name, now=moment)
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

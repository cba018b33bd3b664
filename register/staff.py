"""The people who work here: who they are, what they may do, and how they prove it.

Danger: a verb done "by the terminal" was done by nobody. Invariant: every verb that needs a role asks `require`, which
reads the person's roles and standing now, whatever they were when the session began. Five wrong passwords in a row
close an account for fifteen minutes, and the right password does not open it sooner.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction
from django.db.models import F

from register import audit, facts, models, sealed
from register.change import compare_and_set, the
from register.errors import RegisterError, RegisterErrorCode, unknown
from register.vocabulary import AuditVerb, MachineName, StaffRole

if TYPE_CHECKING:
    from storage.vault import Vault

ATTEMPTS = 5
LOCK_OUT = dt.timedelta(minutes=15)
_DISPLAY_NAME = "display-name"


def add(
    vault: Vault,
    *,
    username: str,
    display_name: str,
    roles: frozenset[StaffRole],
    password: str,
    by: facts.Actor,
    now: dt.datetime,
) -> facts.Staff:
    """Register a member of staff. The very first may be added by set-up; everybody else by an administrator.

    Raises:
        RegisterError: NOT_ALLOWED, USERNAME_TAKEN, WEAK_PASSWORD, NAME_NEEDED.
    """
    require_or_setup(by, StaffRole.ADMINISTRATOR)
    judge(username=username, display_name=display_name, roles=roles, password=password)
    username = username.strip().lower()
    staff_id = uuid4()
    name = sealed.seal(vault, staff_id, _DISPLAY_NAME, display_name.strip().encode())
    hashed = make_password(password)
    with transaction.atomic():
        if models.Staff.objects.filter(username=username).exists():
            raise RegisterError(
                RegisterErrorCode.USERNAME_TAKEN, f"The username {username} is taken.", "Choose another username."
            )
        row = models.Staff.objects.create(
            id=staff_id,
            username=username,
            sealed_display_name=name,
            roles=sorted(role.value for role in roles),
            password=hashed,
            added_at=now,
        )
        audit.append(by, AuditVerb.STAFF_ADDED, "staff", staff_id, {"roles": tuple(row.roles)}, now=now)
    return _fact(row)


def judge(*, username: str, display_name: str, roles: frozenset[StaffRole], password: str) -> None:
    """Refuse what `add` would refuse of these by themselves, before anything is made for them; reads nothing.

    Raises:
        RegisterError: NAME_NEEDED, WEAK_PASSWORD.
    """
    if not username.strip() or not display_name.strip() or not roles:
        raise RegisterError(
            RegisterErrorCode.NAME_NEEDED,
            "A member of staff needs a username, a name and at least one role.",
            "Give all three.",
        )
    _require_strong(password)


def anybody() -> bool:
    """Whether anybody was ever on the staff."""
    return models.Staff.objects.exists()


def reset(staff_id: UUID, *, password: str, by: facts.Actor, now: dt.datetime) -> None:
    """Give a member of staff a new password and open a closed account; an administrator does it.

    Raises:
        RegisterError: NOT_ALLOWED, UNKNOWN_ID, WEAK_PASSWORD, STAFF_RETIRED.
    """
    require(by, StaffRole.ADMINISTRATOR)
    _require_strong(password)
    hashed = make_password(password)
    with transaction.atomic():
        the(models.Staff.objects.all(), "member of staff", staff_id)
        compare_and_set(
            models.Staff.objects.filter(pk=staff_id, retired_at=None),
            _retired(),
            password=hashed,
            failed_attempts=0,
            locked_until=None,
        )
        audit.append(by, AuditVerb.STAFF_RESET, "staff", staff_id, now=now)


def retire(staff_id: UUID, *, by: facts.Actor, now: dt.datetime) -> None:
    """Let somebody go: the account closes for good, what they did stays theirs.

    Raises:
        RegisterError: NOT_ALLOWED, UNKNOWN_ID, STAFF_RETIRED; LAST_ADMINISTRATOR when nobody could add staff any more.
    """
    require(by, StaffRole.ADMINISTRATOR)
    with transaction.atomic():
        the(models.Staff.objects.all(), "member of staff", staff_id)
        others = models.Staff.objects.filter(retired_at=None).exclude(pk=staff_id)
        if not any(StaffRole.ADMINISTRATOR.value in other.roles for other in others):
            raise RegisterError(
                RegisterErrorCode.LAST_ADMINISTRATOR,
                "The last administrator cannot be retired.",
                "Add another administrator first.",
            )
        compare_and_set(models.Staff.objects.filter(pk=staff_id, retired_at=None), _retired(), retired_at=now)
        audit.append(by, AuditVerb.STAFF_RETIRED, "staff", staff_id, now=now)


def authenticate(username: str, password: str, *, now: dt.datetime) -> facts.Person:
    """Who this is, by username and password.

    Raises:
        RegisterError: BAD_CREDENTIALS, the same for a wrong password, a retired account and no account;
            LOCKED_OUT after five wrong passwords in a row, for fifteen minutes.
    """
    row = models.Staff.objects.filter(username=username.strip().lower(), retired_at=None).first()
    if row is None:
        make_password(password)  # as long as checking one, so that the clock does not tell who works here
        raise _bad_credentials()
    if row.locked_until is not None and now < row.locked_until:
        raise _locked_out()
    if not check_password(password, row.password):
        _count_failure(row.id, now)
        raise _bad_credentials()
    with transaction.atomic():
        # an attempt counted meanwhile by another door may have closed the account: that one wins
        open_account = models.Staff.objects.filter(pk=row.id, retired_at=None).exclude(locked_until__gt=now)
        compare_and_set(open_account, _locked_out(), failed_attempts=0, locked_until=None, last_login=now)
        person = facts.Person(row.id, row.username, _roles(row))
        audit.append(person, AuditVerb.STAFF_AUTHENTICATED, "staff", row.id, now=now)
    return person


def require(by: facts.Actor, *any_of: StaffRole) -> facts.Person:
    """The person, when they are on the staff now and hold one of these roles (any, when none is named).

    Raises:
        RegisterError: NOT_ALLOWED.
    """
    if not isinstance(by, facts.Person):
        raise _not_allowed("This needs a person who said who they are.", any_of)
    row = models.Staff.objects.filter(pk=by.staff_id, retired_at=None).first()
    if row is None:
        raise _not_allowed("This account is closed.", any_of)
    roles = _roles(row)
    if any_of and roles.isdisjoint(any_of):
        raise _not_allowed(f"{row.username} may not do this.", any_of)
    return facts.Person(row.id, row.username, roles)


def require_or_setup(by: facts.Actor, *any_of: StaffRole) -> None:
    """As `require`, except that set-up may act while nobody is registered.

    Raises:
        RegisterError: NOT_ALLOWED.
    """
    if by == facts.Machine(MachineName.SETUP) and not anybody():
        return
    require(by, *any_of)


def by_username(username: str) -> facts.Staff:
    """The member of staff with this username, retired or not.

    Raises:
        RegisterError: UNKNOWN_ID.
    """
    row = models.Staff.objects.filter(username=username.strip().lower()).first()
    if row is None:
        raise unknown("member of staff", username)
    return _fact(row)


def show(staff_id: UUID) -> facts.Staff:
    """The member of staff with this id.

    Raises:
        RegisterError: UNKNOWN_ID.
    """
    return _fact(the(models.Staff.objects.all(), "member of staff", staff_id))


def listing(*, including_retired: bool = False) -> tuple[facts.Staff, ...]:
    """Everybody, by username."""
    rows = models.Staff.objects.order_by("username")
    return tuple(_fact(row) for row in (rows if including_retired else rows.filter(retired_at=None)))


def display_name(vault: Vault, staff_id: UUID) -> str:
    """The name as it is printed beside a witness's signature.

    Raises:
        RegisterError: UNKNOWN_ID.
    """
    row = the(models.Staff.objects.all(), "member of staff", staff_id)
    return sealed.open_sealed(vault, row.id, _DISPLAY_NAME, row.sealed_display_name).decode()


def display_names(vault: Vault) -> tuple[str, ...]:
    """Everybody's printed name, retired staff included: what a finished statement is searched for."""
    rows = models.Staff.objects.all()
    return tuple(sealed.open_sealed(vault, row.id, _DISPLAY_NAME, row.sealed_display_name).decode() for row in rows)


def _count_failure(staff_id: UUID, now: dt.datetime) -> None:
    with transaction.atomic():
        models.Staff.objects.filter(pk=staff_id).update(failed_attempts=F("failed_attempts") + 1)
        closed = models.Staff.objects.filter(pk=staff_id, failed_attempts__gte=ATTEMPTS).update(
            failed_attempts=0, locked_until=now + LOCK_OUT
        )
        if closed:
            row = models.Staff.objects.get(pk=staff_id)
            whose = facts.Person(row.id, row.username, _roles(row))
            audit.append(whose, AuditVerb.STAFF_LOCKED_OUT, "staff", staff_id, now=now)


def _require_strong(password: str) -> None:
    from django.contrib.auth.password_validation import validate_password
    from django.core.exceptions import ValidationError

    try:
        validate_password(password)
    except ValidationError:
        strong = False
    else:
        strong = True
    if not strong:
        raise RegisterError(
            RegisterErrorCode.WEAK_PASSWORD,
            "That password is too short or too common.",
            "Choose twelve characters or more that nobody would guess.",
        )


def _roles(row: models.Staff) -> frozenset[StaffRole]:
    return frozenset(StaffRole(role) for role in row.roles)


def _fact(row: models.Staff) -> facts.Staff:
    return facts.Staff(
        staff_id=row.id,
        username=row.username,
        roles=_roles(row),
        retired=row.retired_at is not None,
        locked_until=row.locked_until,
        added_at=row.added_at,
    )


def _bad_credentials() -> RegisterError:
    return RegisterError(
        RegisterErrorCode.BAD_CREDENTIALS,
        "The username and the password do not belong together.",
        "Try again; after five wrong passwords the account closes for fifteen minutes.",
    )


def _locked_out() -> RegisterError:
    return RegisterError(
        RegisterErrorCode.LOCKED_OUT,
        "This account is closed after five wrong passwords.",
        "Wait fifteen minutes, or ask an administrator for a new password.",
    )


def _retired() -> RegisterError:
    return RegisterError(
        RegisterErrorCode.STAFF_RETIRED, "This account is closed for good.", "Add a new account if the person is back."
    )


def _not_allowed(sentence: str, any_of: tuple[StaffRole, ...]) -> RegisterError:
    roles = " or ".join(role.value.replace("_", " ") for role in any_of) or "any role"
    return RegisterError(RegisterErrorCode.NOT_ALLOWED, sentence, f"Ask somebody with the role: {roles}.")

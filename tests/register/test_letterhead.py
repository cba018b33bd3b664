"""The logo of the organization: set by an administrator, printed from then on, told in the audit log by its hash."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from register import agency, models
from register.errors import RegisterError, RegisterErrorCode
from register.vocabulary import AuditVerb

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


def test_a_site_begins_without_a_logo_and_an_administrator_sets_and_removes_it(world: Any) -> None:
    assert agency.logo() is None
    agency.set_logo(PNG, by=world.administrator, now=world.now)
    kept = agency.logo()
    assert kept is not None
    assert kept.png == PNG
    assert agency.current().legal_name in kept.words
    line = models.AuditEntry.objects.order_by("-seq").first()
    assert line is not None
    assert line.verb == AuditVerb.AGENCY_LOGO_SET
    assert line.details == {"sha256": hashlib.sha256(PNG).hexdigest()}
    agency.set_logo(b"", by=world.administrator, now=world.now)
    assert agency.logo() is None


def test_nobody_but_an_administrator_sets_it(world: Any) -> None:
    with pytest.raises(RegisterError) as told:
        agency.set_logo(PNG, by=world.counsel, now=world.now)
    assert told.value.code is RegisterErrorCode.NOT_ALLOWED
    assert agency.logo() is None


@pytest.mark.parametrize("content", [b"GIF89a", PNG + bytes(agency.MAX_LOGO)])
def test_what_is_no_small_png_is_refused(world: Any, content: bytes) -> None:
    with pytest.raises(RegisterError) as told:
        agency.set_logo(content, by=world.administrator, now=world.now)
    assert told.value.code is RegisterErrorCode.CONFIGURATION

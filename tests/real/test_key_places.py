"""openssl and veraPDF on statements whose root and seal have their keys in a file, on a token or in a key service."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from signing.authority import Authority
from tests.signing.conftest import ORGANIZATION
from tests.signing.places import aws_here, opened, token_directory  # noqa: F401 - fixtures
from tests.signing.test_key_places import whole_chain

pytestmark = pytest.mark.real


@pytest.mark.parametrize("what", ["p12 rsa", "token rsa", "token p256", "kms rsa", "kms p256"])
def test_openssl_and_verapdf_accept_a_statement_with_keys_that_live_elsewhere(  # type: ignore[no-untyped-def]
    what: str, prepared_pdf: bytes, openssl, verapdf, request: pytest.FixtureRequest
) -> None:
    ca = opened(what, f"real-ca-{what.split()[1]}", request)
    authority = Authority.create(ORGANIZATION, now=datetime.now(UTC), ca_key=ca)
    sealed = whole_chain(prepared_pdf, authority, opened(what, f"real-seal-{what.split()[1]}", request))
    opinions = [one for one in openssl(sealed, authority.root_der) if one.kind != "empty"]
    assert len(opinions) == 5
    assert [one.field for one in opinions if not one.right] == []
    for profile in ("2b", "ua1"):
        assert verapdf(sealed, profile) == []

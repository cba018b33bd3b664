"""Where the organization's certificate authority is kept between processes, and which clock stamps its signatures.

Danger: these keys sign in the organization's name. Invariant: they lie in the key directory, mode 0400, wrapped by the
master key, and leave the file only into the memory of a process that signs.
"""

from __future__ import annotations

import base64
import json
import os
from dataclasses import asdict
from typing import TYPE_CHECKING

from register.configuration import Configuration

if TYPE_CHECKING:
    from datetime import datetime

    from signing.authority import Authority
    from signing.timestamp import Stamper
    from storage.master import MasterKey

PARTS_FILE = "authority.sealed"
ROOT_FILE = "root.der"
_CONTEXT = {"kept": "certificate-authority"}


class AuthorityMissing(Exception):
    """There is no certificate authority in the key directory."""

    code = "not_initialized"
    sentence = "This site has no signing keys yet."
    remedy = "Run: confide init"


def create(configuration: Configuration, master: MasterKey, *, organization: str, now: datetime) -> Authority:
    """Make the organization's own root and what it issues, and keep them wrapped by the master key.

    Raises `FileExistsError` where one exists: a second root would orphan every signature made under the first.
    """
    from signing.authority import Authority

    authority = Authority.create(organization, now=now)
    directory = configuration.authority_path
    directory.mkdir(mode=0o700, exist_ok=True)
    _write_once(directory / PARTS_FILE, _wrapped(authority, master))
    _write_once(directory / ROOT_FILE, authority.root_der)
    return authority


def renew(configuration: Configuration, authority: Authority, *, now: datetime) -> Authority:
    """New time-stamp and OCSP certificates under the same root, kept in place of the old; what they signed stays good.

    A running worker goes on with the old ones until it is started again.
    """
    from storage.master import MasterKey

    renewed = authority.renewed(now=now)
    path = configuration.authority_path / PARTS_FILE
    staged = path.with_suffix(".new")
    staged.unlink(missing_ok=True)
    _write_once(staged, _wrapped(renewed, MasterKey.load(configuration.master_key_path)))
    staged.replace(path)
    return renewed


def load(configuration: Configuration) -> Authority:
    """The organization's authority, unwrapped. Raises :class:`AuthorityMissing` before `confide init`."""
    from signing.authority import Authority, AuthorityParts
    from storage.master import MasterKey

    path = configuration.authority_path / PARTS_FILE
    if not path.exists():
        raise AuthorityMissing
    master = MasterKey.load(configuration.master_key_path)
    plain = json.loads(master.unwrap(path.read_bytes(), _CONTEXT))
    url = plain.pop("ocsp_url")
    parts = {name: base64.b64decode(value) for name, value in plain.items()}
    return Authority.from_parts(AuthorityParts(ocsp_url=url, **parts))


def root(configuration: Configuration) -> bytes | None:
    """The organization's root certificate (DER), which `verify` trusts without touching any key; None before `init`."""
    path = configuration.authority_path / ROOT_FILE
    return path.read_bytes() if path.exists() else None


def stamper(configuration: Configuration, authority: Authority) -> Stamper:
    """The time-stamp authority in force: the one at `CONFIDE_TSA_URL`, else the organization's own clock."""
    from signing.timestamp import EmbeddedStamper, HttpStamper

    if configuration.tsa_url:
        return HttpStamper(configuration.tsa_url, roots=tsa_roots(configuration))
    return EmbeddedStamper(authority)


def tsa_roots(configuration: Configuration) -> tuple[bytes, ...]:
    """Root certificates (DER) of the outside time-stamp authority; without any, whoever answers there is believed."""
    return tuple(certificate(path.read_bytes()) for path in configuration.tsa_roots)


def certificate(data: bytes) -> bytes:
    """One certificate, PEM or DER, as DER. Raises `ValueError`."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    load = x509.load_pem_x509_certificate if data.startswith(b"-----") else x509.load_der_x509_certificate
    return load(data).public_bytes(Encoding.DER)


def _wrapped(authority: Authority, master: MasterKey) -> bytes:
    plain = {
        name: base64.b64encode(value).decode() if isinstance(value, bytes) else value
        for name, value in asdict(authority.to_parts()).items()
    }
    return master.wrap(json.dumps(plain).encode(), _CONTEXT)


def _write_once(path: os.PathLike[str], data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())

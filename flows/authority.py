"""Where the organization's certificate authority is kept between processes, and which clock stamps its signatures.

Danger: these keys sign in the organization's name. Invariant: they lie in the key directory, mode 0400, wrapped by the
master key, and leave the file only into the memory of a process that signs.
"""

from __future__ import annotations

import base64
import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from flows.signing_keys import Ask, Setting, signing_key
from register.configuration import Configuration
from storage.custody import Custody, KeptMaster
from storage.places import private_directory, publish, replace
from storage.wrapped_file import WrappedFile

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from cryptography.x509 import Name

    from signing.authority import Authority
    from signing.timestamp import Stamper
    from storage.master import KeyWrapper

PARTS_FILE = "authority.sealed"
ROOT_FILE = "root.der"
_CONTEXT = {"kept": "certificate-authority"}


class AuthorityMissing(Exception):
    """There is no certificate authority in the key directory."""

    code = "not_initialized"
    sentence = "This site has no signing keys yet."
    remedy = "Run: confide init"


def create(
    configuration: Configuration, master: KeyWrapper, *, organization: str, now: datetime, ask: Ask | None = None
) -> Authority:
    """Make the organization's own root and what it issues, and keep them wrapped by the master key.

    Raises `FileExistsError` where one exists: a second root would orphan every signature made under the first;
    `KeySettingError` or `SigningError` where the root's key is to live elsewhere and does not answer.
    """
    from signing.authority import Authority

    ca_key = signing_key(Setting.CA, configuration.ca_key, ask)
    authority = Authority.create(organization, now=now, ca_key=ca_key)
    configuration.authority_path.mkdir(mode=0o700, exist_ok=True)
    parts_file(configuration).create(_plain(authority), master)
    publish(configuration.authority_path / ROOT_FILE, authority.root_der)
    return authority


def create_once(configuration: Configuration, master: KeyWrapper, *, organization: str, now: datetime) -> None:
    """As `create`, of a set-up that may have been cut off: what it made is finished, and never made anew."""
    if root(configuration) is not None:
        return
    if parts_file(configuration).exists():
        publish(configuration.authority_path / ROOT_FILE, load(configuration).root_der)
        return
    create(configuration, master, organization=organization, now=now)


def made_for_another(configuration: Configuration, organization: str) -> bool:
    """Whether a root is here, and names somebody else than `organization` (a legal name)."""
    from cryptography.x509 import load_der_x509_certificate

    from signing.certificates import name

    der = root(configuration)
    wanted = name(organization=organization, common_name="")
    return der is not None and _organization(load_der_x509_certificate(der).subject) != _organization(wanted)


def renew(configuration: Configuration, authority: Authority, *, now: datetime, root: bool = False) -> Authority:
    """New time-stamp and OCSP certificates, kept in place of the old; what they signed stays good.

    With `root`, the root itself is prolonged first: the new root certificate is on the disk before anything is signed
    under it. A running worker sees the change before its next document.
    """
    renewed = authority.prolonged(now=now) if root else authority.renewed(now=now)
    if root:
        replace(configuration.authority_path / ROOT_FILE, renewed.root_der)
    parts_file(configuration).change(_plain(renewed), KeptMaster(Custody(configuration.keys)))
    return renewed


def stamp(configuration: Configuration) -> tuple[int, int] | None:
    """Changes whenever the authority's file does: how a running worker notices a renewal. None while there is none."""
    try:
        found = parts_file(configuration).path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns


def load(configuration: Configuration, ask: Ask | None = None) -> Authority:
    """The organization's authority, unwrapped; its root's key where the settings say.

    Raises :class:`AuthorityMissing` before `confide init`; `StorageError`, `KeySettingError` or `SigningError` when a
    key is not where it should be.
    """
    from signing.authority import Authority, AuthorityParts

    file = parts_file(configuration)
    if not file.exists():
        raise AuthorityMissing
    plain = json.loads(file.read(KeptMaster(Custody(configuration.keys))))
    url = plain.pop("ocsp_url")
    parts = {name: base64.b64decode(value) for name, value in plain.items()}
    # not opened where the root's key is kept here: a setting made later changes nothing
    ca_key = None if parts["root_key"] else signing_key(Setting.CA, configuration.ca_key, ask)
    return Authority.from_parts(AuthorityParts(ocsp_url=url, **parts), ca_key=ca_key)


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


def copy(source: Path, target: Path) -> None:
    """Bring the authority's files of one directory to another (the standby, a restored site), each whole or not."""
    private_directory(target)
    parts = WrappedFile(path=source / PARTS_FILE, context=_CONTEXT)
    whole = parts.path if parts.path.exists() else parts.next
    replace(target / PARTS_FILE, whole.read_bytes())
    replace(target / ROOT_FILE, (source / ROOT_FILE).read_bytes())


def parts_file(configuration: Configuration) -> WrappedFile:
    """Where the authority's keys and certificates lie, wrapped by the master key."""
    return WrappedFile(path=configuration.authority_path / PARTS_FILE, context=_CONTEXT)


def _organization(subject: Name) -> list[str | bytes]:
    from cryptography.x509.oid import NameOID

    return [each.value for each in subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)]


def _plain(authority: Authority) -> bytes:
    plain = {
        name: base64.b64encode(value).decode() if isinstance(value, bytes) else value
        for name, value in asdict(authority.to_parts()).items()
    }
    return json.dumps(plain).encode()

"""What can be learnt about another organization's time-stamp authority, to be archived with its stamps.

Danger: while its certificate is in force a verifier wants to know that it was not revoked, and in ten years nobody
answers at that address any more. Invariant: what its own certificates name as the place to ask is asked once, when a
file is archived, and only after its chain was found to end at a root the organization chose; an answer "revoked"
refuses the stamp, no answer at all leaves the file as it is (the archival stamp is there all the same).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from asn1crypto import crl, ocsp, x509
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import PathBuildingError, PathValidationError, RevokedError
from pyhanko_certvalidator.fetchers.aiohttp_fetchers import AIOHttpFetcherBackend

from signing import runner


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Certificates and revocation data to archive."""

    certificates: tuple[x509.Certificate, ...] = ()
    answers: tuple[ocsp.OCSPResponse, ...] = ()
    lists: tuple[crl.CertificateList, ...] = ()
    revoked: bool = False


def ask(certificates: Sequence[x509.Certificate], roots: Sequence[bytes], timeout: float) -> Known:
    """Ask about every time-stamp certificate among `certificates`; `timeout` in seconds for each request."""
    stampers = [one for one in certificates if _stamps(one)]
    return runner.run(_ask(stampers, list(certificates), list(roots), timeout)) if stampers and roots else Known()


async def _ask(
    stampers: Sequence[x509.Certificate], others: list[x509.Certificate], roots: list[bytes], timeout: float
) -> Known:
    backend = AIOHttpFetcherBackend(per_request_timeout=timeout)
    async with backend as fetchers:
        context = ValidationContext(
            trust_roots=[x509.Certificate.load(der) for der in roots],
            other_certs=others,
            allow_fetching=True,
            fetchers=fetchers,
        )
        path: list[x509.Certificate] = []
        for one in stampers:
            validator = CertificateValidator(one, intermediate_certs=others, validation_context=context)
            try:
                usage = validator.async_validate_usage(set(), {"time_stamping"})  # type: ignore[no-untyped-call]
                path.extend(await usage)
            except RevokedError:
                return Known(revoked=True)
            except (PathBuildingError, PathValidationError):  # not one of theirs, or not reachable: nothing is learnt
                continue
        return Known(certificates=tuple(path), answers=tuple(context.ocsps), lists=tuple(context.crls))


def _stamps(certificate: x509.Certificate) -> bool:
    purposes = certificate.extended_key_usage_value
    return purposes is not None and "time_stamping" in purposes.native

"""Where time comes from: the embedded RFC 3161 authority, or another one by its address.

Danger: a time stamp is the only thing that proves a signature after its certificate ran out; a wrong one is found out
years later. Invariant: every token, ours and theirs, is checked before it is used — granted, our imprint, our nonce,
a signature by a certificate made for time stamps and in force, a time close to our clock — or `StampUnavailable` is
raised, and the caller says `stamped=False` or `sealed_without_time`. Never silent, never accepted on trust.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

import aiohttp
from asn1crypto import cms, tsp, x509
from cryptography import x509 as cryptography_x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.timestamps.common_utils import set_tsp_headers

from signing import runner
from signing.authority import Authority
from signing.container import (
    TST_INFO,
    children,
    fixed,
    integer,
    oid,
    sequence,
    signature_container,
    signed_attributes,
    tlv,
)
from signing.errors import SigningCode, StampUnavailable
from signing.outside import Known, ask
from signing.revocation import generalized_time
from signing.signed import NotSoundError, certificates_in, check, content_of

POLICY = "2.25.208443916127514894537402187493301870213"
"""Our time-stamp policy: an OID under a UUID (ITU-T X.667), which needs no registration."""

CLOCK_TOLERANCE = timedelta(minutes=1)
LARGEST_REPLY = 64 * 1024
"""Bytes we read of a reply; real tokens take 2 to 10 KB."""
LONGEST_CHAIN = 6


def system_clock() -> datetime:
    """The machine's clock, UTC."""
    return datetime.now(UTC)


class Stamper(TimeStamper):
    """A time-stamp authority whose tokens are checked before anybody uses them."""

    def __init__(self, clock: Callable[[], datetime] = system_clock) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # pyHanko's has no types
        self._clock = clock

    @property
    def token_room(self) -> int:
        """Bytes to keep free in a file for one token."""
        raise NotImplementedError

    def check_chain(self, certificate: x509.Certificate, others: Sequence[x509.Certificate]) -> None:
        """Refuse a token whose certificate nobody we trust stands behind. Raises StampUnavailable."""

    def known(self, certificates: Sequence[x509.Certificate]) -> Known:
        """What to archive about this authority besides its tokens. Raises StampUnavailable when it was revoked.

        `certificates` came with its tokens. Our own authority needs nothing (see `authority`).
        """
        return Known()

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> cms.ContentInfo:
        """A checked token over the SHA-256 `message_digest`. Raises StampUnavailable."""
        nonce, request = self.request_cms(message_digest, md_algorithm)  # type: ignore[no-untyped-call]
        try:
            response = await self.async_request_tsa_response(request)
            status, *token = children(response.dump())
            if tsp.PKIStatusInfo.load(status)["status"].native not in ("granted", "granted_with_mods") or not token:
                raise rejected("it refused the request")
            certificate, others = _check(token[0], request, nonce, self._clock())
            self.check_chain(certificate, others)
        except StampUnavailable:
            raise
        except (OSError, TimeoutError, aiohttp.ClientError) as error:
            raise StampUnavailable(
                SigningCode.STAMP_UNAVAILABLE,
                "The time-stamp authority does not answer.",
                "Nothing is lost: the stamp is fetched later. Check its address and the network.",
            ) from error
        except NotSoundError as error:
            raise rejected(str(error)) from error
        except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
            raise rejected("its answer cannot be read") from error
        if len(token[0]) > self.token_room:
            raise rejected("its answer is larger than the room kept for it")
        return fixed(cms.ContentInfo, token[0])


class EmbeddedStamper(Stamper):
    """The organization's own time-stamp authority, in this process: ESSCertIDv2 (RFC 5816), nonce, accuracy, P-256."""

    def __init__(self, authority: Authority, clock: Callable[[], datetime] = system_clock) -> None:
        super().__init__(clock)
        self._authority = authority
        certificate = authority.stamper_certificate
        names = len(certificate.subject.dump()) + 2 * len(certificate.issuer.dump())
        self._room = len(certificate.dump()) + names + 720  # imprint, numbers, times and the signature take 560

    @property
    def token_room(self) -> int:
        return self._room

    def __reduce__(self) -> tuple[type[EmbeddedStamper], tuple[Authority, Callable[[], datetime]]]:
        return (EmbeddedStamper, (self._authority, self._clock))

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        """Answer a request as RFC 3161 §2.4.2 wants it."""
        certificate = self._authority.stamper_certificate
        info = sequence(
            integer(1),
            oid(POLICY),
            req["message_imprint"].dump(),
            integer(secrets.randbits(127)),
            generalized_time(self._clock()),
            sequence(integer(1)),  # accuracy: one second
            b"" if req["nonce"].native is None else integer(req["nonce"].native),
            tlv(0xA0, tlv(0xA4, certificate.subject.dump())),
        )
        attributes = signed_attributes(TST_INFO, hashlib.sha256(info).digest(), certificate)
        token = signature_container(
            content_type=TST_INFO,
            content=info,
            certificates=(certificate,),
            attributes=attributes,
            signature=self._authority.stamper_key.sign(attributes, "sha256"),
        )
        granted = sequence(integer(0))
        return fixed(tsp.TimeStampResp, sequence(granted, token))


class HttpStamper(Stamper):
    """Another organization's time-stamp authority, over HTTP (RFC 3161 §3.4).

    pyHanko's own HTTP client reads whatever it is sent, follows redirections and asks nobody who signed; this one reads
    at most 64 KB, follows nothing and, given `roots`, wants the token's chain to end at one of them.
    """

    def __init__(
        self,
        url: str,
        timeout: float = 10.0,
        *,
        roots: Sequence[bytes] = (),
        clock: Callable[[], datetime] = system_clock,
    ) -> None:
        """`timeout`: seconds for the whole exchange. `roots`: DER certificates, one of which must stand behind a token.

        Without roots any authority that answers at `url` is believed to be the right one: give them for plain http.
        """
        super().__init__(clock)
        self._url = url
        self._timeout = timeout
        self._roots = tuple(roots)
        self._seen: tuple[x509.Certificate, ...] = ()

    def __reduce__(self) -> tuple[Callable[..., HttpStamper], tuple[object, ...]]:
        return (_http_stamper, (self._url, self._timeout, self._roots, self._clock))

    @property
    def token_room(self) -> int:
        return 12 * 1024

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        """Ask over the network. Raises StampUnavailable, OSError, TimeoutError, aiohttp.ClientError or ValueError."""
        headers = set_tsp_headers({})
        async with (
            asyncio.timeout(self._timeout),
            aiohttp.ClientSession() as session,
            session.post(self._url, headers=headers, data=req.dump(), allow_redirects=False) as response,
        ):
            if response.status != HTTPStatus.OK:
                raise rejected("it answers with an error")
            if response.content_type != "application/timestamp-reply":
                raise rejected("its answer is no time stamp")
            body = bytearray()
            while chunk := await response.content.read(LARGEST_REPLY):
                body += chunk
                if len(body) > LARGEST_REPLY:
                    raise rejected("its answer is too long")
        return fixed(tsp.TimeStampResp, bytes(body))

    def check_chain(self, certificate: x509.Certificate, others: Sequence[x509.Certificate]) -> None:
        """See `Stamper`. Without roots every chain is taken."""
        self._seen = tuple(others)
        if not self._roots:
            return
        roots = [cryptography_x509.load_der_x509_certificate(der) for der in self._roots]
        between = [cryptography_x509.load_der_x509_certificate(other.dump()) for other in others]
        current = cryptography_x509.load_der_x509_certificate(certificate.dump())
        for _ in range(LONGEST_CHAIN):
            if any(current == root or _issued_by(current, root) for root in roots):
                return
            parent = next((one for one in between if one != current and _issued_by(current, one)), None)
            if parent is None:
                break
            current = parent
        raise rejected("nobody we trust stands behind it")

    def known(self, certificates: Sequence[x509.Certificate]) -> Known:
        """See `Stamper`. Asks over the network; what cannot be reached is left out."""
        if not self._seen:  # nothing stamped yet: a stamp over nothing shows the certificates of the next one
            runner.run(self.async_timestamp(bytes(32), "sha256"))
        learnt = ask([*certificates, *self._seen], self._roots, self._timeout)
        if learnt.revoked:
            raise rejected("its certificate was revoked")
        return learnt


def _http_stamper(url: str, timeout: float, roots: Sequence[bytes], clock: Callable[[], datetime]) -> HttpStamper:
    return HttpStamper(url, timeout, roots=roots, clock=clock)


def _issued_by(certificate: cryptography_x509.Certificate, issuer: cryptography_x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def rejected(why: str) -> StampUnavailable:
    """The refusal of an answer that came but cannot be relied on; `why` completes the sentence."""
    return StampUnavailable(
        SigningCode.STAMP_REJECTED,
        f"The time-stamp authority cannot be relied on: {why}.",
        "Nothing is lost: the stamp is fetched later. Ask who runs the authority, or choose another.",
    )


def _check(
    der: bytes, request: tsp.TimeStampReq, nonce: int | None, now: datetime
) -> tuple[x509.Certificate, list[x509.Certificate]]:
    """The certificate behind a token that is right in everything, and all that came with it.

    Raises StampUnavailable, or ValueError and its like on bad DER.
    """
    token = cms.ContentInfo.load(der, strict=True)
    if token["content_type"].native != "signed_data":
        raise rejected("its answer is no time stamp")
    signed = token["content"]
    if signed["encap_content_info"]["content_type"].native != "tst_info":
        raise rejected("its answer is no time stamp")
    info = signed["encap_content_info"]["content"].parsed
    imprint, asked = info["message_imprint"], request["message_imprint"]
    if (
        imprint["hash_algorithm"]["algorithm"].native != asked["hash_algorithm"]["algorithm"].native
        or imprint["hashed_message"].native != asked["hashed_message"].native
    ):
        raise rejected("it stamped something else")
    if nonce is not None and info["nonce"].native != nonce:
        raise rejected("it answered another request")
    moment = info["gen_time"].native
    if abs(moment - now) > CLOCK_TOLERANCE:
        raise rejected("its clock and ours differ by more than a minute")
    content = content_of(signed)
    certificate = check(signed, content_type="tst_info", digest=lambda name: hashlib.new(name, content).digest())
    _check_certificate(certificate, moment)
    return certificate, certificates_in(signed)


def _check_certificate(certificate: x509.Certificate, moment: datetime) -> None:
    purposes = certificate.extended_key_usage_value
    if purposes is None or purposes.native != ["time_stamping"]:
        raise rejected("its certificate is not made for time stamps")
    if not certificate.not_valid_before <= moment <= certificate.not_valid_after:
        raise rejected("its certificate is not in force")

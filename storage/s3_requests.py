"""Requests to an S3 server: one client, bounded in time and tries, every failure in this room's own words.

Danger: a request that hangs holds a worker for ever; a refusal hidden in an answer with status 200 looks like success;
a server's message quoted in a log says more than it should.
Invariant: a request ends within `CONNECT_SECONDS`, `READ_SECONDS` and `TRIES`; whatever is not success leaves here as
a StorageError that names the operation and the server's code (letters and digits) and nothing else of its answer.

A request that is tried again because its answer got lost may have been done twice: a put then leaves two versions with
the same bytes, which every verb of a store treats alike.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar, cast

from storage.address import S3Address
from storage.errors import DigestRefused, LockRefused, NotFound, StorageError, StoreDenied, StoreUnavailable, StoreUnfit

CONNECT_SECONDS = 5
READ_SECONDS = 20
TRIES = 4
"""In all, with boto3's growing pauses (under a second, then a few) between them."""
CONNECTIONS = 32
"""Kept open for the threads of one process."""

PAGE = 1000
"""Entries of one listing and versions of one batch: the most S3 takes."""
AT_ONCE = 8
"""Requests of one batch that are on their way together: more of boto3's threads only wait for one another."""
_Thing = TypeVar("_Thing")
_Told = TypeVar("_Told")

_CODE = re.compile(r"[A-Za-z0-9.]{1,64}\Z")
_ABSENT = frozenset({"NoSuchKey", "NoSuchVersion", "NoSuchUpload", "404", "MethodNotAllowed", "405"})
_CREDENTIALS = frozenset(
    {"InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "TokenRefreshRequired"}
)
_PASSING = frozenset(
    {"SlowDown", "Throttling", "ThrottlingException", "RequestTimeout", "OperationAborted", "InternalError"}
)
_LOCKS = frozenset({"InvalidArgument", "InvalidRequest", "MalformedXML"})
_DIGESTS = frozenset({"BadDigest", "XAmzContentSHA256Mismatch", "InvalidDigest"})


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of a listing of versions."""

    version_id: str
    size: int
    stored_at: datetime

    @classmethod
    def of(cls, line: Mapping[str, Any]) -> Listed:
        """As the server told it."""
        return cls(str(line["VersionId"]), int(line["Size"]), line["LastModified"].astimezone(UTC))


class Requests:
    """The client of one address. Share one between threads; safe across a fork."""

    def __init__(self, address: S3Address) -> None:
        self.address = address
        self._lock = threading.Lock()
        self._client: Any = None
        self._pid = 0

    def ask(self, operation: str, **parameters: Any) -> Mapping[str, Any]:
        """One request about our bucket, by boto3's name for it (`put_object`); returns its parsed answer.

        Raises NotFound, LockRefused, StoreDenied, StoreUnavailable, StoreUnfit.
        """
        return self.ask_unless(frozenset(), operation, **parameters)

    def ask_unless(self, nothing: frozenset[str], operation: str, **parameters: Any) -> Mapping[str, Any]:
        """As `ask`; an empty answer where the server says by one of the codes in `nothing` that there is none."""
        with translated(operation, nothing):
            answer: Mapping[str, Any] = getattr(self.client(), operation)(Bucket=self.address.bucket, **parameters)
            return answer
        return {}

    def pages(self, operation: str, *, size: int, **parameters: Any) -> Iterator[Mapping[str, Any]]:
        """Every page of a listing, `size` entries each; raises as `ask`, at whichever page."""
        with translated(operation):
            pages = self.client().get_paginator(operation)
            yield from pages.paginate(Bucket=self.address.bucket, PaginationConfig={"PageSize": size}, **parameters)

    def client(self) -> Any:
        """The boto3 client of this process."""
        if self._pid != os.getpid():
            with self._lock:
                if self._pid != os.getpid():  # a connection shared with the parent would mix two answers
                    with translated("client"):
                        self._client = _made(self.address)
                    self._pid = os.getpid()
        return self._client


def each(keys: Sequence[str], ask: Callable[[str], _Told]) -> dict[str, _Told | StorageError]:
    """`ask` for every key, several at a time; what is refused for one is its answer."""

    def answer(key: str) -> _Told | StorageError:
        try:
            return ask(key)
        except StorageError as refused:
            return refused

    distinct = list(dict.fromkeys(keys))
    return dict(zip(distinct, at_once(distinct, answer), strict=True))


def at_once(things: Sequence[_Thing], ask: Callable[[_Thing], _Told]) -> Sequence[_Told]:
    """`ask` for each, several at a time; the answers in the order of the things. Raises what the first raises."""
    with ThreadPoolExecutor(min(AT_ONCE, max(1, len(things))), thread_name_prefix="store") as threads:
        return list(threads.map(ask, things))


@contextmanager
def translated(operation: str, nothing: frozenset[str] = frozenset()) -> Iterator[None]:
    """Turn whatever boto3 raises inside into a StorageError of ours, `from None`: its texts may quote an answer.

    Codes in `nothing` are no failure.
    """
    from botocore import exceptions as boto
    from botocore.parsers import ResponseParserError

    try:
        yield
    except boto.ClientError as answered:
        error = answered.response.get("Error", {})
        status = int(answered.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        if error.get("Code") not in nothing:
            raise refusal(operation, str(error.get("Code", "")), status) from None
    except (boto.NoCredentialsError, boto.PartialCredentialsError, boto.CredentialRetrievalError):
        raise StoreDenied(
            "There are no credentials for the store.",
            "Give them to boto3 by its own chain: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, or a role.",
        ) from None
    except boto.ProfileNotFound:
        raise StoreDenied("The AWS profile that is named does not exist.", "Correct AWS_PROFILE.") from None
    except boto.SSLError as broken:
        if "CERTIFICATE_VERIFY_FAILED" not in str(broken):
            raise StoreUnavailable(f"{operation}: {type(broken).__name__}") from None
        raise StoreUnfit(
            "The certificate of the store is not one this machine trusts.",
            "Set CONFIDE_S3_CA_BUNDLE to the root certificate of that server, after making sure it is its own.",
        ) from None
    except boto.ParamValidationError:
        raise StoreUnfit(f"{operation} was asked for in a way S3 does not know.", "Report this line.") from None
    except (boto.BotoCoreError, ResponseParserError) as silent:
        raise StoreUnavailable(f"{operation}: {type(silent).__name__}") from None


def refusal(operation: str, code: str, status: int = 0) -> StorageError:
    """What a refusal of the server means here; `status` is that of http, 0 for an error inside a 200 answer."""
    code = code if _CODE.match(code) else "unreadable"
    what = f"{operation}: {code}"
    if code == "NoSuchBucket":
        return StoreUnfit("The bucket of the store does not exist.", "Make it with Object Lock, or correct the name.")
    if code in _ABSENT or (operation == "get_object" and code == "InvalidArgument"):  # AWS, of an id it never gave
        return NotFound()
    if code in _DIGESTS:
        return DigestRefused(what)
    if code == "RequestTimeTooSkewed":
        return StoreDenied("The clocks of this machine and of the store differ too much.", "Set this clock right.")
    if code in _CREDENTIALS:
        return StoreDenied(
            f"The store does not accept these credentials, or the key to encrypt with ({what}).",
            "Look which credentials boto3 finds, and whether CONFIDE_S3_KMS_KEY names a key of this server.",
        )
    if code.startswith("KMS"):
        return StoreDenied(
            f"The key that the store encrypts with cannot be used ({what}).",
            "Look at its state and its policy; nothing is lost while it is not deleted.",
        )
    if status == 501 or code == "NotImplemented":
        return StoreUnfit(f"The store does not know {operation}.", "Use a server that has versions and Object Lock.")
    if status >= 500 or status == 429 or code in _PASSING:
        return StoreUnavailable(what)
    if status in (401, 403) or code in ("AccessDenied", "403"):
        return StoreDenied(
            f"The store does not allow this ({what}).", "Use the role that has this right, or give it to this one."
        )
    if operation in ("put_object", "put_object_retention") and code in _LOCKS:
        return LockRefused(
            f"The store refuses this lock ({what}).",
            "A lock ends in the future, is never shortened, and needs a bucket with Object Lock.",
        )
    return StoreUnfit(
        f"The store cannot do what was asked ({what}).",
        "Run `confide doctor`: it tries what a store must be able to do.",
    )


def moment(told: object) -> datetime:
    """A time as S3 tells it: ISO 8601 in XML and in the heads of locks, http's own format in "Last-Modified".

    boto3's parser guesses the format, which takes longer than all else with a line of a listing; it is left what is
    neither (another service may give credentials, and count seconds). Without a zone it is UTC.
    """
    found: datetime | None = None
    if isinstance(told, str):
        with suppress(ValueError):
            found = datetime.fromisoformat(told) if told[10:11] == "T" else parsedate_to_datetime(told)
    if found is None:
        from botocore.utils import parse_timestamp

        found = cast(datetime, parse_timestamp(told))
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _made(address: S3Address) -> Any:
    # late: importing boto3 takes a third of a second, which a verb without a store must not pay
    import boto3
    from botocore.config import Config
    from botocore.handlers import add_expect_header
    from botocore.session import Session

    core = Session(profile=address.profile)
    core.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=moment)
    session = boto3.session.Session(botocore_session=core)
    client = session.client(
        "s3",
        endpoint_url=address.endpoint,
        region_name=address.region or session.region_name or "us-east-1",
        verify=None if address.ca_bundle is None else str(address.ca_bundle),
        config=Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retries={"mode": "standard", "total_max_attempts": TRIES},
            max_pool_connections=CONNECTIONS,
            user_agent="confide",  # versions and platform are nobody's business; composing them is a tenth of a request
            # Ceph 16 answers the checksum trailers that boto3 sends over https with MissingContentLength
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            # the body is part of what is signed, over https too: the server refuses bytes with another SHA-256
            s3={"addressing_style": "path" if address.endpoint else "auto", "payload_signing_enabled": True},
        ),
    )
    # nothing waits for "100 Continue" before a body: an answer cut off inside of it has botocore read an ended stream
    # for ever, past every limit of time (`AWSConnection._consume_headers`); and it costs each put a way there and back
    client.meta.events.unregister("before-call.s3", add_expect_header)
    return client

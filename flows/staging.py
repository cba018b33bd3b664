"""Bytes into the vault, in the order that survives a crash: named in the register, written, then published by the
caller.

A crash after naming leaves a staged row and perhaps bytes; upkeep clears both. Nothing is ever published before it is
durable.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

from flows.site import Site, now
from register import objects
from register.facts import Document
from register.vocabulary import ObjectArea
from storage.protocol import Area


def staged(site: Site, pdf: bytes, *, area: ObjectArea, pages: int) -> Document:
    """Write `pdf`, encrypted under a data key of its own, and return what the register needs to publish it.

    Never under a lock: what was not published yet must be clearable.
    """
    return written(site, objects.stage(area, now=now()), pdf, area=area, pages=pages)


def written(
    site: Site, object_id: str, pdf: bytes, *, area: ObjectArea, pages: int, retain_until: datetime | None = None
) -> Document:
    """Write `pdf` as the latest version of an object the register has named, under that object's data key."""
    stored = site.vault.put(object_id, pdf, area=Area(area.value), retain_until=retain_until)
    return Document(
        object_id=object_id,
        version_id=stored.version_id,
        sealed_sha256=stored.stored_sha256,
        size=stored.size,
        document_sha256=hashlib.sha256(pdf).hexdigest(),
        pages=pages,
    )


def clear(site: Site, object_id: str, area: ObjectArea) -> None:
    """Destroy bytes nobody points at any more: key, every version, then the row."""
    site.vault.destroy(object_id, Area(area.value), reason_code="superseded")
    objects.retire(object_id, now=now())

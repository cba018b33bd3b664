"""The forms a site published itself: where they lie, and how they come to lie there.

    <home>/forms/<form id>/<version>/   form.yaml, en.docx, en.txt …   published: never changed again
    <home>/forms/.proposed/<digest>/    the same, waiting for a second person

Danger: a form that changes after somebody looked at it, or half of one. Invariants: a folder is written under another
name, synced, and renamed into place whole; what lies there is read-only; its content is told by a digest, and whoever
publishes moves the very folder that was looked at. Which proposals count is not known here (the register knows).
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from templates.errors import FormCode, FormError
from templates.form import MANIFEST, Form, parse_form
from templates.snapshot import snapshot

_PROPOSED = ".proposed"
_STAMP = ".published"
NEVER = (0, 0)
"""The stamp of a site that published nothing."""


def stamp(folder: Path) -> tuple[int, int]:
    """Something that is another after every publication; costs one look at the disk."""
    try:
        found = (folder / _STAMP).stat()
    except FileNotFoundError:
        return NEVER
    return (found.st_ino, found.st_mtime_ns)


def versions(folder: Path) -> tuple[Form, ...]:
    """Every version ever published here.

    Raises FormError when one of them cannot be used.
    """
    return tuple(
        _read(path.parent, path.parent.parent.name)
        for path in sorted(folder.glob(f"[a-z]*/*/{MANIFEST}"))
        if not path.parent.name.startswith(".")
    )


def propose(folder: Path, form: Form) -> Path:
    """Lay a form down to be looked at by a second person; again with the same form changes nothing."""
    target = folder / _PROPOSED / form.digest
    if target.exists():
        return target
    (folder / _PROPOSED).mkdir(mode=0o700, parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(dir=folder / _PROPOSED, prefix=".new-"))
    try:
        _lay(staging / MANIFEST, form.manifest)
        for language, content in form.files.items():
            _lay(staging / f"{language}.docx", content)
            _lay(staging / f"{language}.txt", snapshot(content).encode())
        _sync(staging)
        staging.rename(target)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    _sync(folder / _PROPOSED)
    return target


def proposal(folder: Path, form_id: str, digest: str) -> Form:
    """The form that was proposed, byte for byte. Raises FormError when it is gone or was changed since."""
    path = folder / _PROPOSED / digest
    if not path.exists():
        raise FormError(FormCode.FORM_UNKNOWN, "The files of this proposal are gone.", "Propose the form again.")
    form = _read(path, form_id)
    if form.digest != digest:
        raise FormError(
            FormCode.MANIFEST_BROKEN,
            "The files of this proposal were changed since it was made.",
            "Withdraw it and propose the form again.",
        )
    return form


def publish(folder: Path, form: Form) -> Path:
    """Move a proposal to where the catalog finds it; again, after a crash, finishes what was begun."""
    source, target = folder / _PROPOSED / form.digest, folder / form.id / form.version
    if not target.exists():
        target.parent.mkdir(mode=0o700, exist_ok=True)
        source.rename(target)
        _sync(target.parent)
    elif source.exists():
        raise FormError(
            FormCode.FORM_REFUSED, "This version lies there already, with another text.", "Give it a higher version."
        )
    fresh = folder / f"{_STAMP}.new"
    fresh.write_bytes(b"")
    fresh.replace(folder / _STAMP)
    _sync(folder)
    return target


def withdraw(folder: Path, digest: str) -> None:
    """Take a proposal away that nobody publishes."""
    shutil.rmtree(folder / _PROPOSED / digest, ignore_errors=True)


def _read(folder: Path, form_id: str) -> Form:
    try:
        manifest = (folder / MANIFEST).read_bytes()
        files = {path.stem: path.read_bytes() for path in folder.glob("*.docx")}
    except OSError:
        raise FormError(
            FormCode.MANIFEST_BROKEN,
            f"A published version of the form {form_id} cannot be read.",
            "Restore the folder forms/ from the backup.",
        ) from None
    return parse_form(form_id, manifest, files)


def _lay(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

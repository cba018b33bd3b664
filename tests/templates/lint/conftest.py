"""A sound form of our own to spoil, one mistake at a time."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Any

import docx
import pytest

from rules.vocabulary import Language
from templates.catalog import catalog
from templates.form import Form
from templates.lint.check import Meant, check
from templates.lint.remark import Remark


@pytest.fixture(scope="session")
def disclosure() -> Form:
    return catalog().get("disclosure")


@pytest.fixture(scope="session")
def supervision() -> Form:
    return catalog().get("disclosure-supervision")


@pytest.fixture(scope="session")
def spoiled() -> Callable[[Form, Callable[[Any], object]], bytes]:
    """A form's English Word file after `change` was done to it in python-docx."""

    def spoil(form: Form, change: Callable[[Any], object]) -> bytes:
        document = docx.Document(io.BytesIO(form.docx(Language.EN)))
        change(document)
        stream = io.BytesIO()
        document.save(stream)
        return stream.getvalue()

    return spoil


@pytest.fixture(scope="session")
def with_parts() -> Callable[..., bytes]:
    """A Word file with parts changed by functions of their text, or added."""

    def repack(content: bytes, **changes: Any) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
            for name in old.namelist():
                change = changes.pop(name, None)
                text = old.read(name)
                new.writestr(name, text if change is None else change(text.decode()).encode())
            for name, text in changes.items():
                new.writestr(name, text)
        return out.getvalue()

    return repack


@pytest.fixture(scope="session")
def remarks_on() -> Callable[..., list[Remark]]:
    """What is remarked on a file that is meant for a form."""

    def look(content: bytes, form: Form | None = None, **meant: Any) -> list[Remark]:
        return list(check(content, Meant(form=form, **meant)))

    return look

"""The catalog: every form there is, by its id, in every version.

Danger: two programs of one house work with different texts under one name. Invariants: the forms that ship are read
once a process; what a site published itself (`templates.published`) never changes once it is there, and is read again
only when something was published; in force is the highest version. A statement names the version it was asked on, and
that very version can still be had. A form that needed counsel once needs it in every later version.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from templates import published
from templates.errors import FormCode, FormError
from templates.form import FORMS, Form, read_form


@dataclass(frozen=True, slots=True)
class Catalog:
    """The forms in force, in the order of their ids, and every version of them."""

    forms: Mapping[str, Form]
    every: tuple[Form, ...] = ()
    """All versions, the lower first; empty means that there are none but those in force."""

    def __iter__(self) -> Iterator[Form]:
        return iter(self.forms.values())

    def __len__(self) -> int:
        return len(self.forms)

    def __contains__(self, form_id: object) -> bool:
        return form_id in self.forms

    def get(self, form_id: str) -> Form:
        """The form of that id that is in force.

        :raises FormError: FORM_UNKNOWN.
        """
        try:
            return self.forms[form_id]
        except KeyError as error:
            raise FormError(
                FormCode.FORM_UNKNOWN, "There is no form of that id.", f"Choose one of: {', '.join(self.forms)}."
            ) from error

    def version(self, form_id: str, version: str) -> Form:
        """One version of a form, in force or not.

        :raises FormError: FORM_UNKNOWN.
        """
        known = self.versions(form_id)
        for form in known:
            if form.version == version:
                return form
        raise FormError(
            FormCode.FORM_UNKNOWN,
            f"There is no version {version} of the form {form_id}.",
            f"Choose one of: {', '.join(form.version for form in known)}.",
        )

    def versions(self, form_id: str) -> tuple[Form, ...]:
        """Every version of a form, the lower first.

        :raises FormError: FORM_UNKNOWN.
        """
        self.get(form_id)
        return tuple(form for form in self.every or self if form.id == form_id)

    def counted(self, form: Form) -> Form:
        """A proposal as it counts here: what shares information needs counsel under whatever name, and so does what
        followed a version that did; no manifest says otherwise."""
        return _counted(form, self.every or self)


@lru_cache(maxsize=4)
def catalog(folder: Path = FORMS) -> Catalog:
    """Read every form that ships, once.

    :raises FormError: MANIFEST_BROKEN of the first form that cannot be used.
    """
    found = (read_form(path.parent) for path in sorted(folder.glob("*/form.yaml")))
    return Catalog({form.id: form for form in found})


def site_catalog(folder: Path, *, known: Callable[[], Mapping[tuple[str, str], str]]) -> Catalog:
    """The forms that ship and those that a site published into `folder`; what is new is seen without a restart.

    `known`: asked after every publication, tells the digest of every published form and version. A folder that is not
    among them, or whose content is another, is refused.

    :raises FormError: MANIFEST_BROKEN of the first form that cannot be used.
    """
    stamp = published.stamp(folder)
    if stamp == published.NEVER:
        return catalog()
    return _with_published(folder, stamp, known)


@lru_cache(maxsize=4)
def _with_published(
    folder: Path, _stamp: tuple[int, int], known: Callable[[], Mapping[tuple[str, str], str]]
) -> Catalog:
    own, digests = published.versions(folder), known()
    for form in own:
        if digests.get((form.id, form.version)) != form.digest:
            raise FormError(
                FormCode.MANIFEST_BROKEN,
                f"The files of {form.id} {form.version} are not those that were published.",
                "Restore the folder forms/ from the backup, and find out who changed it.",
            )
    every: list[Form] = []
    for form in sorted([*catalog(), *own], key=lambda form: (form.id, form.number)):
        every.append(_counted(form, every))
    return Catalog({form.id: form for form in every}, tuple(every))


def _counted(form: Form, before: Iterable[Form]) -> Form:
    held = form.family.discloses or any(one.needs_counsel for one in before if one.id == form.id)
    return replace(form, needs_counsel=True) if held else form

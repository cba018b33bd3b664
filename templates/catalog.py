"""The catalog: every form there is, by its id.

Danger: two programs of one house work with different texts under one name. Invariant: a folder is read once a process;
what `catalog()` gives stays the same until `catalog.cache_clear()`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from templates.errors import FormCode, FormError
from templates.form import FORMS, Form, read_form


@dataclass(frozen=True, slots=True)
class Catalog:
    """The published forms of one folder, in the order of their ids."""

    forms: Mapping[str, Form]

    def __iter__(self) -> Iterator[Form]:
        return iter(self.forms.values())

    def __len__(self) -> int:
        return len(self.forms)

    def __contains__(self, form_id: object) -> bool:
        return form_id in self.forms

    def get(self, form_id: str) -> Form:
        """The form of that id.

        :raises FormError: FORM_UNKNOWN.
        """
        try:
            return self.forms[form_id]
        except KeyError as error:
            raise FormError(
                FormCode.FORM_UNKNOWN, "There is no form of that id.", f"Choose one of: {', '.join(self.forms)}."
            ) from error


@lru_cache(maxsize=4)
def catalog(folder: Path = FORMS) -> Catalog:
    """Read every form of a folder, once.

    :raises FormError: MANIFEST_BROKEN of the first form that cannot be used.
    """
    found = (read_form(path.parent) for path in sorted(folder.glob("*/form.yaml")))
    return Catalog({form.id: form for form in found})

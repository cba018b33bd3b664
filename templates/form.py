"""A form: its manifest and its Word files, read once and then only trusted.

Danger: a form whose manifest is nearly right asks clients for what it does not need, or is signed in a place that is
not there. Invariant: every key of `form.yaml` is known here, every field says what it is for (NASW 1.07 (a)), every
language has its Word file; what does not fit is refused with the file and the key, before anybody is asked anything.

The Word bytes are read together with the manifest and kept: while a program runs, a form cannot change under it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeVar

import yaml

from rules.vocabulary import Family, Language, SignerRole
from templates.errors import FormCode, FormError

FORMS: Final = Path(__file__).parent / "forms"
"""The forms that ship with the project: a folder a form."""

MANIFEST: Final = "form.yaml"

_ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_VERSION = re.compile(r"20\d\d\.(0[1-9]|1[0-2])(\.\d+)?")
_FIELD = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?")
_KEYS = frozenset(
    {
        "id",
        "version",
        "family",
        "languages",
        "title",
        "retention_class",
        "signers",
        "fields",
        "needs_counsel",
        "single_use",
    }
)

_Choice = TypeVar("_Choice", bound=StrEnum)


class FieldType(StrEnum):
    """What kind of value a field holds when a form is filled."""

    TEXT = "text"
    """One string; "" when there is none."""
    LINES = "lines"
    """A list of strings."""
    LABELS = "labels"
    """A list of mappings with the key `label`."""
    PICTURE = "picture"
    """A picture: `{"png": BASE64, "words": TEXT}`, both "" when there is none."""
    FLAG = "flag"
    """True or False: chooses clauses, is never printed."""


class RetentionClass(StrEnum):
    """Which retention series the signed paper belongs to."""

    DISCLOSURE_STATEMENT = "disclosure_statement"
    ACKNOWLEDGMENT = "acknowledgment"


@dataclass(frozen=True, slots=True)
class Signer:
    """One of those who sign a form, in the order of signing."""

    role: SignerRole
    label: Mapping[Language, str]
    """What the role is called, in every language of the form: the name of the signature field for a screen reader."""
    label_of_two: Mapping[Language, str] | None = None
    """What it is called where a representative signs beside the client; None: the same."""

    @property
    def has_place(self) -> bool:
        """True when the signature is seen on the paper: the Word file has a picture `sig:<role>` for it."""
        return self.role is not SignerRole.ORG_CERT


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One thing that a form asks for."""

    name: str
    """Dotted name of the field dictionary, such as `client.birth_date`."""
    type: FieldType
    purpose: str
    """Why the form needs it."""
    required: bool
    """True: the form may not be filled with it empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A published form."""

    id: str
    version: str
    family: Family
    languages: tuple[Language, ...]
    title: Mapping[Language, str]
    """Says nothing of the program's class: it becomes the title of the PDF."""
    retention_class: RetentionClass
    signers: tuple[Signer, ...]
    """Empty for a paper that nobody signs: it goes with another, and no packet holds it."""
    fields: tuple[Field, ...]
    needs_counsel: bool
    """True where no text of it may be used in earnest before a named approval: the manifest's word, or that of an
    earlier version (`Catalog.counted`)."""
    single_use: bool
    """True when a statement on this form allows one disclosure only."""
    files: Mapping[Language, bytes] = field(repr=False)
    manifest: bytes = field(repr=False)
    """The manifest as it lies: with `files` it is all there is of a version."""

    def docx(self, language: Language | str) -> bytes:
        """The Word file in a language.

        :raises FormError: FORM_UNKNOWN when the form is not published in that language.
        """
        try:
            return self.files[Language(language)]
        except (KeyError, ValueError) as error:
            raise FormError(
                FormCode.FORM_UNKNOWN,
                f"The form {self.id} is not published in the language asked for.",
                f"Choose one of: {', '.join(self.languages)}.",
            ) from error

    def sha256(self, language: Language | str) -> str:
        """SHA-256 of the Word file, in hexadecimal: the evidence of what text was shown.

        :raises FormError: FORM_UNKNOWN when the form is not published in that language.
        """
        return hashlib.sha256(self.docx(language)).hexdigest()

    @property
    def digest(self) -> str:
        """SHA-256 over manifest and Word files, in hexadecimal: by this a version is told from any other."""
        parts = {MANIFEST: self.manifest, **{f"{language}.docx": content for language, content in self.files.items()}}
        told = "".join(f"{name} {hashlib.sha256(parts[name]).hexdigest()}\n" for name in sorted(parts))
        return hashlib.sha256(told.encode()).hexdigest()

    @property
    def number(self) -> tuple[int, ...]:
        """The version as numbers, to be compared."""
        return tuple(int(piece) for piece in self.version.split("."))

    def unreviewed(self, language: Language) -> bool:
        """True when this version in this language may not be used in earnest before counsel approved it.

        Every Spanish text, whatever its manifest says: it was translated, and a translation is another text.
        """
        return self.needs_counsel or language is not Language.EN

    @property
    def asks_for(self) -> frozenset[str]:
        """The dotted names of its fields."""
        return frozenset(field.name for field in self.fields)

    def labels(self, language: Language | str, signing: Collection[SignerRole]) -> dict[str, str]:
        """Role to label in one language, for the names of the signature fields.

        `signing`: those who sign this very paper (`rules.signers.signing_roles`); a representative is among them only
        beside the client.
        """
        self.docx(language)
        spoken, two = Language(language), SignerRole.REPRESENTATIVE in signing
        return {
            signer.role.value: (signer.label_of_two or signer.label if two else signer.label)[spoken]
            for signer in self.signers
            if signer.role in signing
        }

    @property
    def roles(self) -> tuple[SignerRole, ...]:
        """Whom it has a place for, or a signature that is not seen, in the order of signing."""
        return tuple(signer.role for signer in self.signers)


def read_form(folder: Path) -> Form:
    """Read and check one form folder: `form.yaml` and a Word file a language.

    :raises FormError: MANIFEST_BROKEN with the key that is wrong.
    """
    try:
        manifest = (folder / MANIFEST).read_bytes()
        files = {path.stem: path.read_bytes() for path in sorted(folder.glob("*.docx"))}
    except OSError as error:
        raise _Reader(folder.name).broken(MANIFEST, "cannot be read") from error
    return parse_form(folder.name, manifest, files)


def parse_form(name: str, manifest: bytes, files: Mapping[str, bytes]) -> Form:
    """A form from the bytes of its manifest and of its Word files by language; `name` is the id it must have.

    :raises FormError: MANIFEST_BROKEN with the key that is wrong.
    """
    reader = _Reader(name)
    top = reader.load(manifest)
    languages, family = reader.languages(top["languages"]), reader.choice(Family, top["family"], "family")
    form = Form(
        id=reader.text(top, "id", _ID),
        version=reader.text(top, "version", _VERSION),
        family=family,
        languages=languages,
        title=reader.localized(top["title"], "title", languages),
        retention_class=reader.choice(RetentionClass, top["retention_class"], "retention_class"),
        signers=reader.signers(top["signers"], family, languages),
        fields=reader.fields(top["fields"]),
        needs_counsel=reader.flag(top, "needs_counsel"),
        single_use=reader.flag(top, "single_use"),
        files=reader.files(languages, files),
        manifest=manifest,
    )
    if form.id != name:
        raise reader.broken("id", "differs from the name of its folder")
    return form


def form_of_one(name: str, manifest: bytes, docx: bytes) -> Form:
    """The form of a manifest with one Word file in every language: for looking at that file, and for nothing else.

    :raises FormError: MANIFEST_BROKEN with the key that is wrong.
    """
    reader = _Reader(name)
    languages = reader.languages(reader.load(manifest)["languages"])
    return parse_form(name, manifest, {language.value: docx for language in languages})


@dataclass(frozen=True, slots=True)
class _Reader:
    """Takes a manifest apart; every complaint names the form and the key."""

    name: str

    def broken(self, key: str, what: str) -> FormError:
        return FormError(
            FormCode.MANIFEST_BROKEN,
            f"The manifest of the form {self.name} cannot be used: {key} {what}.",
            "Put form.yaml right, or restore the published version of the form.",
        )

    def load(self, manifest: bytes) -> Mapping[str, object]:
        try:
            raw = yaml.safe_load(manifest.decode("utf-8"))
        except (UnicodeDecodeError, yaml.YAMLError) as error:
            raise self.broken(MANIFEST, "cannot be read") from error
        return self.mapping(raw, MANIFEST, _KEYS)

    def mapping(self, raw: object, key: str, keys: frozenset[str]) -> Mapping[str, object]:
        if not isinstance(raw, dict):
            raise self.broken(key, "is not a list of keys and values")
        unknown = sorted(str(name) for name in set(raw) - keys)
        missing = sorted(keys - set(raw))
        if unknown:
            raise self.broken(key, f"has unknown keys ({', '.join(unknown)})")
        if missing:
            raise self.broken(key, f"lacks keys ({', '.join(missing)})")
        return raw

    def items(self, raw: object, key: str) -> list[object]:
        if not isinstance(raw, list) or not raw:
            raise self.broken(key, "is not a list, or is empty")
        return raw

    def text(self, top: Mapping[str, object], key: str, shape: re.Pattern[str] | None = None) -> str:
        value = top[key]
        if not isinstance(value, str) or not value.strip():
            raise self.broken(key, "is not a text, or is empty")
        if shape and not shape.fullmatch(value):
            raise self.broken(key, "does not have the form it should")
        return value

    def flag(self, top: Mapping[str, object], key: str) -> bool:
        value = top[key]
        if not isinstance(value, bool):
            raise self.broken(key, "is not true or false")
        return value

    def choice(self, kind: type[_Choice], raw: object, key: str) -> _Choice:
        try:
            return kind(str(raw))
        except ValueError as error:
            raise self.broken(key, f"is not one of {', '.join(kind)}") from error

    def languages(self, raw: object) -> tuple[Language, ...]:
        found = tuple(self.choice(Language, item, "languages") for item in self.items(raw, "languages"))
        if len(set(found)) != len(found):
            raise self.broken("languages", "names one twice")
        return found

    def localized(self, raw: object, key: str, languages: tuple[Language, ...]) -> Mapping[Language, str]:
        texts = self.mapping(raw, key, frozenset(language.value for language in languages))
        return MappingProxyType({language: self.text(texts, language.value) for language in languages})

    def signers(self, raw: object, family: Family, languages: tuple[Language, ...]) -> tuple[Signer, ...]:
        found: list[Signer] = []
        if raw == [] and not family.signed:
            return ()
        for item in self.items(raw, "signers"):
            two = frozenset({"label_of_two"}) if isinstance(item, dict) and "label_of_two" in item else frozenset()
            signer = self.mapping(item, "signers", frozenset({"role", "label"}) | two)
            role = self.choice(SignerRole, signer["role"], "signers, role")
            label, *other = (self.localized(signer[key], f"signers, {role}", languages) for key in ("label", *two))
            found.append(Signer(role, label, *other))
        if len({signer.role for signer in found}) != len(found):
            raise self.broken("signers", "names a role twice")
        return tuple(found)

    def fields(self, raw: object) -> tuple[Field, ...]:
        found = []
        for item in self.items(raw, "fields"):
            asked = self.mapping(item, "fields", frozenset({"name", "type", "purpose", "required"}))
            found.append(
                Field(
                    name=self.text(asked, "name", _FIELD),
                    type=self.choice(FieldType, asked["type"], f"fields, {asked['name']}, type"),
                    purpose=self.text(asked, "purpose"),
                    required=self.flag(asked, "required"),
                )
            )
        if len({field.name for field in found}) != len(found):
            raise self.broken("fields", "names one twice")
        return tuple(found)

    def files(self, languages: tuple[Language, ...], there: Mapping[str, bytes]) -> Mapping[Language, bytes]:
        if stray := set(there) - {language.value for language in languages}:
            raise self.broken("languages", f"does not name what has a Word file ({', '.join(sorted(stray))})")
        for language in languages:
            if language.value not in there:
                raise self.broken("languages", f"names {language}, which has no Word file")
        return MappingProxyType({language: there[language.value] for language in languages})

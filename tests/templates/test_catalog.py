"""The catalog and its manifests: what ships can be used, and what is nearly right is refused with its place."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from rules.vocabulary import Family, Language, SignerRole
from templates.catalog import catalog
from templates.errors import FormCode, FormError
from templates.form import FORMS, RetentionClass, read_form


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A sound form folder to spoil."""
    target = tmp_path / "disclosure"
    target.mkdir()
    for path in (FORMS / "disclosure").iterdir():
        (target / path.name).write_bytes(path.read_bytes())
    return target


def spoil(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    manifest = yaml.safe_load((folder / "form.yaml").read_text())
    change(manifest)
    (folder / "form.yaml").write_text(yaml.safe_dump(manifest, allow_unicode=True))


def test_a_form_of_every_family_ships_in_english_and_spanish() -> None:
    assert all(form.languages == (Language.EN, Language.ES) for form in catalog())
    # that of 2.35 under HIPAA too is counsel's to write
    assert sorted(form.family for form in catalog()) == sorted(set(Family) - {Family.CRIMINAL_JUSTICE_COVERED})
    assert catalog().get("privacy-acknowledgment").retention_class is RetentionClass.ACKNOWLEDGMENT


def test_no_form_that_ships_claims_to_have_been_read_by_counsel() -> None:
    assert all(form.needs_counsel for form in catalog())


def test_the_organization_certifies_first_and_seals_last() -> None:
    for form in catalog():
        roles = [signer.role for signer in form.signers]
        if not form.family.signed:
            assert roles == []
            continue
        beside = [SignerRole.REPRESENTATIVE] if form.family.discloses else []
        assert roles == [SignerRole.ORG_CERT, SignerRole.CLIENT, *beside, SignerRole.WITNESS, SignerRole.ORG_SEAL]
        assert [signer.role for signer in form.signers if not signer.has_place] == [SignerRole.ORG_CERT]


def test_every_role_has_its_name_in_the_language_of_the_form() -> None:
    form = catalog().get("disclosure")
    assert form.labels("en", form.roles)["org_seal"] == "Seal of the organization"
    assert form.labels(Language.ES, form.roles)["org_seal"] == "Sello de la organización"


def test_who_signs_in_the_clients_place_and_who_signs_beside_them_are_told_apart() -> None:
    form = catalog().get("disclosure")
    alone = form.labels("en", [role for role in form.roles if role is not SignerRole.REPRESENTATIVE])
    two = form.labels("en", form.roles)
    assert alone["client"] == "Signature of the client, or of the person signing for the client"
    assert two["client"] == "Signature of the client"
    assert set(two) - set(alone) == {"representative"}


def test_the_hash_is_that_of_the_word_file() -> None:
    form = catalog().get("disclosure")
    assert form.sha256("es") == hashlib.sha256((FORMS / "disclosure" / "es.docx").read_bytes()).hexdigest()


def test_a_form_that_is_not_there_is_said_to_be_unknown() -> None:
    with pytest.raises(FormError) as refused:
        catalog().get("release-of-everything")
    assert refused.value.code is FormCode.FORM_UNKNOWN
    with pytest.raises(FormError) as refused:
        catalog().get("disclosure").docx("fr")
    assert refused.value.code is FormCode.FORM_UNKNOWN


def test_a_form_does_not_change_under_a_running_program(folder: Path) -> None:
    shelf = catalog(folder.parent)
    before = shelf.get("disclosure").sha256("en")
    (folder / "en.docx").write_bytes(b"something else")
    assert catalog(folder.parent).get("disclosure").sha256("en") == before


def _first_field(manifest: dict[str, Any]) -> dict[str, Any]:
    field: dict[str, Any] = manifest["fields"][0]
    return field


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (lambda m: m.pop("version"), "form.yaml"),
        (lambda m: m.update(color="blue"), "color"),
        (lambda m: m.update(version=2026.11), "version"),
        (lambda m: m.update(version="next"), "version"),
        (lambda m: m.update(id="other-form"), "id"),
        (lambda m: m.update(id="Disclosure Statement"), "id"),
        (lambda m: m.update(family="general_release"), "family"),
        (lambda m: m.update(languages=["en"]), "title"),
        (lambda m: m.update(languages=["en", "es", "en"]), "languages"),
        (lambda m: m.update(languages="en"), "languages"),
        (lambda m: m.update(title={"en": "Disclosure Statement"}), "title"),
        (lambda m: m["title"].update(en=" "), "en"),
        (lambda m: m.update(retention_class="forever"), "retention_class"),
        (lambda m: m.update(needs_counsel="no"), "needs_counsel"),
        (lambda m: m.update(single_use=0), "single_use"),
        (lambda m: m.update(signers=[]), "signers"),
        (lambda m: m["signers"].append(m["signers"][1]), "signers"),
        (lambda m: m["signers"][1].update(role="officer"), "signers, role"),
        (lambda m: m["signers"][1]["label"].pop("es"), "signers, client"),
        (lambda m: m["fields"].append(_first_field(m)), "fields"),
        (lambda m: _first_field(m).pop("purpose"), "fields"),
        (lambda m: _first_field(m).update(purpose=""), "purpose"),
        (lambda m: _first_field(m).update(name="client..name"), "name"),
        (lambda m: _first_field(m).update(type="number"), "type"),
        (lambda m: _first_field(m).update(required="yes"), "required"),
    ],
)
def test_a_manifest_that_is_nearly_right_is_refused_with_its_key(
    folder: Path, change: Callable[[dict[str, Any]], object], key: str
) -> None:
    spoil(folder, change)
    with pytest.raises(FormError) as refused:
        read_form(folder)
    assert refused.value.code is FormCode.MANIFEST_BROKEN
    assert key in refused.value.sentence
    assert refused.value.remedy


@pytest.mark.parametrize("text", ["", "- a\n- list\n", "id: [unclosed", "\x00"])
def test_a_manifest_that_is_no_manifest_is_refused(folder: Path, text: str) -> None:
    (folder / "form.yaml").write_text(text)
    with pytest.raises(FormError) as refused:
        read_form(folder)
    assert refused.value.code is FormCode.MANIFEST_BROKEN


def test_a_language_without_its_word_file_is_refused(folder: Path) -> None:
    (folder / "es.docx").unlink()
    with pytest.raises(FormError, match="es, which has no Word file"):
        read_form(folder)


def test_a_word_file_that_no_language_names_is_refused(folder: Path) -> None:
    (folder / "fr.docx").write_bytes(b"")
    with pytest.raises(FormError, match="fr"):
        read_form(folder)

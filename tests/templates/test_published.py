"""The forms a site publishes itself: whole, unchanged, seen at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from rules.vocabulary import Language
from templates import published
from templates.catalog import Catalog, catalog, site_catalog
from templates.errors import FormCode, FormError
from templates.form import Form, parse_form


def edition(version: str) -> Form:
    """A higher version of a form that ships, with another Word file in English."""
    ships = catalog().get("disclosure")
    manifest = ships.manifest.replace(b'version: "2026.11"', f'version: "{version}"'.encode())
    other = catalog().get("privacy-acknowledgment").docx(Language.EN)
    return parse_form("disclosure", manifest, {"en": other, "es": ships.docx(Language.ES)})


@pytest.fixture
def known() -> dict[tuple[str, str], str]:
    """What the register says was published."""
    return {}


@pytest.fixture
def look(tmp_path: Path, known: dict[tuple[str, str], str]) -> Callable[[], Catalog]:
    def told() -> dict[tuple[str, str], str]:
        return known

    return lambda: site_catalog(tmp_path, known=told)


def test_what_is_published_is_in_force_at_once_and_what_was_before_can_still_be_had(
    tmp_path: Path, known: dict[tuple[str, str], str], look: Callable[[], Catalog]
) -> None:
    assert look() is catalog()
    form = edition("2026.12")
    published.propose(tmp_path, form)
    assert look() is catalog()
    known["disclosure", "2026.12"] = form.digest
    published.publish(tmp_path, form)
    assert look().get("disclosure").version == "2026.12"
    assert look().version("disclosure", "2026.11").docx("en") == catalog().get("disclosure").docx("en")
    later = edition("2027.01")
    known["disclosure", "2027.01"] = later.digest
    published.propose(tmp_path, later)
    published.publish(tmp_path, later)
    assert [one.version for one in look().versions("disclosure")] == ["2026.11", "2026.12", "2027.01"]


def test_versions_are_compared_as_numbers() -> None:
    assert edition("2026.12.10").number > edition("2026.12.9").number > edition("2026.12").number


def test_a_folder_nobody_published_and_one_that_was_changed_are_refused(
    tmp_path: Path, known: dict[tuple[str, str], str], look: Callable[[], Catalog]
) -> None:
    form = edition("2026.12")
    published.propose(tmp_path, form)
    path = published.publish(tmp_path, form)
    with pytest.raises(FormError) as refused:
        look()
    assert refused.value.code is FormCode.MANIFEST_BROKEN
    known["disclosure", "2026.12"] = form.digest
    (path / "en.docx").chmod(0o600)
    (path / "en.docx").write_bytes(form.docx("es"))
    (tmp_path / ".published").touch()
    with pytest.raises(FormError):
        look()


def test_a_proposal_that_was_changed_is_not_what_was_looked_at(tmp_path: Path) -> None:
    form = edition("2026.12")
    path = published.propose(tmp_path, form)
    assert published.proposal(tmp_path, "disclosure", form.digest).digest == form.digest
    assert (path / "en.txt").exists()
    (path / "es.docx").chmod(0o600)
    (path / "es.docx").write_bytes(form.docx("en"))
    with pytest.raises(FormError) as refused:
        published.proposal(tmp_path, "disclosure", form.digest)
    assert "changed since" in refused.value.sentence


def test_publishing_again_after_a_crash_finishes_it_and_another_text_does_not_take_its_place(tmp_path: Path) -> None:
    form = edition("2026.12")
    published.propose(tmp_path, form)
    first = published.publish(tmp_path, form)
    assert published.publish(tmp_path, form) == first
    other = replace(form, files={**form.files, Language.EN: form.docx("es")})
    published.propose(tmp_path, other)
    with pytest.raises(FormError) as refused:
        published.publish(tmp_path, other)
    assert refused.value.code is FormCode.FORM_REFUSED


def test_published_files_are_read_only_and_whole(tmp_path: Path) -> None:
    form = edition("2026.12")
    published.propose(tmp_path, form)
    path = published.publish(tmp_path, form)
    assert {one.name for one in path.iterdir()} == {"form.yaml", "en.docx", "es.docx", "en.txt", "es.txt"}
    assert all(one.stat().st_mode & 0o777 == 0o400 for one in path.iterdir())
    assert not list((tmp_path / ".proposed").iterdir())


def test_a_version_says_whether_counsel_must_read_it() -> None:
    form = catalog().get("disclosure")
    reviewed = replace(form, needs_counsel=False)
    assert form.unreviewed(Language.EN)
    assert not reviewed.unreviewed(Language.EN)
    assert reviewed.unreviewed(Language.ES)

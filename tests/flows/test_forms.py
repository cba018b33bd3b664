"""What a second person sees of a proposal, and that no manifest says a text was read that nobody read."""

from __future__ import annotations

import datetime as dt

import pytest

from flows import forms
from flows.site import Site
from register import forms as register
from rules.vocabulary import Language
from templates import published
from templates.catalog import catalog
from templates.form import Form, parse_form
from tests.register.conftest import World

VERSION = "2026.12"


def edition(*changed: tuple[str, str], version: str = VERSION, form_id: str = "disclosure") -> Form:
    """The disclosure statement that ships, word for word, with a few words of its manifest changed."""
    ships = catalog().get("disclosure")
    manifest = ships.manifest.decode()
    for old, new in (
        ('version: "2026.11"', f'version: "{version}"'),
        ("id: disclosure\n", f"id: {form_id}\n"),
        *changed,
    ):
        assert old in manifest, old
        manifest = manifest.replace(old, new)
    return parse_form(form_id, manifest.encode(), {str(language): ships.docx(language) for language in Language})


def proposed(site: Site, world: World, form: Form) -> Form:
    published.propose(forms.folder(site), form)
    register.propose(form.id, form.version, form.digest, by=world.intake, now=world.now)
    return forms.proposed(site, form.id, form.version)


def put_in_force(site: Site, world: World, form: Form) -> Form:
    proposed(site, world, form)
    forms.publish(site, form.id, form.version, by=world.counsel)
    return site.catalog.get(form.id)


@pytest.fixture
def site(world: World) -> Site:
    site = Site(world.settings)
    site.vault = world.vault
    return site


def test_bug_a_manifest_that_says_no_counsel_is_needed_lifts_nothing(site: Site, world: World) -> None:
    lifting = edition(("needs_counsel: true", "needs_counsel: false"))
    assert not lifting.needs_counsel
    assert forms.unreviewed(proposed(site, world, lifting)) == {Language.EN, Language.ES}
    form = put_in_force(site, world, lifting)
    assert form.digest == lifting.digest, "what was looked at is what was published"
    assert forms.unreviewed(form) == {Language.EN, Language.ES}
    assert forms.form_choice(form).unreviewed == {Language.EN, Language.ES}
    assert forms.printed_on(form, Language.EN) != form.docx(Language.EN), "the paper says that nobody read it"
    later = put_in_force(site, world, edition(("needs_counsel: true", "needs_counsel: false"), version="2027.01"))
    assert Language.EN in forms.unreviewed(later), "nor two versions later"


def test_a_named_approval_lifts_it_for_one_text_of_one_version(site: Site, world: World) -> None:
    form = put_in_force(site, world, edition(("needs_counsel: true", "needs_counsel: false")))
    forms.approve(
        site,
        form,
        Language.EN,
        counsel="Ruth Barr",
        standing="New York bar 1234567",
        approved_on=dt.date(2026, 1, 2),
        by=world.administrator,
    )
    assert forms.unreviewed(form) == {Language.ES}
    assert forms.approved(form) == {Language.EN}
    later = put_in_force(site, world, edition(version="2027.01"))
    assert forms.unreviewed(later) == {Language.EN, Language.ES}
    assert forms.approved(later) == frozenset()


@pytest.mark.parametrize(
    ("family", "waiting"), [("specific", {Language.EN, Language.ES}), ("group_agreement", {Language.ES})]
)
def test_what_shares_information_needs_counsel_under_a_new_name_too_and_nothing_unasked_is_called_approved(
    site: Site, world: World, family: str, waiting: set[Language]
) -> None:
    lifting = ("needs_counsel: true", "needs_counsel: false")
    own = edition(lifting, ("family: specific", f"family: {family}"), form_id="house-rules")
    own = put_in_force(site, world, own)
    assert forms.unreviewed(own) == waiting
    assert forms.approved(own) == frozenset()


def test_bug_what_a_proposal_changes_in_the_manifest_was_no_changed_line(site: Site, world: World) -> None:
    form = edition(
        ("needs_counsel: true", "needs_counsel: false"),
        ("family: specific", "family: tpo"),
        ("single_use: false", "single_use: true"),
        ("en: Disclosure Statement", "en: Statement of Disclosure"),
        ("{en: Signature of the client, es", "{en: Signature, es"),
    )
    assert not any(forms.differences(site, form).values()), "the texts are the same"
    told = forms.manifest_differences(site, form)
    for line in (
        "-needs_counsel: True",
        "+needs_counsel: False",
        "-family: specific",
        "+family: tpo",
        "+single_use: True",
        "-title, en: Disclosure Statement",
        "+title, en: Statement of Disclosure",
        "+signers, client, label_of_two, en: Signature",
    ):
        assert line in told
    assert not any("org_cert" in line for line in told), "and nothing that stayed"


def test_the_order_of_signing_is_told_where_it_changes(site: Site) -> None:
    witness = "  - role: witness\n    label: {en: Signature of the staff member who saw the signing, es: "
    form = edition((witness, witness.replace("role: witness", "role: interpreter")))
    told = forms.manifest_differences(site, form)
    assert "+signers: org_cert, client, representative, interpreter, org_seal" in told
    assert "-signers: org_cert, client, representative, witness, org_seal" in told


def test_a_new_form_is_shown_whole(site: Site) -> None:
    form = edition(form_id="disclosure-of-ours")
    assert all(line.startswith("+") for line in forms.manifest_differences(site, form))
    assert all(len(told) > 20 for told in forms.differences(site, form).values())

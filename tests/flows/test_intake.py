"""Asking twice for the same is asking once; a new sitting, another day or another wish is another packet."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from flows import intake
from register.errors import RegisterError
from rules.finding import FindingCode
from rules.request import RequestError

if TYPE_CHECKING:
    from tests.flows.conftest import Setting


def told(setting: Setting, **changes: object) -> dict[str, Any]:
    wish = {
        "form": "disclosure",
        "organization": str(setting.world.ids.housing),
        "categories": ["housing"],
        "purposes": ["housing_placement"],
        "expires": (setting.now.date() + dt.timedelta(days=90)).isoformat(),
        **changes,
    }
    return {"client": str(setting.world.ids.client), "statements": [wish]}


def test_the_same_wish_on_the_same_day_is_the_same_request(setting: Setting) -> None:
    wish = told(setting)
    first = intake.packet_request(setting.site, wish).request_id
    backwards = {name: wish[name] for name in reversed(wish)}
    assert intake.packet_request(setting.site, backwards).request_id == first, "the order of the words says nothing"


def test_a_new_sitting_another_wish_and_another_day_are_other_requests(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    wish = told(setting)
    ids = {
        intake.packet_request(setting.site, wish).request_id,
        intake.packet_request(setting.site, wish, again=True).request_id,
        intake.packet_request(setting.site, wish, again=True).request_id,
        intake.packet_request(setting.site, told(setting, purpose_text="a place to live")).request_id,
    }
    monkeypatch.setattr(intake, "now", lambda: setting.later(days=1))
    ids.add(intake.packet_request(setting.site, wish).request_id)
    assert len(ids) == 5


def test_pressing_the_button_three_times_opens_one_packet(setting: Setting) -> None:
    from register import packets

    opened = {intake.open_packet(setting.site, told(setting), by=setting.world.intake).packet_id for _ in range(3)}
    assert len(opened) == 1
    assert len(packets.listing(client_id=setting.world.ids.client)) == 1
    again = intake.open_packet(setting.site, told(setting), by=setting.world.intake, again=True)
    assert again.packet_id not in opened


def test_the_id_of_a_request_tells_nothing_of_what_was_asked(setting: Setting) -> None:
    """It is a hash in the audit log; whoever guesses the wish can check the guess only with the client's opaque id."""
    request_id = intake.packet_request(setting.site, told(setting, purpose_text=setting.world.PURPOSE)).request_id
    assert request_id.version == 5
    assert setting.world.PURPOSE.encode() not in request_id.bytes


@pytest.mark.parametrize(
    ("changes", "form_id"),
    [
        ({"purposes": ["housing_placement"]}, "disclosure"),
        ({"purposes": ["legal_proceeding"]}, "disclosure-proceeding"),
        ({"categories": ["hiv_information"]}, "disclosure-protected"),
        ({"purposes": ["records_transfer"]}, "disclosure-transfer"),
    ],
)
def test_who_names_no_form_gets_the_one_that_is_needed(
    setting: Setting, changes: dict[str, object], form_id: str
) -> None:
    wish = told(setting, **changes)
    del wish["statements"][0]["form"]
    (asked,) = intake.packet_request(setting.site, wish).statements
    assert asked.form.form_id == form_id


def mandated(setting: Setting, *, this_program: bool) -> dict[str, Any]:
    return {
        "organization": str(setting.world.ids.probation),
        "categories": ["attendance"],
        "purposes": ["supervision"],
        "mandate": {
            "kind": "probation_condition",
            "body": "Albany County Court",
            "reference": "IND-2026-114",
            "ordered_on": "2026-10-01",
            "this_program": this_program,
        },
    }


@pytest.mark.parametrize(("this_program", "form_id"), [(True, "disclosure-supervision"), (False, "disclosure")])
def test_the_form_of_2_35_is_for_a_mandate_to_take_part_in_this_very_program(
    setting: Setting, this_program: bool, form_id: str
) -> None:
    wish = told(setting, **mandated(setting, this_program=this_program))
    del wish["statements"][0]["form"]
    (asked,) = intake.packet_request(setting.site, wish).statements
    assert asked.form.form_id == form_id


def test_a_form_of_a_family_that_does_not_serve_is_refused_with_the_rule(setting: Setting) -> None:
    from register import organizations
    from rules.vocabulary import OrganizationKind

    payer = organizations.add(
        legal_name="Albany Health Plan", kind=OrganizationKind.PAYER, by=setting.world.intake, now=setting.now
    ).organization_id
    wish = told(setting, organization=str(payer), categories=["billing"], purposes=["payment"])
    with pytest.raises(RegisterError) as error:
        intake.open_packet(setting.site, wish, by=setting.world.intake)
    assert [one.finding.code for one in error.value.findings] == [FindingCode.S07]
    del wish["statements"][0]["form"]
    assert intake.open_packet(setting.site, wish, by=setting.world.intake).statements[-1].form_id == "disclosure-payer"


def test_a_wish_without_form_and_organization_says_what_to_name(setting: Setting) -> None:
    wish = told(setting)
    del wish["statements"][0]["form"], wish["statements"][0]["organization"]
    with pytest.raises(RequestError, match="neither an organization nor a form"):
        intake.packet_request(setting.site, wish)


def _named_in_chinese(setting: Setting) -> dict[str, Any]:
    """A wish for a client whose name holds a character that no font has, whatever is installed here."""
    from register import clients
    from rules.draft import Identity

    identity = Identity(legal_name="Quetzalcanario \U0003fffd", birth_date=dt.date(1990, 5, 4))
    client = clients.add(setting.world.vault, identity, by=setting.world.intake, now=setting.now)
    return {**told(setting), "client": str(client.client_id)}


def test_a_name_that_no_font_has_letters_for_is_refused_across_the_desk(setting: Setting) -> None:
    """It was printed as empty boxes, and nobody was told."""
    from register import packets

    wish = _named_in_chinese(setting)
    with pytest.raises(RegisterError) as error:
        intake.open_packet(setting.site, wish, by=setting.world.intake)
    found = {(one.finding.code, one.finding.field) for one in error.value.findings}
    assert found == {(FindingCode.F07, "client.name")}
    said = " ".join(one.finding.sentence for one in error.value.findings)
    assert "1 character" in said
    assert "\U0003fffd" not in said
    assert "Quetzal" not in said
    assert packets.listing() == ()
    assert intake.warnings(setting.site, told(setting), by=setting.world.intake) is not None


def test_where_fontconfig_says_nothing_the_worker_refuses_the_page_once_and_for_all(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows import packet as job
    from flows.desk import Desk
    from flows.runs import Stages, Step, StepFailed
    from rules.vocabulary import StatementState
    from templates import coverage

    monkeypatch.setattr(coverage, "_installed", lambda: None)
    opened = intake.open_packet(setting.site, _named_in_chinese(setting), by=setting.world.intake)
    here = Desk(setting.site)
    try:
        with pytest.raises(StepFailed) as failed:
            job.present(here, Stages(), opened, opened.statements[-1])
    finally:
        here.close()
    assert (failed.value.step, failed.value.code) == (Step.RENDER, "text_unprintable")
    assert not failed.value.passing
    assert opened.statements[-1].state is StatementState.DRAFT

"""Intake: from what somebody wrote down to a packet in the register, asked for once however often the button is
pressed.

Danger: two packets for one sitting, because a file was handed in twice. Invariant: the request's id is made from what
is asked, by whom it is asked for, and the day; asking for the same again that day gives the same packet, unless a new
sitting is said to begin.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4, uuid5

from flows import forms
from flows.bell import ring
from flows.site import Site, now
from register import agency, organizations, packets, signings
from register.errors import RegisterError, RegisterErrorCode
from register.facts import FormChoice, Packet, PacketRequest, Person, Refusal, StatementRequest
from rules.choosing import Choice, family_for, published
from rules.draft import StatementDraft
from rules.finding import Finding, FindingCode, block
from rules.request import Problem, RequestError, StatementWish, parse_request
from rules.vocabulary import InformationCategory, PurposeCode
from rules.wording import fields_of
from templates import coverage

if TYPE_CHECKING:
    from templates.form import Form

ACKNOWLEDGMENT = "privacy-acknowledgment"
_SITTINGS = UUID("3b6d3c1e-6f0e-4c0d-9d3b-0a6f3f7a8c11")
"""Name space of request ids made from what is asked (RFC 9562 §5.5)."""


def form_choice(site: Site, form_id: str) -> FormChoice:
    """What the register needs of a form in force. Raises `FormError` for a form that is not published."""
    return forms.form_choice(site.catalog.get(form_id))


def packet_request(site: Site, told: Mapping[str, Any], *, again: bool = False) -> PacketRequest:
    """A request as the register takes it, from parsed JSON or YAML (see docs/rules.md).

    A statement that names no form gets the one that what is asked needs. `again`: a new sitting, even if the same was
    asked for today. Raises `RequestError` with every problem, `FormError`; `RegisterError` REFUSED where no form of the
    kind that is needed is published, UNKNOWN_ID for an organization.
    """
    asked = parse_request(told)
    chosen = _forms(site, asked.statements)
    today = agency.today(now())
    wanted = json.dumps(dict(told), sort_keys=True, default=str)
    return PacketRequest(
        request_id=uuid4() if again else uuid5(_SITTINGS, f"{today.isoformat()} {wanted}"),
        client_id=asked.client_id,
        statements=tuple(_statement(form, wish, today) for form, wish in zip(chosen, asked.statements, strict=True)),
        acknowledgment=form_choice(site, ACKNOWLEDGMENT),
        language=asked.language,
    )


def open_packet(site: Site, told: Mapping[str, Any], *, by: Person, again: bool = False) -> Packet:
    """Open a packet and wake a worker.

    Raises `RequestError` and `RegisterError` with everything that is wrong; then nothing was opened.
    """
    request = packet_request(site, told, again=again)
    packet = packets.open_packet(site.vault, request, by=by, now=now(), also=unprintable)
    call(site)
    return packet


def warnings(site: Site, told: Mapping[str, Any], *, by: Person) -> tuple[Refusal, ...]:
    """What the rules say of a request without refusing it, each once. Raises as `open_packet` does."""
    found = packets.findings(site.vault, packet_request(site, told), by=by, now=now(), also=unprintable)
    return tuple({(one.form_id, one.finding): one for one in found if not one.blocks}.values())


def unacknowledged(site: Site, statement_id: UUID) -> tuple[Finding, ...]:
    """What whoever conducts the signing of a statement is told: the client has acknowledged no current policies (V20).

    Empty when they have, and for a paper that shares nothing. Raises `RegisterError` UNKNOWN_ID.
    """
    return signings.unacknowledged(site.vault, statement_id, form_choice(site, ACKNOWLEDGMENT), now=now())


def reissue(site: Site, packet_id: UUID, *, by: Person) -> Packet:
    """Ask again for what failed or was made void, on the forms now in force, and wake a worker."""
    choices = {form.id: forms.form_choice(form) for form in site.catalog}
    packet = packets.reissue(
        site.vault, packet_id, request_id=uuid4(), forms=choices, by=by, now=now(), also=unprintable
    )
    call(site)
    return packet


def unprintable(draft: StatementDraft) -> tuple[Finding, ...]:
    """F07: letters that no installed font has, told while the client sits there; the finished PDF decides."""
    fields = fields_of(draft, statement_ref="", prepared_on=date.min)
    return tuple(
        block(
            FindingCode.F07,
            field,
            f"No installed font has these letters, and empty boxes would be printed ({coverage.told(field, lacking)}). "
            f"{coverage.REMEDY}",
            "42 CFR 2.31(a); 45 CFR 164.508(c)",
        )
        for field, lacking in coverage.without_font(fields).items()
    )


def call(site: Site) -> None:
    """Wake a worker for a packet that was opened."""
    ring(site.configuration, waiting=packets.waiting())


def needed(
    organization_id: UUID,
    *,
    categories: Collection[InformationCategory],
    purposes: Collection[PurposeCode],
    mandated_here: bool = False,
) -> Choice:
    """The family of forms that a statement to this organization needs, and why. Raises `RegisterError` UNKNOWN_ID."""
    return family_for(
        kind=organizations.show(organization_id).kind,
        categories=categories,
        purposes=purposes,
        classes=agency.current().classes,
        mandated_here=mandated_here,
    )


def forms_of(site: Site, choice: Choice) -> tuple[Form, ...]:
    """The forms in force of that family; more than one where the site publishes several."""
    return tuple(form for form in site.catalog if form.family is choice.family)


def _forms(site: Site, wishes: Sequence[StatementWish]) -> tuple[Form, ...]:
    """The form of every statement: the one that is named, or the one that is needed."""
    found: list[Form] = []
    refused: list[Refusal] = []
    problems: list[Problem] = []
    for place, wish in enumerate(wishes):
        if wish.form_id or wish.organization_id is None:
            found.append(site.catalog.get(wish.form_id))
            continue
        here = wish.mandate is not None and wish.mandate.this_program
        choice = needed(wish.organization_id, categories=wish.categories, purposes=wish.purposes, mandated_here=here)
        forms_there = forms_of(site, choice)
        refused += [
            Refusal(position=place, form_id=choice.family.value, finding=finding)
            for finding in published(choice.family, {form.family for form in forms_there})
        ]
        if len(forms_there) > 1:
            remedy = f"Name one: {', '.join(form.id for form in forms_there)}."
            problems.append(Problem(f"statements.{place}.form", "Several forms of this site serve this.", remedy))
        found += forms_there[:1]
    if problems:
        raise RequestError(problems)
    if refused:
        raise RegisterError(
            RegisterErrorCode.REFUSED,
            f"The packet cannot be opened: {len(refused)} finding(s).",
            "Put right what is listed and ask again.",
            findings=tuple(refused),
        )
    return tuple(found)


def _statement(form: Form, wish: StatementWish, today: date) -> StatementRequest:
    return StatementRequest(
        form=forms.form_choice(form),
        language=wish.language,
        organization_id=wish.organization_id,
        effective_from=wish.effective_from or today,
        categories=wish.categories,
        records_from=wish.records_from,
        records_to=wish.records_to,
        everything_justification=wish.everything_justification,
        purposes=wish.purposes,
        purpose_text=wish.purpose_text,
        initiated_by_client=wish.initiated_by_client,
        expiry=wish.expiry,
        revocable=wish.revocable,
        mandate=wish.mandate,
        capacity=wish.capacity,
        representative_name=wish.representative_name,
        authority=wish.authority,
        interpreter_name=wish.interpreter_name,
        minor_basis=wish.minor_basis,
        exchange=wish.exchange,
        single_use=wish.single_use or form.single_use,
        about=wish.about,
        group=wish.group,
    )

"""Intake: from what somebody wrote down to a packet in the register, asked for once however often the button is
pressed.

Danger: two packets for one sitting, because a file was handed in twice. Invariant: the request's id is made from what
is asked, by whom it is asked for, and the day; asking for the same again that day gives the same packet, unless a new
sitting is said to begin.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID, uuid4, uuid5

from flows import forms
from flows.bell import ring
from flows.site import Site, now
from register import agency, packets
from register.facts import FormChoice, Packet, PacketRequest, Person, StatementRequest
from rules.request import StatementWish, parse_request

ACKNOWLEDGMENT = "privacy-acknowledgment"
_SITTINGS = UUID("3b6d3c1e-6f0e-4c0d-9d3b-0a6f3f7a8c11")
"""Name space of request ids made from what is asked (RFC 9562 §5.5)."""


def form_choice(site: Site, form_id: str) -> FormChoice:
    """What the register needs of a form in force. Raises `FormError` for a form that is not published."""
    return forms.form_choice(site.catalog.get(form_id))


def packet_request(site: Site, told: Mapping[str, Any], *, again: bool = False) -> PacketRequest:
    """A request as the register takes it, from parsed JSON or YAML (see docs/rules.md).

    `again`: a new sitting, even if the same was asked for today. Raises `RequestError` with every problem,
    `FormError`.
    """
    asked = parse_request(told)
    today = agency.today(now())
    wanted = json.dumps(dict(told), sort_keys=True, default=str)
    return PacketRequest(
        request_id=uuid4() if again else uuid5(_SITTINGS, f"{today.isoformat()} {wanted}"),
        client_id=asked.client_id,
        statements=tuple(_statement(site, wish, today) for wish in asked.statements),
        acknowledgment=form_choice(site, ACKNOWLEDGMENT),
        language=asked.language,
    )


def open_packet(site: Site, told: Mapping[str, Any], *, by: Person, again: bool = False) -> Packet:
    """Open a packet and wake a worker.

    Raises `RequestError` and `RegisterError` with everything that is wrong; then nothing was opened.
    """
    packet = packets.open_packet(site.vault, packet_request(site, told, again=again), by=by, now=now())
    ring(site.configuration)
    return packet


def reissue(site: Site, packet_id: UUID, *, by: Person) -> Packet:
    """Ask again for what failed or was made void, on the forms now in force, and wake a worker."""
    choices = {form.id: forms.form_choice(form) for form in site.catalog}
    packet = packets.reissue(site.vault, packet_id, request_id=uuid4(), forms=choices, by=by, now=now())
    ring(site.configuration)
    return packet


def _statement(site: Site, wish: StatementWish, today: date) -> StatementRequest:
    form = site.catalog.get(wish.form_id)
    return StatementRequest(
        form=form_choice(site, wish.form_id),
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
        interpreter_name=wish.interpreter_name,
        minor_basis=wish.minor_basis,
        exchange=wish.exchange,
        single_use=wish.single_use or form.single_use,
        about=wish.about,
        group=wish.group,
    )

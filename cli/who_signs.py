"""Who signs, asked at the terminal as far as it is not plain: a client of age who signs is one key.

Danger: a paper signed by the wrong one of minor and parent is no consent, or tells the parent (42 CFR 2.14). Invariant:
what may be answered, and what is wrong with an answer, is said by the rules that judge the packet (V14), never here.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import click

from cli import ask

if TYPE_CHECKING:
    from uuid import UUID

    from flows.site import Site
    from register.facts import Person
    from rules.draft import Authority
    from rules.signers import Choices
    from rules.vocabulary import MinorBasis, SignerCapacity

_BASIS = {
    "may_consent_alone": "state law lets the client have this service alone: only the client signs",
    "parent_must_join": "a parent or guardian must agree: {}",
}
_HOW = {True: "client and parent or guardian both sign", False: "they sign in the client's place"}


class WhoSigns:
    """The answers of one sitting, asked for when they are first needed and not again."""

    def __init__(self, site: Site, client_id: UUID, by: Person) -> None:
        self._site, self._client, self._by = site, client_id, by

    def of_statement(self) -> dict[str, Any]:
        """What a statement's file would say of who signs; nothing where the client does."""
        return self._minor if self._choices.minor else self._of_age

    def of_paper(self) -> dict[str, Any]:
        """The same of a paper that shares nothing: a minor reads and signs it like anybody."""
        return {} if self._choices.minor else self._of_age

    @cached_property
    def _choices(self) -> Choices:
        from flows.site import now
        from register import packets

        return packets.who_may_sign(self._site.vault, self._client, by=self._by, now=now())

    @cached_property
    def _of_age(self) -> dict[str, Any]:
        from rules.vocabulary import SignerCapacity

        others = [each.value for each in self._choices.capacities]
        who = SignerCapacity(ask.choose("Who signs", ["client", *others], default="client"))
        return {} if who is SignerCapacity.CLIENT else _other(who)

    @cached_property
    def _minor(self) -> dict[str, Any]:
        from rules.vocabulary import MinorBasis, SignerCapacity

        may = self._choices
        click.echo(f"The client is a minor ({may.authority}).", err=True)
        basis = may.bases[0]
        if len(may.bases) == 1:
            click.echo(f"At this age {_said(basis, beside=may.beside)}.", err=True)
        else:
            for each in may.bases:
                click.echo(f"  {each.value}: {_said(each, beside=may.beside)}", err=True)
            basis = MinorBasis(ask.choose("Which is recorded of this client", [each.value for each in may.bases]))
        told = {"minor_basis": basis.value}
        if basis is MinorBasis.MAY_CONSENT_ALONE:
            return told
        question = "Who signs beside the client" if may.beside else "Who signs in the client's place"
        return told | _other(SignerCapacity(ask.choose(question, [each.value for each in may.capacities])))


def _said(basis: MinorBasis, *, beside: bool) -> str:
    return _BASIS[basis.value].format(_HOW[beside])


def _other(capacity: SignerCapacity) -> dict[str, Any]:
    """Name and right of who signs for a client or beside them; the paper is asked for until it shows that right."""
    from flows.site import now
    from register import agency
    from rules.signers import authority_seen

    who = capacity.value.replace("_", " ")
    name = ask.prompt_filled(f"Name of the {who}")
    while found := tuple(authority_seen(capacity, seen := _paper(capacity), agency.today(now()))):
        for one in found:
            click.echo(f"! {one.field}: {one.sentence}", err=True)
            click.echo(f"    {one.code} · {one.authority}", err=True)
    return {
        "capacity": capacity.value,
        "representative_name": name,
        "authority": {
            "paper": seen.paper.value,
            "issued_by": seen.issued_by,
            "reference": seen.reference,
            "seen_on": seen.seen_on.isoformat(),
        },
    }


def _paper(capacity: SignerCapacity) -> Authority:
    from rules.draft import Authority
    from rules.signers import papers_of
    from rules.vocabulary import AuthorityPaper

    papers = [each.value for each in papers_of(capacity)]
    return Authority(
        paper=AuthorityPaper(papers[0] if len(papers) == 1 else ask.choose("Which paper shows the right", papers)),
        issued_by=ask.prompt_filled("Who issued it (a court or office, never a person)"),
        reference=ask.prompt_filled("Its number or date, as it stands on it"),
        seen_on=ask.prompt_day("When did you see it"),
    )

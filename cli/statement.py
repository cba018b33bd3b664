"""`confide statement`: where one statement stands, and what becomes of it once it is there to be signed.

Every verb here is a person's word about a client's consent, so each asks who it is, and each reason is kept sealed
with the move it led to. STATEMENT is always its id, or the short id printed on the paper.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from cli import ask
from cli.doors import opened, statement_id
from cli.group import Group
from cli.output import answer, json_option, table
from cli.person import Claimed, authenticated, person_options

if TYPE_CHECKING:
    from register.facts import Moved, Statement
    from register.vocabulary import StaffRole

VOID_REASONS = ("wrong_content", "client_asked")


@click.group(cls=Group)
def statement() -> None:
    """Where a statement stands, and what becomes of it: spoken requests, writings on paper, ends."""


@statement.command("show")
@click.argument("statement")
@click.option("--why", "why", is_flag=True, help="The reasons kept with its moves too; your look is noted.")
@person_options
@json_option
def show(statement: str, why: bool, username: str | None, password_file: str | None, as_json: bool) -> None:
    """Where it stands, whether anything may be shared on it now, how it came there, and what was shared."""
    site = opened()
    from flows.site import now
    from register import disclosing, ledger, organizations, standing, statements

    which = statement_id(statement)
    told = standing.moves_of(which)
    if why:
        by = authenticated(Claimed(username, password_file), *_desk())
        told = standing.moves_with_reasons(site.vault, which, by=by, now=now())
    row = statements.show(which)
    given = ledger.of_statement(which)
    in_force = disclosing.in_force(site.vault, which, now=now()) if row.family.discloses else ()
    data = {"statement": row, "moves": told, "shared": given, "nothing_may_be_shared_because": in_force}
    if as_json:
        answer(data, "", as_json=True)
        return
    named = organizations.show(row.organization_id).legal_name if row.organization_id else "no organization"
    click.echo(f"{row.ref} · {row.form_id} ({row.language}) · {named}")
    click.echo(f"State: {row.state.replace('_', ' ')}, revision {row.revision}, proof: {row.proof.replace('_', ' ')}")
    if missing := statements.waits_for(row):
        click.echo(f"Signed: {', '.join(row.signed) or 'nobody yet'}. Waits for: {', '.join(missing)}.")
    if row.family.discloses:
        click.echo("Information may be shared on it now." if not in_force else "Nothing may be shared on it now:")
        for finding in in_force:
            click.echo(f"  • {finding.sentence} ({finding.code} · {finding.authority})")
    table(["When (UTC)", "From", "To", "Because", "By", "Reason"], [_line(move) for move in told])
    if given:
        click.echo(f"Shared {len(given)} time(s), the last on {given[-1].disclosed_at:%Y-%m-%d %H:%M} UTC.")


def _line(move: Moved) -> list[str]:
    words = [move.source, move.target, move.trigger]
    reason = move.reason or ("kept sealed (--why)" if move.has_reason else "—")
    return [f"{move.at:%Y-%m-%d %H:%M}", *(word.replace("_", " ") for word in words), move.actor, reason]


@statement.command("suspend")
@click.argument("statement")
@person_options
@json_option
def suspend(statement: str, username: str | None, password_file: str | None, as_json: bool) -> None:
    """The client said, by word of mouth, to stop: from this moment nothing is shared until a writing comes."""
    opened()
    from flows.site import now
    from register import standing

    by = authenticated(Claimed(username, password_file), *_desk())
    after = standing.suspend(statement_id(statement), by=by, now=now())
    _tell(after, "nothing is shared on it until the client's writing comes (resume, or revoke).", as_json=as_json)


@statement.command("resume")
@click.argument("statement")
@ask.from_option
@person_options
@json_option
def resume(statement: str, source: str | None, username: str | None, password_file: str | None, as_json: bool) -> None:
    """The client took the spoken request back, in writing; say what the writing is and when it came (reason)."""
    site = opened()
    from flows.site import now
    from register import standing

    by = authenticated(Claimed(username, password_file), *_desk())
    reason = ask.reason(source, "What the client wrote, and when it came")
    after = standing.resume(site.vault, statement_id(statement), reason=reason, by=by, now=now())
    _tell(after, "it is in force again.", as_json=as_json)


@statement.command("revoke")
@click.argument("statement")
@ask.from_option
@person_options
@json_option
def revoke(statement: str, source: str | None, username: str | None, password_file: str | None, as_json: bool) -> None:
    """A revocation came on paper: any writing of the client revokes on receipt (reason: what it is, when it came).

    A criminal justice statement whose time to revoke has not come waits for counsel instead, and nothing is shared
    on it meanwhile. What was shared before stands in the ledger as it was. To sign a revocation here, open a packet
    with the form `revocation`.
    """
    site = opened()
    from flows.site import now
    from register import standing
    from rules.vocabulary import StatementState

    by = authenticated(Claimed(username, password_file), *_desk())
    reason = ask.reason(source, "What the writing is, and when it came")
    after = standing.revoke(site.vault, statement_id(statement), reason=reason, by=by, now=now())
    waits = after.state is StatementState.REVOCATION_REQUESTED
    then = "counsel decides (confide statement decide); nothing is shared meanwhile." if waits else "it has ended."
    _tell(after, then, as_json=as_json)


@statement.command("decide")
@click.argument("statement")
@click.option("--revoked/--stands", "revoked", default=None, help="Whether it is revoked, or stands.")
@ask.from_option
@person_options
@json_option
def decide(
    statement: str,
    revoked: bool | None,
    source: str | None,
    username: str | None,
    password_file: str | None,
    as_json: bool,
) -> None:
    """Counsel decides on a revocation that was asked for before its time (42 CFR 2.35(c)), with the reason."""
    site = opened()
    from flows.site import now
    from register import standing
    from register.vocabulary import StaffRole

    by = authenticated(Claimed(username, password_file), StaffRole.COUNSEL)
    if revoked is None:
        revoked = ask.choose("Is it revoked, or does it stand", ["revoked", "stands"]) == "revoked"
    reason = ask.reason(source, "Why")
    which = statement_id(statement)
    after = standing.decide_revocation(site.vault, which, revoked=revoked, reason=reason, by=by, now=now())
    _tell(after, "it has ended." if revoked else "it is in force again.", as_json=as_json)


@statement.command("supersede")
@click.argument("statement")
@click.option("--with", "newer", required=True, metavar="STATEMENT", help="The newer statement, which is in force.")
@person_options
@json_option
def supersede(statement: str, newer: str, username: str | None, password_file: str | None, as_json: bool) -> None:
    """A newer statement of the same client to the same organization stands in its place; the older one ends."""
    opened()
    from flows.site import now
    from register import standing

    by = authenticated(Claimed(username, password_file), *_desk())
    after = standing.supersede(statement_id(statement), newer_id=statement_id(newer), by=by, now=now())
    _tell(after, "the newer one stands in its place.", as_json=as_json)


@statement.command("mark")
@click.argument("statement")
@click.argument("what", type=click.Choice(["known-false", "ended"]))
@ask.from_option
@person_options
@json_option
def mark(
    statement: str, what: str, source: str | None, username: str | None, password_file: str | None, as_json: bool
) -> None:
    """Write down what ends it: something material in it is false (known-false), or its event came about (ended).

    The reason says how that is known. Dates end a statement by themselves.
    """
    site = opened()
    from flows.site import now
    from register import standing

    by = authenticated(Claimed(username, password_file), *_desk())
    reason = ask.reason(source, "How is that known")
    end = standing.mark_known_false if what == "known-false" else standing.mark_ended
    after = end(site.vault, statement_id(statement), reason=reason, by=by, now=now())
    _tell(after, "nothing is shared on it any more.", as_json=as_json)


@statement.command("decline")
@click.argument("statement")
@person_options
@json_option
def decline(statement: str, username: str | None, password_file: str | None, as_json: bool) -> None:
    """The client chose not to sign; no reason is asked."""
    opened()
    from flows.site import now
    from register import statements

    by = authenticated(Claimed(username, password_file), *_desk())
    _tell(statements.decline(statement_id(statement), by=by, now=now()), "nobody is asked why.", as_json=as_json)


@statement.command("withdraw")
@click.argument("statement")
@click.option("--because", type=click.Choice(VOID_REASONS), required=True, help="What was wrong, or who asked.")
@person_options
@json_option
def withdraw(statement: str, because: str, username: str | None, password_file: str | None, as_json: bool) -> None:
    """Take a statement back before it is in force: it becomes void, and its packet can be reissued."""
    opened()
    from flows.site import now
    from register import statements
    from register.vocabulary import VoidReason

    by = authenticated(Claimed(username, password_file), *_desk())
    after = statements.void(statement_id(statement), reason=VoidReason(because), by=by, now=now())
    _tell(after, f"to ask for it anew: confide packet reissue {after.packet_id}", as_json=as_json)


def _desk() -> Sequence[StaffRole]:
    from register.moves import DESK

    return DESK


def _tell(after: Statement, then: str, *, as_json: bool) -> None:
    answer(after, f"{after.ref} is {after.state.replace('_', ' ')}: {then}", as_json=as_json)

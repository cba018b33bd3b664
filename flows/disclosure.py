"""A disclosure under a statement in force: judged now, its papers made, written into the ledger, and only then handed
over.

Danger: records that go out on a consent that ended this morning, without the notice the law wants with them, or without
a line that says so. Invariants: the rules are asked before any paper is made and again in the very transaction that
writes the ledger; what must accompany Part 2 records or HIV information is read back from the finished page (V17); the
bytes leave this module only after the row is committed. The records themselves are the program's own and pass no part
of Confide.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from flows.egress import sealed_bytes
from flows.finished import copy_name
from flows.notice import accompanying_notice
from flows.site import Site, now
from register import disclosing, records, statements
from register.errors import RegisterError, RegisterErrorCode
from register.facts import Handover, Person, Statement
from register.ledger_facts import Disclosure
from register.vocabulary import HandoverMethod
from rules.disclosure import Item, Wanted, accompanied
from rules.draft import StatementDraft
from rules.finding import Finding, blocking
from rules.notices import Notice, in_writing_within, notice_belongs, redisclosure_notice, state_notice_for
from rules.vocabulary import Language
from templates.text import extract


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A finished page that goes with what is shared."""

    file_name: str
    """Form and short id: never a name, never what the program is."""
    pdf: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What was written down, and what goes with it."""

    statement: Statement
    disclosure: Disclosure
    papers: tuple[Paper, ...]
    """The notice where one belongs (a copy for each item), and the statement itself as evidence of the consent."""
    read_out: str
    """What is said before anything else, where it is shared by word of mouth; "" otherwise."""
    in_writing_within: int
    """Days in which the state's notice follows what was read out, in writing; 0 where none follows."""


def judged(site: Site, statement_id: UUID, wanted: Wanted) -> tuple[Finding, ...]:
    """What the rules say now; writes nothing. Raises `RegisterError`."""
    return disclosing.findings(site.vault, statement_id, wanted, now=now())


def share(site: Site, statement_id: UUID, wanted: Wanted, told: Handover, *, language: Language, by: Person) -> Shared:
    """Write one disclosure down and give back what must go with it; `language`: around the notice's own words.

    Raises `RegisterError` REFUSED with every finding, and then nothing was written; `FormError` where the notice cannot
    be made; `StorageError` where the kept statement is not whole.
    """
    row, moment = statements.show(statement_id), now()
    disclosing.refuse(row, blocking(disclosing.findings(site.vault, statement_id, wanted, now=moment)))
    draft = statements.draft(site.vault, statement_id, by=by, now=moment)
    state = state_notice_for(wanted.categories, draft.discloser.jurisdiction)
    papers, items, script = _accompanying(site, row, draft, state, told, language=language, by=by)
    lacking = accompanied(items, draft.discloser, by_consent=True, categories=wanted.categories)
    disclosing.refuse(row, blocking(lacking))
    entered = disclosing.disclose(site.vault, statement_id, wanted, told, by=by, now=now())
    follows = in_writing_within(draft.discloser.jurisdiction) if script and state is not None else 0
    return Shared(statement=row, disclosure=entered, papers=papers, read_out=script, in_writing_within=follows)


def _accompanying(
    site: Site,
    row: Statement,
    draft: StatementDraft,
    state: Notice | None,
    told: Handover,
    *,
    language: Language,
    by: Person,
) -> tuple[tuple[Paper, ...], tuple[Item, ...], str]:
    """What goes with every item, as it is: pages read back from the finished PDF, or the words that are read out."""
    spoken = told.method is HandoverMethod.SPOKEN
    federal = notice_belongs(draft.discloser.classes, by_consent=True)
    if spoken:
        said = [redisclosure_notice(2).text] if federal else []
        script = "\n".join([*said, state.text] if state is not None else said)
        return (), (Item("call", script, consent_with_it=told.scope_told),), script
    papers = [Paper(file_name=copy_name(row), pdf=_statement(site, row))]
    notice = ""
    if federal or state is not None:
        page = accompanying_notice(site, row.statement_id, language=language, by=by)
        papers.insert(0, Paper(file_name=page.file_name, pdf=page.pdf))
        notice = "\n".join(extract(page.pdf).pages)
    items = tuple(Item(f"item {number}", notice, consent_with_it=True) for number in range(1, told.items + 1))
    return tuple(papers), items, ""


def _statement(site: Site, row: Statement) -> bytes:
    """The sealed statement itself: the copy of the consent that goes with what is shared (42 CFR 2.32(b))."""
    record = records.of(row.statement_id)
    if record is None:
        raise RegisterError(
            RegisterErrorCode.NOT_FINISHED, f"The statement {row.ref} is not sealed.", "Seal it first: confide serve."
        )
    return sealed_bytes(site, row, record)

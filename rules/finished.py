"""Searches a finished PDF - its text, metadata and file name - for what it must and must not say (house invariant 1).

Danger: the recipient field is clean, but an officer stands in a cc line, another organization in a purpose, the wrong
revocation sentence in the form, or the program in the file's name. Invariant: the bytes a client is shown name one
receiving organization and no person but client, representative, witness and interpreter; what is required is there;
and the revocation regime is the family's own.

Pure: works on text that was extracted already. Both sides are folded (line breaks, ligatures, soft hyphens, accents).

Source: advisory, paragraph 2; 42 CFR 2.31(a), 2.35; 45 CFR 164.508(c); house invariant 1.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cache, reduce
from operator import getitem
from typing import Any

from rules.draft import StatementDraft
from rules.families import Clause
from rules.finding import Finding, FindingCode, block
from rules.folding import fold, one_line, unbroken
from rules.form_text import found
from rules.individuals import individuals_in, individuals_in_file_name
from rules.papers import must_print, words_in_force
from rules.signers import both_sign
from rules.tables import table
from rules.vocabulary import CRIMINAL_JUSTICE_KINDS, Family, Language, SignerCapacity
from rules.wording import fields_of, needs_tpo_clauses

_ADVISORY = "advisory, paragraph 2; house invariant 1"
_GLUE = re.compile(r"[\s\-]+")
_LEFT_OVER = re.compile(
    r"\{\{|\}\}|\{%|%\}|\{#|#\}|\bx{3,}\b|\btbd\b|\blorem ipsum\b"
    r"|[<\[](?:insert|name|date|client|organization|address|nombre|fecha|cliente|organizacion)[^<>\[\]]{0,40}[>\]]"
)
_OWN_METADATA = ("Creator", "Producer", "CreationDate", "ModDate", "Trapped")
PRINTED_WHERE_ASKED = frozenset(
    [
        *("client.birth_date", "client.also_known_as", "client.number"),
        *("agency.unit", "agency.address", "agency.phone"),
        *("organization.unit", "organization.address"),
        "interpreter.name",
    ]
)
"""Fields that a form need not ask for; what was filled in where it does must be on the paper."""


def check_finished(
    text: str | Sequence[str],
    metadata: Mapping[str, str],
    file_name: str,
    *,
    draft: StatementDraft,
    statement_ref: str,
    other_organizations: Iterable[str],
    staff_names: Iterable[str] = (),
    witness_name: str | None = None,
    asked: Collection[str] = (),
) -> tuple[Finding, ...]:
    """Everything wrong with a finished paper; empty when it may be shown.

    `text`: the extracted text, whole or by page. `metadata`: the document information. `file_name`: as a person will
    see it. `other_organizations`: legal names of every other registered organization, former names too.
    `staff_names`: staff and contacts, who must not be named. `witness_name`: once there is one.
    `asked`: the names of the fields that the form asks for.

    No finding quotes what it found: a name stays where it is.
    """
    whole = text if isinstance(text, str) else "\n".join(text)
    seen = _Seen(whole)
    title = " ".join(value for key, value in metadata.items() if key not in _OWN_METADATA)
    names = _Places(draft, witness_name, statement_ref)
    # drawn at random, the short id may begin like a title ("RN3P-…"); it is nobody's
    file_name = file_name.replace(statement_ref, "")
    return (
        *_other_organizations(seen, title, file_name, names, other_organizations),
        *_people(seen, title, file_name, names, staff_names),
        *_present(seen, draft, statement_ref, asked),
        *words_in_force(draft, whole),
        *_left_over(seen),
        *_regime(seen, draft),
        *_as_asked(seen, draft),
        *_quiet(title, file_name, draft),
    )


class _Seen:
    """The text, folded for looking up: with words broken over lines mended, and as it stands."""

    def __init__(self, whole: str) -> None:
        self.mended = unbroken(whole)
        self.running = one_line(self.mended)
        self.folded = tuple(dict.fromkeys((fold(self.mended), fold(whole))))
        self.glued = _glued(whole)

    def says(self, phrase: str) -> bool:
        """True when the phrase is there, whatever the line breaks did to it."""
        return _glued(phrase) in self.glued


class _Places:
    """Who and what may stand in the paper, each name in its own field."""

    def __init__(self, draft: StatementDraft, witness_name: str | None, statement_ref: str) -> None:
        agency = draft.discloser
        self.organizations = [agency.legal_name, agency.unit, agency.revocation_desk, *agency.address]
        if draft.recipient is not None:
            recipient = draft.recipient
            self.organizations += [recipient.legal_name, recipient.unit, *recipient.address, *recipient.predecessors]
        if draft.mandate is not None:
            self.organizations += [draft.mandate.body, draft.mandate.reference]
        if draft.authority is not None:
            self.organizations += [draft.authority.issued_by, draft.authority.reference]
        self.organizations.append(statement_ref)
        client = draft.identity
        self.people = [client.legal_name, *client.also_known_as]
        self.people += [draft.representative_name or "", draft.interpreter_name or "", witness_name or ""]
        self.barred: list[str] = []
        if draft.family is Family.ACCOMPANYING_NOTICE:
            # a page that goes with the records says whose statement it is by its id alone
            self.barred, self.people = self.people, []
        self.written = [one_line(name) for name in (*self.organizations, *self.people) if name.strip()]
        self.folded = [fold(name) for name in self.written]

    def blotted_out(self, text: str) -> str:
        """The text without the permitted names, so that only others are found; a name may run over a line's end."""
        longest_first = sorted((name for name in self.written if len(name) > 1), key=len, reverse=True)
        if not longest_first:
            return text
        # a hyphen at a line's end is gone from mended text, the name's own hyphen with it
        spread = (r"\s+".join(map(re.escape, name.split())).replace(r"\-", r"-?\s*") for name in longest_first)
        return re.sub("|".join(spread), " # ", text, flags=re.IGNORECASE)


class _NoPlaces:
    """Nowhere: where not even the permitted names may stand."""

    written: Sequence[str] = ()
    folded: Sequence[str] = ()


def _other_organizations(
    seen: _Seen, title: str, file_name: str, names: _Places, others: Iterable[str]
) -> Iterator[Finding]:
    searched = [
        ("text", seen.folded, seen.running),
        ("metadata", (fold(title),), one_line(title)),
        ("file_name", (fold(_spaced(file_name)),), _spaced(file_name)),
    ]
    others = [name for name in dict.fromkeys(others) if fold(name)]
    for field, views, written in searched:
        if any(_stands_alone(name, views, written, names) for name in others):
            yield block(
                FindingCode.F01,
                field,
                "Another organization is named; each organization needs a statement of its own.",
                _ADVISORY,
            )


def _stands_alone(name: str, views: Sequence[str], written: str, names: _Places | _NoPlaces) -> bool:
    """True when `name` stands somewhere and is not part of a name that belongs there."""
    needle = fold(name)
    permitted = names.folded
    if " " not in needle:
        # one word ("Parole") is a word of the language too: it counts only as it is written in the register
        needle, views, permitted = one_line(name), (written,), names.written
    for view in views:
        found = _spans(needle, view)
        if not found:
            continue
        allowed = [span for place in permitted for span in _spans(place, view)]
        if any(not any(start <= at and to <= end for start, end in allowed) for at, to in found):
            return True
    return False


def _people(seen: _Seen, title: str, file_name: str, names: _Places, staff: Iterable[str]) -> Iterator[Finding]:
    sentence = "A person is named who has no place in this paper; take the name out of what was typed in."
    staff = [name for name in dict.fromkeys((*staff, *names.barred)) if " " in fold(name)]
    if any(_stands_alone(name, seen.folded, seen.running, names) for name in staff) or any(
        individuals_in(part) for part in _parts(names.blotted_out(seen.mended))
    ):
        yield block(FindingCode.F02, "text", sentence, _ADVISORY)
    nowhere = _NoPlaces()
    named = [name for name in (*staff, *names.people) if name.strip()]
    if any(_stands_alone(name, (fold(title),), one_line(title), nowhere) for name in named) or individuals_in(
        names.blotted_out(title)
    ):
        yield block(FindingCode.F02, "metadata", "The file's properties name a person; clear them.", _ADVISORY)
    spaced = _spaced(file_name)
    client_words = {word for name in names.people for word in fold(_spaced(name)).split() if len(word) > 2}
    if individuals_in_file_name(file_name) or client_words & set(fold(spaced).split()):
        yield block(FindingCode.F02, "file_name", "The file's name tells a person; use the statement's id.", _ADVISORY)


def _parts(text: str) -> Iterator[str]:
    """Lines, and the running text cut at sentence ends: a name may be broken over two lines."""
    yield from map(one_line, text.split("\n"))
    yield from re.split(r"(?<=[.;:!?])\s+(?=[A-ZÁÉÍÓÚÑ¿¡«“])", one_line(text))


def _present(seen: _Seen, draft: StatementDraft, statement_ref: str, asked: Collection[str]) -> Iterator[Finding]:
    fields = fields_of(draft, statement_ref=statement_ref, prepared_on=date.min)
    client = [] if draft.family is Family.ACCOMPANYING_NOTICE else [draft.identity.legal_name]
    needed = [
        ("identity.legal_name", client),
        ("discloser.legal_name", [draft.discloser.legal_name]),
        ("statement_ref", [statement_ref]),
    ]
    if draft.family.discloses:
        needed += [
            ("recipient.legal_name", [draft.recipient.legal_name if draft.recipient is not None else ""]),
            ("categories", [row["label"] for row in fields["categories"]]),
            ("purposes", [*(row["label"] for row in fields["purposes"]), fields["purpose_text"]]),
            ("expiry", [fields["expires"]]),
            ("records_from", [fields["records_period"]]),
            ("everything_justification", [fields["everything_justification"]]),
            ("effective_from", [fields["effective_from"]]),
            ("discloser.revocation_desk", [draft.discloser.revocation_desk]),
        ]
        if draft.capacity is not SignerCapacity.CLIENT:
            needed.append(("capacity", [fields["signer"]["name"], fields["signer"]["capacity_label"]]))
    needed += must_print(draft, fields)
    if draft.family.limited:
        mandate = fields["mandate"]
        needed += [
            ("revocable", [fields["revocable_from"]]),
            ("mandate", [mandate["body"], mandate["reference"]]),
            ("organization.function", [fields["organization"]["function"]]),
        ]
    for field, phrases in needed:
        if any(not seen.says(phrase) for phrase in phrases):
            yield block(
                FindingCode.F03,
                field,
                "Something the law requires did not reach the paper; the form must be mended.",
                "42 CFR 2.31(a), 2.35; 45 CFR 164.508(b)(2)(ii), (c)",
            )
    for field in sorted(PRINTED_WHERE_ASKED.intersection(asked)):
        if any(not seen.says(text) for text in _texts(fields, field)):
            yield block(
                FindingCode.F03,
                field,
                "Something that was filled in did not reach the paper; the form must be mended.",
                "45 CFR 164.508(b)(2)(ii)",
            )


def _texts(fields: Mapping[str, Any], name: str) -> Sequence[str]:
    value: Any = reduce(getitem, name.split("."), fields)
    return (value,) if isinstance(value, str) else value


def _left_over(seen: _Seen) -> Iterator[Finding]:
    if _LEFT_OVER.search(seen.folded[0]):
        yield block(
            FindingCode.F04,
            "text",
            "A blank of the form was left over; nothing may be blank.",
            "45 CFR 164.508(b)(2)(ii)",
        )


def _regime(seen: _Seen, draft: StatementDraft) -> Iterator[Finding]:
    if not draft.family.discloses:
        return
    text = seen.folded[0]
    anytime = bool(found(Clause.REVOCATION_ANYTIME, text))
    if draft.family.limited:
        if anytime:
            yield block(
                FindingCode.F05,
                "text",
                "The paper says it can be revoked at any time, which is false for this form.",
                "42 CFR 2.35(a)(2), (c)",
            )
        if not found(Clause.REVOCATION_LIMITED, text):
            yield block(
                FindingCode.F05, "text", "The paper does not say from when it can be revoked.", "42 CFR 2.35(c)"
            )
        covered = draft.family is Family.CRIMINAL_JUSTICE_COVERED
        if covered and not found(Clause.REVOCATION_IN_WRITING, text):
            yield block(
                FindingCode.F05,
                "text",
                "The paper does not say that it is revoked in writing.",
                "45 CFR 164.508(b)(2)(ii), (c)(2)(i)",
            )
    elif not anytime or not found(Clause.REVOCATION_IN_WRITING, text):
        yield block(
            FindingCode.F05,
            "text",
            "The paper does not say that it can be revoked in writing at any time.",
            "42 CFR 2.31(a)(6); 45 CFR 164.508(c)(2)(i)",
        )
    clause = bool(found(Clause.HIPAA_REDISCLOSURE, text))
    if clause and draft.recipient is not None and draft.recipient.kind in CRIMINAL_JUSTICE_KINDS:
        yield block(
            FindingCode.V07,
            "text",
            "The sentence on redisclosure under HIPAA has no place on a paper for this kind of organization.",
            "42 CFR 2.31(a)(4)(iii)",
        )
    if needs_tpo_clauses(draft) and not (
        clause and found(Clause.POTENTIAL_REDISCLOSURE, text) and found(Clause.REFUSAL_CONSEQUENCES, text)
    ):
        yield block(
            FindingCode.V08,
            "text",
            "A sentence that treatment, payment and operations need is missing from the form.",
            "42 CFR 2.31(a)(4)(iii), (a)(10)",
        )


def _as_asked(seen: _Seen, draft: StatementDraft) -> Iterator[Finding]:
    """F03: an exchange, a single use and a second signature are told where they are asked for, and nowhere else."""
    if not draft.family.discloses:
        return
    text = seen.folded[0]
    for typed in (draft.purpose_text, draft.everything_justification, draft.expiry.event or ""):
        if fold(typed):
            text = text.replace(fold(typed), " ")  # the client's own words promise nothing
    for field, asked, clause, what in (
        ("exchange", draft.exchange, Clause.BOTH_WAYS, "that both organizations share"),
        ("single_use", draft.single_use, Clause.ONE_TIME_ONLY, "that it is for one time only"),
        ("minor_basis", both_sign(draft), Clause.BOTH_SIGN, "that the client and a parent or guardian both sign"),
    ):
        if bool(found(clause, text)) is not asked:
            lacks = "The paper does not say it, though it was asked for" if asked else "Nobody asked for it"
            sentence = f"{lacks}: {what}; the form must be mended."
            yield block(FindingCode.F03, field, sentence, clause.authority)


def _quiet(title: str, file_name: str, draft: StatementDraft) -> Iterator[Finding]:
    """F06: what is read without opening the file never tells what the program is."""
    own = [draft.discloser.legal_name, draft.discloser.unit]
    folded = fold(title)
    for name in filter(None, map(fold, own)):
        folded = folded.replace(name, " ")
    for field, said in (("metadata", folded), ("file_name", fold(_spaced(file_name)))):
        if tells_class(said):
            yield block(
                FindingCode.F06,
                field,
                "The title, properties or file name tell what kind of program this is; use neutral words.",
                "42 CFR 2.13(c); house correction 1",
            )


def tells_class(text: str) -> bool:
    """True when a title, a file name or what stands outside of a paper tells what kind of program it is from."""
    return _tells().search(fold(text)) is not None


@cache
def _tells() -> re.Pattern[str]:
    """The words of data/words.yaml that tell the program, of every language at once."""
    told = (words for language in Language for words in table("words")["tells"][language.value])
    return re.compile(rf"\b(?:{'|'.join(told)})\b")


# --- small parts ------------------------------------------------------------------------------------------------------


def _glued(text: str) -> str:
    return _GLUE.sub("", fold(text))


def _spaced(file_name: str) -> str:
    return re.sub(r"[_\-.+]+", " ", file_name.rsplit("/", 1)[-1])


def _spans(needle: str, text: str) -> list[tuple[int, int]]:
    """Where `needle` stands as whole words."""
    spans = []
    at = text.find(needle)
    while at >= 0:
        end = at + len(needle)
        if not (at and text[at - 1].isalnum() and needle[0].isalnum()) and not (
            end < len(text) and text[end].isalnum() and needle[-1].isalnum()
        ):
            spans.append((at, end))
        at = text.find(needle, at + 1)
    return spans

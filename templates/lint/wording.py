"""What a form says: the clauses of its family, notices word for word, no words of stigma, nobody named, no class told.

The rules say what is wanted (`rules.form_text`, `rules.notices`, `rules.finished`); here it is found out where.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from rules.families import Clause
from rules.finished import tells_class
from rules.form_text import found, must_not_say, must_say, stigma_in
from rules.individuals import individuals_in
from rules.jurisdictions import known
from rules.nasw import cite
from rules.notices import altered, carries, state_redisclosure_notice, superseded_in
from rules.vocabulary import Family, Language
from templates.errors import Place
from templates.lint.paper import Paper, Paragraph
from templates.lint.remark import Check, Remark, block, warn
from templates.lint.tags import TAG
from templates.place import DOCUMENT_PROPERTIES

_TITLE = "{http://purl.org/dc/elements/1.1/}title"
_WHOLE = Place(part="document")
_NONE = re.compile(r"(?:^|(?<=[:;,(/·]))\s*None\s*(?=[.,;)/·]|$)|(?<=[a-záéíóúñ,])\s+None\b(?! of\b)")
"""Alone, after a colon or a mark, or with its capital in mid-sentence; never "None of my services will change"."""


def look(paper: Paper, family: Family | None, language: Language) -> Iterator[Remark]:
    """Everything that is wrong with the words."""
    said = [(one, TAG.sub(" … ", one.text)) for one in paper.paragraphs if one.text.strip()]
    if family is not None:
        yield from _clauses(said, family)
    yield from _notices(said)
    if family is Family.HIV:
        yield from _state_notice(said)
    for paragraph, text in said:
        yield from _people(paragraph, text, language)
        yield from _none(paragraph, text)
    yield from _quiet(paper, said)


_INSTEAD = {Clause.NOTHING_WITHHELD: Clause.CONDITION_STATED}
"""What a form may say in the place of a clause, if that is the truth."""


def _clauses(said: list[tuple[Paragraph, str]], family: Family) -> Iterator[Remark]:
    whole = "\n".join(text for _, text in said)
    for clause in sorted(must_say(family)):
        if found(clause, whole):
            continue
        instead = _INSTEAD.get(clause)
        if instead is not None and found(instead, whole):
            yield warn(
                Check.CONDITION,
                _WHOLE,
                f"The form says {said_by(instead)}, and not {said_by(clause)}.",
                "See with counsel that this is one of the few cases in which the law lets it.",
                instead.authority,
            )
        else:
            yield block(
                Check.CLAUSE_MISSING,
                _WHOLE,
                f"The form does not say what every form of this family must: {said_by(clause)}.",
                "Add the sentence; the forms that ship show one way to say it.",
                clause.authority,
            )
    for clause in sorted(must_not_say(family)):
        for paragraph, text in said:
            for match in found(clause, text):
                yield block(
                    Check.CLAUSE_FORBIDDEN,
                    paragraph.place(match.group()),
                    f"The form says what no form of this family may: {said_by(clause)}.",
                    "Take the sentence out.",
                    clause.authority,
                )


def _notices(said: list[tuple[Paragraph, str]]) -> Iterator[Remark]:
    whole = "\n".join(text for _, text in said)
    told: set[str] = set()
    for paragraph, text in said:
        for edition in superseded_in(text):
            told.add(edition)
            yield _superseded(edition, paragraph.place())
    for edition in superseded_in(whole):
        if edition not in told:  # it runs over several paragraphs
            yield _superseded(edition, _WHOLE)
    spliced = altered(whole)
    if spliced is not None:
        where = _nearest(said, spliced.stands)
        yield block(
            Check.ALTERED_NOTICE,
            where.place(spliced.stands) if where else _WHOLE,
            f"The notice of 42 CFR 2.32 is not word for word: “{spliced.stands}” stands where the rule says"
            f" “{spliced.wanted}”.",
            "Paste the text of 42 CFR 2.32(a) of 2024 as it is (rules/data/notices.yaml).",
            "42 CFR 2.32(a)",
        )


def _state_notice(said: list[tuple[Paragraph, str]]) -> Iterator[Remark]:
    """The state's words, changed; where they are missing altogether, the family's clauses say so."""
    whole = "\n".join(text for _, text in said)
    states = [notice for code in known() if (notice := state_redisclosure_notice(code)) is not None]
    if found(Clause.STATE_NOTICE, whole) and not any(carries(whole, notice) for notice in states):
        yield block(
            Check.ALTERED_NOTICE,
            _WHOLE,
            "The state's notice on HIV information is not word for word.",
            "Paste the state's text as it is: section `hiv` of its file in rules/data/jurisdictions.",
            Clause.STATE_NOTICE.authority,
        )


def _superseded(edition: str, where: Place) -> Remark:
    return block(
        Check.SUPERSEDED_NOTICE,
        where,
        f"This is the notice of 42 CFR 2.32 as it stood before 2024 ({edition}).",
        "Paste the text of 42 CFR 2.32(a) of 2024 as it is (rules/data/notices.yaml).",
        "42 CFR 2.32(a), 89 FR 12472",
    )


def _people(paragraph: Paragraph, text: str, language: Language) -> Iterator[Remark]:
    for word in stigma_in(text, language):
        yield block(
            Check.STIGMA,
            paragraph.place(word.word),
            f"“{word.word}” makes a person into what happened to them.",
            f"Write “{word.instead}”.",
            cite("derogatory_language"),
        )
    if individuals_in(text):
        yield warn(
            Check.NAMES_A_PERSON,
            paragraph.place(),
            "A person seems to be named in the form itself.",
            "Name the organization or the desk; people change, and a form outlasts them.",
            "advisory, paragraph 2",
        )


def _none(paragraph: Paragraph, text: str) -> Iterator[Remark]:
    """The word that a program prints where nothing was given, standing in the text itself."""
    for match in _NONE.finditer(text):
        yield warn(
            Check.PRINTS_NONE,
            paragraph.place(match.group().strip()),
            "The word None stands here, as a program prints it where nothing was given.",
            "Take it out, or write what is meant: a client reads it as a mistake, and a blank is none (V04).",
            "45 CFR 164.508(b)(2)(ii)",
        )


def _quiet(paper: Paper, said: list[tuple[Paragraph, str]]) -> Iterator[Remark]:
    properties = paper.root("docProps/core.xml")
    title = "" if properties is None else str(properties.findtext(_TITLE) or "")
    outside = [(Place(part=DOCUMENT_PROPERTIES, words=title), title)]
    outside += [(one.place(), text) for one, text in said if one.part.startswith(("header", "footer"))]
    for where, text in outside:
        if tells_class(text):
            yield block(
                Check.TELLS_CLASS,
                where,
                "The title, header or footer tells what kind of program this is.",
                "Use neutral words; who sees the paper from afar learns nothing.",
                "42 CFR 2.13(c)",
            )


def _nearest(said: list[tuple[Paragraph, str]], words: str) -> Paragraph | None:
    texts = {" ".join(text.split()): paragraph for paragraph, text in said}
    holding = next((paragraph for text, paragraph in texts.items() if words and words in text), None)
    if holding is not None or not words:
        return holding
    close = difflib.get_close_matches(words, list(texts), n=1, cutoff=0.1)
    return texts[close[0]] if close else None


_SAID = {
    Clause.REVOCATION_ANYTIME: "that it may be revoked at any time",
    Clause.REVOCATION_IN_WRITING: "that it is revoked in writing",
    Clause.REVOCATION_LIMITED: "from when it may be revoked",
    Clause.HIPAA_REDISCLOSURE: "what HIPAA permits the recipient to redisclose",
    Clause.POTENTIAL_REDISCLOSURE: "that what is shared may be shared again and is no longer protected",
    Clause.REFUSAL_CONSEQUENCES: "what happens if the client does not sign",
    Clause.NOTHING_WITHHELD: "that nothing of ours is withheld from who does not sign",
    Clause.CONDITION_STATED: "what the client does not get without signing",
    Clause.CONSEQUENCES_OF_SIGNING: "what may come of signing",
    Clause.COPY_TO_CLIENT: "that the client gets a copy",
    Clause.OFFICIAL_DUTIES: "that the recipient uses it only for its official duties",
    Clause.ONE_PROCEEDING: "that it is for one proceeding only",
    Clause.BOTH_WAYS: "that both organizations share",
    Clause.ONE_TIME_ONLY: "that it is for one time only",
    Clause.BOTH_SIGN: "that a minor and a parent or guardian both sign",
    Clause.LIMITS_OF_CONFIDENTIALITY: "the limits of confidentiality",
    Clause.HARM_EXPLAINED_FIRST: "that we first explain before we act on a threat of harm",
    Clause.NOT_GUARANTEED: "that confidentiality cannot be guaranteed",
    Clause.KEEP_WHAT_OTHERS_SAY: "that each keeps private what the others say",
    Clause.SHARING_AMONG_PARTIES: "what is shared among those who take part",
    Clause.RELIED_UPON_STANDS: "that what was done in reliance stands",
    Clause.PAPER_IS_FREE: "that paper is free",
    Clause.MAY_CHANGE_TO_PAPER: "that one may change to paper",
    Clause.WHAT_IS_NEEDED_TO_READ: "what one needs to read an electronic copy",
    Clause.STATE_NOTICE: "the state's notice that goes with HIV information",
}


def said_by(clause: Clause) -> str:
    """What a clause says, for the end of a sentence."""
    return _SAID[clause]

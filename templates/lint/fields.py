"""The fields a form asks for, held against what the program gives and what the manifest declares.

A client is asked for what a form declares and nothing else (NASW 1.07(a)): a field that is declared and not printed is
asked for nothing, one that is printed and not declared stops the packet. Invariant: nothing of the form is run here; it
is parsed, and a part that cannot be parsed is told and does not hide what is wrong with the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from jinja2 import nodes

from rules.finished import PRINTED_WHERE_ASKED
from rules.nasw import cite
from templates import explain
from templates.errors import FormError, Place
from templates.fill import unread
from templates.form import Form
from templates.lint.remark import Check, Remark, block, of_error
from templates.names import Used, missing, names_in
from templates.place import nearest
from templates.plain import paths
from templates.sandbox import DICTIONARY_METHODS, TEXT_METHODS, environment, forbidden_in

_CALLABLE = TEXT_METHODS | DICTIONARY_METHODS | {"cycle", "changed", "next", "reset"}
_MULTIPLIES = {nodes.Mul: "*", nodes.Pow: "**", nodes.Mod: "%"}


@dataclass(slots=True)
class _Seen:
    """What was found while reading the parts."""

    used: list[Used] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    whole: bool = True
    """False when a part could not be parsed: then nothing can be called unused."""


def look(docx: bytes, given: Mapping[str, object], form: Form | None) -> Iterator[Remark]:
    """Everything wrong with the fields of `docx`.

    `given`: a sample of all fields the program gives a form. `form`: the manifest it is meant for, if any.
    """
    seen = _Seen()
    for part, source in unread(docx).sources():
        _read(part, source, seen)
    yield from seen.remarks
    unknown = missing(tuple(seen.used), given)
    told: set[tuple[str, str]] = set()
    for used in unknown:
        if (used.name, str(used.place)) not in told:
            told.add((used.name, str(used.place)))
            yield _unknown(used, given)
    if form is not None:
        yield from _against_manifest(form, [one for one in seen.used if one not in unknown], whole=seen.whole)


def _read(part: Any, source: str, seen: _Seen) -> None:
    try:
        with explain.errors_of(part, source, {}):
            tree = environment.parse(source)
    except FormError as error:
        seen.whole = False
        seen.remarks.append(of_error(Check.BROKEN_TAG, error))
        return
    seen.used += names_in(part, source, tree)

    def at(line: int, wanted: str) -> Place:
        return explain.place_of(part, source, line, wanted)

    seen.remarks += _forbidden(tree, at)
    seen.remarks += _filters(tree, at)
    seen.remarks += _nothing(tree, at)


def _forbidden(tree: nodes.Template, at: Any) -> Iterator[Remark]:
    for name, line in forbidden_in(tree):
        yield block(
            Check.FORBIDDEN_EXPRESSION,
            at(line, name),
            f"The form uses “{name}”, which forms may not.",
            "Use only fields, if, for, set, and the filters of this program.",
        )
    for call in tree.find_all(nodes.Call):
        name = _uncallable(call.node, tree)
        if name:
            yield block(
                Check.FORBIDDEN_EXPRESSION,
                at(call.lineno, name),
                f"The form calls {name}(…), which is no function here.",
                "Let the program prepare the value, and print it as a field.",
            )
    for kind, sign in _MULTIPLIES.items():
        for node in tree.find_all(kind):
            texts = any(isinstance(one, nodes.Const) and isinstance(one.value, str) for one in (node.left, node.right))
            if texts or sign == "**":
                yield block(
                    Check.FORBIDDEN_EXPRESSION,
                    at(node.lineno, sign),
                    f"The form computes with “{sign}” what forms may not: a text, or a power.",
                    "Write the text out, or let the program prepare the value.",
                )


def _uncallable(callee: nodes.Expr, tree: nodes.Template) -> str:
    """The name of what a form calls though it cannot be called; "" for the few things that can."""
    if isinstance(callee, nodes.Name):
        own = {macro.name for macro in tree.find_all(nodes.Macro)} | {"caller"}
        return "" if callee.name in environment.globals or callee.name in own else str(callee.name)
    if isinstance(callee, nodes.Getattr):
        return "" if callee.attr in _CALLABLE else str(callee.attr)
    return ""


def _filters(tree: nodes.Template, at: Any) -> Iterator[Remark]:
    for kind, known, what in (
        (nodes.Filter, environment.filters, "filter"),
        (nodes.Test, environment.tests, "test"),
    ):
        for node in tree.find_all(kind):
            if node.name not in known:
                near = nearest(node.name, known)
                yield block(
                    Check.UNKNOWN_FILTER,
                    at(node.lineno, node.name),
                    f"The {what} “{node.name}” is not known here.",
                    f"Did you mean “{near}”?" if near else "Take it out, or let the program prepare the value.",
                )


def _nothing(tree: nodes.Template, at: Any) -> Iterator[Remark]:
    """Where a tag would print None, or nothing at all where the filler refuses to."""
    for output in tree.find_all(nodes.Output):
        for node in output.find_all(nodes.Const):
            if node.value is None and not _compared(output, node):
                yield block(
                    Check.PRINTS_NONE,
                    at(node.lineno, "one"),
                    "This tag would print None.",
                    "Give an empty text ('') for “nothing to say”, or put {% if %} around the sentence.",
                )
        for choice in output.find_all(nodes.CondExpr):
            if choice.expr2 is None:
                yield block(
                    Check.PRINTS_NONE,
                    at(choice.lineno, " if "),
                    "This tag says what to print if the condition holds, and not what else.",
                    "Add else '' before the closing braces.",
                )


def _compared(output: nodes.Output, node: nodes.Const) -> bool:
    """True for None that is compared with something, and so never printed."""
    return any(node in list(one.find_all(nodes.Const)) for one in output.find_all(nodes.Compare))


def _unknown(used: Used, given: Mapping[str, object]) -> Remark:
    near = nearest(used.name, paths(given))
    return block(
        Check.UNKNOWN_FIELD,
        used.place,
        f"The form asks for the field {used.name}, which the program does not give.",
        f"Did you mean {near}?" if near else "Take it out; docs/authors.md lists the fields there are.",
    )


def _against_manifest(form: Form, used: list[Used], *, whole: bool) -> Iterator[Remark]:
    declared = form.asks_for
    first: dict[str, Place] = {}
    printed: set[str] = set()
    for one in used:
        name = one.name.partition("[]")[0]
        first.setdefault(name, one.place)
        if one.printed:
            printed.add(name)
    for name, place in first.items():
        if name not in declared:
            near = nearest(name, declared)
            yield block(
                Check.UNDECLARED_FIELD,
                place,
                f"The form asks for {name}, which form.yaml of {form.id} does not declare.",
                f"Did you mean {near}?" if near else "Declare it there with what it is for, or take it out.",
                cite("respect_privacy"),
            )
    if not whole:
        return  # nobody can say what the part that could not be read prints
    for name in sorted(PRINTED_WHERE_ASKED & declared & first.keys() - printed):
        yield block(
            Check.UNPRINTED_FIELD,
            first[name],
            f"The form looks whether there is {name}, and prints it nowhere: a paper with it would be refused.",
            f"Print it ({{{{ {name} }}}}), or take it out.",
        )
    for name in sorted(declared - first.keys()):
        near = nearest(name, first.keys() - declared)
        yield block(
            Check.UNUSED_FIELD,
            Place(part="form.yaml"),
            f"form.yaml declares {name}, and the form never asks for it.",
            f"Did you mean {near}?" if near else "Take it out of form.yaml: nobody is asked for what is not needed.",
            cite("respect_privacy"),
        )

"""Which fields a form asks for, read from the form without filling it.

For the preview, which tells *all* names that are wrong at once, and for comparing a form with its manifest. A name is
written as the data have it: ``client.name``, and ``categories[].label`` for a member of each thing in a list, whatever
the form calls that thing in its loop. Names a form itself makes (loops, ``set``, macros) are not fields.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jinja2 import nodes

from templates import explain
from templates.errors import Place
from templates.fill import open_form
from templates.pictures import names_asked
from templates.place import part_name
from templates.plain import paths
from templates.sandbox import DICTIONARY_METHODS, TEXT_METHODS, environment

_SAME_THINGS = frozenset({"list", "reverse", "sort", "unique", "select", "reject", "selectattr", "rejectattr"})
"""Filters that give a list of the same things they were given."""
_MAY_BE_MISSING = frozenset({"default", "d"})

Scope = dict[str, str | None]
"""Names the form made, and the field each stands for (None: no field)."""


@dataclass(frozen=True, slots=True)
class Used:
    """A field that a form asks for."""

    name: str
    """Its dotted name."""
    place: Place
    """Where the form first asks for it."""
    printed: bool = True
    """False where it only chooses what is printed: the condition of an `if`."""


def names_used(docx: bytes) -> tuple[Used, ...]:
    """Every field ``docx`` asks for, in the order of the document; a form is compiled for it.

    Raises FormError when the form is broken. For forms of strangers call it where time and memory are limited.
    """
    found: dict[str, Used] = {}
    for part, source in open_form(docx).sources():
        for used in names_in(part, source, environment.parse(source)):
            found.setdefault(used.name, used)
    return tuple(found.values())


def names_in(part: Any, source: str, tree: nodes.Template) -> Iterator[Used]:
    """Every field that one part asks for, each time it does; ``tree`` is ``source`` parsed."""
    reader = _Reader()
    for name, line in reader.read(tree):
        place = explain.place_of(part, source, line, name.rpartition(".")[2])
        yield Used(name, place, printed=not reader.choosing)
    for name in names_asked(source):
        yield Used(name, Place(part=part_name(part)))


def missing(used: tuple[Used, ...], data: Mapping[str, object]) -> tuple[Used, ...]:
    """Those that ``data`` does not answer."""
    known = set(paths(data))
    return tuple(one for one in used if one.name not in known and not _answers(data, one.name))


def _answers(data: object, name: str) -> bool:
    for segment in name.replace("[]", ".[]").split("."):
        if segment == "[]":
            if not isinstance(data, list) or not data:
                return True  # an empty list says nothing about its members
            data = data[0]
        elif isinstance(data, Mapping):
            if segment not in data:
                return segment in DICTIONARY_METHODS
            data = data[segment]
        else:
            return isinstance(data, str) and segment in TEXT_METHODS
    return True


class _Reader:
    """Walks one part's syntax tree, knowing what each loop variable stands for."""

    choosing = False
    """True while it is in a condition."""

    def read(self, tree: nodes.Template) -> Iterator[tuple[str, int]]:
        yield from self._children(tree, {})

    def _children(self, node: nodes.Node, scope: Scope) -> Iterator[tuple[str, int]]:
        for child in node.iter_child_nodes():
            yield from self._visit(child, scope)

    def _visit(self, node: nodes.Node, scope: Scope) -> Iterator[tuple[str, int]]:
        if isinstance(node, nodes.For):
            yield from self._loop(node, scope)
        elif isinstance(node, nodes.Assign):
            yield from self._visit(node.node, scope)
            self._bind(node.target, self._field(node.node, scope), scope)
        elif isinstance(node, (nodes.If, nodes.CondExpr)):
            outside, self.choosing = self.choosing, True
            yield from self._visit(node.test, scope)
            self.choosing = outside  # a condition may stand in another's
            for child in node.iter_child_nodes(exclude=("test",)):
                yield from self._visit(child, scope)
        elif isinstance(node, (nodes.Macro, nodes.CallBlock)):
            inner = {**scope, **dict.fromkeys((argument.name for argument in node.args), None), "caller": None}
            if isinstance(node, nodes.Macro):
                scope[node.name] = None
            yield from self._children(node, inner)
        elif isinstance(node, nodes.Test) and node.name in {"defined", "undefined"}:
            return
        elif isinstance(node, nodes.Filter) and node.name in _MAY_BE_MISSING:
            for argument in node.args:
                yield from self._visit(argument, scope)
        elif isinstance(node, (nodes.Getattr, nodes.Getitem, nodes.Name)):
            field = self._field(node, scope)
            if field is not None:
                yield field, node.lineno
            elif not isinstance(node, nodes.Name):
                yield from self._children(node, scope)
        else:
            yield from self._children(node, scope)

    def _loop(self, node: nodes.For, scope: Scope) -> Iterator[tuple[str, int]]:
        yield from self._visit(node.iter, scope)
        things = self._field(node.iter, scope)
        inner: Scope = {**scope, "loop": None}
        self._bind(node.target, f"{things}[]" if things else None, inner)
        for child in (*((node.test,) if node.test else ()), *node.body):
            yield from self._visit(child, inner)
        for child in node.else_:
            yield from self._visit(child, scope)

    def _bind(self, target: nodes.Node, field: str | None, scope: Scope) -> None:
        if isinstance(target, nodes.Name):
            scope[target.name] = field
        else:
            for name in target.find_all(nodes.Name):
                scope[name.name] = None

    def _field(self, node: nodes.Node, scope: Scope) -> str | None:
        """The dotted name of the field that ``node`` is, or None when it is something else."""
        if isinstance(node, nodes.Name):
            if node.name in scope:
                return scope[node.name]
            return None if node.name in environment.globals or node.ctx != "load" else node.name
        if isinstance(node, nodes.Getattr):
            owner = self._field(node.node, scope)
            return f"{owner}.{node.attr}" if owner else None
        if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
            owner = self._field(node.node, scope)
            if owner is None:
                return None
            return f"{owner}.{node.arg.value}" if isinstance(node.arg.value, str) else f"{owner}[]"
        if isinstance(node, nodes.Filter) and node.name in _SAME_THINGS and node.node is not None:
            return self._field(node.node, scope)
        return None

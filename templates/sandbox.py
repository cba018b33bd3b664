"""The language of forms: Jinja, with everything taken out that a form does not need.

Danger: a Word form is a program. Left alone, Jinja runs any method it can reach, multiplies a text until the machine
stands still, and prints what is missing as nothing. Invariants: a form reaches only plain data and the filters named
here; nothing of it is computed while it is *compiled* (no constant folding, so a bomb cannot go off before the limits
of the filling process hold); an unknown name is an error; every value printed is escaped.

Time and memory are not bounded here but by the process that fills (`templates.filler`): a loop in a loop in a loop is
legal Jinja.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from jinja2 import StrictUndefined, Template, Undefined, nodes, pass_context
from jinja2.exceptions import SecurityError, TemplateAssertionError, UndefinedError
from jinja2.filters import FILTERS
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing
from markupsafe import Markup

from templates import rich

MAX_RANGE = 1_000
"""Steps of one ``range()``."""
MAX_NUMBER = 10**15
"""Largest product a form may compute."""
MAX_COMPILED = 32
"""Compiled parts (body, headers, footers) kept; a form has about four."""

SAFE_FILTERS = frozenset(
    [
        "abs",
        "batch",
        "capitalize",
        "count",
        "d",
        "default",
        "dictsort",
        "e",
        "escape",
        "first",
        "float",
        "forceescape",
        "groupby",
        "int",
        "items",
        "join",
        "last",
        "length",
        "list",
        "lower",
        "map",
        "max",
        "min",
        "reject",
        "rejectattr",
        "replace",
        "reverse",
        "round",
        "select",
        "selectattr",
        "slice",
        "sort",
        "string",
        "striptags",
        "sum",
        "title",
        "trim",
        "truncate",
        "unique",
        "upper",
        "urlencode",
        "wordcount",
        "wordwrap",
    ]
)
TEXT_METHODS = frozenset(
    [
        "capitalize",
        "casefold",
        "count",
        "endswith",
        "find",
        "index",
        "isalnum",
        "isalpha",
        "isdigit",
        "islower",
        "isnumeric",
        "isspace",
        "istitle",
        "isupper",
        "lower",
        "lstrip",
        "partition",
        "removeprefix",
        "removesuffix",
        "rfind",
        "rindex",
        "rpartition",
        "rsplit",
        "rstrip",
        "split",
        "splitlines",
        "startswith",
        "strip",
        "swapcase",
        "title",
        "upper",
    ]
)
DICTIONARY_METHODS = frozenset({"get", "items", "keys", "values"})
_LIST_METHODS = frozenset({"count", "index"})
_METHODS: dict[type, frozenset[str]] = {
    str: TEXT_METHODS,
    Markup: TEXT_METHODS,
    dict: DICTIONARY_METHODS,
    list: _LIST_METHODS,
    tuple: _LIST_METHODS,
    int: frozenset(),
    bool: frozenset(),
    float: frozenset(),
}
_FORBIDDEN_STATEMENTS: dict[type[nodes.Node], str] = {
    nodes.Include: "include",
    nodes.Import: "import",
    nodes.FromImport: "import",
    nodes.Extends: "extends",
    nodes.ScopedEvalContextModifier: "autoescape",
    nodes.EvalContextModifier: "autoescape",
}


class UnknownField(UndefinedError):
    """A form asked for a name the data does not have. ``owner`` is what was asked, None for a name at the top."""

    def __init__(self, message: str | None = None, *, name: str, owner: object | None) -> None:
        super().__init__(message)
        self.name = name
        self.owner = owner


class NotPrintable(SecurityError):
    """A form prints something that is not text. ``value`` is what it prints (never put into a message)."""

    def __init__(self, what: str, value: object) -> None:
        super().__init__(what)
        self.what = what
        self.value = value


class _Strict(StrictUndefined):
    """Strict, and able to say which name was asked of which dictionary."""

    __slots__ = ()

    def __init__(
        self,
        hint: str | None = None,
        obj: Any = missing,
        name: str | None = None,
        exc: Any = UndefinedError,
    ) -> None:
        if exc is UndefinedError and name is not None:
            exc = functools.partial(UnknownField, name=str(name), owner=None if obj is missing else obj)
        super().__init__(hint, obj, name, exc)


@pass_context  # a finalizer that needs the context cannot be applied while compiling: no constant folding
def _printable(context: Context, value: object) -> object:
    if isinstance(value, (str, int, float, Undefined)):
        return value
    if value is None:
        raise NotPrintable("nothing (none)", value)
    if isinstance(value, Mapping):
        raise NotPrintable("a group of fields", value)
    if isinstance(value, (list, tuple)):
        raise NotPrintable("a list", value)
    raise NotPrintable("something that is not text", None)


class FormEnvironment(ImmutableSandboxedEnvironment):
    """Jinja for forms. One instance serves the process; it holds no data."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def __init__(self) -> None:
        super().__init__(undefined=_Strict, autoescape=True, finalize=_printable, optimized=False, cache_size=0)
        self.filters = {name: FILTERS[name] for name in sorted(SAFE_FILTERS)}
        self.filters["as_runs"] = rich.as_runs
        self.filters["as_paragraphs"] = rich.as_paragraphs
        self.globals = {name: self.globals[name] for name in ("cycler", "dict", "joiner", "namespace")}
        self.globals["range"] = _short_range

    def getattr(self, obj: Any, attribute: str) -> Any:
        """A member of the data; for a dictionary its own keys win over Python's methods of that name."""
        if isinstance(obj, Mapping) and attribute in obj:
            return obj[attribute]
        allowed = _METHODS.get(type(obj))
        if allowed is None:
            return super().getattr(obj, attribute)
        if attribute in allowed:
            return getattr(obj, attribute)
        if not isinstance(obj, Mapping) and hasattr(obj, attribute):
            return self.unsafe_undefined(obj, attribute)
        return self.undefined(obj=obj, name=attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """A member by key or number; never a Python attribute."""
        try:
            return obj[argument]
        except (TypeError, LookupError):
            if isinstance(argument, str) and type(obj) not in _METHODS:
                return super().getattr(obj, argument)
        return self.undefined(obj=obj, name=argument)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """``*`` and ``%`` for numbers only (a text times a number is a bomb); no powers."""
        if operator == "**":
            raise SecurityError("powers (**)")
        if not (isinstance(left, (int, float)) and isinstance(right, (int, float))):
            raise SecurityError(f"{operator} on something that is not a number")
        if operator == "*" and abs(left * right) > MAX_NUMBER:
            raise SecurityError("a number that is too large")
        return super().call_binop(context, operator, left, right)

    def compiled(self, source: str) -> Template:
        """``source`` checked and compiled, from the cache when it was seen before.

        Raises jinja2.TemplateSyntaxError with the line, also for statements forms may not use.
        """
        return _compiled(source)

    def from_string(self, source: Any, globals: Any = None, template_class: Any = None) -> Template:
        """Jinja's own door, led to the cache."""
        return _compiled(source)


class ForbiddenStatement(TemplateAssertionError):
    """A form uses a statement that forms may not use."""


def _short_range(*bounds: int) -> range:
    steps = range(*bounds)
    if len(steps) > MAX_RANGE:
        raise SecurityError(f"a range of more than {MAX_RANGE:,} steps")
    return steps


def forbidden_in(tree: nodes.Template) -> Iterator[tuple[str, int]]:
    """What forms may not use, each with its line."""
    for kind, name in _FORBIDDEN_STATEMENTS.items():
        for node in tree.find_all(kind):
            yield name, node.lineno
    for member in tree.find_all(nodes.Getattr):
        if member.attr.startswith("_"):
            yield member.attr, member.lineno


def _refuse_forbidden(tree: nodes.Template) -> None:
    for name, line in forbidden_in(tree):
        raise ForbiddenStatement(name, line)


environment = FormEnvironment()
"""The one environment of the process."""


@functools.lru_cache(maxsize=MAX_COMPILED)
def _compiled(source: str) -> Template:
    tree = environment.parse(source)
    _refuse_forbidden(tree)
    build: Callable[..., Template] = super(FormEnvironment, environment).from_string
    return build(tree)

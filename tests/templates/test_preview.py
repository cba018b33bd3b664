"""A preview shows any Word form, or tells all that is wrong with it at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from templates.errors import FormCode, FormError
from templates.names import missing, names_used
from templates.press import Press
from templates.preview import preview
from templates.text import extract

Build = Callable[..., bytes]


def test_a_form_of_anybody_is_shown(press: Press, form_of: Build) -> None:
    strange = form_of(
        "{%p for g in groups %}",
        "{{ g.name }}: {% for i in g.items %}{{ i }}{% if not loop.last %}, {% endif %}{% endfor %}",
        "{%p endfor %}",
        [["{%tr for g in groups %}", ""], ["{% vm %}{{ g.name|upper }}", "{{ loop.index }}"], ["{%tr endfor %}", ""]],
        "Rich: {{r rich }}",
        "{{p chapter }}",
        header="About {{ groups[0].name }}",
    )
    data = {
        "groups": [{"name": "First", "items": [1, 2.5]}, {"name": "Second", "items": [True]}],
        "rich": {"text": "bold & brave", "bold": True},
        "chapter": ["A paragraph.", "Another one."],
    }
    text = extract(preview(strange, data, press=press)).pages[0]
    for words in ("First: 1, 2.5", "Second: True", "FIRST", "bold & brave", "Another one.", "About First"):
        assert words in text


def test_a_preview_needs_no_daemon(form_of: Build) -> None:
    assert extract(preview(form_of("Hello {{ name }}"), {"name": "Dana"})).pages[0].strip() == "Hello Dana"


def test_all_wrong_names_are_told_at_once_with_what_was_probably_meant(press: Press, form_of: Build) -> None:
    form = form_of("{{ client.nmae }}", "{% for c in things %}{{ c.lable }}{% endfor %}", header="{{ agency.nam }}")
    data: dict[str, Any] = {"client": {"name": "x"}, "things": [{"label": "x"}], "agency": {"name": "x"}}
    with pytest.raises(FormError) as told:
        preview(form, data, press=press)
    error = told.value
    assert error.code is FormCode.FIELD_MISSING
    for words in (
        "3 fields",
        "client.nmae (body, paragraph 1",
        "things[].lable (body, paragraph 2",
        "agency.nam (header",
    ):
        assert words in error.sentence
    for words in ("client.name for client.nmae", "things[].label for things[].lable", "agency.name for agency.nam"):
        assert words in error.remedy


def test_one_wrong_name_is_told_with_its_place(press: Press, form_of: Build) -> None:
    with pytest.raises(FormError) as told:
        preview(form_of("x", "Name: {{ client.nmae }}"), {"client": {"name": "x"}}, press=press)
    assert told.value.place is not None
    assert (told.value.place.paragraph, told.value.place.words) == (2, "Name: {{ client.nmae }}")


def test_the_names_a_form_uses_are_the_names_of_the_data(form_of: Build) -> None:
    form = form_of(
        "{{ client.name|upper }} {{ client['birth_date'] }} {{ client.name.strip() }}",
        "{% for c in categories|sort(attribute='label') if c.shown %}{{ c.label }}{{ loop.index }}{% endfor %}",
        "{% for k, v in client.items() %}{{ k }}{{ v.x }}{% endfor %}",
        "{% set who = organization %}{{ who.name }}{% set n = 1 %}{{ n }}",
        "{% macro line(text) %}{{ text.y }}{% endmacro %}{{ line(agency.phone) }}",
        "{% if optional is defined %}x{% endif %}{{ other|default('x') }}",
        "{{ address[0] }} {{ range(3)|join }}",
    )
    assert {one.name for one in names_used(form)} == {
        "client.name",
        "client.birth_date",
        "client.name.strip",
        "categories",
        "categories[].shown",
        "categories[].label",
        "client.items",
        "organization",
        "organization.name",
        "agency.phone",
        "address[]",
    }


def test_methods_and_empty_lists_are_not_missing_fields(form_of: Build) -> None:
    used = names_used(form_of("{{ client.name.strip() }}{% for c in things %}{{ c.label }}{% endfor %}{{ client.x }}"))
    data: dict[str, Any] = {"client": {"name": "x"}, "things": []}
    assert [one.name for one in missing(used, data)] == ["client.x"]

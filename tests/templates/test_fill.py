"""What a filled form says, and what it never says."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from docx.oxml.ns import qn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markupsafe import Markup

from templates.errors import FormCode, FormError
from templates.fill import fill, open_form

Build = Callable[..., bytes]
Words = Callable[[bytes], list[str]]


def refused(docx: bytes, data: dict[str, Any]) -> FormError:
    with pytest.raises(FormError) as told:
        fill(docx, data)
    return told.value


def test_a_name_with_an_ampersand_and_brackets_is_printed_whole(form_of: Build, words_of: Words) -> None:
    assert words_of(fill(form_of("{{ name }}"), {"name": "Dana <Reyes> & Co"})) == ["Dana <Reyes> & Co"]


def test_a_text_that_says_it_is_safe_is_escaped_like_any_other(form_of: Build, words_of: Words) -> None:
    assert words_of(fill(form_of("{{ name }}"), {"name": Markup("</w:t> & <w:t>")})) == ["</w:t> & <w:t>"]


def test_a_value_is_never_read_as_a_form(form_of: Build, words_of: Words) -> None:
    value = "{{ client.name }} {% if %} {# x #}"
    assert words_of(fill(form_of("{{ text }}"), {"text": value, "client": {"name": "x"}})) == [value]


def test_the_same_form_and_data_give_the_same_bytes_in_two_processes(form: bytes, data: dict[str, Any]) -> None:
    code = (
        "import sys, json; from templates.fill import fill;"
        "blob = sys.stdin.buffer.read(); size = int(blob[:12]);"
        "sys.stdout.buffer.write(fill(blob[12:12 + size], json.loads(blob[12 + size:])))"
    )
    import json

    told = b"%012d" % len(form) + form + json.dumps(data).encode()
    root = Path(__file__).parents[2]
    other = subprocess.run([sys.executable, "-c", code], input=told, capture_output=True, check=True, cwd=root)
    assert other.stdout == fill(form, data)


def test_a_filled_form_tells_no_author_and_no_moment(form: bytes, data: dict[str, Any]) -> None:
    properties = Document(io.BytesIO(fill(form, data, locale="es"))).core_properties
    assert (properties.author, properties.last_modified_by, properties.comments) == ("", "", "")
    assert properties.created.year == properties.modified.year == 2000
    assert properties.title == "Disclosure statement"
    assert properties.language == "es"
    with zipfile.ZipFile(io.BytesIO(fill(form, data))) as package:
        assert {member.date_time for member in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_a_title_with_a_field_is_filled_and_not_escaped_twice(form_of: Build) -> None:
    document = Document(io.BytesIO(form_of("x")))
    document.core_properties.title = "About {{ name }}"
    stream = io.BytesIO()
    document.save(stream)
    assert Document(io.BytesIO(fill(stream.getvalue(), {"name": "A & <B>"}))).core_properties.title == "About A & <B>"


def test_the_places_for_signatures_keep_their_words(form: bytes, data: dict[str, Any]) -> None:
    body = Document(io.BytesIO(fill(form, data))).element.body
    assert [one.get("descr") for one in body.iter(qn("wp:docPr"))] == ["sig:client", "sig:witness"]


def test_an_open_form_can_be_filled_once(form: bytes, data: dict[str, Any]) -> None:
    opened = open_form(form)
    opened.fill(data)
    with pytest.raises(RuntimeError, match="once"):
        opened.fill(data)


def test_loops_conditions_merged_and_colored_cells_work_as_in_any_docxtpl_form(form_of: Build, words_of: Words) -> None:
    data = {"groups": [{"name": "A", "items": [1, 2]}, {"name": "B", "items": [3]}], "columns": ["x", "y"], "on": True}
    rows = form_of([["{%tr for g in groups %}", ""], ["{% vm %}{{ g.name }}", "x"], ["{%tr endfor %}", ""]])
    assert words_of(fill(rows, data)) == ["A", "x", "", "x"]
    columns = form_of([["{%tc for c in columns %}", "{{ c }}", "{%tc endfor %}"]])
    assert words_of(fill(columns, data)) == ["x", "y"]
    spans = form_of([["{% colspan 2 %}{{ columns[0] }}", "{% cellbg 'FF0000' %}b"]])
    assert words_of(fill(spans, data)) == ["x", "b"]
    merged = form_of([["a", "b", ""], ["{%tc for c in columns %}", "{% hm %}{{ c }}", "{%tc endfor %}"]])
    assert words_of(fill(merged, data))[-1] == "x"
    # a member named like one of Python's own methods is the member
    nested = form_of(
        "{%p for g in groups %}", "{{ g.name }}:{% for i in g.items %} {{ i }}{% endfor %}", "{%p endfor %}"
    )
    assert words_of(fill(nested, data)) == ["A: 1 2", "B: 3"]
    assert words_of(fill(form_of("{% if on %}yes{% else %}no{% endif %}", "{#p gone #}"), data)) == ["yes"]


def test_a_placeholder_that_word_split_into_pieces_is_filled(words_of: Words) -> None:
    document = Document()
    paragraph = document.add_paragraph()
    for number, piece in enumerate(("{", "{ na", "me }", "}")):
        paragraph.add_run(piece).bold = bool(number % 2)
    stream = io.BytesIO()
    document.save(stream)
    assert words_of(fill(stream.getvalue(), {"name": "Dana"})) == ["Dana"]


def test_rich_text_and_whole_paragraphs_come_from_plain_data(form_of: Build, words_of: Words) -> None:
    data = {
        "rich": ["a & ", {"text": "<b>", "bold": True, "color": "#7A1F1F", "size": 12, "underline": True}],
        "plain": "x < y",
        "all": ["one\ntwo", {"text": "three", "style": "Heading 2"}],
    }
    assert words_of(fill(form_of("Say {{r rich }}.", "{{r plain }}", "{{p all }}"), data)) == [
        "Say a & <b>.",
        "x < y",
        "one",
        "two",
        "three",
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"text": "x", "color": 'red"/><w:t>'},
        {"text": "x", "size": 900},
        {"text": "x", "style": '"/>'},
        {"bold": True},
        [[{}]],
    ],
)
def test_rich_text_that_is_none_is_refused(form_of: Build, wrong: object) -> None:
    assert refused(form_of("{{r rich }}"), {"rich": wrong}).code is FormCode.FORBIDDEN_EXPRESSION


def test_line_feeds_and_tabs_in_a_value_become_breaks(form_of: Build, words_of: Words) -> None:
    assert words_of(fill(form_of("{{ text }}"), {"text": "one\r\ntwo"})) == ["one\ntwo"]


def test_a_value_in_a_footnote_is_not_read_as_a_form_when_there_are_two_sections(
    form_of: Build, repacked: Callable[..., bytes]
) -> None:
    document = Document(io.BytesIO(form_of("x")))
    document.add_section()
    document.add_section()
    stream = io.BytesIO()
    document.save(stream)
    with zipfile.ZipFile(stream) as package:
        kinds = package.read("[Content_Types].xml")
        relations = package.read("word/_rels/document.xml.rels")
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"
    footnotes = (
        '<?xml version="1.0" encoding="UTF-8"?><w:footnotes xmlns:w="http://schemas.openxmlformats.org/wordprocessingml'
        '/2006/main"><w:footnote w:id="1"><w:p><w:r><w:t>{{ text }}</w:t></w:r></w:p></w:footnote></w:footnotes>'
    )
    with_notes = repacked(
        stream.getvalue(),
        **{
            "word/footnotes.xml": footnotes.encode(),
            "[Content_Types].xml": kinds.replace(
                b"</Types>", f'<Override PartName="/word/footnotes.xml" ContentType="{kind}"/></Types>'.encode()
            ),
            "word/_rels/document.xml.rels": relations.replace(
                b"</Relationships>",
                b'<Relationship Id="rIdN" Target="footnotes.xml" Type="http://schemas.openxmlformats.org/officeDocument/2006'
                b'/relationships/footnotes"/></Relationships>',
            ),
        },
    )
    with zipfile.ZipFile(io.BytesIO(fill(with_notes, {"text": "{{ 7 + 7 }}"}))) as package:
        told = package.read("word/footnotes.xml").decode()
    assert "{{ 7 + 7 }}" in told
    assert "14" not in told


@pytest.mark.parametrize(
    ("text", "code", "words", "remedy"),
    [
        ("Name: {{ client.nmae }}", FormCode.FIELD_MISSING, "client.nmae", "client.name"),
        ("{{ client['nmae'] }}", FormCode.FIELD_MISSING, "client.nmae", "client.name"),
        ("{{r client.nmae }}", FormCode.FIELD_MISSING, "client.nmae", "client.name"),
        ("{{ clint.name }}", FormCode.FIELD_MISSING, "clint", "client"),
        (
            "{% for one in things %}{{ one.lable }}{% endfor %}",
            FormCode.FIELD_MISSING,
            "things[].lable",
            "things[].label",
        ),
        ("{% if client.nmae %}x{% endif %}", FormCode.FIELD_MISSING, "client.nmae", "client.name"),
        ("{{ client.name|uper }}", FormCode.UNKNOWN_FILTER, "uper", "upper"),
        ("{{ things }}", FormCode.FIELD_NOT_TEXT, "things", "for"),
        ("{{ client }}", FormCode.FIELD_NOT_TEXT, "client", "member"),
        ("{{ client.get('x') }}", FormCode.FIELD_NOT_TEXT, "none", "text"),
        ("{{ client.name.upper }}", FormCode.FIELD_NOT_TEXT, "not text", "text"),
        ("{{ client.name + 1 }}", FormCode.TEMPLATE_BROKEN, "computes", "different kinds"),
        ("{% if client.name %}x", FormCode.TEMPLATE_BROKEN, "if", "end"),
        ("{{ client.name", FormCode.TEMPLATE_BROKEN, "pairs", "paragraph"),
        ("{{ client.name } }", FormCode.TEMPLATE_BROKEN, "pairs", "paragraph"),
        ("{% raw %}{{ x }}{% endraw %}", FormCode.BRACES_LEFT_OVER, "{{", "braces"),
        ("{% include 'x' %}", FormCode.FORBIDDEN_EXPRESSION, "include", "only"),
    ],
)
def test_what_is_wrong_with_a_form_is_told_with_the_place_and_a_remedy(
    form_of: Build, text: str, code: FormCode, words: str, remedy: str
) -> None:
    data = {"client": {"name": "Zyx-Canary"}, "things": [{"label": "x"}]}
    error = refused(form_of("First.", text, "Last."), data)
    assert error.code is code
    assert words in error.sentence
    assert remedy in error.remedy
    assert error.place is not None
    assert (error.place.part, error.place.paragraph) == ("body", 2)
    assert str(error) == f"{error.sentence} {error.remedy}"
    assert "Zyx-Canary" not in str(error)
    assert "\n" not in str(error)


def test_a_mistake_in_a_header_is_told_to_be_there(form_of: Build) -> None:
    error = refused(form_of("x", header="{{ nmae }}"), {"name": "x"})
    assert error.place is not None
    assert error.place.part.startswith("header")


def test_a_condition_that_tears_a_table_apart_is_refused_and_nothing_is_dropped(form_of: Build) -> None:
    error = refused(form_of("a", [["{% if on %}x", "y"]], "{% endif %}"), {"on": False})
    assert error.code is FormCode.TEMPLATE_BROKEN
    assert error.place is not None
    assert error.place.paragraph == 2


def test_an_ampersand_in_an_expression_is_an_ampersand(form_of: Build, words_of: Words) -> None:
    assert words_of(fill(form_of("{{ 'a & b < c' }} {{ name|default('x & y') }}"), {})) == ["a & b < c x & y"]


def test_a_table_that_lacks_a_piece_is_told_as_such(form_of: Build, repacked: Callable[..., bytes]) -> None:
    with zipfile.ZipFile(io.BytesIO(form_of([["{{ name }}", "x"]]))) as package:
        body = package.read("word/document.xml").decode()
    start, end = body.index("<w:tblGrid>"), body.index("</w:tblGrid>") + len("</w:tblGrid>")
    torn = repacked(form_of([["{{ name }}", "x"]]), **{"word/document.xml": (body[:start] + body[end:]).encode()})
    error = refused(torn, {"name": "Zyx-Canary"})
    assert error.code is FormCode.TEMPLATE_BROKEN
    assert "Zyx-Canary" not in str(error)


def test_braces_the_author_means_are_printed(form_of: Build, words_of: Words) -> None:
    assert words_of(fill(form_of("Write {_{ name }_}"), {})) == ["Write {{ name }}"]


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (None, FormCode.FIELD_NONE),
        (object(), FormCode.FIELD_NOT_PLAIN),
        (b"bytes", FormCode.FIELD_NOT_PLAIN),
        (float("nan"), FormCode.FIELD_NOT_PLAIN),
        ("bell \x07", FormCode.FIELD_NOT_PLAIN),
        ("\ud800", FormCode.FIELD_NOT_PLAIN),
        ({1: "x"}, FormCode.FIELD_NOT_PLAIN),
        ("x" * 3_000_000, FormCode.FIELD_NOT_PLAIN),
        (["x"] * 30_000, FormCode.FIELD_NOT_PLAIN),
    ],
)
def test_only_plain_values_enter_a_form_and_the_field_is_named(form_of: Build, value: object, code: FormCode) -> None:
    error = refused(form_of("x"), {"client": {"aliases": [value]}})
    assert error.code is code
    assert "client.aliases[]" in error.sentence


def test_an_object_with_methods_never_reaches_a_form(form_of: Build) -> None:
    class Record:
        def delete(self) -> None:
            raise AssertionError("a form called a method")

    assert refused(form_of("{{ record.delete() }}"), {"record": Record()}).code is FormCode.FIELD_NOT_PLAIN


BOMBS = [
    "{{ 'x' * 10**9 }}",
    "{{ 'x' * 1000000000 }}",
    "{{ ['x'] * 1000000000 }}",
    "{{ 10 ** 10 ** 10 }}",
    "{{ 99999999 * 99999999 }}",
    "{{ 'x'|center(99999999) }}",
    "{{ '%0999999999d'|format(3) }}",
    "{{ '%0999999999d' % 3 }}",
    "{{ '{:>999999999}'.format(1) }}",
    "{{ 'x'.center(999999999) }}",
    "{{ 'x'.ljust(999999999) }}",
    "{{ 'x'|indent(999999999) }}",
    "{{ range(9999999)|list }}",
    "{{ lipsum(9999) }}",
]
ESCAPES = [
    "{{ ''.__class__.__mro__ }}",
    "{{ client.__class__ }}",
    "{{ client['__class__'] }}",
    "{{ client|attr('__class__') }}",
    "{{ [client]|map(attribute='__class__')|list }}",
    "{{ cycler.__init__.__globals__ }}",
    "{{ cycler['__init__'] }}",
    "{{ namespace.mro() }}",
    "{{ self }}",
    "{{ self._TemplateReference__context }}",
    "{{ '{0.__class__}'.format(client) }}",
    "{% set x = client.update({'a': 1}) %}",
    "{% set x = things.append(1) %}",
    "{{ client|safe }}",
    "{{ client|tojson }}",
    "{% autoescape false %}{{ client.name }}{% endautoescape %}",
    "{% import 'os' as os %}",
    "{% extends 'x' %}",
    "{{ loop._iterable }}",
    "{{ x.__init__ }}",
]


@pytest.mark.parametrize("text", BOMBS + ESCAPES)
def test_a_form_cannot_explode_or_break_out(form_of: Build, text: str) -> None:
    assert isinstance(refused(form_of(text), {"client": {"name": "x"}, "things": [1], "x": "y"}), FormError)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.text(
        st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="\ufffe\uffff"), min_size=1, max_size=40
    )
)
def test_whatever_is_printable_is_printed_as_it_is(form_of: Build, words_of: Words, value: str) -> None:
    assert words_of(fill(_text_form(form_of), {"text": value, "more": [value]})) == [value, value]


_made: dict[str, bytes] = {}


def _text_form(form_of: Build) -> bytes:
    if "text" not in _made:
        _made["text"] = form_of("{{ text }}", "{% for one in more %}{{ one }}{% endfor %}")
    return _made["text"]

"""Forms and data that mean harm: refused with a clear error within their limits, or printed whole.

The limits are the real ones: a filler daemon with its children, LibreOffice, and the words of the finished PDF.
"""

from __future__ import annotations

import io
import re
import time
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from templates import limits
from templates.errors import FormCode, FormError
from templates.fill import fill
from templates.lint.apart import check_apart
from templates.package import check_word_file
from templates.press import Press
from templates.preview import preview
from templates.text import extract

Build = Callable[..., bytes]
Repack = Callable[..., bytes]

FORBIDDEN = {FormCode.FORBIDDEN_EXPRESSION, FormCode.UNKNOWN_FILTER, FormCode.TEMPLATE_BROKEN, FormCode.FIELD_MISSING}
TOO_MUCH = {FormCode.FILL_TIMEOUT, FormCode.FILL_MEMORY, *FORBIDDEN}

WALKS = [
    "{{ name.__class__.__mro__ }}",
    "{{ name|attr('__class__') }}",
    "{{ name['__class__'] }}",
    "{{ ''.__class__.__base__.__subclasses__() }}",
    "{{ cycler.__init__.__globals__ }}",
    "{{ namespace.__init__.__globals__.os.popen('id').read() }}",
    "{{ joiner.__call__.__globals__ }}",
    "{{ self.__init__ }}",
    "{{ loop.__class__ }}",
    "{{ [].__class__ }}",
    "{{ range.__self__ }}",
    "{{ ('{0.__class__}').format(name) }}",
    "{{ ('{0.__class__}').format_map({}) }}",
    "{{ name|map(attribute='__class__')|list }}",
    "{{ [name]|map(attribute='__class__')|first }}",
    "{{ [name]|groupby('__class__') }}",
    "{{ [name]|sum(attribute='__len__') }}",
    "{{ lipsum.__globals__ }}",
    "{{ get_flashed_messages() }}",
    "{% import 'os' as os %}{{ os }}",
    "{% include '/etc/passwd' %}",
    "{% extends '/etc/passwd' %}",
    "{% autoescape false %}{{ name }}{% endautoescape %}",
    "{{ name|safe }}",
]
BOMBS = [
    "{{ 'x' * 10**9 }}",
    "{{ 'x' * 1000000000 }}",
    "{{ 10 ** 10 ** 10 }}",
    "{{ name|center(99999999) }}",
    "{{ name.center(99999999) }}",
    "{{ name.ljust(999999999) }}",
    "{{ name.zfill(999999999) }}",
    "{{ '%0999999999d'|format(1) }}",
    "{{ '%0999999999d' % 1 }}",
    "{{ '{:>999999999}'.format(name) }}",
    "{{ name|indent(999999999) }}",
    "{{ name|wordwrap(1, wrapstring='x' * 100000000) }}",
    "{{ [name]|batch(999999999, 'x')|list|length }}",
    "{{ [name]|slice(999999999)|list|length }}",
    "{{ range(1000000000)|list }}",
    "{{ [[0] * 1000000] * 1000000 }}",
    "{% for a in range(999) %}{% for b in range(999) %}{% for c in range(999) %}x{% endfor %}{% endfor %}{% endfor %}",
    "{% set s = namespace(t='xxxxxxxxxx') %}{% for i in range(60) %}{% set s.t = s.t ~ s.t %}{% endfor %}{{ s.t }}",
    "{% set s = namespace(t='a') %}{% for i in range(40) %}{% set s.t = s.t|replace('a', 'aa') %}{% endfor %}{{ s.t }}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{{ " + "(" * 2000 + "1" + ")" * 2000 + " }}",
]


@pytest.mark.parametrize("tag", WALKS)
def test_no_form_walks_out_of_its_data(press: Press, form_of: Build, tag: str) -> None:
    with pytest.raises(FormError) as refused:
        press.fill(form_of(tag), {"name": "Marisol"})
    assert refused.value.code in {*FORBIDDEN, FormCode.FIELD_NOT_TEXT}
    assert refused.value.remedy


@pytest.mark.parametrize("tag", BOMBS, ids=[tag[:40] for tag in BOMBS])
def test_no_form_takes_more_time_or_memory_than_a_form_may(press: Press, form_of: Build, tag: str) -> None:
    began = time.monotonic()
    with pytest.raises(FormError) as refused:
        press.fill(form_of(tag), {"name": "Marisol"})
    assert refused.value.code in TOO_MUCH
    assert time.monotonic() - began < limits.FILL_WALL_SECONDS + 8  # the rest is this machine's own business


@pytest.mark.parametrize("tag", [BOMBS[0], BOMBS[16], BOMBS[17]], ids=["text", "loops", "doubling"])
def test_checking_a_bomb_ends_too(form_of: Build, tag: str) -> None:
    began = time.monotonic()
    try:
        ended = bool(check_apart(form_of(tag)))
    except FormError as refused:
        ended = refused.code is FormCode.FILL_TIMEOUT
    assert ended
    assert time.monotonic() - began < 60


ENTITIES = [
    b'<?xml version="1.0"?><!DOCTYPE w [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><w>&b;</w>',
    b'<?xml version="1.0"?><!DOCTYPE w SYSTEM "http://127.0.0.1:9/x.dtd"><w/>',
    b'<?xml version="1.0"?><!DOCTYPE w PUBLIC "-//X//Y" "file:///etc/passwd"><w/>',
    b'<?xml version="1.0"?><!DOCTYPE w [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]><w/>',
    '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE w []><w/>'.encode("utf-16"),
    b'<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-DOCTYPE w [+ADwAIQ-ENTITY a "b"+AD4AXQA+-<w/>',
    '<?xml version="1.0" encoding="cp037"?><!DOCTYPE w [<!ENTITY a "b">]><w/>'.encode("cp037"),
    b"\xef\xbb\xbf  <?xml version=\"1.0\" encoding='utf-7'?><w/>",
]


@pytest.mark.parametrize("xml", ENTITIES, ids=range(len(ENTITIES)))
def test_a_part_that_defines_or_fetches_entities_is_refused_in_whatever_letters(
    repacked: Repack, form: bytes, xml: bytes
) -> None:
    for part in ("word/settings.xml", "customXml/item1.xml", "word/_rels/document.xml.rels"):
        with pytest.raises(FormError) as refused:
            check_word_file(repacked(form, **{part: xml}))
        assert refused.value.code is FormCode.WORD_FILE_UNSAFE


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/cron.d/x.xml",
        "/etc/x.xml",
        "word/../../x.xml",
        "word\\..\\x.xml",
        "C:/x.xml",
        "word/./x.xml",
        "..",
        "word/x\ty.xml",
    ],
)
def test_a_part_whose_name_leads_out_of_the_file_is_refused(repacked: Repack, form: bytes, name: str) -> None:
    with pytest.raises(FormError) as refused:
        check_word_file(repacked(form, **{name: b"<w/>"}))
    assert refused.value.code is FormCode.WORD_FILE_UNSAFE


@pytest.mark.parametrize("again", ["word/document.xml", "WORD/Document.XML"])
def test_two_parts_of_one_name_are_refused_also_when_only_their_case_differs(form: bytes, again: str) -> None:
    stream = io.BytesIO(form)
    with zipfile.ZipFile(stream, "a") as package, pytest.warns() if again == "word/document.xml" else _nothing():
        package.writestr(again, b"<w:document/>")
    with pytest.raises(FormError) as refused:
        check_word_file(stream.getvalue())
    assert refused.value.code is FormCode.WORD_FILE_UNSAFE


def _nothing() -> Any:
    from contextlib import nullcontext

    return nullcontext()


def test_a_bomb_that_unpacks_to_gigabytes_is_refused_without_unpacking_it(repacked: Repack, form: bytes) -> None:
    bomb = repacked(form, **{f"word/media/{number}.bin": b"\0" * (50 << 20) for number in range(2)})
    assert len(bomb) < 1 << 20
    began = time.process_time()
    with pytest.raises(FormError) as refused:
        check_word_file(bomb)
    assert refused.value.code is FormCode.WORD_FILE_TOO_LARGE
    assert time.process_time() - began < 1


@pytest.mark.parametrize("depth", [300, 5_000])
def test_xml_nested_beyond_reason_is_an_error_and_no_crash(repacked: Repack, form: bytes, depth: int) -> None:
    deep = b"<w:p xmlns:w='http://schemas.openxmlformats.org/wordprocessingml/2006/main'>" + b"<w:r>" * depth
    body = deep + b"</w:r>" * depth + b"</w:p>"
    xml = zipfile.ZipFile(io.BytesIO(form)).read("word/document.xml").replace(b"<w:body>", b"<w:body>" + body)
    with pytest.raises(FormError):
        fill(repacked(form, **{"word/document.xml": xml}), {})


NAMES = {
    "brackets and ampersand": "Dana <Reyes> & Co \"Quoted\" 'Single'",
    "looks like a form": "{{ client.name }} {% for x in y %} {# note #} }}{{ %}",
    "looks like xml": "</w:t></w:r></w:p><w:p><w:r><w:t>Injected &amp; &lt;b&gt;",
    "right to left": "דניאל כהן محمد علي",
    "combining": "Zoe\u0308 A\u0301ngel N\u0303ame Nguye\u0302\u0303n",
    "astral": "\U0001d49clbert \U0001f600 \U0001d7d8",
    "zero width": "Zero\u200bWidth\u200dJoined\u2060Name",
    "ligatures and case": "ﬁﬂora Straße İstanbul ǅaba",
    "armenian and georgian": "Արամ გიორგი",
    "greek and cyrillic": "Δημήτρης Дмитрий Ѣдинъ",
    "ten thousand letters": "Abcdefghi " * 1000,
    "ten thousand letters without a blank": "Abcdefghij" * 1000,
}
INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff\u00ad\\s-]")


def letters(text: str) -> Counter[str]:
    """The letters that are seen, however they were composed or where the line was broken."""
    return Counter(INVISIBLE.sub("", unicodedata.normalize("NFKC", text)))


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_every_letter_of_a_name_is_on_the_paper_and_none_besides(press: Press, form_of: Build, name: str) -> None:
    form = form_of("Name: {{ client.name }}", [["Again", "{{ client.name }}"]])
    told = "".join(extract(preview(form, {"client": {"name": name}}, press=press)).pages)
    wanted = letters("Name: Again" + name + name)
    assert letters(told) == wanted


def test_a_mark_that_turns_a_name_around_is_refused(form_of: Build) -> None:
    with pytest.raises(FormError) as refused:
        fill(form_of("{{ name }}"), {"name": "Ana \u202eairaM"})
    assert refused.value.code is FormCode.FIELD_NOT_PLAIN
    assert "Ana" not in str(refused.value)


_TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn", "Co", "Cf"]), min_size=1, max_size=60)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(_TEXTS, min_size=8, max_size=8))
def test_whatever_is_typed_is_filled_letter_for_letter(
    form_of: Build, words_of: Callable[[bytes], list[str]], texts: list[str]
) -> None:
    form = form_of(*(f"{{{{ t[{number}] }}}}" for number in range(len(texts))))
    assert words_of(fill(form, {"t": texts}))[: len(texts)] == texts


def test_a_value_that_chooses_a_member_is_never_quoted(form_of: Build) -> None:
    with pytest.raises(FormError) as refused:
        fill(form_of("{{ table[client.name] }}"), {"client": {"name": "Quetzalcanario"}, "table": {"a": "b"}})
    assert refused.value.code is FormCode.FIELD_MISSING
    assert "Quetzalcanario" not in str(refused.value)
    assert "asks table for a member" in refused.value.sentence

"""What the checker says of forms: nothing of ours, and of each mistake where it is and what to do."""

from __future__ import annotations

import copy
import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import docx
import pytest
from docx.enum.text import WD_COLOR_INDEX
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Pt

from rules.families import Clause
from rules.form_text import found, must_say
from rules.vocabulary import Family, Language, Severity
from templates.catalog import catalog
from templates.errors import FormError
from templates.form import Form
from templates.lint.check import Meant, check
from templates.lint.remark import Check, Remark, blocking
from templates.lint.wording import said_by

Spoil = Callable[[Form, Callable[[Any], object]], bytes]
Look = Callable[..., list[Remark]]

EACH = [pytest.param(form, language, id=f"{form.id}-{language}") for form in catalog() for language in form.languages]


def of(remarks: list[Remark], check: Check) -> list[Remark]:
    return [remark for remark in remarks if remark.check is check]


def add(text: str) -> Callable[[Any], object]:
    """Put a paragraph into the middle of the document."""
    return lambda document: document.paragraphs[12].insert_paragraph_before(text)


@pytest.mark.parametrize(("form", "language"), EACH)
def test_nothing_that_ships_has_a_remark_that_blocks(form: Form, language: Language) -> None:
    assert not blocking(check(form.docx(language), Meant(form=form, language=language)))


def test_an_unknown_field_is_told_wherever_it_stands_with_the_name_that_was_meant(
    disclosure: Form, spoiled: Spoil, remarks_on: Look
) -> None:
    def change(document: Any) -> None:
        add("My name is {{ client.nmae }}.")(document)
        document.tables[0].rows[1].cells[1].paragraphs[0].text = "{{ organisation.name }}"
        document.sections[0].footer.paragraphs[0].add_run("{{ statement.reff }}")

    told = {one.sentence: one for one in of(remarks_on(spoiled(disclosure, change), disclosure), Check.UNKNOWN_FIELD)}
    assert len(told) == 3
    name = next(one for said, one in told.items() if "client.nmae" in said)
    assert name.remedy == "Did you mean client.name?"
    assert name.place.words == "My name is {{ client.nmae }}."
    assert name.place.paragraph
    assert {one.place.part for one in told.values()} == {"body", "footer 1"}
    assert all(one.blocks for one in told.values())


def test_a_field_the_manifest_does_not_declare_and_one_it_declares_for_nothing_are_told(
    disclosure: Form, spoiled: Spoil, remarks_on: Look
) -> None:
    def change(document: Any) -> None:
        add("{{ mandate.body }}")(document)
        for node in document.element.body.iter(qn("w:t")):
            node.text = (node.text or "").replace("client.also_known_as", "client.name")

    told = remarks_on(spoiled(disclosure, change), disclosure)
    (undeclared,) = of(told, Check.UNDECLARED_FIELD)
    assert "mandate.body" in undeclared.sentence
    (unused,) = of(told, Check.UNUSED_FIELD)
    assert "client.also_known_as" in unused.sentence
    assert unused.place.part == "form.yaml"
    assert "1.07(a)" in unused.authority


@pytest.mark.parametrize(
    "instead", ["Somebody", "Somebody{{ '' if (part2 if hipaa else part2) and interpreter.name else '' }}"]
)
def test_a_field_that_is_looked_at_and_never_printed_is_told(
    disclosure: Form, spoiled: Spoil, remarks_on: Look, instead: str
) -> None:
    """What is filled in there would be lost, and the finished paper refused."""

    def change(document: Any) -> None:
        for node in document.element.body.iter(qn("w:t")):
            node.text = (node.text or "").replace("{{ interpreter.name }} interpreted", f"{instead} interpreted")

    (unprinted,) = of(remarks_on(spoiled(disclosure, change), disclosure), Check.UNPRINTED_FIELD)
    assert "interpreter.name" in unprinted.sentence
    assert unprinted.blocks
    assert not of(remarks_on(spoiled(disclosure, lambda _: None), disclosure), Check.UNPRINTED_FIELD)


def test_every_broken_thing_is_told_at_once_and_one_does_not_hide_another(
    disclosure: Form, spoiled: Spoil, remarks_on: Look
) -> None:
    def change(document: Any) -> None:
        add("{{ client.name|uppercase }}")(document)
        add("{{ client.name|shout }} and {{ none }}")(document)
        add("{{ client.__class__ }}")(document)
        add("{{ 'x' * 1000000000 }}")(document)
        add("{{ 'yes' if part2 }}")(document)
        document.sections[0].footer.paragraphs[0].add_run("{% if part2 %}never ended")

    told = remarks_on(spoiled(disclosure, change), disclosure)
    assert "Did you mean “upper”?" in {one.remedy for one in of(told, Check.UNKNOWN_FILTER)}
    assert len(of(told, Check.UNKNOWN_FILTER)) == 2
    assert len(of(told, Check.PRINTS_NONE)) == 2
    assert len(of(told, Check.FORBIDDEN_EXPRESSION)) == 2
    (broken,) = of(told, Check.BROKEN_TAG)
    assert broken.place.part == "footer 1"
    assert not of(told, Check.UNUSED_FIELD)  # nobody can say what the broken part asks for


@pytest.mark.parametrize("text", ["Other names: None", "None", "Born None, client number None", "Phone (None)"])
def test_the_word_none_is_told_where_a_program_prints_it(
    disclosure: Form, spoiled: Spoil, remarks_on: Look, text: str
) -> None:
    told = of(remarks_on(spoiled(disclosure, add(text)), disclosure), Check.PRINTS_NONE)
    assert told
    assert not blocking(told)


@pytest.mark.parametrize("text", ["None of my services will change.", "I signed none before.", "Of these, none."])
def test_the_word_none_in_a_sentence_is_a_word(disclosure: Form, spoiled: Spoil, remarks_on: Look, text: str) -> None:
    assert not of(remarks_on(spoiled(disclosure, add(text)), disclosure), Check.PRINTS_NONE)


def test_a_tag_in_pieces_and_curly_quotes_are_told_and_do_not_block(
    disclosure: Form, spoiled: Spoil, remarks_on: Look
) -> None:
    def change(document: Any) -> None:
        paragraph = add("I, {{ cli")(document)
        paragraph.add_run("ent.na").bold = True
        paragraph.add_run("me }}, agree. {{ records_period or “always” }}")

    told = remarks_on(spoiled(disclosure, change), disclosure)
    (split,) = of(told, Check.SPLIT_TAG)
    assert "“{{ client.name }}” in 3 pieces" in split.sentence
    (curly,) = of(told, Check.CURLY_QUOTE)
    assert curly.place.words.startswith("I, {{ client.name }}")
    assert not blocking(told)


@pytest.mark.parametrize("text", ["{{ client.name }", "{ { client.name }}", "client.name }}", "{% if part2 % }"])
def test_half_a_tag_is_told_once(disclosure: Form, spoiled: Spoil, remarks_on: Look, text: str) -> None:
    (told,) = of(remarks_on(spoiled(disclosure, add(f"Name: {text}")), disclosure), Check.BROKEN_TAG)
    assert told.blocks
    assert told.place.words.startswith("Name: ")


def _box(text: str) -> Any:
    """A paragraph that holds a text box, as Word writes one: the new drawing and what old versions show."""
    names = nsdecls("w", "wp", "a") + (
        ' xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
        ' xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"'
        ' xmlns:v="urn:schemas-microsoft-com:vml"'
    )
    inner = f"<w:txbxContent><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:txbxContent>"
    return parse_xml(
        f"<w:p {names}><w:r><mc:AlternateContent><mc:Choice Requires='wps'><w:drawing>"
        "<wp:inline><wp:extent cx='900000' cy='300000'/><wp:docPr id='77' name='Text Box 1'/><a:graphic>"
        "<a:graphicData uri='http://schemas.microsoft.com/office/word/2010/wordprocessingShape'>"
        f"<wps:wsp><wps:txbx>{inner}</wps:txbx></wps:wsp></a:graphicData></a:graphic></wp:inline></w:drawing>"
        f"</mc:Choice><mc:Fallback><w:pict><v:shape><v:textbox>{inner}</v:textbox></v:shape></w:pict></mc:Fallback>"
        "</mc:AlternateContent></w:r></w:p>"
    )


def test_what_stands_in_a_text_box_is_looked_at_once_and_said_to_be_there(
    disclosure: Form, spoiled: Spoil, remarks_on: Look
) -> None:
    def change(document: Any) -> None:
        document.paragraphs[12]._p.addprevious(_box("The offender agrees."))

    told = remarks_on(spoiled(disclosure, change), disclosure)
    (word,) = of(told, Check.STIGMA)
    assert word.place.part == "body, text box"
    assert not of(told, Check.PICTURE_WITHOUT_WORDS)


def test_a_footnote_is_looked_at(disclosure: Form, remarks_on: Look, with_parts: Callable[..., bytes]) -> None:
    words = "<w:p><w:r><w:t>An inmate.</w:t></w:r></w:p>"
    note = f"<w:footnotes {nsdecls('w')}><w:footnote w:id='1'>{words}</w:footnote></w:footnotes>"
    content = with_parts(disclosure.docx(Language.EN), **{"word/footnotes.xml": note})
    (word,) = of(remarks_on(content, disclosure), Check.STIGMA)
    assert word.place.part == "footnotes"


def test_a_table_cell_is_said_by_row_and_cell(disclosure: Form, spoiled: Spoil, remarks_on: Look) -> None:
    def change(document: Any) -> None:
        document.tables[0].rows[2].cells[1].paragraphs[0].add_run(" for the parolee")

    (word,) = of(remarks_on(spoiled(disclosure, change), disclosure), Check.STIGMA)
    assert word.place.part == "body, table 1 row 3 cell 2"
    assert "client" in word.remedy


def test_a_picture_without_words_and_a_missing_a_doubled_and_a_misspelled_signature_place_are_told(
    disclosure: Form, spoiled: Spoil, remarks_on: Look
) -> None:
    def change(document: Any) -> None:
        shapes = [shape._inline.docPr for shape in document.inline_shapes]
        shapes[0].set("descr", "sig:cleint")
        shapes[2].set("descr", "")
        last = document.inline_shapes[3]._inline.getparent().getparent()
        last.addnext(copy.deepcopy(last))

    told = remarks_on(spoiled(disclosure, change), disclosure)
    (silent,) = of(told, Check.PICTURE_WITHOUT_WORDS)
    assert "PDF/UA" in silent.authority
    places = " ".join(f"{one.sentence} {one.remedy}" for one in of(told, Check.SIGNATURE_PLACE))
    for wanted in ("Did you mean sig:client?", "signature of client", "signature of witness", "2 places sig:org_seal"):
        assert wanted in places


def test_a_second_place_that_is_printed_on_every_paper_or_on_none_is_told(
    disclosure: Form, spoiled: Spoil, remarks_on: Look
) -> None:
    def conditions(document: Any) -> list[Any]:
        return [run for paragraph in document.paragraphs for run in paragraph.runs if run.text.startswith("{%r")]

    def always(document: Any) -> None:
        for run in conditions(document):
            run._r.getparent().remove(run._r)

    def never(document: Any) -> None:
        for run in conditions(document):
            run.text = run.text.replace("signer.both", 'signer.name == ""')

    (told,) = of(remarks_on(spoiled(disclosure, always), disclosure), Check.SIGNATURE_PLACE)
    assert "sig:representative is printed where nobody signs" in told.sentence
    assert "{%r if signer.both %}" in told.remedy
    (told,) = of(remarks_on(spoiled(disclosure, never), disclosure), Check.SIGNATURE_PLACE)
    assert "sig:representative is missing where somebody must sign" in told.sentence


def test_signers_that_stand_in_an_order_nobody_could_sign_in_are_told(disclosure: Form, remarks_on: Look) -> None:
    content = disclosure.docx(Language.EN)
    assert not of(remarks_on(content, disclosure), Check.SIGNATURE_PLACE)
    witness_first = replace(disclosure, signers=tuple(reversed(disclosure.signers)))
    (told,) = of(remarks_on(content, witness_first), Check.SIGNATURE_PLACE)
    assert told.remedy == "Put them in this order: client, representative, witness, org_seal."


def test_a_family_alone_says_what_clauses_are_wanted(spoiled: Spoil, disclosure: Form, remarks_on: Look) -> None:
    document = docx.Document()
    document.add_paragraph("I let you share what you know about me.")
    stream = io.BytesIO()
    document.save(stream)
    told = remarks_on(stream.getvalue(), family=Family.SPECIFIC, language=Language.EN)
    missing = of(told, Check.CLAUSE_MISSING)
    assert len(missing) == len(must_say(Family.SPECIFIC)) > 4
    assert all(one.authority for one in missing)
    assert of(told, Check.SIGNATURE_PLACE)


def test_a_form_may_say_what_depends_on_the_signature_and_its_author_is_sent_to_counsel(
    spoiled: Spoil, disclosure: Form, remarks_on: Look
) -> None:
    """45 CFR 164.508(c)(2)(ii): that nothing is withheld, or what is."""

    def conditional(document: Any) -> None:
        for paragraph in list(document.paragraphs):
            if found(Clause.NOTHING_WITHHELD, paragraph.text):
                paragraph.text = "If I do not sign: you cannot examine me for the court unless I sign."

    told = remarks_on(spoiled(disclosure, conditional), disclosure)
    assert of(told, Check.CLAUSE_MISSING) == []
    (said,) = of(told, Check.CONDITION)
    assert said.severity is Severity.WARN
    assert "164.508(b)(4)" in said.authority


def test_every_clause_that_a_family_may_want_can_be_said_to_an_author() -> None:
    assert len({said_by(clause) for clause in Clause}) == len(Clause)


def test_a_promise_that_the_family_forbids_is_told_where_it_stands(
    supervision: Form, spoiled: Spoil, remarks_on: Look
) -> None:
    content = spoiled(supervision, add("I can revoke this at any time."))
    (told,) = of(remarks_on(content, supervision), Check.CLAUSE_FORBIDDEN)
    assert told.place.words == "I can revoke this at any time."
    assert "2.35" in told.authority or "2.31" in told.authority


def test_the_notice_as_it_was_before_2024_and_one_that_is_spliced_are_told_apart(
    disclosure: Form, spoiled: Spoil, remarks_on: Look
) -> None:
    from rules.notices import redisclosure_notice

    old = "42 CFR part 2 prohibits unauthorized disclosure of these records."
    right = redisclosure_notice(1).text
    spliced = right.replace("use or disclosure of this record", "further disclosure of this record")
    content = spoiled(disclosure, lambda document: [add(old)(document), add(spliced.split("\n")[0])(document)])
    told = remarks_on(content, disclosure)
    assert of(told, Check.SUPERSEDED_NOTICE)
    assert of(told, Check.ALTERED_NOTICE)
    whole = spoiled(disclosure, lambda document: [add(line)(document) for line in reversed(right.split("\n"))])
    told = remarks_on(whole, disclosure)
    assert not of(told, Check.SUPERSEDED_NOTICE)
    assert not of(told, Check.ALTERED_NOTICE)


def test_a_form_for_hiv_information_says_the_states_notice_word_for_word(spoiled: Spoil, remarks_on: Look) -> None:
    from tests.notices import new_yorks_notice

    protected, words = catalog().get("disclosure-protected"), new_yorks_notice()

    def with_notice(text: str) -> list[Remark]:
        def change(document: Any) -> None:
            (one,) = (paragraph for paragraph in document.paragraphs if paragraph.text == words)
            one.text = text

        return remarks_on(spoiled(protected, change), protected)

    assert not blocking(with_notice(words))
    altered = with_notice(words.replace("a fine or jail sentence", "a fine"))
    assert [one.check for one in blocking(altered)] == [Check.ALTERED_NOTICE]
    (gone,) = of(with_notice("The state wrote a notice."), Check.CLAUSE_MISSING)
    assert "the state's notice" in gone.sentence


def test_a_changed_word_in_the_notice_is_named(disclosure: Form, spoiled: Spoil, remarks_on: Look) -> None:
    from rules.notices import redisclosure_notice

    changed = redisclosure_notice(1).text.replace("against the patient", "against the client")
    content = spoiled(disclosure, lambda document: [add(line)(document) for line in reversed(changed.split("\n"))])
    (told,) = of(remarks_on(content, disclosure), Check.ALTERED_NOTICE)
    assert "client," in told.sentence
    assert "patient," in told.sentence
    assert told.place.paragraph


def test_hidden_text_is_told_however_it_is_hidden(disclosure: Form, spoiled: Spoil, remarks_on: Look) -> None:
    from docx.shared import RGBColor

    def change(document: Any) -> None:
        add("one ")(document).add_run("gone").font.hidden = True
        add("two ")(document).add_run("white").font.color.rgb = RGBColor(255, 255, 255)
        add("three ")(document).add_run("tiny").font.size = Pt(1)
        marked = add("four ")(document).add_run("white on dark")
        marked.font.color.rgb = RGBColor(255, 255, 255)
        marked.font.highlight_color = WD_COLOR_INDEX.BLACK

    told = of(remarks_on(spoiled(disclosure, change), disclosure), Check.HIDDEN_TEXT)
    assert [one.place.words for one in told] == ["three tiny", "two white", "one gone"]


def test_tracked_changes_comments_and_names_are_told_and_no_name_is_repeated(
    disclosure: Form, spoiled: Spoil, remarks_on: Look
) -> None:
    def change(document: Any) -> None:
        added = add("Kept.")(document)
        added._p.append(
            parse_xml(f"<w:ins {nsdecls('w')} w:id='9' w:author='Ana Writer'><w:r><w:t> New.</w:t></w:r></w:ins>")
        )
        document.add_comment(added.runs, text="is this right?", author="Ana Writer")
        document.core_properties.author = "Ana Writer"

    told = remarks_on(spoiled(disclosure, change), disclosure)
    (tracked,) = of(told, Check.TRACKED_CHANGE)
    assert "inserted text" in tracked.sentence
    assert of(told, Check.COMMENT)
    assert of(told, Check.AUTHOR_NAME)
    assert "Ana" not in " ".join(f"{one.place} {one.sentence} {one.remedy}" for one in told)


def test_a_link_outside_is_shown_and_a_picture_from_outside_stops_the_form(
    disclosure: Form, remarks_on: Look, with_parts: Callable[..., bytes]
) -> None:
    def with_relation(kind: str) -> bytes:
        def change(text: str) -> str:
            start = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
            more = f'<Relationship Id="x1" Type="{start}/{kind}" Target="https://example.org/" TargetMode="External"/>'
            return text.replace("</Relationships>", f"{more}</Relationships>")

        return with_parts(disclosure.docx(Language.EN), **{"word/_rels/document.xml.rels": change})

    (link,) = of(remarks_on(with_relation("hyperlink"), disclosure), Check.EXTERNAL_LINK)
    assert not link.blocks
    told = remarks_on(with_relation("image"), disclosure)
    assert of(told, Check.UNSAFE_FILE)
    assert of(told, Check.EXTERNAL_LINK)[0].blocks


def test_macros_do_not_keep_the_rest_from_being_looked_at(
    disclosure: Form, spoiled: Spoil, remarks_on: Look, with_parts: Callable[..., bytes]
) -> None:
    def as_docm(text: str) -> str:
        return text.replace(
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
            "application/vnd.ms-word.document.macroEnabled.main+xml",
        ).replace("</Types>", '<Default Extension="bin" ContentType="application/vnd.ms-office.vbaProject"/></Types>')

    content = with_parts(
        spoiled(disclosure, add("The offender.")), **{"[Content_Types].xml": as_docm, "word/vbaProject.bin": b"\x00"}
    )
    told = remarks_on(content, disclosure)
    assert of(told, Check.MACROS)
    assert of(told, Check.STIGMA)


def test_a_hard_paragraph_is_named_and_a_hard_form_is_stopped(
    disclosure: Form, spoiled: Spoil, remarks_on: Look
) -> None:
    hard = (
        "Notwithstanding any provision herein, authorization constitutes irrevocable acquiescence to retransmission of "
        "documentation by participating administrative organizations irrespective of subsequent disaffiliation. "
    )
    once = remarks_on(spoiled(disclosure, add(hard)), disclosure)
    assert [one.place.words[:15] for one in of(once, Check.READING)] == [hard[:15]]
    assert not blocking(once)
    often = remarks_on(spoiled(disclosure, add(hard * 30)), disclosure)
    assert of(often, Check.READING)[0].blocks


def test_a_title_that_tells_what_the_program_is_is_stopped(disclosure: Form, spoiled: Spoil, remarks_on: Look) -> None:
    def change(document: Any) -> None:
        document.core_properties.title = "Consent under 42 CFR Part 2"

    (told,) = of(remarks_on(spoiled(disclosure, change), disclosure), Check.TELLS_CLASS)
    assert told.place.part == "document properties"


def test_a_named_officer_in_the_form_is_shown(disclosure: Form, spoiled: Spoil, remarks_on: Look) -> None:
    told = remarks_on(spoiled(disclosure, add("Send it to P.O. J. Smith.")), disclosure)
    assert of(told, Check.NAMES_A_PERSON)


def test_what_compiles_and_cannot_be_filled_is_found_by_the_trial(
    disclosure: Form, spoiled: Spoil, remarks_on: Look
) -> None:
    (told,) = of(remarks_on(spoiled(disclosure, add("{{ agency.address }}")), disclosure), Check.TRIAL)
    assert "a list" in told.sentence
    assert told.place.words == "{{ agency.address }}"


def test_what_is_no_word_file_is_an_error_and_not_a_remark() -> None:
    with pytest.raises(FormError):
        check(b"a text")

"""Ways to tamper with a sealed statement by an appended update: every signed byte stays in place.

Each change comes twice: as it is, and stamped afterwards by an authority that stamps for anybody.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from tests.signing.tampering import Genuine, Variant, restamped, updated


def page_of(writer: IncrementalPdfFileWriter):  # type: ignore[no-untyped-def]
    return writer.find_page_for_modification(0)[0].get_object()


def field_of(writer: IncrementalPdfFileWriter, name: str):  # type: ignore[no-untyped-def]
    fields = writer.root["/AcroForm"]["/Fields"]
    return next(fields[i] for i in range(len(fields)) if fields[i]["/T"] == name)


def stream(data: bytes, **entries: generic.PdfObject) -> generic.StreamObject:
    return generic.StreamObject({pdf_name(f"/{key}"): value for key, value in entries.items()}, stream_data=data)


def text(string: str) -> generic.PdfObject:
    return generic.pdf_string(string)


VARIANTS: list[Variant] = []
OVERPAINT = b"q 1 1 1 rg 50 400 500 300 re f 0 0 0 rg Q"


def _update(outcome: str = "rejected", code: str = "changed_after_seal"):  # type: ignore[no-untyped-def]
    """Register a change to the document as an appended update, and the same one stamped afterwards."""

    def register(change: Callable[[IncrementalPdfFileWriter], None]) -> None:
        name = change.__name__.strip("_")
        VARIANTS.append(
            Variant(name=name, make=lambda g: updated(g.sealed, change), outcome=outcome, code=code, silent=True)
        )
        VARIANTS.append(
            Variant(
                name=f"{name}_then_stamped",
                make=lambda g: restamped(updated(g.sealed, change), g),
                outcome=outcome,
                code=code,
                silent=True,
                stamped=True,
            )
        )

    return register


@_update()
def page_content_added(writer: IncrementalPdfFileWriter) -> None:
    page = page_of(writer)
    extra = writer.add_object(stream(OVERPAINT))
    page[pdf_name("/Contents")] = generic.ArrayObject([page.raw_get("/Contents"), extra])
    writer.update_container(page)


@_update()
def page_content_replaced(writer: IncrementalPdfFileWriter) -> None:
    contents = page_of(writer)["/Contents"]
    contents._data, contents._encoded_data = OVERPAINT, None
    contents.pop("/Filter", None)
    writer.update_container(contents)


@_update()
def pages_swapped_for_another_tree(writer: IncrementalPdfFileWriter) -> None:
    pages = writer.root["/Pages"]
    page = generic.DictionaryObject(
        {
            pdf_name("/Type"): pdf_name("/Page"),
            pdf_name("/Parent"): writer.root.raw_get("/Pages"),
            pdf_name("/MediaBox"): page_of(writer)["/MediaBox"],
            pdf_name("/Contents"): writer.add_object(stream(OVERPAINT)),
            pdf_name("/Resources"): generic.DictionaryObject(),
        }
    )
    pages[pdf_name("/Kids")] = generic.ArrayObject([writer.add_object(page)])
    pages[pdf_name("/Count")] = generic.NumberObject(1)
    writer.update_container(pages)


@_update()
def fonts_of_the_page_exchanged(writer: IncrementalPdfFileWriter) -> None:
    page = page_of(writer)
    resources = page["/Resources"]
    resources[pdf_name("/Font")] = generic.DictionaryObject()
    writer.update_container(resources)
    writer.update_container(page)


@_update()
def clients_appearance_replaced(writer: IncrementalPdfFileWriter) -> None:
    field = field_of(writer, "client")
    box = field["/AP"]["/N"]["/BBox"]
    form = stream(b"q 1 0 0 rg 0 0 50 50 re f Q", Type=pdf_name("/XObject"), Subtype=pdf_name("/Form"), BBox=box)
    field[pdf_name("/AP")] = generic.DictionaryObject({pdf_name("/N"): writer.add_object(form)})
    writer.update_container(field)


@_update()
def clients_appearance_stream_overwritten(writer: IncrementalPdfFileWriter) -> None:
    form = field_of(writer, "client")["/AP"]["/N"]
    form._data, form._encoded_data = b"q 1 0 0 rg 0 0 50 50 re f Q", None
    form.pop("/Filter", None)
    writer.update_container(form)


@_update()
def witness_hidden(writer: IncrementalPdfFileWriter) -> None:
    field = field_of(writer, "witness")
    field[pdf_name("/F")] = generic.NumberObject(2 | 132)
    writer.update_container(field)


@_update()
def client_moved_off_the_page(writer: IncrementalPdfFileWriter) -> None:
    field = field_of(writer, "client")
    field[pdf_name("/Rect")] = generic.ArrayObject(generic.FloatObject(x) for x in (-200, -200, -100, -150))
    writer.update_container(field)


@_update()
def free_text_annotation_added(writer: IncrementalPdfFileWriter) -> None:
    page = page_of(writer)
    note = generic.DictionaryObject(
        {
            pdf_name("/Type"): pdf_name("/Annot"),
            pdf_name("/Subtype"): pdf_name("/FreeText"),
            pdf_name("/Rect"): generic.ArrayObject(generic.FloatObject(x) for x in (50, 600, 400, 700)),
            pdf_name("/Contents"): text("and everything else"),
            pdf_name("/DA"): text("/Helv 12 Tf 0 g"),
            pdf_name("/F"): generic.NumberObject(4),
        }
    )
    page[pdf_name("/Annots")] = generic.ArrayObject([writer.add_object(note)])
    writer.update_container(page)


@_update()
def language_of_the_document_changed(writer: IncrementalPdfFileWriter) -> None:
    writer.root[pdf_name("/Lang")] = text("tlh")
    writer.update_root()


@_update()
def script_at_opening(writer: IncrementalPdfFileWriter) -> None:
    writer.root[pdf_name("/OpenAction")] = generic.DictionaryObject(
        {pdf_name("/S"): pdf_name("/JavaScript"), pdf_name("/JS"): text("app.alert(1)")}
    )
    writer.update_root()


@_update()
def action_on_the_page(writer: IncrementalPdfFileWriter) -> None:
    page = page_of(writer)
    page[pdf_name("/AA")] = generic.DictionaryObject(
        {
            pdf_name("/O"): generic.DictionaryObject(
                {pdf_name("/S"): pdf_name("/URI"), pdf_name("/URI"): text("http://localhost:9/")}
            )
        }
    )
    writer.update_container(page)


@_update()
def attachment_added(writer: IncrementalPdfFileWriter) -> None:
    file = writer.add_object(stream(b"other terms", Type=pdf_name("/EmbeddedFile")))
    spec = generic.DictionaryObject(
        {
            pdf_name("/Type"): pdf_name("/Filespec"),
            pdf_name("/F"): text("terms.txt"),
            pdf_name("/EF"): generic.DictionaryObject({pdf_name("/F"): file}),
        }
    )
    writer.root[pdf_name("/Names")] = generic.DictionaryObject(
        {
            pdf_name("/EmbeddedFiles"): generic.DictionaryObject(
                {pdf_name("/Names"): generic.ArrayObject([text("terms.txt"), writer.add_object(spec)])}
            )
        }
    )
    writer.update_root()


@_update()
def layers_that_can_be_switched_off(writer: IncrementalPdfFileWriter) -> None:
    group = writer.add_object(
        generic.DictionaryObject({pdf_name("/Type"): pdf_name("/OCG"), pdf_name("/Name"): text("terms")})
    )
    writer.root[pdf_name("/OCProperties")] = generic.DictionaryObject(
        {
            pdf_name("/OCGs"): generic.ArrayObject([group]),
            pdf_name("/D"): generic.DictionaryObject({pdf_name("/OFF"): generic.ArrayObject([group])}),
        }
    )
    writer.update_root()


@_update()
def certification_taken_out_of_the_catalog(writer: IncrementalPdfFileWriter) -> None:
    del writer.root["/Perms"]
    writer.update_root()


@_update()
def reading_order_for_the_blind_changed(writer: IncrementalPdfFileWriter) -> None:
    tree = writer.root["/StructTreeRoot"]
    tree[pdf_name("/K")] = generic.ArrayObject()
    writer.update_container(tree)


@_update()
def appearances_left_to_the_viewer(writer: IncrementalPdfFileWriter) -> None:
    form = writer.root["/AcroForm"]
    form[pdf_name("/NeedAppearances")] = generic.BooleanObject(True)
    writer.update_container(form)


@_update(code="foreign_field")
def text_field_added(writer: IncrementalPdfFileWriter) -> None:
    field = generic.DictionaryObject(
        {pdf_name("/FT"): pdf_name("/Tx"), pdf_name("/T"): text("terms"), pdf_name("/V"): text("and all else")}
    )
    form = writer.root["/AcroForm"]
    form["/Fields"].append(writer.add_object(field))
    writer.update_container(form["/Fields"])


@_update(code="fields_changed")
def signature_field_added(writer: IncrementalPdfFileWriter) -> None:
    field = generic.DictionaryObject({pdf_name("/FT"): pdf_name("/Sig"), pdf_name("/T"): text("archive_ts_9")})
    form = writer.root["/AcroForm"]
    form["/Fields"].append(writer.add_object(field))
    writer.update_container(form["/Fields"])


@_update(code="doubled_field")
def client_field_doubled(writer: IncrementalPdfFileWriter) -> None:
    field = generic.DictionaryObject({pdf_name("/FT"): pdf_name("/Sig"), pdf_name("/T"): text("client")})
    form = writer.root["/AcroForm"]
    form["/Fields"].append(writer.add_object(field))
    writer.update_container(form["/Fields"])


@_update(code="fields_changed")
def witness_field_taken_away(writer: IncrementalPdfFileWriter) -> None:
    fields = writer.root["/AcroForm"]["/Fields"]
    position = next(i for i in range(len(fields)) if fields[i]["/T"] == "witness")
    del fields[position]
    writer.update_container(fields)


@_update(code="not_signed")
def witness_signature_taken_out_of_its_field(writer: IncrementalPdfFileWriter) -> None:
    field = field_of(writer, "witness")
    del field["/V"]
    writer.update_container(field)


@_update(code="out_of_order")
def witness_field_showing_the_clients_signature(writer: IncrementalPdfFileWriter) -> None:
    field = field_of(writer, "witness")
    field[pdf_name("/V")] = field_of(writer, "client").raw_get("/V")
    writer.update_container(field)


@_update(code="changed_afterwards")
def proofs_taken_out_of_the_catalog(writer: IncrementalPdfFileWriter) -> None:
    del writer.root["/DSS"]
    writer.update_root()


@_update(code="archive_unreadable")
def proofs_replaced_by_noise(writer: IncrementalPdfFileWriter) -> None:
    store = writer.root["/DSS"]
    store[pdf_name("/OCSPs")] = generic.ArrayObject([writer.add_object(stream(b"no answer"))])
    writer.update_container(store)


@_update()
def title_in_the_metadata_rewritten(writer: IncrementalPdfFileWriter) -> None:
    old = writer.root["/Metadata"].data
    new = re.sub(rb"(<rdf:li xml:lang=\"x-default\">)[^<]*", rb"\1Consent to release everything", old)
    assert new != old
    entries = {"Type": pdf_name("/Metadata"), "Subtype": pdf_name("/XML")}
    writer.root[pdf_name("/Metadata")] = writer.add_object(stream(new, **entries))
    writer.update_root()


@_update()
def title_in_the_information_rewritten(writer: IncrementalPdfFileWriter) -> None:
    info = generic.DictionaryObject({pdf_name("/Title"): text("Consent to release everything")})
    writer.set_info(writer.add_object(info))


@_update()
def loose_object_added(writer: IncrementalPdfFileWriter) -> None:
    writer.add_object(stream(OVERPAINT))


@_update()
def tagging_declared_off(writer: IncrementalPdfFileWriter) -> None:
    writer.root[pdf_name("/MarkInfo")] = generic.DictionaryObject({pdf_name("/Marked"): generic.BooleanObject(False)})
    writer.update_root()


@_update()
def version_lowered(writer: IncrementalPdfFileWriter) -> None:
    writer.root[pdf_name("/Version")] = pdf_name("/1.4")
    writer.update_root()


def hybrid_cross_references(g: Genuine) -> bytes:
    """Old readers see the table, new ones the stream it points to: two documents in one."""
    plain = updated(g.sealed, lambda writer: writer.add_object(stream(OVERPAINT)) and None)
    position = plain.rindex(b"<<", 0, plain.rindex(b"startxref"))
    # an empty but well-formed cross-reference stream, put before the last table
    table = plain.rindex(b"xref\n", 0, plain.rindex(b"startxref"))
    size = int(re.search(rb"/Size (\d+)", plain[position:])[1])  # type: ignore[index]
    number = size
    body = (
        b"%d 0 obj\n<< /Type /XRef /Size %d /W [1 4 2] /Index [0 1] /Length 7 >>\nstream\n" % (number, size + 1)
        + bytes(7)
        + b"\nendstream\nendobj\n"
    )
    tail = plain[table:].replace(b"/Size %d" % size, b"/Size %d /XRefStm %d" % (size + 1, table))
    moved = tail[: tail.rindex(b"startxref")] + b"startxref\n%d\n%%%%EOF\n" % (table + len(body))
    return plain[:table] + body + moved


VARIANTS.append(
    Variant(
        name="hybrid_cross_references",
        make=hybrid_cross_references,
        outcome="rejected",
        code="hybrid_file",
        silent=True,
    )
)

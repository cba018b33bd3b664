"""Placing the fields: everything before the first signature, tagged, and the same bytes every time."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, String

from signing.errors import SigningCode, SigningError
from signing.prepare import prepare
from signing.roles import ARCHIVE_FIELDS


@contextmanager
def changed(pdf: bytes) -> Iterator[tuple[pikepdf.Pdf, Callable[[], bytes]]]:
    """A file to change, and what it is afterwards."""
    with pikepdf.open(io.BytesIO(pdf)) as document:

        def save() -> bytes:
            out = io.BytesIO()
            document.save(out)
            return out.getvalue()

        yield document, save


def place(document: pikepdf.Pdf, role: str) -> pikepdf.Object:
    return next(
        one for one in document.objects if isinstance(one, Dictionary) and str(one.get("/Alt", "")) == f"sig:{role}"
    )


def refused_code(pdf: bytes, labels: dict[str, str]) -> SigningCode:
    with pytest.raises(SigningError) as refused:
        prepare(pdf, labels)
    assert refused.value.remedy
    return refused.value.code


def elements(document: pikepdf.Pdf) -> list[pikepdf.Object]:
    """Form elements of the structure tree in reading order."""
    found: list[pikepdf.Object] = []

    def walk(node: pikepdf.Object) -> None:
        if node.get("/S") == Name.Form:
            found.append(node)
            return
        kids = node.get("/K")
        for kid in kids if isinstance(kids, Array) else [kids]:
            if isinstance(kid, Dictionary) and "/S" in kid:
                walk(kid)

    walk(document.Root.StructTreeRoot)
    return found


def test_every_field_is_there_before_the_first_signature(prepared_pdf: bytes) -> None:
    with pikepdf.open(io.BytesIO(prepared_pdf)) as document:
        names = [str(field.T) for field in document.Root.AcroForm.Fields]
    archive = [f"archive_ts_{number}" for number in range(1, ARCHIVE_FIELDS + 1)]
    assert names == ["client", "witness", "org_seal", "org_cert", *archive]
    assert ARCHIVE_FIELDS >= 6


def test_every_field_is_tagged_labelled_printed_and_locked(prepared_pdf: bytes, labels: dict[str, str]) -> None:
    with pikepdf.open(io.BytesIO(prepared_pdf)) as document:
        tree = document.Root.StructTreeRoot
        parents = pikepdf.NumberTree(tree.ParentTree)
        assert len(elements(document)) == len(document.Root.AcroForm.Fields)
        for field in document.Root.AcroForm.Fields:
            element = parents[int(field.StructParent)]
            assert Name.Form == element.S
            assert element.K.Obj.objgen == field.objgen
            assert str(element.Alt) == str(field.TU) != ""
            assert int(field.F) == 132
            assert field.objgen in {annotation.objgen for annotation in field.P.Annots}
            assert field.P.Tabs == Name.S
        assert str(document.Root.AcroForm.Fields[0].TU) == labels["client"]
        assert int(tree.ParentTreeNextKey) == max(parents.keys()) + 1
        assert "/NeedAppearances" not in document.Root.AcroForm


def test_a_field_lies_exactly_where_the_picture_was_and_is_read_there(rendered_pdf: bytes, prepared_pdf: bytes) -> None:
    with pikepdf.open(io.BytesIO(rendered_pdf)) as before, pikepdf.open(io.BytesIO(prepared_pdf)) as after:
        for field in list(after.Root.AcroForm.Fields)[:3]:
            box = [float(edge) for edge in place(before, str(field.T)).A.BBox]
            assert [float(edge) for edge in field.Rect] == pytest.approx(box, abs=0.01)
            assert list(field.AP.keys()) == ["/N"]
            assert not field.AP.N.read_bytes()
        order = [str(element.K.Obj.T) for element in elements(after)]
        assert order[:3] == ["client", "witness", "org_seal"]


def test_there_are_no_object_streams_and_no_hybrid_references(prepared_pdf: bytes) -> None:
    assert b"/ObjStm" not in prepared_pdf
    assert b"/XRefStm" not in prepared_pdf
    assert prepared_pdf.count(b"startxref") == 1


def test_the_same_input_gives_the_same_bytes_in_another_process(
    rendered_pdf: bytes, prepared_pdf: bytes, labels: dict[str, str]
) -> None:
    program = (
        "import sys, hashlib; from signing.prepare import prepare; "
        f"print(hashlib.sha256(prepare(sys.stdin.buffer.read(), {labels!r})).hexdigest())"
    )
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", program]
    other = subprocess.run(command, input=rendered_pdf, capture_output=True, cwd=root, check=True)
    assert other.stdout.decode().strip() == hashlib.sha256(prepared_pdf).hexdigest()


def test_invisible_fields_speak_the_language_of_the_document(rendered_pdf: bytes, labels: dict[str, str]) -> None:
    with changed(rendered_pdf) as (document, save):
        document.Root.Lang = String("es-US")
        pdf = prepare(save(), labels)
    with pikepdf.open(io.BytesIO(pdf)) as document:
        spoken = {str(field.T): str(field.TU) for field in document.Root.AcroForm.Fields}
    assert spoken["org_cert"] == "Certificación de la organización"
    assert spoken["archive_ts_2"] == "Sello de tiempo de archivo 2"


def test_a_missing_place_is_named_with_its_remedy(rendered_pdf: bytes, labels: dict[str, str]) -> None:
    with pytest.raises(SigningError) as refused:
        prepare(rendered_pdf, labels | {"interpreter": "Interpreter"})
    assert refused.value.code is SigningCode.PLACE_MISSING
    assert "sig:interpreter" in refused.value.remedy


def test_a_place_that_nobody_asked_for_is_refused(rendered_pdf: bytes, labels: dict[str, str]) -> None:
    fewer = {role: label for role, label in labels.items() if role != "witness"}
    assert refused_code(rendered_pdf, fewer) is SigningCode.PLACE_UNKNOWN


def test_a_form_without_a_place_for_the_seal_is_refused(rendered_pdf: bytes, labels: dict[str, str]) -> None:
    with changed(rendered_pdf) as (document, save):
        place(document, "org_seal").Alt = String("A picture")
        pdf = save()
    fewer = {role: label for role, label in labels.items() if role != "org_seal"}
    assert refused_code(pdf, fewer) is SigningCode.PLACE_MISSING


def test_two_places_for_one_signature_are_refused(rendered_pdf: bytes, labels: dict[str, str]) -> None:
    with changed(rendered_pdf) as (document, save):
        place(document, "witness").Alt = String("sig:client")
        assert refused_code(save(), labels) is SigningCode.PLACE_TWICE


def test_an_unknown_place_is_refused(rendered_pdf: bytes, labels: dict[str, str]) -> None:
    with changed(rendered_pdf) as (document, save):
        place(document, "witness").Alt = String("sig:mayor")
        assert refused_code(save(), labels) is SigningCode.PLACE_UNKNOWN


@pytest.mark.parametrize("box", [[100, 100, 150, 160], [100, 100, 300, 118]])
def test_a_place_too_small_to_be_read_is_refused(box: list[int], rendered_pdf: bytes, labels: dict[str, str]) -> None:
    with changed(rendered_pdf) as (document, save):
        place(document, "client").A.BBox = Array(box)
        assert refused_code(save(), labels) is SigningCode.PLACE_TOO_SMALL


def test_a_floating_picture_without_a_position_is_refused(rendered_pdf: bytes, labels: dict[str, str]) -> None:
    with changed(rendered_pdf) as (document, save):
        del place(document, "client").A.BBox
        assert refused_code(save(), labels) is SigningCode.PLACE_MISSING


def test_an_untagged_file_is_refused(rendered_pdf: bytes, labels: dict[str, str]) -> None:
    with changed(rendered_pdf) as (document, save):
        del document.Root.StructTreeRoot
        assert refused_code(save(), labels) is SigningCode.NOT_TAGGED


def test_a_prepared_or_signed_file_is_not_prepared_again(
    prepared_pdf: bytes, sealed_pdf: bytes, labels: dict[str, str]
) -> None:
    assert refused_code(prepared_pdf, labels) is SigningCode.ALREADY_PREPARED
    assert refused_code(sealed_pdf, labels) is SigningCode.ALREADY_PREPARED


def test_a_form_with_fields_to_fill_after_signing_is_refused(rendered_pdf: bytes, labels: dict[str, str]) -> None:
    with changed(rendered_pdf) as (document, save):
        text = document.make_indirect(Dictionary(FT=Name.Tx, T=String("amount")))
        document.Root.AcroForm = Dictionary(Fields=Array([text]))
        assert refused_code(save(), labels) is SigningCode.FORM_FIELDS


def test_an_encrypted_file_and_rubbish_are_refused(rendered_pdf: bytes, labels: dict[str, str]) -> None:
    with pikepdf.open(io.BytesIO(rendered_pdf)) as document:
        out = io.BytesIO()
        document.save(out, encryption=pikepdf.Encryption(owner="o", user=""))
    assert refused_code(out.getvalue(), labels) is SigningCode.UNREADABLE
    for rubbish in (b"", b"%PDF-1.6", rendered_pdf[: len(rendered_pdf) // 2]):
        with pytest.raises(SigningError):
            prepare(rubbish, labels)


def test_a_picture_tagged_as_newer_libreoffice_does_becomes_an_artifact(
    rendered_pdf: bytes, labels: dict[str, str]
) -> None:
    with changed(rendered_pdf) as (document, save):
        figure = place(document, "client")
        page = figure.Pg
        parents = pikepdf.NumberTree(document.Root.StructTreeRoot.ParentTree)
        own = parents[int(page.StructParents)]
        number = len(own)
        own.append(figure)
        figure.K = number
        content = page.Contents.read_bytes() + f"\n/Figure <</MCID {number}>> BDC 0 0 1 1 re f EMC\n".encode()
        page.Contents = document.make_stream(content)
        pdf = prepare(save(), labels)
    with pikepdf.open(io.BytesIO(pdf)) as document:
        field = document.Root.AcroForm.Fields[0]
        body = field.P.Contents.read_bytes()
        assert f"/MCID {number}".encode() not in body
        assert body.count(b"/Artifact") >= 1
        parents = pikepdf.NumberTree(document.Root.StructTreeRoot.ParentTree)
        assert parents[int(field.P.StructParents)][number] is None


def test_the_description_of_the_ua_mark_is_written_once(prepared_pdf: bytes) -> None:
    with pikepdf.open(io.BytesIO(prepared_pdf)) as document:
        assert document.Root.Metadata.read_bytes().count(b"pdfaExtension:schemas>") == 2

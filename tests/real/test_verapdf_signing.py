"""veraPDF on every step of the chain: PDF/A-2b and PDF/UA-1 hold before the first signature and after the last."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pikepdf
import pytest

from signing import appearance, chain, seal
from signing.timestamp import EmbeddedStamper

pytestmark = pytest.mark.real

STEPS = ("prepared_pdf", "certified_pdf", "client_pdf", "witnessed_pdf", "sealed_pdf")
LATER = ("stamped while part-signed", "witnessed after that", "renewed", "renewed again")


@pytest.fixture(scope="module")
def judged(request: pytest.FixtureRequest, verapdf) -> dict[tuple[str, str], list[str]]:  # type: ignore[no-untyped-def]
    """All steps under both standards, and what makes the judge credible, in one Java run."""
    files = {step: request.getfixturevalue(step) for step in STEPS}
    now = datetime.now(UTC)
    authority, stamper = request.getfixturevalue("authority"), request.getfixturevalue("stamper")
    part = seal.stamp_part_signed(files["client_pdf"], authority, stamper, now=now)
    look = appearance.mark("Dana Reyes", now, role_line="Witness")
    signed = chain.sign(
        part, authority, stamper, role="witness", signer_name="Dana Reyes", act_id="A", appearance=look, reason="Seen",
        now=now,
    ).pdf  # fmt: skip
    newer, newest = authority.renewed(now=now), authority.renewed(now=now)
    renewed = seal.renew(files["sealed_pdf"], newer, EmbeddedStamper(newer), now=now)
    again = seal.renew(renewed, newest, EmbeddedStamper(newest), now=now)
    files |= dict(zip(LATER, (part, signed, renewed, again), strict=True))
    files |= {f"spoilt {profile}": spoil(files["sealed_pdf"]) for profile, spoil in SPOILT.items()}
    return verapdf.many(files, "2b", "ua1")


def _without_identification(pdf: bytes) -> bytes:
    """Not PDF/A any more: the metadata do not say so, and a font lost its program."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        for found in opened.objects:
            if isinstance(found, pikepdf.Dictionary) and found.get("/Type") == pikepdf.Name.FontDescriptor:
                for key in ("/FontFile", "/FontFile2", "/FontFile3"):
                    if key in found:
                        del found[key]
        opened.save(out)
    return out.getvalue()


def _with_an_untagged_field(pdf: bytes) -> bytes:
    """Not PDF/UA any more: a widget that is in no structure element."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        page = opened.pages[0]
        widget = opened.make_indirect(
            pikepdf.Dictionary(
                Type=pikepdf.Name.Annot,
                Subtype=pikepdf.Name.Widget,
                FT=pikepdf.Name.Sig,
                T=pikepdf.String("extra"),
                Rect=pikepdf.Array([10, 10, 90, 40]),
                F=132,
            )
        )
        page.Annots = pikepdf.Array([*page.get("/Annots", []), widget])
        opened.Root.AcroForm.Fields.append(widget)
        opened.save(out)
    return out.getvalue()


SPOILT = {"2b": _without_identification, "ua1": _with_an_untagged_field}


@pytest.mark.parametrize("profile", ["2b", "ua1"])
@pytest.mark.parametrize("step", [*STEPS, *LATER])
def test_every_step_of_the_chain_conforms(step: str, profile: str, judged: dict[tuple[str, str], list[str]]) -> None:
    assert judged[step, profile] == []


@pytest.mark.parametrize("profile", ["2b", "ua1"])
def test_the_judge_does_find_fault(profile: str, judged: dict[tuple[str, str], list[str]]) -> None:
    assert judged[f"spoilt {profile}", profile] != []


def test_one_file_can_be_asked_about_alone(sealed_pdf: bytes, verapdf, tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "sealed.pdf"
    path.write_bytes(sealed_pdf)
    assert verapdf(path, "2b") == verapdf(sealed_pdf, "2b") == []
    assert verapdf(b"%PDF-1.7 nothing", "2b")[0].startswith("unreadable")

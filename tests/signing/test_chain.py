"""The ceremony, step by step."""

from __future__ import annotations

from signing.opened import open_file


def test_a_sealed_file_holds_four_signatures_and_one_archival_stamp(sealed_pdf: bytes) -> None:
    assert [trace.field for trace in open_file(sealed_pdf).traces] == [
        "org_cert",
        "client",
        "witness",
        "org_seal",
        "archive_ts_1",
    ]

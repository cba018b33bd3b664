"""The acceptance rule alone, on made-up facts: each condition is necessary, and nothing makes up for a missing one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing.acceptance import OUTCOME_OF, judge
from signing.facts import (
    Change,
    Coverage,
    FileFacts,
    Kind,
    Outcome,
    Reason,
    ReasonCode,
    SignatureFacts,
    Stamp,
    archive_revision,
)

NOW = datetime(2027, 3, 1, tzinfo=UTC)
ROOT, OTHER = "a" * 64, "b" * 64
STAMP = Stamp(time=NOW - timedelta(days=9), authority="Time stamps", sound=True, trusted=True, anchor=ROOT)
ROLES = ("org_cert", "client", "representative", "interpreter", "witness", "org_seal")


def signature(field: str, revision: int, **facts: object) -> SignatureFacts:
    usual = {
        "kind": Kind.SIGNATURE,
        "intact": True,
        "sound": True,
        "coverage": Coverage.REVISION,
        "change": Change.PROOF_ONLY if field == "org_seal" else Change.FORM_FILLING,
        "certifies": field == "org_cert",
        "anchor": ROOT,
        "trusted_now": True,
        "provable": True,
        "stamp": STAMP,
        "issued_for": field,
        "expires": NOW + timedelta(days=21),
    }
    return SignatureFacts(field=field, revision=revision, **{**usual, **facts})


def stamp(field: str, revision: int, **facts: object) -> SignatureFacts:
    usual = {"kind": Kind.STAMP, "stamp": None, "coverage": Coverage.FILE, "change": Change.NOTHING, "issued_for": ""}
    return signature(field, revision, **{**usual, **facts})


def file_of(*roles: str, **facts: object) -> FileFacts:
    """A genuine file with these roles, an archive stamp, and a reserve of archive fields."""
    signatures = [signature(role, number) for number, role in enumerate(roles, 1)]
    signatures.append(stamp("archive_ts_1", len(roles) + 1))
    fields = (*roles, "archive_ts_1", "archive_ts_2", "archive_ts_3")
    whole = FileFacts(
        fields=fields, signed=(*roles, "archive_ts_1"), certified_fields=fields, signatures=tuple(signatures)
    )
    return replace(whole, **facts)


GENUINE = file_of("org_cert", "client", "witness", "org_seal")


def altered(name: str, **facts: object) -> FileFacts:
    """The genuine file with other facts about one signature."""
    return replace(
        GENUINE,
        signatures=tuple(replace(one, **facts) if one.field == name else one for one in GENUINE.signatures),
    )


def codes(facts: FileFacts, **arguments: object) -> set[ReasonCode]:
    return {reason.code for reason in judge(facts, now=NOW, **arguments)[1]}


@pytest.mark.parametrize(
    "roles",
    [
        ("org_cert", "client", "witness", "org_seal"),
        ("org_cert", "client", "org_seal"),
        ("org_cert", "representative", "witness", "org_seal"),
        ("org_cert", "client", "representative", "interpreter", "witness", "org_seal"),
    ],
)
def test_what_a_genuine_file_shows_is_accepted(roles: tuple[str, ...]) -> None:
    assert judge(file_of(*roles), now=NOW) == (Outcome.ACCEPTED, ())


DEFECTS: dict[str, tuple[FileFacts, ReasonCode, Outcome]] = {
    f"{name} of {field}": (altered(field, **facts), code, outcome)
    for field in ("org_cert", "client", "witness", "org_seal", "archive_ts_1")
    for name, facts, code, outcome in (
        ("bytes altered", {"intact": False}, ReasonCode.CONTENT_ALTERED, Outcome.REJECTED),
        ("range wrong", {"coverage": Coverage.WRONG}, ReasonCode.RANGE_WRONG, Outcome.REJECTED),
        (
            "cryptography wrong",
            {"sound": False},
            ReasonCode.STAMP_WRONG if field == "archive_ts_1" else ReasonCode.SIGNATURE_WRONG,
            Outcome.REJECTED,
        ),
        (
            "too much changed after",
            {"change": Change.BEYOND},
            ReasonCode.CHANGED_AFTER_SEAL if field == "org_seal" else ReasonCode.CHANGED_AFTERWARDS,
            Outcome.REJECTED,
        ),
        (
            "unprovable time",
            {"provable": False},
            ReasonCode.STAMP_NOT_VALID if field == "archive_ts_1" else ReasonCode.NOT_PROVABLE,
            Outcome.REJECTED,
        ),
        (
            "unknown root",
            {"anchor": None},
            ReasonCode.UNKNOWN_TIME_AUTHORITY if field == "archive_ts_1" else ReasonCode.MIXED_ISSUERS,
            Outcome.INTACT_UNTRUSTED if field == "archive_ts_1" else Outcome.REJECTED,
        ),
    )
}
DEFECTS |= {
    "form filling after the seal": (
        altered("org_seal", change=Change.FORM_FILLING),
        ReasonCode.CHANGED_AFTER_SEAL,
        Outcome.REJECTED,
    ),
    "one signer under another trusted root": (
        altered("witness", anchor=OTHER),
        ReasonCode.MIXED_ISSUERS,
        Outcome.REJECTED,
    ),
    "a stamp that is wrong": (
        altered("client", stamp=replace(STAMP, sound=False)),
        ReasonCode.STAMP_WRONG,
        Outcome.REJECTED,
    ),
    "a stamp of an unknown authority": (
        altered("client", stamp=replace(STAMP, anchor=None)),
        ReasonCode.UNKNOWN_TIME_AUTHORITY,
        Outcome.INTACT_UNTRUSTED,
    ),
    "a certificate that ran out unproven": (
        altered("client", provable=False, trusted_now=False, expires=NOW - timedelta(days=1)),
        ReasonCode.CERTIFICATE_RAN_OUT,
        Outcome.REJECTED,
    ),
    "a certificate that is not valid": (
        altered("client", provable=False, trusted_now=False),
        ReasonCode.CERTIFICATE_NOT_VALID,
        Outcome.REJECTED,
    ),
    "a certificate revoked": (altered("client", provable=False, revoked=True), ReasonCode.REVOKED, Outcome.REJECTED),
    "a key of another act": (
        altered("client", issued_for="witness"),
        ReasonCode.WRONG_CERTIFICATE,
        Outcome.REJECTED,
    ),
    "no certification": (altered("org_cert", certifies=False), ReasonCode.NOT_CERTIFIED, Outcome.REJECTED),
    "a second certification": (altered("client", certifies=True), ReasonCode.NOT_CERTIFIED, Outcome.REJECTED),
    "a stamp where a person signs": (altered("client", kind=Kind.STAMP), ReasonCode.WRONG_KIND, Outcome.REJECTED),
    "a person where a stamp belongs": (
        altered("archive_ts_1", kind=Kind.SIGNATURE),
        ReasonCode.WRONG_KIND,
        Outcome.REJECTED,
    ),
    "a last stamp that does not reach the end": (
        altered("archive_ts_1", coverage=Coverage.REVISION),
        ReasonCode.NOT_COVERED_TO_THE_END,
        Outcome.REJECTED,
    ),
    "two signatures in one revision": (altered("witness", revision=2), ReasonCode.OUT_OF_ORDER, Outcome.REJECTED),
    "an archive stamp out of its number": (
        altered("archive_ts_1", field="archive_ts_2"),
        ReasonCode.OUT_OF_ORDER,
        Outcome.REJECTED,
    ),
    "no fields": (FileFacts(fields=()), ReasonCode.NO_SIGNATURE_FIELDS, Outcome.REJECTED),
    "a field of no known role": (
        replace(GENUINE, fields=(*GENUINE.fields, "notary"), certified_fields=(*GENUINE.fields, "notary")),
        ReasonCode.FOREIGN_FIELD,
        Outcome.REJECTED,
    ),
    "a field that is no signature field": (
        replace(GENUINE, other_fields=("terms",)),
        ReasonCode.FOREIGN_FIELD,
        Outcome.REJECTED,
    ),
    "a field twice": (
        replace(GENUINE, fields=(*GENUINE.fields, "client")),
        ReasonCode.DOUBLED_FIELD,
        Outcome.REJECTED,
    ),
    "fields other than certified": (
        replace(GENUINE, certified_fields=GENUINE.fields[:-1]),
        ReasonCode.FIELDS_CHANGED,
        Outcome.REJECTED,
    ),
    "nobody but the organization": (
        file_of("org_cert", "org_seal"),
        ReasonCode.MISSING_FIELD,
        Outcome.REJECTED,
    ),
    "no place for the seal": (file_of("org_cert", "client"), ReasonCode.MISSING_FIELD, Outcome.REJECTED),
    "no place for the certification": (file_of("client", "org_seal"), ReasonCode.MISSING_FIELD, Outcome.REJECTED),
    "something found while reading": (
        replace(GENUINE, reasons=(Reason(ReasonCode.BYTES_OUTSIDE),)),
        ReasonCode.BYTES_OUTSIDE,
        Outcome.REJECTED,
    ),
}


@pytest.mark.parametrize("name", DEFECTS)
def test_one_defect_is_enough_and_is_named(name: str) -> None:
    facts, code, outcome = DEFECTS[name]
    assert judge(facts, now=NOW)[0] is outcome
    assert code in codes(facts)


@given(st.permutations(ROLES))
def test_only_one_order_of_signing_is_right(order: list[str]) -> None:
    outcome, reasons = judge(file_of(*order), now=NOW)
    if tuple(order) == ROLES:
        assert outcome is Outcome.ACCEPTED
    else:
        assert outcome is Outcome.REJECTED
        assert ReasonCode.OUT_OF_ORDER in {reason.code for reason in reasons}


@given(st.sets(st.sampled_from(["client", "representative", "interpreter", "witness", "org_seal"]), min_size=1))
def test_a_file_with_unsigned_places_is_incomplete_only_when_the_order_was_kept(unsigned: set[str]) -> None:
    signed = [role for role in ROLES if role not in unsigned]
    facts = file_of(*ROLES)
    facts = replace(
        facts,
        signed=tuple(signed),
        signatures=tuple(replace(one, change=Change.NOTHING) for one in facts.signatures if one.field in signed),
    )
    in_order = signed == list(ROLES[: len(signed)])
    outcome, reasons = judge(facts, now=NOW)
    assert outcome is (Outcome.INCOMPLETE if in_order else Outcome.REJECTED)
    assert {reason.field for reason in reasons if reason.code is ReasonCode.NOT_SIGNED} == unsigned


def unarchived(**facts: object) -> FileFacts:
    """The genuine file before its archive stamp; `facts` are about the client's signature."""
    client = altered("client", **facts) if facts else GENUINE
    return replace(client, signed=GENUINE.signed[:-1], signatures=client.signatures[:-1])


def test_without_an_archive_stamp_it_is_sealed_without_time() -> None:
    assert archive_revision(unarchived()) is None
    assert judge(unarchived(), now=NOW) == (Outcome.SEALED_WITHOUT_TIME, (Reason(ReasonCode.NO_ARCHIVE_STAMP),))


def test_before_archiving_what_is_trusted_today_will_do_and_nothing_less() -> None:
    assert judge(unarchived(provable=False), now=NOW)[0] is Outcome.SEALED_WITHOUT_TIME
    assert judge(unarchived(provable=False, trusted_now=False), now=NOW)[0] is Outcome.REJECTED
    assert judge(unarchived(provable=False, revoked=True), now=NOW)[0] is Outcome.REJECTED
    untimely = unarchived(provable=False, stamp=replace(STAMP, trusted=False))
    assert ReasonCode.STAMP_NOT_VALID in codes(untimely)


def test_a_stamp_from_before_the_seal_does_not_archive_it() -> None:
    early = stamp("archive_ts_1", 4, coverage=Coverage.REVISION, change=Change.FORM_FILLING)
    facts = file_of("org_cert", "client", "witness", "org_seal")
    order = [*facts.signatures[:3], early, replace(facts.signatures[3], revision=5, change=Change.NOTHING)]
    assert judge(replace(facts, signatures=tuple(order)), now=NOW)[0] is Outcome.SEALED_WITHOUT_TIME


def test_a_stamp_before_the_certification_is_out_of_order() -> None:
    early = stamp("archive_ts_1", 0, coverage=Coverage.REVISION)
    late = stamp("archive_ts_2", 6)
    facts = replace(
        GENUINE,
        signed=(*GENUINE.signed, "archive_ts_2"),
        signatures=(early, *GENUINE.signatures[:-1], late),
    )
    assert ReasonCode.OUT_OF_ORDER in codes(facts)


@pytest.mark.parametrize("gone", GENUINE.signed)
def test_what_the_register_knows_to_be_signed_must_be_there(gone: str) -> None:
    facts = replace(
        GENUINE,
        signed=tuple(name for name in GENUINE.signed if name != gone),
        signatures=tuple(one for one in GENUINE.signatures if one.field != gone),
    )
    outcome, reasons = judge(facts, now=NOW, expected=GENUINE.signed)
    assert outcome is Outcome.REJECTED
    assert Reason(ReasonCode.EXPECTED_SIGNATURE_GONE, gone) in reasons
    assert judge(GENUINE, now=NOW, expected=GENUINE.signed)[0] is Outcome.ACCEPTED


def test_all_signers_unknown_is_untrusted_and_some_unknown_is_a_forgery() -> None:
    # an independent authority's root is known, the organization's is not
    unknown = tuple(one if one.kind is Kind.STAMP else replace(one, anchor=None) for one in GENUINE.signatures)
    nobody = replace(GENUINE, signatures=unknown)
    assert judge(nobody, now=NOW) == (Outcome.INTACT_UNTRUSTED, (Reason(ReasonCode.UNKNOWN_ROOT),))
    one = judge(altered("org_seal", anchor=None), now=NOW)
    assert one == (Outcome.REJECTED, (Reason(ReasonCode.MIXED_ISSUERS, "org_seal"),))


def test_a_form_without_a_reserve_of_archive_fields_is_none_of_ours() -> None:
    fields = ("org_cert", "client", "org_seal")
    facts = replace(file_of(*fields), fields=fields, certified_fields=fields)
    assert ReasonCode.MISSING_FIELD in codes(facts)


def test_a_stamp_right_after_the_certification_is_in_order() -> None:
    facts = FileFacts(
        fields=GENUINE.fields,
        signed=("org_cert", "archive_ts_1"),
        certified_fields=GENUINE.fields,
        signatures=(signature("org_cert", 1, change=Change.PROOF_ONLY), stamp("archive_ts_1", 2)),
    )
    assert codes(facts) == {ReasonCode.NOT_SIGNED}


def test_before_archiving_only_proofs_may_follow_the_last_signature() -> None:
    def ended_by(change: Change) -> FileFacts:
        facts = file_of("org_cert", "client", "witness", "org_seal")
        last = replace(facts.signatures[1], change=change, coverage=Coverage.REVISION)
        return replace(facts, signed=("org_cert", "client"), signatures=(facts.signatures[0], last))

    assert codes(ended_by(Change.PROOF_ONLY)) == {ReasonCode.NOT_SIGNED}
    assert codes(ended_by(Change.FORM_FILLING)) == {ReasonCode.NOT_SIGNED, ReasonCode.NOT_COVERED_TO_THE_END}


@given(st.lists(st.sampled_from(sorted(DEFECTS)), min_size=1, max_size=3))
def test_no_second_defect_makes_up_for_a_first(names: list[str]) -> None:
    severity = list(Outcome)
    found = tuple(reason for name in names for reason in judge(DEFECTS[name][0], now=NOW)[1])
    outcome, _ = judge(replace(GENUINE, reasons=found), now=NOW)
    assert severity.index(outcome) == max(severity.index(DEFECTS[name][2]) for name in names)


def test_every_reason_stands_against_acceptance() -> None:
    assert set(OUTCOME_OF) == set(ReasonCode)
    assert Outcome.ACCEPTED not in OUTCOME_OF.values()
    for code in ReasonCode:
        assert judge(replace(GENUINE, reasons=(Reason(code),)), now=NOW)[0] is OUTCOME_OF[code]

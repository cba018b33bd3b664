"""The template of the vault on AWS, as far as it can be judged without AWS; tests/real tries its policy and roles."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml
from cfnlint import api
from cfnlint.config import ManualArgs

from storage.trial import LOCK_PROBES
from tests.deploy.template import DUTIES, TEMPLATE, Template, template

PERSONAL = re.compile(r"kms:(Decrypt|Encrypt|GenerateDataKey|ReEncrypt|Sign|CreateGrant)|kms:\*|kms:(Cr|Gen|De|En)\*")
POLICY_BYTES = 20 * 1024
"""The most S3 takes (AWS, "Bucket policies": 20 KB)."""


@pytest.fixture(scope="module")
def made() -> Template:
    return template()


def test_the_linter_finds_nothing() -> None:
    assert [str(found) for found in _linted(TEMPLATE.read_text())] == []


@pytest.mark.real  # of no use to ask it every time
def test_the_linter_would_find_a_misspelt_property() -> None:
    broken = TEMPLATE.read_text().replace("ObjectLockEnabled", "ObjectLokEnabled")
    assert broken != TEMPLATE.read_text()
    assert [found.rule.id for found in _linted(broken)] == ["E3002"]


def test_the_bucket_keeps_versions_locks_and_nothing_public(made: Template) -> None:
    bucket = made.resource("RecordsBucket")
    told = bucket["Properties"]
    assert told["ObjectLockEnabled"] is True
    assert told["VersioningConfiguration"] == {"Status": "Enabled"}
    assert "ObjectLockConfiguration" not in told, "a default retention would lock working bytes"
    assert told["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    assert set(told["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(told["PublicAccessBlockConfiguration"]) == 4
    (rule,) = told["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"]["KMSMasterKeyID"] == made.arns["RecordsKey"]


def test_no_lifecycle_rule_ever_destroys_a_version_of_a_record(made: Template) -> None:
    rules = made.resource("RecordsBucket")["Properties"]["LifecycleConfiguration"]["Rules"]
    does = {name for rule in rules for name in rule if name not in ("Id", "Status")}
    assert does == {"AbortIncompleteMultipartUpload", "ExpiredObjectDeleteMarker"}


@pytest.mark.parametrize("name", ["RecordsBucket", "ObservedBucket", "RecordsKey", "MasterKey", "SealKey"])
def test_what_cannot_be_made_again_outlives_the_stack(made: Template, name: str) -> None:
    resource = made.resource(name)
    assert resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == "Retain"


@pytest.mark.parametrize("name", ["RecordsKey", "MasterKey"])
def test_keys_are_rotated_and_destroyed_only_after_thirty_days(made: Template, name: str) -> None:
    told = made.resource(name)["Properties"]
    assert told["EnableKeyRotation"] is True
    assert told["PendingWindowInDays"] == 30


@pytest.mark.parametrize("name", ["RecordsKey", "MasterKey", "SealKey"])
def test_who_administers_a_key_cannot_use_it(made: Template, name: str) -> None:
    first, *uses = made.resource(name)["Properties"]["KeyPolicy"]["Statement"]
    assert first["Principal"]["AWS"].endswith(":root")
    assert not [action for action in first["Action"] if PERSONAL.match(action)]
    assert "kms:Put*" in first["Action"], "a key nobody may give another policy is lost"
    for use in uses:
        assert set(_listed(use["Principal"]["AWS"])) <= {*_roles(made), made.parameters["MachinePrincipalArn"]}


def test_the_server_s_key_decrypts_for_readers_alone_and_only_through_our_bucket(made: Template) -> None:
    _, *uses = made.resource("RecordsKey")["Properties"]["KeyPolicy"]["Statement"]
    may = {action: set(_listed(use["Principal"]["AWS"])) for use in uses for action in _listed(use["Action"])}
    assert may == {
        "kms:GenerateDataKey": {made.arns["Writer"], made.arns["Desk"]},
        "kms:Decrypt": {made.arns["Reader"], made.arns["Desk"]},
    }
    for use in uses:
        assert use["Condition"]["StringEquals"] == {"kms:ViaService": "s3.us-east-1.amazonaws.com"}
        assert use["Condition"]["StringLike"] == {"kms:EncryptionContext:aws:s3:arn": "arn:aws:s3:::lantern-records/*"}


def test_roles_carry_no_policy_of_their_own_and_are_assumed_by_who_is_named(made: Template) -> None:
    trusted = {}
    for duty in DUTIES:
        told = made.resource(duty)["Properties"]
        assert not {"Policies", "ManagedPolicyArns"} & set(told)
        (statement,) = told["AssumeRolePolicyDocument"]["Statement"]
        trusted[duty] = statement["Principal"]["AWS"].rpartition("/")[2]
    assert {duty for duty, who in trusted.items() if who == "machine"} == {*DUTIES} - {"Disposer", "BreakGlass"}
    assert trusted["Disposer"] == "disposal"
    assert trusted["BreakGlass"] == "officer"
    (glass,) = made.resource("BreakGlass")["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert glass["Condition"]["Bool"] == {"aws:MultiFactorAuthPresent": "true"}


def test_nothing_is_allowed_to_everybody_and_every_denial_is(made: Template) -> None:
    for statement in made.policy()["Statement"]:
        if statement["Effect"] == "Allow":
            assert set(_listed(statement["Principal"]["AWS"])) <= _roles(made), statement["Sid"]
        else:
            assert statement["Principal"] == "*", statement["Sid"]
            assert statement["Sid"].startswith("Deny")


def test_who_destroys_records_cannot_read_and_who_writes_or_reads_cannot_destroy(made: Template) -> None:
    may = {duty: _allowed(made, duty, "records/*") for duty in DUTIES}
    destroys = {"s3:DeleteObjectVersion"}
    assert {duty for duty in DUTIES if destroys <= may[duty]} == {"Disposer", "BreakGlass"}
    assert {duty for duty in DUTIES if "s3:BypassGovernanceRetention" in may[duty]} == {"BreakGlass"}
    assert {duty for duty in DUTIES if {"s3:GetObject", "s3:GetObjectVersion"} & may[duty]} == {"Reader", "Desk"}
    assert {duty for duty in DUTIES if "s3:PutObjectLegalHold" in may[duty]} == {"Holder", "Desk"}
    assert may["Reader"] == {"s3:GetObject", "s3:GetObjectVersion"}
    assert may["Reconciler"] == {"s3:GetObjectRetention", "s3:GetObjectLegalHold"}


def test_only_the_desk_takes_probes_of_locks_away_and_nobody_else_comes_there(made: Template) -> None:
    may = {duty: _allowed(made, duty, f"{LOCK_PROBES}/*") for duty in DUTIES}
    assert {duty for duty in DUTIES if may[duty]} == {"Desk"}
    assert "s3:BypassGovernanceRetention" not in may["Desk"]


def test_nobody_destroys_the_log(made: Template) -> None:
    for duty in DUTIES:
        assert "s3:DeleteObjectVersion" not in _allowed(made, duty, "log/*")
    (denied,) = [one for one in made.policy()["Statement"] if one["Sid"] == "DenyDestroyingTheLog"]
    assert denied["Resource"] == "arn:aws:s3:::lantern-records/log/*"
    assert "Condition" not in denied


def test_locks_nobody_can_end_are_denied_unless_asked_for(made: Template) -> None:
    assert "DenyLocksNobodyCanEnd" in _sids(made)
    assert "DenyLocksNobodyCanEnd" not in _sids(template(AllowCompliance="yes"))


def test_the_longest_lock_leaves_room_for_a_year_rounded_up_to_the_end_of_a_month(made: Template) -> None:
    (long,) = [one for one in made.policy()["Statement"] if one["Sid"] == "DenyLocksTooLong"]
    days = long["Condition"]["NumericGreaterThan"]["s3:object-lock-remaining-retention-days"]
    assert 366 + 31 <= days <= 366 + 2 * 31


def test_areas_lie_under_the_prefix_the_store_is_given() -> None:
    told = json.dumps(template(KeyPrefix="confide/").policy())
    for area in ("working", "records", "log", LOCK_PROBES):
        assert f"arn:aws:s3:::lantern-records/confide/{area}/*" in told
        assert f"arn:aws:s3:::lantern-records/{area}/*" not in told


def test_the_policy_is_small_enough_for_s3(made: Template) -> None:
    assert len(json.dumps(made.policy())) < POLICY_BYTES * 3 / 4, "room for longer names"


def test_the_outputs_are_the_settings_confide_reads(made: Template) -> None:
    told = {one["Description"] for one in made.body["Outputs"].values() if "Description" in one}
    assert told == {"CONFIDE_STORE", "CONFIDE_S3_KMS_KEY", "CONFIDE_KEK", "CONFIDE_SEAL_KEY"}


def test_the_file_has_no_aliases_which_cloudformation_refuses() -> None:
    assert not [one for one in yaml.parse(TEMPLATE.read_text()) if isinstance(one, yaml.AliasEvent)]


def _linted(text: str) -> list[Any]:
    return list(api.lint(text, config=ManualArgs(regions=["us-east-1"])))


def _roles(made: Template) -> set[str]:
    return {made.arns[duty] for duty in DUTIES}


def _sids(made: Template) -> set[str]:
    return {statement["Sid"] for statement in made.policy()["Statement"]}


def _allowed(made: Template, duty: str, where: str) -> set[str]:
    """Actions allowed to a duty on exactly these objects."""
    wanted = f"{made.arns['RecordsBucket']}/{where}"
    found = [one for one in _allowing(made) if made.arns[duty] in _listed(one["Principal"]["AWS"])]
    may = {action for one in found if wanted in _listed(one["Resource"]) for action in _listed(one["Action"])}
    return may - {"s3:DeleteObject"}  # denied of every object: DenyHiding


def _allowing(made: Template) -> Iterator[Mapping[str, Any]]:
    return (one for one in made.policy()["Statement"] if one["Effect"] == "Allow")


def _listed(told: Any) -> list[Any]:
    return told if isinstance(told, list) else [told]

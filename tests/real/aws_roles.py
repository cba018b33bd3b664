"""A bucket on Ceph under the policy of deploy/aws/records.cfn.yaml, and a user of Ceph for each role of that file.

Danger: a policy edited until it passes. Invariant: the document is taken from the file; two things alone are said in
Ceph's words, because Ceph 16 has no other: a role is a user, and "everybody whose aws:PrincipalArn is not one of
these" is `NotPrincipal` of these (Ceph knows no aws:PrincipalArn and lets such a Deny pass in silence; a test shows
it. AWS advises against NotPrincipal, because it would need the name of every session of a role.)
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.deploy.template import DUTIES, template
from tests.real.ceph import RECORDS_KEY, Ceph, User

ENCRYPTED = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": RECORDS_KEY}


@dataclass(frozen=True)
class Guarded:
    """The bucket and who comes to it; every client by https."""

    ceph: Ceph
    bucket: str
    owner: Any
    """The client of the account that owns the bucket: an administrator, on AWS."""
    users: Mapping[str, User]
    clients: Mapping[str, Any]
    policy: Mapping[str, Any]

    def put(self, area: str = "records", *, by: str = "Writer", **more: Any) -> tuple[str, str]:
        """A new object; its key and version."""
        key = f"{area}/{uuid.uuid4().hex}"
        told = self.clients[by].put_object(Bucket=self.bucket, Key=key, Body=b"sealed bytes", **{**ENCRYPTED, **more})
        return key, told["VersionId"]


def guarded_bucket(ceph: Ceph) -> Guarded:
    """A new bucket with Object Lock, guarded by the policy of the file."""
    users = {duty: ceph.user(duty.lower()) for duty in DUTIES}
    owner = ceph.client("s3", ceph.user("owner"), tls=True)
    bucket = f"{uuid.uuid4().hex}-records"
    owner.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
    arns = {**{duty: user.arn for duty, user in users.items()}, "RecordsKey": RECORDS_KEY}
    policy = in_words_of_ceph(template(bucket=bucket, arns=arns).policy())
    owner.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    clients = {duty: ceph.client("s3", user, tls=True) for duty, user in users.items()}
    return Guarded(ceph, bucket, owner, users, clients, policy)


def in_words_of_ceph(policy: Mapping[str, Any]) -> dict[str, Any]:
    """The policy with `Principal: * if aws:PrincipalArn is not …` written as `NotPrincipal`."""
    return {**policy, "Statement": [_in_words_of_ceph(statement) for statement in policy["Statement"]]}


def _in_words_of_ceph(statement: Mapping[str, Any]) -> dict[str, Any]:
    said = dict(statement)
    spared = said.get("Condition", {}).get("ArnNotEquals", {}).get("aws:PrincipalArn")
    if spared is not None:
        assert said.pop("Condition") == {"ArnNotEquals": {"aws:PrincipalArn": spared}}
        assert said.pop("Principal") == "*"
        said["NotPrincipal"] = {"AWS": spared}
    return said

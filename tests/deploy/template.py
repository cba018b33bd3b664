"""deploy/aws/records.cfn.yaml, read and resolved: its intrinsic functions worked out as CloudFormation would.

Danger: a test that checks a policy of its own instead of the one that is shipped. Invariant: everything comes from the
file; an intrinsic function this module does not know raises.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

TEMPLATE = Path(__file__).parents[2] / "deploy" / "aws" / "records.cfn.yaml"
ACCOUNT, REGION = "123456789012", "us-east-1"
DUTIES = ("Writer", "Reader", "Holder", "Reconciler", "Desk", "Disposer", "BreakGlass")
_PSEUDO = {"AWS::Partition": "aws", "AWS::AccountId": ACCOUNT, "AWS::Region": REGION, "AWS::URLSuffix": "amazonaws.com"}
_NO_VALUE = object()


class _Loader(yaml.SafeLoader):
    pass


def _tagged(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        told: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        told = loader.construct_sequence(node, deep=True)
    else:
        raise TypeError(suffix)
    if suffix == "GetAtt":
        told = told.split(".")
    return {"Ref" if suffix == "Ref" else f"Fn::{suffix}": told}


_Loader.add_multi_constructor("!", _tagged)


@cache
def _read() -> Mapping[str, Any]:
    body: Mapping[str, Any] = yaml.load(TEMPLATE.read_text(), _Loader)  # noqa: S506  # a SafeLoader
    return body


@dataclass(frozen=True)
class Template:
    """The file with these parameters; `arns` and `names` say what AWS would have called its resources."""

    parameters: Mapping[str, Any]
    arns: Mapping[str, str]
    names: Mapping[str, str]
    body: Mapping[str, Any] = field(default_factory=_read)

    def resource(self, name: str) -> Mapping[str, Any]:
        """A resource, resolved."""
        resolved: Mapping[str, Any] = self.resolve(self.body["Resources"][name])
        return resolved

    def policy(self, name: str = "RecordsBucketPolicy") -> dict[str, Any]:
        """The document of a bucket policy, resolved."""
        document: dict[str, Any] = self.resource(name)["Properties"]["PolicyDocument"]
        return document

    def resolve(self, told: Any) -> Any:
        if isinstance(told, list):
            return [found for one in told if (found := self.resolve(one)) is not _NO_VALUE]
        if not isinstance(told, dict):
            return told
        if len(told) == 1:
            (name, value), *_ = told.items()
            if name == "Ref":
                return self._ref(value)
            if name.startswith("Fn::"):
                return self._intrinsic(name, value)
        return {key: found for key, one in told.items() if (found := self.resolve(one)) is not _NO_VALUE}

    def _intrinsic(self, name: str, value: Any) -> Any:
        if name == "Fn::GetAtt":
            resource, attribute = value
            assert attribute == "Arn", value
            return self.arns[resource]
        if name == "Fn::Sub":
            return re.sub(r"\$\{([^}]+)\}", lambda found: self._substituted(found[1]), value)
        if name == "Fn::If":
            condition, then, otherwise = value
            return self.resolve(then if self.resolve(self.body["Conditions"][condition]) else otherwise)
        if name == "Fn::Equals":
            left, right = self.resolve(value)
            return left == right
        raise NotImplementedError(name)

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return _NO_VALUE
        if name in _PSEUDO:
            return _PSEUDO[name]
        if name in self.body["Parameters"]:
            declared = self.body["Parameters"][name]
            return self.parameters.get(name, declared.get("Default"))
        return self.names[name]

    def _substituted(self, name: str) -> str:
        if name.endswith(".Arn"):
            return self.arns[name.removesuffix(".Arn")]
        return str(self._ref(name))


def template(*, bucket: str = "lantern-records", arns: Mapping[str, str] | None = None, **parameters: Any) -> Template:
    """The template as AWS would have made it in an account of twelve digits; `arns` replaces some of the ARNs."""
    machine = {
        f"{who}PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/{who.lower()}" for who in ("Machine", "Disposal", "Officer")
    }
    keys = ("RecordsKey", "MasterKey", "SealKey")
    known = {duty: f"arn:aws:iam::{ACCOUNT}:role/{duty}" for duty in DUTIES}
    known |= {key: f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{key}" for key in keys}
    known |= {"RecordsBucket": f"arn:aws:s3:::{bucket}", "ObservedBucket": "arn:aws:s3:::lantern-observed"}
    names = {"RecordsBucket": bucket, "ObservedBucket": "lantern-observed"}
    return Template(
        {"Name": bucket.removesuffix("-records"), **machine, **parameters}, {**known, **(arns or {})}, names
    )

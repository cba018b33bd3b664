"""At which moment, by which data and how strictly a certificate is judged.

Danger: one policy for all is wrong for all: "require" refuses time-stamp certificates that rightly name no revocation
source, "soft" lets an unproven signature pass, and anything that fetches tells the world who verifies what.
Invariant: nothing is fetched. Signers are judged strictly by what is archived; time-stamp authorities by what is known
about them, because offline nobody else can be asked (signing notes §2a: which variants hold for decades).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from pyhanko.sign.validation.policy_decl import (
    CertificateFetchingRule,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.policy_decl import CertRevTrustPolicy, RevocationCheckingPolicy, RevocationCheckingRule
from pyhanko_certvalidator.registry import SimpleTrustManager

from signing.roots import Roots
from signing.structure import Archive

_DECLARED, _KNOWN = RevocationCheckingRule.CHECK_IF_DECLARED, RevocationCheckingRule.CHECK_IF_DECLARED_SOFT
IF_DECLARED = CertRevTrustPolicy(RevocationCheckingPolicy(_DECLARED, _DECLARED))
"""A certificate that names a revocation source needs an answer; one that names none needs none."""
IF_KNOWN = CertRevTrustPolicy(RevocationCheckingPolicy(_KNOWN, _KNOWN))
"""An answer counts when there is one."""
IF_KNOWN_LATER = replace(IF_KNOWN, retroactive_revinfo=True)
"""An answer given later counts as well: it tells what was revoked before."""

_NO_NETWORK = RevocationInfoGatheringSpec(
    online_fetching_rule=RevinfoOnlineFetchingRule.LOCAL_ONLY,
    certificate_fetching_rule=CertificateFetchingRule.NEVER_FETCH,
)


def long_term(roots: Roots) -> SignatureValidationSpec:
    """For AdES-LTA: signers strictly, time-stamp authorities by what is known, nothing fetched."""
    trust = SimpleTrustManager.build(trust_roots=list(roots.certificates))
    return SignatureValidationSpec(
        cert_validation_policy=CertValidationPolicySpec(trust_manager=trust, revinfo_policy=IF_DECLARED),
        ts_cert_validation_policy=CertValidationPolicySpec(trust_manager=trust, revinfo_policy=IF_KNOWN),
        revinfo_gathering_policy=_NO_NETWORK,
    )


def today(roots: Roots, archive: Archive, now: datetime) -> ValidationContext:
    """In force and trusted at `now`, as far as can be told without asking anyone about revocation."""
    return ValidationContext(
        trust_roots=list(roots.certificates),
        other_certs=list(archive.certificates),
        moment=now,
        allow_fetching=False,
        revocation_mode="soft-fail",
    )


def at(roots: Roots, covered: Archive, moment: datetime, policy: CertRevTrustPolicy) -> ValidationContext:
    """In force and not revoked at `moment`, by the data in `covered`."""
    return ValidationContext(
        trust_roots=list(roots.certificates),
        other_certs=list(covered.certificates),
        ocsps=list(covered.ocsps),
        crls=list(covered.crls),
        moment=moment,
        allow_fetching=False,
        revinfo_policy=policy,
    )

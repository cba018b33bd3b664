"""A client's own copy leaves only when sealed, and only to the client."""

from __future__ import annotations

import pytest

from rules.egress import Requester, may_leave
from rules.finding import FindingCode, Severity
from rules.lifecycle import TERMINAL
from rules.vocabulary import Proof, StatementState

IN_EFFECT_ONCE = set(StatementState) - {
    StatementState.DRAFT,
    StatementState.PRESENTED,
    StatementState.DECLINED,
    StatementState.VOID,
}


@pytest.mark.parametrize("state", StatementState)
@pytest.mark.parametrize("proof", Proof)
def test_only_sealed_bytes_of_a_statement_once_in_effect_leave(state: StatementState, proof: Proof) -> None:
    sealed = proof in (Proof.SEALED, Proof.SEALED_WITHOUT_TIME)
    assert may_leave(state=state, proof=proof).allowed == (sealed and state in IN_EFFECT_ONCE)


def test_an_ended_statement_leaves_with_a_word_about_it() -> None:
    for state in TERMINAL & IN_EFFECT_ONCE:
        decision = may_leave(state=state, proof=Proof.SEALED)
        assert [found.severity for found in decision.findings] == [Severity.WARN]
    assert may_leave(state=StatementState.ACTIVE, proof=Proof.SEALED).findings == ()


def test_nobody_but_the_client_or_a_representative_on_file_gets_it() -> None:
    def asked(requester: Requester, *, on_file: bool = False) -> bool:
        return may_leave(
            state=StatementState.ACTIVE, proof=Proof.SEALED, requester=requester, authority_on_file=on_file
        ).allowed

    assert asked(Requester.CLIENT)
    assert asked(Requester.REPRESENTATIVE, on_file=True)
    assert not asked(Requester.REPRESENTATIVE)
    assert not asked(Requester.OTHER)
    assert not asked(Requester.OTHER, on_file=True)


def test_a_refusal_says_why() -> None:
    (found,) = may_leave(state=StatementState.PRESENTED, proof=Proof.PARTIAL).findings
    assert found.code is FindingCode.L01
    assert found.sentence.endswith(".")

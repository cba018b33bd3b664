"""A person at work inside a site, as one process that stays: the verbs of the terminal door without a start for each.

`Desk(site)` starts `python -m tests.faults.inside` with the site's environment; each call is a line of JSON there and
one back. It shares nothing with the site but its folders, exactly as a terminal does.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tests.running import INK, PASSWORD, PROJECT

if TYPE_CHECKING:
    from tests.running import RunningSite


class Desk:
    """The other end of one such process."""

    def __init__(self, site: RunningSite) -> None:
        self._log = (site.root / "desk.log").open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.inside"],
            cwd=PROJECT,
            env=site.env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def tell(self, verb: str, **given: object) -> None:
        """Ask without waiting for the answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"verb": verb, "given": given}) + "\n")
        self._process.stdin.flush()

    def answer(self) -> Any:
        """The answer to what was asked."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the desk ended"
        told = json.loads(line)
        assert "failed" not in told, told
        return told["answer"]

    def ask(self, verb: str, **given: object) -> Any:
        """Ask and wait."""
        self.tell(verb, **given)
        return self.answer()

    def close(self) -> None:
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            stream.close()
        self._process.wait(30)
        self._log.close()


def main() -> None:
    """Answer line after line until standard input ends."""
    from flows.site import open_site

    site = open_site()
    verbs: dict[str, Callable[..., Any]] = {
        "open_packet": open_packet,
        "sign": sign,
        "show": show,
        "upkeep": upkeep,
        "verdicts": verdicts,
        "orphans": orphans,
    }
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            told = {"answer": verbs[asked["verb"]](site, **asked["given"])}
        except Exception as failure:  # noqa: BLE001 - told to the test, which fails by it
            told = {"failed": f"{type(failure).__name__}: {failure}"}
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()


def _me() -> Any:
    from flows.site import now
    from register import staff

    return staff.authenticate("admin", PASSWORD, now=now())


def open_packet(site: Any, told: dict[str, Any], again: bool = True) -> str:
    """Open a packet; returns its id."""
    from flows import intake

    return str(intake.open_packet(site, told, by=_me(), again=again).packet_id)


def sign(site: Any, packet_id: str) -> None:
    """Client and witness sign every statement of the packet, and a worker is called."""
    from uuid import UUID

    from flows import ceremony
    from flows.bell import ring
    from register import packets
    from rules.vocabulary import IdentifiedHow, InkKind, ReadOn, SignerRole

    me = _me()
    for row in packets.show(UUID(packet_id)).statements:
        for role in (SignerRole.CLIENT, SignerRole.WITNESS):
            shown = ceremony.show(site, row.statement_id)
            how = (
                ceremony.client_circumstances(
                    shown, identified_how=IdentifiedHow.PHOTO_ID, read_on=ReadOn.PAPER, device="test-desk"
                )
                if role is SignerRole.CLIENT
                else ceremony.witness_circumstances(shown, device="test-desk")
            )
            hand = ceremony.Hand(ink=InkKind.DRAWN, drawing=(INK / f"{role.value}.png").read_bytes())
            ceremony.sign(site, shown, role=role, hand=hand, circumstances=how, by=me)
    ring(site.configuration)


def show(site: Any, packet_id: str) -> dict[str, Any]:
    """Where the packet and its statements stand."""
    from uuid import UUID

    from register import packets

    told = packets.show(UUID(packet_id))
    return {
        "state": told.state,
        "attempts": told.attempts,
        "holder": told.lease_holder,
        "failed": f"{told.failed_step}:{told.failed_code}",
        "statements": [
            {
                "statement_id": str(row.statement_id),
                "state": row.state,
                "proof": row.proof,
                "sealing": row.sealing,
                "sealing_failed": f"{row.sealing_failed_step}:{row.sealing_failed_code}",
            }
            for row in told.statements
        ],
    }


def upkeep(site: Any, hours: float = 0) -> list[dict[str, Any]]:
    """Upkeep as it would be so many hours from now; returns what it found."""
    from flows.site import now
    from flows.upkeep import tend

    found = tend(site, dry=False, at=now() + timedelta(hours=hours))
    return [
        {"kind": each.kind, "subject": each.subject, "detail": each.detail, "remedy": each.remedy} for each in found
    ]


def orphans(site: Any) -> list[str]:
    """Bytes nobody points at, however young, and those in the store that the register does not have as living."""
    from flows.site import now
    from register import objects
    from register.vocabulary import ObjectArea
    from storage.protocol import Area

    unowned = [each.object_id for each in objects.orphans(older_than=now() + timedelta(minutes=1))]
    for area in ObjectArea:
        living = {each.object_id for each in objects.live(area)}
        unowned += [key for key in site.vault.store.list(Area(area.value)) if key not in living]
    return unowned


def verdicts(site: Any, packet_id: str, trust: list[str]) -> list[dict[str, Any]]:
    """Take the client's copy of every statement and verify it against our own root and those of `trust` (hex)."""
    from uuid import UUID

    from flows.egress import own_copy
    from register import packets
    from register.vocabulary import CopyMethod
    from signing.verify import verify

    me, told = _me(), []
    roots = [site.authority.root_der, *map(bytes.fromhex, trust)]
    for row in packets.show(UUID(packet_id)).statements:
        copied = own_copy(site, row.statement_id, method=CopyMethod.FILE, by=me)
        verdict = verify(copied.pdf, roots=roots)
        told.append(
            {
                "outcome": verdict.outcome,
                "clock": verdict.clock,
                "signed": [each.role for each in verdict.signatures if not each.is_stamp],
                "reasons": [reason.code for reason in verdict.reasons],
            }
        )
    return told


if __name__ == "__main__":
    main()

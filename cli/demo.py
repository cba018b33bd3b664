"""`confide demo`: the main job for a fictional client, on a training site, with everything real.

Nothing is faked for it: the same processes, rules, forms, keys and verbs as in earnest, and each sealed file is
verified before the table is printed.
"""

from __future__ import annotations

import datetime as dt
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.exit_code import ExitCode
from cli.failure import CommandError
from cli.output import answer, json_option, progress, table

if TYPE_CHECKING:
    from uuid import UUID

    from flows.site import Site
    from register.configuration import Configuration
    from register.facts import Packet, Person, Statement
    from signing.verify import Verdict

START_SECONDS = 120.0
SEAL_SECONDS = 60.0
PASSWORD_FILE = "demo-password"  # noqa: S105  # a file's name


@click.command()
@json_option
def demo(as_json: bool) -> None:
    """Run the main job for a fictional client, start to end.

    Sets a training site up where there is none, starts what must run, opens a packet for three organizations, signs
    and seals every statement with sample signatures, verifies them, and writes the client's copies to out/demo.

    Again, it is another sitting of the same client on the same site: without the acknowledgment, which they have given.
    """
    began = time.monotonic()
    from register.configuration import configuration

    settings = configuration()
    with progress(6, "Demo", quiet=as_json) as step:
        step(0, "setting up a training site")
        password, made = _established(settings)
        step(1, "starting what must run")
        with _running(settings):
            told, packet = _main_job(settings, password, step)
    seconds = round(time.monotonic() - began, 1)
    if as_json:
        whole = {"packet_id": packet.packet_id, "seconds": seconds, "stage_ms": packet.stage_ms}
        whole |= {"site": "made" if made else "used_again", "statements": told}
        answer(whole, "", as_json=True)
    else:
        _show(told, packet, settings, seconds)
        if not made:
            click.echo("Another sitting on the site of an earlier demo; the acknowledgment was signed in the first.")
    if not all(row["verdict"] == "accepted" for row in told):
        raise CommandError(ExitCode.NOT_ACCEPTED, "A sealed file was not accepted.", "Run confide doctor.")


def _established(settings: Configuration) -> tuple[str, bool]:
    """The password of the training site's administrator, and whether the site was made now; refused where real."""
    import yaml

    from cli.init import founding_of
    from flows import establishment

    path = settings.keys / PASSWORD_FILE
    if establishment.established(settings):
        from register import agency

        if not (agency.current().training and path.exists()):
            raise CommandError(
                ExitCode.CONFLICT,
                "This site is in earnest; the demo would put a fictional client into it.",
                "Set CONFIDE_HOME to another folder for the demo.",
            )
        return path.read_text(), False
    shares = settings.keys / "demo-shares"
    for sheet in shares.glob("share-*.txt"):  # of a demo that was interrupted
        sheet.unlink()
    password = secrets.token_urlsafe(18)
    founding = founding_of(yaml.safe_load(_data("founding.yaml")), training=True)
    master = establishment.master_key(settings)
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(password)
    establishment.establish(
        settings,
        founding,
        password=password,
        master=master,
        confirm_shares=establishment.shares_as_files(shares, needed=2, shares=3),
    )
    return password, True


@contextmanager
def _running(settings: Configuration) -> Iterator[None]:
    """Everything that must run: what runs already, else `confide serve` for as long as the demo takes."""
    from flows.supervisor import status

    if status(settings.run):
        yield
        return
    (settings.home / "log").mkdir(mode=0o700, exist_ok=True)
    log = settings.home / "log" / "serve.log"
    with log.open("ab") as out:
        served = subprocess.Popen(
            [sys.executable, "-m", "cli.main", "serve"], stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )
    try:
        until = time.monotonic() + START_SECONDS
        while waiting := _not_ready(status(settings.run)):
            if served.poll() is not None or time.monotonic() > until:
                raise CommandError(ExitCode.UNAVAILABLE, f"Not ready: {waiting}.", f"Look into {log.parent}.")
            time.sleep(0.1)
        yield
    finally:
        served.terminate()
        served.wait()


def _not_ready(parts: Mapping[str, str]) -> str:
    """What the main job still waits for, named; the schedules of the night are not among it."""
    return ", ".join(name for name in ("filler", "renderer", "worker", "prefect") if parts.get(name) != "ready")


def _main_job(settings: Configuration, password: str, step: Any) -> tuple[list[dict[str, Any]], Packet]:
    import yaml

    from cli.packet import wait
    from flows import intake
    from flows.site import now, open_site
    from register import agency, packets, staff
    from rules.vocabulary import PacketState

    site = open_site()
    me = staff.authenticate(yaml.safe_load(_data("founding.yaml"))["administrator"]["name"], password, now=now())
    step(2, "opening the packet")
    ids = {**_organizations(me), "client": str(_client(site, me))}
    told = _filled(yaml.safe_load(_data("packet.yaml")), ids, agency.today(now()))
    asked = intake.open_packet(site, told, by=me, again=True)
    issued = wait(site, asked.packet_id, quiet=True)
    if issued.state is not PacketState.ISSUED:
        raise CommandError(
            ExitCode.UNAVAILABLE,
            f"The packet was not issued ({issued.failed_step or 'no answer'}, {issued.failed_code or 'time'}).",
            f"confide packet show {issued.packet_id}",
        )
    step(3, "client and witness sign")
    signing = {row.statement_id: _signed(site, row, me) for row in issued.statements}
    step(4, "sealing")
    sealing = _sealed(site, issued)
    step(5, "verifying and handing over copies")
    after = packets.show(issued.packet_id)
    return [
        _row(site, row, me, signing[row.statement_id], sealing[row.statement_id]) for row in after.statements
    ], after


def _organizations(me: Person) -> dict[str, str]:
    """The three receiving organizations by kind; those of an earlier demo are used again."""
    import yaml

    from flows.site import now
    from register import organizations
    from rules.vocabulary import OrganizationKind

    known = {(row.legal_name, row.unit): row for row in organizations.listing()}
    found = {}
    for told in yaml.safe_load(_data("organizations.yaml")):
        row = known.get((told["legal_name"], told["unit"])) or organizations.add(
            legal_name=told["legal_name"],
            kind=OrganizationKind(told["kind"]),
            unit=told["unit"],
            address=tuple(told["address"]),
            by=me,
            now=now(),
        )
        found[told["kind"]] = str(row.organization_id)
    return found


def _client(site: Site, me: Person) -> UUID:
    import yaml

    from flows.site import now
    from register import clients
    from rules.draft import Identity

    told = yaml.safe_load(_data("client.yaml"))
    identity = Identity(legal_name=told["legal_name"], birth_date=told["birth_date"], case_number=told["case_number"])
    known = clients.find(site.vault, identity.legal_name, identity.birth_date, by=me, now=now())
    return known[0].client_id if known else clients.add(site.vault, identity, by=me, now=now()).client_id


def _filled(told: Any, ids: Mapping[str, str], today: dt.date) -> Any:
    """The packet's file with ids and dates in place of what stands for them."""
    if isinstance(told, dict):
        return {key: _filled(value, ids, today) for key, value in told.items()}
    if isinstance(told, list):
        return [_filled(value, ids, today) for value in told]
    if isinstance(told, str) and told[:1] in "+-" and told[1:].isdigit():
        return (today + dt.timedelta(days=int(told))).isoformat()
    return told.format(**ids) if isinstance(told, str) else told


def _signed(site: Site, row: Statement, me: Person) -> dict[str, int]:
    """Client and witness sign one statement; milliseconds each."""
    from flows import ceremony
    from rules.vocabulary import IdentifiedHow, InkKind, ReadOn, SignerRole

    took = {}
    for role in (SignerRole.CLIENT, SignerRole.WITNESS):
        began = time.perf_counter()
        shown = ceremony.show(site, row.statement_id)
        if role is SignerRole.CLIENT:
            how = ceremony.client_circumstances(
                shown, identified_how=IdentifiedHow.PHOTO_ID, read_on=ReadOn.PAPER, device="demo-desk"
            )
        else:
            how = ceremony.witness_circumstances(shown, device="demo-desk")
        hand = ceremony.Hand(ink=InkKind.DRAWN, drawing=_ink(role.value))
        ceremony.sign(site, shown, role=role, hand=hand, circumstances=how, by=me)
        took[role.value] = round((time.perf_counter() - began) * 1000)
    return took


def _sealed(site: Site, issued: Packet) -> dict[UUID, int]:
    """Wait until every statement is in force; milliseconds from the last signature, by statement."""
    from flows.bell import ring
    from register import packets
    from rules.vocabulary import StatementState

    ring(site.configuration)
    took: dict[UUID, int] = {}
    began = time.perf_counter()
    while len(took) < len(issued.statements):
        for row in packets.show(issued.packet_id).statements:
            if row.state is StatementState.ACTIVE:
                took.setdefault(row.statement_id, round((time.perf_counter() - began) * 1000))
        if time.perf_counter() - began > SEAL_SECONDS:
            raise CommandError(
                ExitCode.UNAVAILABLE, "A statement was not sealed in time.", f"confide packet show {issued.packet_id}"
            )
        time.sleep(0.05)
    return took


def _row(site: Site, row: Statement, me: Person, signing: Mapping[str, int], sealing: int) -> dict[str, Any]:
    from cli.copy import hand_over
    from register import organizations

    path = hand_over(site, row.statement_id, site.configuration.out / "demo", paper=False, by=me)
    verdict = _verdict(site, path)
    return {
        "statement": row.ref,
        "form": row.form_id,
        "language": row.language.value,
        "organization": organizations.show(row.organization_id).legal_name if row.organization_id else "",
        "state": row.state.value,
        "level": verdict.level.value,
        "verdict": verdict.outcome.value,
        "sentences": verdict.sentences(),
        "ms": {**signing, "sealed_after": sealing},
        "copy": str(path),
    }


def _verdict(site: Site, path: Path) -> Verdict:
    from signing.verify import verify

    return verify(path.read_bytes(), roots=[site.authority.root_der])


def _show(told: list[dict[str, Any]], packet: Packet, settings: Configuration, seconds: float) -> None:
    headings = ["Statement", "Form", "Organization", "State", "Level", "Verdict", "Client, witness, sealed (ms)"]
    rows = [
        [
            row["statement"],
            f"{row['form']} ({row['language']})",
            row["organization"] or "—",
            row["state"],
            row["level"],
            row["verdict"],
            f"{row['ms']['client']}, {row['ms']['witness']}, {row['ms']['sealed_after']}",
        ]
        for row in told
    ]
    table(headings, rows, title="A packet for a fictional client: one statement for each organization")
    stages = ", ".join(f"{name} {ms}" for name, ms in packet.stage_ms.items())
    issued = (packet.issued_at - packet.opened_at).total_seconds() if packet.issued_at else 0
    click.echo(f"Packet {packet.packet_id}: all before the client {issued:.2f} s after it was asked for.")
    click.echo(f"Time of each stage, all {len(told)} documents together (ms): {stages}")
    for sentence in told[0]["sentences"]:
        click.echo(f"  {sentence}")
    click.echo("The client's copies:")
    for row in told:
        click.echo(f"  {_short(row['copy'])}")
    click.echo(f"Everything kept is encrypted in {_short(str(settings.home))}/")
    click.echo(f"The training site stays: confide packet show {packet.packet_id}")
    click.echo(f"Done in {seconds:.0f} s.")


def _short(path: str) -> str:
    try:
        return str(Path(path).relative_to(Path.cwd()))
    except ValueError:
        return path


def _data(name: str) -> str:
    return resources.files("cli").joinpath("demo_data", name).read_text(encoding="utf-8")


def _ink(role: str) -> bytes:
    return resources.files("cli").joinpath("demo_ink", f"{role}.png").read_bytes()

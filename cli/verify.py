"""`confide verify`: check signed files, offline, in plain words; needs no account, no register and no network."""

from __future__ import annotations

from pathlib import Path

import click

from cli.exit_code import ExitCode
from cli.failure import CommandError
from cli.output import json_option, plain, progress

_COLOUR = {"accepted": "green", "sealed_without_time": "yellow", "incomplete": "yellow", "intact_untrusted": "yellow"}


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--trust",
    "trusted",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Root certificate to trust (PEM or DER); may be given again. Without it: this organization's own.",
)
@click.option("--language", type=click.Choice(["en", "es"]), default="en", help="Language of the explanation.")
@click.option(
    "--at-proven-time",
    is_flag=True,
    help="Judge archived revocation data at the time it proves, for old files with stamps of an outside authority.",
)
@json_option
def verify(
    files: tuple[Path, ...], trusted: tuple[Path, ...], language: str, at_proven_time: bool, as_json: bool
) -> None:
    """Check signed PDF files and say whose keys and whose clock each rests on.

    Exit status 0 only when every file is accepted.
    """
    import json
    import sys

    from signing.facts import Reading
    from signing.structure import LARGEST_FILE
    from signing.verify import verify as judge

    roots = [_certificate(path) for path in trusted] or _own_root()
    reading = Reading.PROVEN_TIME if at_proven_time else Reading.PRESENT
    accepted, told = True, []
    for done, path in enumerate(files):
        try:
            # one byte more than is ever judged: a file too large is told as such without being read whole
            with path.open("rb") as file, progress(len(files), "Verifying", quiet=as_json) as step:
                step(done, path.name)
                verdict = judge(file.read(LARGEST_FILE + 1), roots=roots, reading=reading)
        except OSError as wrong:
            raise CommandError(
                ExitCode.INPUT, f"{path} cannot be read ({type(wrong).__name__}).", "Check its path and mode."
            ) from None
        accepted &= verdict.accepted
        told.append(
            {"file": str(path), "accepted": verdict.accepted, "sentences": verdict.sentences(language)} | _data(verdict)
        )
        if not as_json:
            mark = click.style(
                verdict.outcome.value.replace("_", " "), fg=_COLOUR.get(verdict.outcome, "red"), bold=True
            )
            click.echo(f"{path}: {mark}")
            for sentence in verdict.sentences(language):
                click.echo(f"  {sentence}")
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False, indent=2, default=str))
    if not accepted:
        sys.exit(ExitCode.NOT_ACCEPTED)


def _data(verdict: object) -> dict[str, object]:
    data = plain(verdict)
    if not isinstance(data, dict):
        raise TypeError(type(data).__name__)
    return data


def _own_root() -> list[bytes]:
    from flows.authority import root, tsa_roots
    from register.configuration import configuration

    settings = configuration()
    own = root(settings)
    return [*([own] if own is not None else []), *tsa_roots(settings)]


def _certificate(path: Path) -> bytes:
    from flows.authority import certificate

    try:
        return certificate(path.read_bytes())
    except ValueError:
        raise CommandError(
            ExitCode.INPUT, f"{path} holds no certificate.", "Give the organization's root as PEM or DER."
        ) from None

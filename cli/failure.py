"""Failures as people and scripts see them: what, why, what to do now, and an exit code.

Every room's errors carry `code`, `sentence` and `remedy`. Anything else is a defect of ours: it is told by its type and
place in the code alone, because its message could hold a client's data.
"""

from __future__ import annotations

import json
import traceback
from pathlib import Path
from typing import Protocol, runtime_checkable

import click

from cli.exit_code import ExitCode


@runtime_checkable
class Explained(Protocol):
    """An error that a room raises on purpose."""

    code: str
    sentence: str
    remedy: str


class CommandError(Exception):
    """A failure that the terminal door itself finds.

    `code` is the name of the exit code; `sentence` and `remedy` never hold personal data.
    """

    def __init__(self, exit_code: ExitCode, sentence: str, remedy: str = "") -> None:
        super().__init__(f"{sentence} {remedy}".strip())
        self.exit_code = exit_code
        self.code = exit_code.name.lower()
        self.sentence = sentence
        self.remedy = remedy


def exit_code_of(failure: Exception) -> ExitCode:
    """The exit code for `failure`, by its code's meaning."""
    if isinstance(failure, CommandError):
        return failure.exit_code
    if isinstance(failure, Explained):
        from cli.meaning import MEANING

        return MEANING.get((type(failure).__module__.partition(".")[0], str(failure.code)), ExitCode.INTERNAL)
    return ExitCode.INTERNAL


def report(failure: Exception, *, as_json: bool) -> ExitCode:
    """Tell the person on standard error what went wrong, and return the exit code."""
    exit_code = exit_code_of(failure)
    if isinstance(failure, Explained):
        code, sentence, remedy = str(failure.code), failure.sentence, failure.remedy
    else:
        code, sentence, remedy = "internal", *_defect(failure)
    findings = _findings(failure)
    if as_json:
        told = {"code": code, "sentence": sentence, "remedy": remedy, "findings": findings}
        click.echo(json.dumps({"error": told}, ensure_ascii=False, default=str))
        return exit_code
    click.echo(f"{click.style('✗', fg='red')} {sentence}", err=True)
    for found in findings:
        click.echo(f"  • {found['where']}: {found['sentence']}", err=True)
        if found["authority"]:
            click.echo(f"      {found['code']} · {found['authority']}", err=True)
    if remedy:
        click.echo(f"  → {remedy}", err=True)
    return exit_code


def _findings(failure: Exception) -> list[dict[str, str]]:
    """What the rules found, and what could not be read, in one shape."""
    told = []
    for refusal in getattr(failure, "findings", ()):
        finding = refusal.finding
        place = f"statement {refusal.position + 1} ({refusal.form_id}), " if refusal.position >= 0 else ""
        told.append(
            {
                "where": place + finding.field,
                "code": str(finding.code),
                "severity": str(finding.severity),
                "sentence": finding.sentence,
                "authority": finding.authority,
            }
        )
    for problem in getattr(failure, "problems", ()):
        sentence = f"{problem.sentence} {problem.remedy}"
        told.append({"where": problem.path, "code": "", "severity": "block", "sentence": sentence, "authority": ""})
    return told


def _defect(failure: Exception) -> tuple[str, str]:
    frames = traceback.extract_tb(failure.__traceback__)
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "unknown place"
    ours = [frame for frame in frames if "site-packages" not in frame.filename]
    caller = f", called from {Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else ""
    return (
        f"Confide failed ({type(failure).__name__} at {place}{caller}); nothing was half done.",
        "Run the verb again; if it fails again, report this line. It holds no client data.",
    )

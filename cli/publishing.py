"""`confide forms propose`, `review`, `publish`, `withdraw`, `approve`: how a form of this site comes into force."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli import ask
from cli.doors import opened
from cli.exit_code import ExitCode
from cli.failure import CommandError
from cli.output import answer, json_option, progress
from cli.person import Claimed, authenticated, person_options

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flows.site import Site
    from rules.vocabulary import Language
    from templates.form import Form

LINES_SHOWN = 200
"""Changed lines that are shown at most; `review --json` gives all."""


@click.command()
@click.argument("source", metavar="FOLDER", type=click.Path(exists=True, file_okay=False, path_type=Path))
@person_options
@json_option
def propose(source: Path, username: str | None, password_file: str | None, as_json: bool) -> None:
    """Propose a form: a FOLDER named like its id, with form.yaml and a Word file a language.

    It is checked, made slim, proven to print the same, and laid down for a second person.
    """
    site = opened()
    from flows import forms

    by = authenticated(Claimed(username, password_file))
    with progress(9, "Proposing", quiet=as_json) as step:
        row, form = forms.propose(site, source, by=by, step=step)
    changed, manifest = forms.differences(site, form), forms.manifest_differences(site, form)
    answer(
        {"form": row, "changes": changed, "manifest": manifest},
        [
            f"{form.id} {form.version} is proposed: {_counted(changed, manifest)}.",
            f"A second person looks at it and publishes it: confide forms publish {form.id} {form.version}",
        ],
        as_json=as_json,
    )


@click.command()
@click.argument("form_id", metavar="ID")
@click.argument("version")
@json_option
def review(form_id: str, version: str, as_json: bool) -> None:
    """What a proposal changes in the text and the manifest that are in force: gone (-) and new (+), a sentence a line.

    Says too which texts no counsel approved.
    """
    site = opened()
    from flows import forms

    form = forms.proposed(site, form_id, version)
    changed, manifest, waiting = _compared(site, form)
    told = {
        "form_id": form.id,
        "version": form.version,
        "digest": form.digest,
        "changes": changed,
        "manifest": manifest,
        "not_reviewed_by_counsel": waiting,
    }
    answer(told, _looked_at(form, changed, manifest, waiting), as_json=as_json)


@click.command()
@click.argument("form_id", metavar="ID")
@click.argument("version")
@click.option("--yes", is_flag=True, help="Do not ask; you have looked at it (confide forms review).")
@person_options
@json_option
def publish(
    form_id: str, version: str, yes: bool, username: str | None, password_file: str | None, as_json: bool
) -> None:
    """Publish what somebody else proposed. Needs counsel or an administrator, and never the one who proposed it."""
    site = opened()
    from flows import forms
    from register.vocabulary import StaffRole

    by = authenticated(Claimed(username, password_file), StaffRole.COUNSEL, StaffRole.ADMINISTRATOR)
    form = forms.proposed(site, form_id, version)
    if not yes:
        for line in _looked_at(form, *_compared(site, form)):
            click.echo(line, err=True)
        if ask.choose("Publish this text?", ["yes", "no"], default="no") != "yes":
            raise CommandError(ExitCode.CONFLICT, "Nothing was published.", "The proposal stays as it is.")
    row = forms.publish(site, form_id, version, by=by)
    waiting = sorted(forms.unreviewed(form))
    lines = [f"{form_id} {version} is published; new packets are made on it."]
    if waiting:
        lines.append(f"Not reviewed by counsel: {', '.join(waiting)}. Until then it is for training only:")
        lines += [f"  confide forms approve {form_id} {version} --language {language}" for language in waiting]
    answer({"form": row, "not_reviewed_by_counsel": waiting}, lines, as_json=as_json)


@click.command()
@click.argument("form_id", metavar="ID")
@click.argument("version")
@person_options
@json_option
def withdraw(form_id: str, version: str, username: str | None, password_file: str | None, as_json: bool) -> None:
    """Take a proposal back: one's own, or another's for counsel and administrators."""
    site = opened()
    from flows import forms

    by = authenticated(Claimed(username, password_file))
    row = forms.withdraw(site, form_id, version, by=by)
    answer(row, f"The proposal {form_id} {version} is withdrawn.", as_json=as_json)


@click.command()
@click.argument("form_id", metavar="ID")
@click.argument("version")
@click.option("--language", required=True, metavar="en|es", help="The text that counsel read.")
@ask.from_option
@person_options
@json_option
def approve(
    form_id: str,
    version: str,
    language: str,
    source: str | None,
    username: str | None,
    password_file: str | None,
    as_json: bool,
) -> None:
    """Record that counsel read one text of a form and approved it: who (counsel), bar or title (standing), when
    (approved_on).

    Needs counsel or an administrator, who neither proposed nor published that version.
    """
    site = opened()
    from flows import forms
    from register.vocabulary import StaffRole
    from rules.vocabulary import Language

    ask.one_of(language, [one.value for one in Language], "language")
    by = authenticated(Claimed(username, password_file), StaffRole.COUNSEL, StaffRole.ADMINISTRATOR)
    form = site.catalog.version(form_id, version)
    told = ask.read_answers(source) if source else _asked()
    ask.required(told, ["counsel", "standing", "approved_on"])
    forms.approve(
        site,
        form,
        Language(language),
        counsel=str(told["counsel"]),
        standing=str(told["standing"]),
        approved_on=ask.day(told["approved_on"], "approved_on"),
        by=by,
    )
    left = sorted(forms.unreviewed(form))
    answer(
        {"form_id": form_id, "version": version, "language": language, "not_reviewed_by_counsel": left},
        f"{form_id} {version} ({language}) is approved." + (f" Still open: {', '.join(left)}." if left else ""),
        as_json=as_json,
    )


@click.command("withdraw-approval")
@click.argument("form_id", metavar="ID")
@click.argument("version")
@click.option("--language", required=True, metavar="en|es", help="The text that counsel no longer stands by.")
@ask.from_option
@person_options
@json_option
def withdraw_approval(
    form_id: str,
    version: str,
    language: str,
    source: str | None,
    username: str | None,
    password_file: str | None,
    as_json: bool,
) -> None:
    """Take counsel's approval of a text back, with the reason: from now on it is refused outside training.

    What was signed on it stays as it is; the approval stays on record, and may be given anew.
    """
    site = opened()
    from flows import forms
    from register.vocabulary import StaffRole
    from rules.vocabulary import Language

    ask.one_of(language, [one.value for one in Language], "language")
    by = authenticated(Claimed(username, password_file), StaffRole.COUNSEL, StaffRole.ADMINISTRATOR)
    form = site.catalog.version(form_id, version)
    forms.withdraw_approval(site, form, Language(language), reason=ask.reason(source, "Why"), by=by)
    answer(
        {"form_id": form_id, "version": version, "language": language},
        f"The approval of {form_id} {version} ({language}) is withdrawn; it counts as not reviewed.",
        as_json=as_json,
    )


def _asked() -> dict[str, object]:
    return {
        "counsel": ask.prompt("Name of the lawyer who approved the text"),
        "standing": ask.prompt("Bar admission or title"),
        "approved_on": ask.prompt("Day of the approval (YYYY-MM-DD)"),
    }


def _compared(site: Site, form: Form) -> tuple[Mapping[Language, Sequence[str]], Sequence[str], Sequence[str]]:
    """What a proposal changes in texts and manifest, and which texts wait for counsel."""
    from flows import forms

    return forms.differences(site, form), forms.manifest_differences(site, form), sorted(forms.unreviewed(form))


def _looked_at(
    form: Form, changed: Mapping[Language, Sequence[str]], manifest: Sequence[str], waiting: Sequence[str]
) -> list[str]:
    """What the second person sees of a proposal."""
    lines = [f"{form.id} {form.version}: {_counted(changed, manifest)}.", "", "form.yaml", *_told(manifest)]
    for language, told in changed.items():
        lines += ["", f"{form.title[language]} ({language})", *_told(told)]
    counsel = f"Not reviewed by counsel: {', '.join(waiting)}." if waiting else "No text of it waits for counsel."
    return [*lines, "", counsel]


def _told(changed: Sequence[str]) -> list[str]:
    lines = [_colored(line) for line in changed[:LINES_SHOWN]] or ["  says the same as before"]
    return (
        [*lines, f"  … and {len(changed) - LINES_SHOWN} more lines (--json)"] if len(changed) > LINES_SHOWN else lines
    )


def _colored(line: str) -> str:
    return click.style(f"  {line}", fg="green" if line.startswith("+") else "red")


def _counted(changed: Mapping[Language, Sequence[str]], manifest: Sequence[str]) -> str:
    counts = [f"{len(told)} changed lines in {language}" for language, told in changed.items()]
    return ", ".join([*counts, f"{len(manifest)} in form.yaml"])

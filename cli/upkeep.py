"""`confide upkeep`: the night's work, now."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import click

from cli.doors import opened
from cli.exit_code import ExitCode
from cli.output import answer, json_option, progress, table


@click.command()
@click.option("--dry-run", is_flag=True, help="Change nothing; only tell.")
@click.option(
    "--inventory",
    "manifest",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="manifest.json of an S3 Inventory (CSV, all versions) to hold the register against, for large buckets.",
)
@json_option
def upkeep(dry_run: bool, manifest: Path | None, as_json: bool) -> None:
    """Do what upkeep does every night, or with --dry-run only say what it would do.

    Exit status 11 when something was found that a person must look at. What differs from an inventory is asked of the
    bucket itself before it is told.
    """
    site = opened()
    from flows.upkeep import tend

    inventory = None
    if manifest is not None:
        from storage.inventory import Inventory

        inventory = Inventory.read(manifest)
        inventory.require_of(site.configuration.s3)
    with progress(None, "Upkeep", quiet=as_json) as step:
        found = tend(site, dry=dry_run, inventory=inventory, progress=step)
    findings = [each for each in found if each.remedy]
    if as_json:
        answer(
            [
                {"kind": each.kind, "subject": each.subject, "detail": each.detail, "remedy": each.remedy}
                for each in found
            ],
            "",
            as_json=True,
        )
    else:
        done = Counter(each.kind for each in found if not each.remedy)
        told = ", ".join(f"{kind.value.replace('_', ' ')}: {count}" for kind, count in sorted(done.items()))
        click.echo(("Would do: " if dry_run else "Done: ") + (told or "nothing was due"))
        if findings:
            table(
                ["Found", "What", "Detail", "Remedy"], [[f.kind, f.subject, f.detail, f.remedy or ""] for f in findings]
            )
    if findings:
        sys.exit(ExitCode.FINDINGS)

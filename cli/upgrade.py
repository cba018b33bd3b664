"""`confide upgrade`: an earlier version's site is brought to this one."""

from __future__ import annotations

import click

from cli.exit_code import ExitCode
from cli.failure import CommandError
from cli.output import answer, json_option, progress


@click.command()
@json_option
def upgrade(as_json: bool) -> None:
    """Bring the register of an earlier version to this one. Harmless to repeat.

    Stop everything first, on every host, and make a backup with the version that you have: there is no way back but
    that. Nothing that was signed or sealed is touched.
    """
    from flows.supervisor import status
    from register import boot
    from register.configuration import configuration

    found = boot.tables()
    if found is boot.Tables.LATER:
        boot.refuse_another_version(found)
    if found is boot.Tables.ABSENT:
        boot.require_migrated()
    if found is boot.Tables.EARLIER:
        if status(configuration().run):
            raise CommandError(ExitCode.CONFLICT, "Confide is running.", "Stop it on every host, then run this again.")
        with progress(None, "Upgrading", quiet=as_json):
            boot.migrate()
    sentence = {
        boot.Tables.EARLIER: "The register is of this version now. Next: confide doctor",
        boot.Tables.PRESENT: "The register is of this version already.",
    }[found]
    answer({"was": found, "is": boot.tables()}, sentence, as_json=as_json)

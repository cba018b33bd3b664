"""`confide`: finds the verb that was asked for and imports nothing else.

Start-up is felt at every call, so each verb's module is imported only when it runs; and whatever goes wrong leaves
here as one sentence, one remedy and an exit code, never as a traceback that could carry a client's name.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

import click

from cli.exit_code import ExitCode
from cli.failure import report
from templates import process

# verb -> (module:command, one line for --help); the line stands here so that `confide --help` imports no verb
VERBS: dict[str, tuple[str, str]] = {
    "init": ("cli.init:init", "Set up this organization's Confide: keys, recovery shares, first administrator."),
    "serve": ("cli.serve:serve", "Start everything that must run, and keep it running."),
    "demo": ("cli.demo:demo", "Run the main job for a fictional client, start to end, and show what came of it."),
    "agency": ("cli.agency:agency", "Whose site this is, and which law governs its program."),
    "staff": ("cli.staff:staff", "Add a member of staff, reset a password, retire an account."),
    "org": ("cli.org:org", "The organizations that may receive information."),
    "client": ("cli.client:client", "Add and find clients."),
    "packet": ("cli.packet:packet", "Open, show, list and reissue packets of statements."),
    "statement": ("cli.statement:statement", "Where a statement stands: suspend, resume, revoke, decide, end it."),
    "sign": ("cli.sign:sign", "Sign a statement: client, then who signs beside them, then witness."),
    "verify": ("cli.verify:verify", "Check signed files, offline, in plain words."),
    "copy": ("cli.copy:copy", "Hand the client their copy of a signed statement."),
    "disclose": (
        "cli.disclose:disclose",
        "Share information under a statement: judged and written down first.",
    ),
    "disclosure": (
        "cli.disclosure:disclosure",
        "Document a disclosure without a statement: a medical emergency.",
    ),
    "notice": ("cli.notice:notice", "Print the notice that goes with what is shared under a statement."),
    "forms": ("cli.forms:forms", "List, preview and check forms; propose, publish and approve them."),
    "retention": ("cli.retention:retention", "How long records are kept, and why: schedule, events, exceptions."),
    "hold": ("cli.hold:hold", "Keep records beyond every date, for a lawsuit, an audit, a complaint."),
    "disposal": ("cli.disposal:disposal", "Destroy what may be kept no longer, with two approvals and a certificate."),
    "upkeep": ("cli.upkeep:upkeep", "Do now what upkeep does every night, or only tell what it would do."),
    "keys": ("cli.keys:keys", "List, check, change, renew and recover the site's keys."),
    "upgrade": ("cli.upgrade:upgrade", "Bring the register of an earlier version to this one."),
    "backup": ("cli.backup:backup", "Write a consistent backup of register, keyring and store."),
    "restore": ("cli.backup:restore", "Restore a backup into an empty place; what was destroyed stays destroyed."),
    "closure": ("cli.closure:closure", "When a program ends: records into an archive that opens elsewhere."),
    "doctor": ("cli.doctor:doctor", "Look for what is wrong, missing or unsafe, and say the remedy."),
}


class Verbs(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        module, _, attribute = VERBS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl([(name, line) for name, (_, line) in VERBS.items()])


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="confide", prog_name="confide")
def confide() -> None:
    """Disclosure statements for helping organizations.

    Filled from Word forms, signed by client, witness and organization, and kept encrypted under retention rules.
    Names, dates and reasons are asked for, or read from a file or standard input; they are never arguments.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run `confide` and leave with an :class:`ExitCode`."""
    process.seclude()
    args = list(sys.argv[1:] if arguments is None else arguments)
    try:
        status = confide.main(args=args, prog_name="confide", standalone_mode=False)
    except click.exceptions.Exit as ending:
        status = ending.exit_code
    except click.Abort:
        click.echo("\nStopped; nothing was half done.", err=True)
        status = ExitCode.INTERRUPTED
    except click.ClickException as wrong:
        wrong.show()
        status = wrong.exit_code
    except Exception as failure:  # noqa: BLE001 - the outermost door: every failure becomes a sentence and a code
        status = report(failure, as_json="--json" in args)
    sys.exit(int(status or 0))


if __name__ == "__main__":
    main()

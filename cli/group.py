"""A group of verbs whose `--help` says the whole first sentence of each, broken over lines and never cut."""

from __future__ import annotations

import click


class Group(click.Group):
    """`confide retention` and the like."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """One line or more a verb: its first sentence."""
        rows = []
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            if command is not None and not command.hidden:
                rows.append((name, command.get_short_help_str(limit=1000)))
        if rows:
            with formatter.section("Verbs"):
                formatter.write_dl(rows)

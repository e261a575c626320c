"""The commands: each one's module is imported when that command is called."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import click

from scopelint import __version__


@dataclass(frozen=True, slots=True)
class Entry:
    """A command that is not imported yet: where it is, and its line in the help."""

    place: str
    line: str


class LazyGroup(click.Group):
    """A click group whose commands are named as text: `module:attribute`, with a help line."""

    def __init__(self, *args: Any, entries: Mapping[str, Entry], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.entries = entries

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order they were given: the order of the work."""
        del ctx
        return list(self.entries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        del ctx
        entry = self.entries.get(cmd_name)
        if entry is None:
            return None
        module, _, attribute = entry.place.partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing any."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.line) for name, entry in self.entries.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, and suggest one where the name is unknown."""
        from difflib import get_close_matches

        if args and args[0] not in self.entries and not args[0].startswith("-"):
            close = get_close_matches(args[0], self.entries, 1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            ctx.fail(f"No such command {args[0]!r}.{hint}")
        return super().resolve_command(ctx, args)


COMMANDS = {
    "scan": Entry("scopelint.cli.scan:scan", "Collect, check and report: the main job."),
    "collect": Entry(
        "scopelint.cli.collect:collect", "Only read the scopes, into a snapshot file."
    ),
    "check": Entry("scopelint.cli.check:check", "Judge a snapshot and report, offline."),
    "diff": Entry("scopelint.cli.diff:diff", "Show what changed between two snapshots."),
    "reach": Entry(
        "scopelint.cli.reach:reach", "Show who can reach a project, and what it can reach."
    ),
    "can-access": Entry(
        "scopelint.cli.can_access:can_access", "Explain GitLab's decision for one pair of projects."
    ),
    "gate": Entry(
        "scopelint.cli.gate:gate", "Give the exit code of a JSON report, without a scan."
    ),
    "baseline": Entry(
        "scopelint.cli.baseline:baseline",
        "Accept what is there today, so that only new things gate.",
    ),
    "suggest": Entry(
        "scopelint.cli.suggest:suggest",
        "Plan the smallest allowlists that keep every logged use working.",
    ),
    "plan": Entry("scopelint.cli.plan:plan", "Plan the repair of what a snapshot shows."),
    "apply": Entry("scopelint.cli.apply:apply", "Do what a plan says, where nothing moved since."),
    "undo": Entry("scopelint.cli.undo:undo", "Take back what an apply changed."),
    "export": Entry(
        "scopelint.cli.export:export", "Write a snapshot as an inventory or as policy code."
    ),
    "rules": Entry("scopelint.cli.rules:rules", "List the rules."),
    "explain": Entry("scopelint.cli.explain:explain", "Show one rule's page."),
    "config": Entry(
        "scopelint.cli.config:config", "Make, check or show a scopelint.yml, or print its schema."
    ),
    "doctor": Entry(
        "scopelint.cli.doctor:doctor", "Tell what this token can read here, all at once."
    ),
    "demo": Entry("scopelint.cli.demo:demo", "Run the main job on two built-in GitLabs."),
    "simulate": Entry(
        "scopelint.cli.simulate:simulate", "Serve a small GitLab for your own trials."
    ),
}

EXIT_CODES = """\b
Exit codes, the same for every format:
  0  clean
  1  a finding gates (see --fail-on)
  2  usage or configuration error
  3  incomplete: something could not be read, or there was nothing to scan
  4  GitLab, token, network, disk, or a broken plug-in
  5  drift
130  interrupted
"""


@click.group(
    cls=LazyGroup,
    entries=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=EXIT_CODES,
    invoke_without_command=False,
)
@click.version_option(__version__, message="scopelint %(version)s")
def cli() -> None:
    """Lint GitLab CI/CD job token scopes: who can reach what with a job token."""

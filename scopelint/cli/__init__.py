"""The command line: the only part that prints, and the only one that exits."""

import sys
from typing import NoReturn

import click

import scopelint
from scopelint.cli.lazy import Entry, LazyGroup

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
@click.version_option(scopelint.__version__, message="scopelint %(version)s")
def cli() -> None:
    """Lint GitLab CI/CD job token scopes: who can reach what with a job token."""


def main() -> NoReturn:
    """Run the command line and exit with the code of the outside contract, section 2."""
    import signal

    from scopelint.cli.failure import run

    # A job that is cancelled gets SIGTERM; what it collected is kept as after Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(run(cli))

"""The commands: each one's module is imported when that command is called."""

import click

from scopelint import __version__
from scopelint.cli.command import Entry, LazyGroup

_FIND = "Find and gate"
_ASK = "Look closer"
_TELL = "Tell others"
_REPAIR = "Repair"
_SET_UP = "Set up"
_TRY = "Try it out"

COMMANDS = {
    "scan": Entry(
        "scopelint.cli.scan:scan",
        "Collect, check and report: the main job.",
        "scopelint scan acme --fail-on high --report json=scopelint.json",
        _FIND,
    ),
    "collect": Entry(
        "scopelint.cli.collect:collect",
        "Only read the scopes, into a snapshot file.",
        "scopelint collect acme --usage -o acme.snapshot",
        _FIND,
    ),
    "check": Entry(
        "scopelint.cli.check:check",
        "Judge a snapshot and report, offline.",
        "scopelint check acme.snapshot --select SL1,SL3 --show-fix",
        _FIND,
    ),
    "gate": Entry(
        "scopelint.cli.gate:gate",
        "Give the exit code of a JSON report, without a scan.",
        "scopelint gate scopelint.json --fail-on high",
        _FIND,
    ),
    "baseline": Entry(
        "scopelint.cli.baseline:baseline",
        "Accept what is there today, so that only new things gate.",
        "scopelint baseline create scopelint.json -o baseline.json",
        _FIND,
    ),
    "diff": Entry(
        "scopelint.cli.diff:diff",
        "Show what changed between two snapshots.",
        "scopelint diff yesterday.snapshot acme.snapshot --exit-code",
        _ASK,
    ),
    "trend": Entry(
        "scopelint.cli.trend:trend_command",
        "Show findings, open projects and reach over time.",
        "scopelint trend reports/ --group acme/web",
        _ASK,
    ),
    "reach": Entry(
        "scopelint.cli.reach:reach",
        "Show who can reach a project, and what it can reach.",
        "scopelint reach acme/web/shop --from acme.snapshot",
        _ASK,
    ),
    "can-access": Entry(
        "scopelint.cli.can_access:can_access",
        "Explain GitLab's decision for one pair of projects.",
        "scopelint can-access acme/lib/core acme/web/shop",
        _ASK,
    ),
    "why": Entry(
        "scopelint.cli.why:why",
        "Tell from a failed job's log why its job token was refused.",
        "scopelint why job.log",
        _ASK,
    ),
    "export": Entry(
        "scopelint.cli.export:export",
        "Write a snapshot as an inventory or as policy code.",
        "scopelint export csv acme.snapshot -o acme.csv",
        _ASK,
    ),
    "publish": Entry(
        "scopelint.cli.publish:publish",
        "Keep issues, compliance controls or a note up to date by a report.",
        "scopelint publish issues scopelint.json --project acme/security",
        _TELL,
    ),
    "suggest": Entry(
        "scopelint.cli.suggest:suggest",
        "Plan the smallest allowlists that keep every logged use working.",
        "scopelint suggest acme.snapshot -o acme.plan.json",
        _REPAIR,
    ),
    "plan": Entry(
        "scopelint.cli.plan:plan",
        "Plan the repair of what a snapshot shows.",
        "scopelint plan acme.snapshot -o acme.plan.json",
        _REPAIR,
    ),
    "apply": Entry(
        "scopelint.cli.apply:apply",
        "Do what a plan says, where nothing moved since.",
        "scopelint apply acme.plan.json",
        _REPAIR,
    ),
    "undo": Entry(
        "scopelint.cli.undo:undo",
        "Take back what an apply changed.",
        "scopelint undo acme.plan.json.journal",
        _REPAIR,
    ),
    "doctor": Entry(
        "scopelint.cli.doctor:doctor",
        "Tell what this token can read here, all at once.",
        "scopelint doctor acme",
        _SET_UP,
    ),
    "config": Entry(
        "scopelint.cli.config:config",
        "Make, check or show a scopelint.yml, or print its schema.",
        "scopelint config init acme",
        _SET_UP,
    ),
    "rules": Entry(
        "scopelint.cli.rules:rules",
        "List the rules.",
        "scopelint rules SL3 --severity high",
        _SET_UP,
    ),
    "explain": Entry(
        "scopelint.cli.explain:explain", "Show one rule's page.", "scopelint explain SL301", _SET_UP
    ),
    "demo": Entry(
        "scopelint.cli.demo:demo",
        "Run the main job on two built-in GitLabs.",
        "scopelint demo",
        _TRY,
    ),
    "simulate": Entry(
        "scopelint.cli.simulate:simulate",
        "Serve a small GitLab for your own trials.",
        "scopelint simulate --port 0",
        _TRY,
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
    example="scopelint scan https://gitlab.example.com/acme",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=EXIT_CODES,
    invoke_without_command=False,
)
@click.version_option(__version__, message="scopelint %(version)s")
def cli() -> None:
    """Lint GitLab CI/CD job token scopes: who can reach what with a job token."""

"""What a command imports: one that asks no GitLab starts without what that takes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.kit import environment

HEAVY = (
    *("requests", "gitlab", "httpx", "urllib3", "rich", "jinja2", "sarif_om", "markdown_it"),
    *("graphql", "scopelint_simulator", "scopelint.collect", "scopelint.repair", "scopelint.diff"),
    *("scopelint_reports.sarif", "scopelint_reports.html", "scopelint_reports.console"),
)
ABOUT_RULES = (
    *("sqlite3", "multiprocessing", "scopelint.config", "scopelint.engine", "scopelint.policy"),
    *("scopelint.report", "scopelint.cli.options", "scopelint.cli.option_groups"),
    "scopelint.access",
)
"""What `rules` and `explain` start without, beside HEAVY: they read no config and no snapshot."""
ONE_RULE = (*ABOUT_RULES, "scopelint.declared", "scopelint.uses")
PROGRAM = """
import json, sys
from scopelint.cli import cli
from scopelint.cli.failure import run
code = run(cli)
print(json.dumps([code, sorted(sys.modules)]))
"""


@pytest.mark.parametrize(
    ("words", "code", "more"),
    [
        (
            ("check", "{snapshot}", "--no-config", "-f", "json", "-o", "r.json"),
            1,
            ("yaml", "multiprocessing", "scopelint.config.load", "scopelint.policy"),
        ),
        (("rules",), 0, (*ABOUT_RULES, "yaml", "scopelint.mappings")),
        (("explain", "SL101"), 0, ONE_RULE),
        (("explain", "inbound-limit-disabled"), 0, ONE_RULE),
    ],
    ids=["check", "rules", "explain-code", "explain-name"],
)
def test_an_offline_command_imports_nothing_that_it_does_not_use(
    snapshot: Path, words: tuple[str, ...], code: int, more: tuple[str, ...]
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *(word.format(snapshot=snapshot) for word in words)],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    ended, loaded = json.loads(done.stdout.splitlines()[-1])
    assert ended == code, done.stderr
    assert not set(loaded) & {*HEAVY, *more}
    if words[0] == "explain":
        rules = [name for name in loaded if name.startswith("scopelint_rules.")]
        assert rules == ["scopelint_rules.inbound_limit_disabled"]


WITHOUT = """
import sys
sys.modules[sys.argv.pop(1)] = None
from scopelint.cli import main
main()
"""


@pytest.mark.parametrize("words", [("demo",), ("simulate", "instance.yml")], ids=lambda w: w[0])
@pytest.mark.parametrize(
    ("module", "name"), [("graphql", "graphql-core"), ("scopelint_simulator", "the simulator")]
)
def test_without_the_extra_a_command_says_what_to_install(
    place: Path, words: tuple[str, ...], module: str, name: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, module, *words],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert f"needs the extra 'demo': {name} is not installed" in done.stderr
    assert "hint: python -m pip install 'graphql-core<4,>=3.2.6'" in done.stderr
    assert not list(place.rglob("demo-out"))

"""What the shell offers at Tab, and that it is offered at once."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import CompletionItem, ShellComplete

from scopelint.cli import COMMANDS, cli
from scopelint.finding import Severity
from scopelint.registry import find_reporters, find_rules
from tests.cli.kit import environment


def offered(line: str) -> list[CompletionItem]:
    *words, last = line.split(" ")
    return ShellComplete(cli, {}, "scopelint", "_SCOPELINT_COMPLETE").get_completions(words, last)


def values(line: str) -> list[str]:
    return [item.value for item in offered(line)]


def test_commands() -> None:
    assert values("") == list(COMMANDS)
    assert values("ca") == ["can-access"]
    assert values("config ") == ["init", "check", "show", "schema"]
    assert all(item.help for item in offered(""))


@pytest.mark.parametrize("option", ["--select", "--ignore", "--extend-select"])
def test_rules(option: str) -> None:
    rules = find_rules()
    assert values(f"scan {option} ") == list(rules)
    named = {item.value: item.help for item in offered(f"scan {option} sl")}
    assert named == {code: found.cls.name for code, found in rules.items()}
    assert values(f"scan {option} inbound") == [
        "inbound-limit-disabled",
        "inbound-limit-only-enforced",
    ]
    assert values(f"check {option} SL3,SL10") == [
        "SL3,SL101",
        "SL3,SL102",
        "SL3,SL103",
        "SL3,SL104",
    ]
    assert values(f"scan {option} nonsense") == []


def test_the_rule_to_explain() -> None:
    assert values("explain SL30")[:2] == ["SL301", "SL302"]
    assert values("explain SL301,SL3") == []


def test_formats() -> None:
    reporters = find_reporters()
    assert {item.value: item.help for item in offered("scan -f ")} == {
        name: found.cls.title for name, found in reporters.items()
    }
    assert values("check --format gitlab-") == ["gitlab-codequality", "gitlab-sast"]
    assert values("scan --report ") == [f"{name}=" for name in reporters]
    [file] = offered("scan --report html=out/sc")
    assert (file.type, file.value) == ("file", "out/sc")


def test_severities() -> None:
    levels = [level.value for level in Severity if level is not Severity.UNKNOWN]
    assert values("scan --fail-on ") == [*levels, "never"]
    assert values("gate --fail-on h") == ["high"]


def test_config_files(place: Path) -> None:
    assert [item.type for item in offered("scan --config ")] == ["file"]
    (place / "ci").mkdir()
    for name in ("scopelint.yml", "other.txt", "ci/strict.yaml"):
        (place / name).write_text("")
    assert values("scan --config ") == ["scopelint.yml"]
    assert values("check --config ci/") == ["ci/strict.yaml"]
    assert [item.type for item in offered("scan --config o")] == ["file"]
    assert values("scan --config nowhere/") == []


@pytest.mark.parametrize(
    "line", ["check ", "scan --token-file ", "collect -o x", "diff old ", "plan -o ", "simulate "]
)
def test_files_are_left_to_the_shell(line: str) -> None:
    assert [item.type for item in offered(line)] == ["file"]


def test_options() -> None:
    assert {"--no-usage", "--no-config", "--no-progress"} <= set(values("scan --no-"))


PROGRAM = """
import atexit, sys
atexit.register(lambda: print(*sys.modules, file=sys.stderr))
from scopelint.cli import main
main()
"""
HEAVY = {
    "pydantic",
    "yaml",
    "requests",
    "gitlab",
    "rich",
    "jinja2",
    "scopelint.registry",
}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("scopelint sc", "plain,scan"),
        ("scopelint scan --select SL301", "plain,SL301"),
        ("scopelint collect --ignore SL301", "plain,SL301"),
        ("scopelint explain SL301", "plain,SL301"),
        ("scopelint check -f sari", "plain,sarif"),
        ("scopelint scan --resu", "plain,--resume"),
        ("scopelint plan --unsa", "plain,--unsafe"),
        ("scopelint apply --journ", "plain,--journal"),
        ("scopelint suggest --min-sh", "plain,--min-share"),
        ("scopelint reach --transi", "plain,--transitive"),
        ("scopelint doctor --inst", "plain,--instance"),
        ("scopelint gate --fail-on crit", "plain,critical"),
    ],
)
def test_nothing_heavy_is_imported_for_it(line: str, expected: str) -> None:
    """How long it takes is measured by benchmarks/bench_start.py; what makes it long is tested."""
    env = {
        "_SCOPELINT_COMPLETE": "bash_complete",
        "COMP_WORDS": line,
        "COMP_CWORD": str(line.count(" ")),
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=environment(**env),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.splitlines() == [expected]
    loaded = set(done.stderr.split())
    assert "scopelint.cli.commands" in loaded
    assert not loaded & HEAVY
    assert not [
        name for name in loaded if name.startswith(("scopelint_rules.", "scopelint_reports."))
    ]

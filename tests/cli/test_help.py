"""Every command's help: its width, its words, and no option that the contract does not name."""

import re
from collections.abc import Iterator
from unittest import mock

import click
import pytest

from scopelint.cli import COMMANDS, cli
from tests.cli.kit import Stream, call

WIDTH = 100
"""`max_content_width` of the commands."""

OPTIONS = {
    # what is read
    *(
        "--group",
        "--project",
        "--instance",
        "--include",
        "--exclude",
        "--owner",
        "--owners",
        "--archived",
    ),
    *("--after", "--audit-events", "--no-audit-events"),
    *("--usage", "--no-usage", "--snapshot", "--resume", "--shard", "--output", "-o"),
    # where, with what token, how
    *("--url", "--token-file", "--ca-file", "--insecure", "--api", "--concurrency", "-j"),
    *("--page-size", "--max-rpm", "--config", "--no-config"),
    # how it is judged
    *("--select", "--ignore", "--extend-select", "--trusted", "--rules-file", "--severity"),
    *("--fail-on", "--allow-incomplete", "--exit-zero", "--exit-code", "--diff"),
    *("--baseline", "--new-only", "--as-of", "--from-report"),
    *("--previous", "--carry-days", "--partial"),
    # what is asked
    *("--from", "--transitive", "--want", "--ci"),
    *("--origin", "--target", "--offline"),
    # how it is repaired
    *("--to", "--unsafe", "--policy", "--allow-groups", "--min-share", "--min-log-days"),
    *("--plan", "--entry", "--yes", "--journal", "--max-removals", "--max-projects"),
    *("--irreversible", "--dry-run"),
    # what is published
    *("--label", "--confidential", "--no-confidential", "--former-user", "--max-writes"),
    *("--control", "--secret-file", "--state", "--unknown", "--resend-after", "--merge-request"),
    # how it is shown
    *("--format", "-f", "--report", "--min-severity", "--show-waived", "--show-fix"),
    *("--statistics", "--junit-fail", "--doctor"),
    *("--sarif-include-suppressed", "--sarif-category", "--gitlab-sast-version"),
    *("--keep-waived", "--sarif-runs", "--roll-up"),
    *("--quiet", "-q", "--verbose", "-v", "--color", "--progress", "--no-progress"),
    *("--help", "-h", "--version"),
    # simulate
    *("--port", "--latency", "--latency-per-project", "--error-rate", "--rate-limit", "--max-page"),
}
"""What the outside contract, section 1, names, what single formats take, and `simulate`'s faults."""


def _commands() -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield (), cli
    context = click.Context(cli)
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        yield (name,), command
        if isinstance(command, click.Group):
            for below in command.list_commands(context):
                child = command.get_command(context, below)
                assert child is not None
                yield (name, below), child


ALL = dict(_commands())
each = pytest.mark.parametrize("path", ALL, ids=lambda path: " ".join(path) or "scopelint")


@each
@pytest.mark.parametrize("columns", [80, 200])
def test_the_help_fits(
    path: tuple[str, ...], columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = call(*path, "--help").expect(0).out.splitlines()
    assert max(map(len, lines)) <= min(WIDTH, columns)
    assert lines[0].startswith(" ".join(("Usage: scopelint", *path)))
    assert call(*path, "-h").expect(0).out.splitlines() == lines


@each
def test_every_option_is_explained_and_named_by_the_contract(path: tuple[str, ...]) -> None:
    for parameter in ALL[path].params:
        if isinstance(parameter, click.Option):
            assert set(parameter.opts) | set(parameter.secondary_opts) <= OPTIONS
            assert parameter.help, parameter.name
            assert not parameter.hidden


@each
def test_the_help_names_only_options_that_exist(path: tuple[str, ...]) -> None:
    text = call(*path, "--help").expect(0).out
    for option in re.findall(r"(?<![\w-])--[a-z][a-z-]+[a-z]", text):
        assert option in OPTIONS, option


def test_the_commands_are_those_that_are_there_in_the_order_of_the_work() -> None:
    text = call("--help").expect(0).out
    listed = re.findall(r"^  ([a-z-]+) {2,}\S", text, re.MULTILINE)
    assert listed[: len(COMMANDS)] == list(COMMANDS)
    groups = list(dict.fromkeys(entry.group for entry in COMMANDS.values()))
    assert [line for line in groups if f"\n{line}:\n" in text] == groups
    assert len(groups) > 1
    for code in ("0", "1", "2", "3", "4", "5", "130"):
        assert re.search(rf"^ *{code}  ", text, re.MULTILINE)


def test_every_list_option_takes_commas_and_repeats() -> None:
    named = {p.name: p for p in ALL["scan",].params}
    for name in ("select", "ignore", "extend_select", "trusted", "include", "exclude"):
        assert named[name].multiple
        assert named[name].type.convert("a, b,,c", None, None) == ("a", "b", "c")


@each
def test_every_command_has_an_example_of_its_own(path: tuple[str, ...]) -> None:
    lines = call(*path, "--help").expect(0).out.splitlines()
    if isinstance(ALL[path], click.Group) and path:
        assert "Example:" not in lines  # its commands have theirs
        return
    example = lines[lines.index("Example:") + 1]
    assert example.startswith("  " + " ".join(("scopelint", *path)))
    assert len(example) <= 80


def test_the_options_of_a_long_help_are_in_groups() -> None:
    text = call("scan", "--help").expect(0).out
    titles = re.findall(r"^([A-Z][A-Za-z ]+):$", text, re.MULTILINE)
    assert titles[0] == "What to read"
    assert {"GitLab and token", "Rules", "Exit code", "Reports", "Snapshot"} <= set(titles)
    assert len(titles) == len(set(titles)), "a heading is used once"
    loose = re.findall(r"^  (-\S+)", text.partition("Other options:")[2], re.MULTILINE)
    assert loose == ["-h,"]


def test_headings_are_bold_at_a_terminal_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    with mock.patch.object(Stream, "isatty", return_value=True):
        assert "\x1b[1mFind and gate" in call("--help").expect(0).out
        monkeypatch.setenv("NO_COLOR", "1")
        assert "\x1b" not in call("--help").expect(0).out
    monkeypatch.delenv("NO_COLOR")
    assert "\x1b" not in call("--help").expect(0).out

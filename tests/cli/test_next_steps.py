"""Every command that scopelint prints for a user to go on with is run as it was printed."""

import ast
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import click
import pytest

from scopelint.cli import COMMANDS, cli
from scopelint.cli.command import LazyGroup
from scopelint.cli.next_steps import given_again
from scopelint.cli.progress_line import ProgressLine
from scopelint.progress import Progress
from scopelint.snapshot import Snapshot
from scopelint_simulator import Simulator, load_instance
from tests.cli.kit import TOKEN, Result, Stream, call, command, environment
from tests.meta.sources import ROOT, modules, tree
from tests.repair import applying

REGISTER = {
    "cli/apply.py": {"test_an_apply_and_its_undo", "test_an_interrupted_apply"},
    "cli/collect.py": {"test_a_collection_says_how_to_judge_it"},
    "cli/collect_session.py": {
        "test_an_interrupted_run_goes_on",
        "test_a_run_interrupted_after_reading_is_judged",
    },
    "cli/config_init.py": {"test_a_new_config_is_checked"},
    "cli/demo.py": {"test_what_the_demo_says_to_try"},
    "cli/next_steps.py": {"test_the_steps_below_a_report"},
    "cli/plan_output.py": {"test_an_apply_and_its_undo"},
    "cli/simulate.py": {"test_what_simulate_says_to_try"},
    "cli/undo.py": {"test_an_interrupted_undo"},
    "cli/unread_pair.py": {"test_the_command_for_who_can_read_a_pair"},
    "publish/issue_text.py": {
        "tests/meta/test_publish_docs.py::test_the_commands_in_an_issue_work_as_printed"
    },
    "snapshot/file_checks.py": {"test_a_snapshot_broken_off_in_a_write_is_gone_on_with"},
    "snapshot/sqlite_writer.py": {"test_a_finished_snapshot_is_judged"},
}
"""The modules that make a command for a user to run, and the tests that run it: here, or as pytest
names those of another file."""

MAKERS = {"command", "given_again"}


def run(line: str, *, answer: str = "") -> Result:
    """Run a printed command in this process, as from a shell in the current folder."""
    program, *words = shlex.split(line)
    assert program == "scopelint"
    stdin = Stream(terminal=True)
    stdin.write(answer)
    stdin.seek(0)
    with mock.patch.object(sys, "stdin", stdin):
        return call(*words, terminal=bool(answer))


def printed(text: str, name: str) -> str:
    """Return the one command of this name that a text has to the end of a line."""
    found: dict[str, None] = dict.fromkeys(
        re.findall(rf"(?:^|[ :])(scopelint {name} .*)$", text, re.MULTILINE)
    )
    assert len(found) == 1, text
    return next(iter(found))


def makers() -> Iterator[str]:
    """Yield the modules that put a command together, or name one that holds a value."""
    for path in modules():
        if not path.is_relative_to(ROOT / "scopelint"):
            continue  # what the page prints for a change is tested with the page
        for node in ast.walk(tree(path)):
            called = isinstance(node, ast.Call) and (
                getattr(node.func, "id", "") in MAKERS
                or ast.unparse(node).startswith("shlex.join(['scopelint'")
            )
            if called or (isinstance(node, ast.JoinedStr) and _is_command(node)):
                yield path.relative_to(ROOT / "scopelint").as_posix()


def _is_command(node: ast.JoinedStr) -> bool:
    """Tell whether a formatted text has a command with a value in it, at its end or a line's."""
    text = "".join(
        part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else "\0"
        for part in node.values
    )
    return bool(re.search(rf"\bscopelint (?:{'|'.join(COMMANDS)}) [^\n]*\0", text))


def test_every_command_that_is_put_together_is_run_by_a_test() -> None:
    assert set(makers()) == set(REGISTER)
    for name in set().union(*REGISTER.values()):
        file, _, test = name.rpartition("::")
        assert f"def {test}(" in (ROOT / (file or "tests/cli/test_next_steps.py")).read_text(
            "utf-8"
        )


def literal_commands() -> Iterator[tuple[str, str, str]]:
    """Yield place, command and the rest of each `scopelint COMMAND …` in the product's strings and pages."""
    for path in modules():
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield from _commands(path, node.value)
    for folder in ("rules", "docs", "reports"):
        for page in (ROOT / folder).rglob("*.md"):
            yield from _commands(page, page.read_text(encoding="utf-8"))
    for name in ("README.md", "CONTRIBUTING.md"):
        yield from _commands(ROOT / name, (ROOT / name).read_text(encoding="utf-8"))


def _commands(path: Path, text: str) -> Iterator[tuple[str, str, str]]:
    for match in re.finditer(r"(?<![\w./-])scopelint ([a-z][a-z-]+)((?: --?[a-z][a-z-]*)*)", text):
        if match[1] in COMMANDS:
            rest = text[match.end(1) :].partition("\n")[0].partition("`")[0]
            yield str(path.relative_to(ROOT)), match[1], rest


@pytest.mark.parametrize("where", sorted({where for where, *_ in literal_commands()}))
def test_a_named_command_has_the_options_that_are_named_with_it(where: str) -> None:
    for place, name, text in literal_commands():
        if place != where:
            continue
        words = text.split()
        command = _find(name, words)
        options = {
            option
            for param in command.params
            for option in (*param.opts, *param.secondary_opts)
            if isinstance(param, click.Option)
        }
        for word in words:
            if word in {"#", "|", "&&", "\\", ";"}:
                break
            option = re.match(r"--[a-z-]+", word)
            if option:
                assert option[0] in options | {"--help"}, text


def _find(name: str, words: list[str]) -> click.Command:
    context = click.Context(cli)
    command = cli.get_command(context, name)
    if isinstance(command, LazyGroup) and words and words[0] in command.entries:
        command = command.get_command(context, words[0])
    assert command is not None
    return command


@pytest.fixture
def given(gitlab: Simulator, place: Path) -> list[str]:
    """Give the options of a run that its next steps need again, with paths that a shell splits."""
    folder = place / "a folder, and 'quotes'"
    folder.mkdir()
    (folder / "token").write_text(TOKEN)
    (folder / "c.yml").write_text("profile: strict\n")
    # A file that would be found in the current folder, and is not what the run used.
    Path("scopelint.yml").write_text("nonsense: 1\n")
    return [
        *("--url", gitlab.url, "--token-file", str(folder / "token")),
        *("--config", str(folder / "c.yml")),
    ]


@pytest.mark.parametrize("target", ["acme", "both"])
def test_the_steps_below_a_report(given: list[str], target: str) -> None:
    scanned = call("scan", target, *given, "--snapshot", "kept it.snapshot").expect(1)
    steps = scanned.out.partition("\nNext\n")[2].partition("\n\n")[0]
    commands = re.findall(r"^  (scopelint .*)$", steps, re.MULTILINE)
    names = [shlex.split(line)[1] for line in commands]
    assert names == ["explain", "plan", *(["doctor"] if target == "both" else [])]
    for line in commands:
        assert run(line).code in {0, 3}
    assert Path("scopelint.plan.json").is_file()
    checked = call("check", "kept it.snapshot", "--no-config").expect(1)
    run(printed(checked.out, "plan")).expect(0)


def test_a_collection_says_how_to_judge_it(given: list[str]) -> None:
    collected = call("collect", "acme", *given, "-o", "kept it.snapshot").expect(0)
    run(printed(collected.err, "check")).expect(1)
    sharded = call("collect", "acme", *given, "-o", "one", "--shard", "1/2").expect(0)
    assert "scopelint check" not in sharded.err


def interrupting(when: Callable[[Progress], bool]) -> "mock._patch[Callable[..., None]]":
    """Press Ctrl-C as soon as the collection has come so far."""

    def listen(_self: ProgressLine, progress: Progress) -> None:
        if when(progress):
            raise KeyboardInterrupt

    return mock.patch.object(ProgressLine, "__call__", listen)


@pytest.mark.parametrize(
    "words",
    [
        ("collect", "-o", "kept it.snapshot"),
        ("scan", "--snapshot", "kept it.snapshot"),
        ("scan",),
        ("scan", "--exit-zero", "--"),
    ],
    ids=" ".join,
)
def test_an_interrupted_run_goes_on(given: list[str], words: tuple[str, ...]) -> None:
    name, *others = words
    filters = ["--exclude", "acme/tool", "--archived", "exclude", "--usage"]
    arguments = [*given, *filters, *others, "acme"]
    with interrupting(lambda progress: progress.read > 0):
        stopped = call(name, *arguments).expect(130, "interrupted; what was read so far is kept in")
    line = printed(stopped.err, name)
    run(line).expect(0 if name == "collect" or "--exit-zero" in words else 1)
    kept = Path(
        "kept it.snapshot" if "kept it.snapshot" in words else "scopelint-interrupted.snapshot"
    )
    with Snapshot(kept) as snapshot:
        header = snapshot.header
    assert header.finished_at is not None
    assert header.targets == ("acme",)
    assert (header.filters.exclude, header.filters.archived) == (("acme/tool",), "exclude")
    assert header.filters.usage


def test_a_second_interruption_makes_the_command_no_longer() -> None:
    with mock.patch.object(
        sys, "argv", ["scopelint", "scan", "--snapshot", "s", "--resume", "acme"]
    ):
        assert given_again("--snapshot", "s", "--resume") == (
            "scopelint scan --snapshot s --resume acme"
        )


def test_a_run_interrupted_after_reading_is_judged(given: list[str]) -> None:
    arguments = ("acme", *given, "--snapshot", "kept it.snapshot")
    with mock.patch("scopelint.engine.run", side_effect=KeyboardInterrupt):
        stopped = call("scan", *arguments).expect(130, "interrupted; all was read")
    assert "--resume" not in stopped.err
    Path("scopelint.yml").unlink()
    run(printed(stopped.err, "check")).expect(1)


def test_a_finished_snapshot_is_judged(given: list[str]) -> None:
    arguments = ("collect", "acme", *given, "-o", "kept it.snapshot")
    call(*arguments).expect(0)
    Path("scopelint.yml").unlink()
    refused = call(*arguments, "--resume").expect(2, "there is nothing to resume")
    run(printed(refused.err, "check")).expect(1)


@pytest.mark.usefixtures("token")
def test_a_snapshot_broken_off_in_a_write_is_gone_on_with(gitlab: Simulator) -> None:
    snapshot, target = "kept it.snapshot", ("acme", "--url", gitlab.url)
    with interrupting(lambda progress: progress.read > 0):
        call("collect", *target, "-o", snapshot).expect(130)
    # A writer that is killed in a transaction leaves its journal beside the file.
    Path(f"{snapshot}-journal").write_bytes(bytes.fromhex("d9d505f920a163d7") + bytes(504))
    refused = call("check", snapshot).expect(2, "interrupted in the middle of a write")
    line = printed(refused.err, "collect").replace("TARGET", shlex.join(target))
    run(line).expect(0)


@pytest.mark.usefixtures("token")
def test_a_new_config_is_checked(gitlab: Simulator) -> None:
    made = call("config", "init", "acme", "--url", gitlab.url, "-o", "my config.yml").expect(0)
    run(printed(made.err, "config check")).expect(0)


@pytest.fixture
def writable(monkeypatch: pytest.MonkeyPatch, place: Path) -> Iterator[Simulator]:
    monkeypatch.setenv("SCOPELINT_TOKEN", applying.TOKEN)
    with applying.serve() as running:
        yield running


def test_an_apply_and_its_undo(writable: Simulator) -> None:
    call("collect", "acme", "--url", writable.url, "-o", "acme.snapshot")
    planned = call("plan", "acme.snapshot", "--unsafe", "-o", "my plan.json").expect(0)
    applied = run(printed(planned.out, "apply"), answer="y\n").expect(0)
    # What no undo brings back (the outbound limit) is not in a plan without --irreversible.
    assert "undone in" in run(printed(applied.out, "undo"), answer="y\n").expect(0).out


def test_an_interrupted_apply(writable: Simulator) -> None:
    stopped = _interrupted_apply(writable)
    finished = run(printed(stopped.err, "apply"), answer="y\n").expect(0)
    assert "applied in" in finished.out
    assert "undone in" in run(printed(stopped.err, "undo"), answer="y\n").expect(0).out


def test_an_interrupted_undo(writable: Simulator) -> None:
    run(printed(_interrupted_apply(writable).err, "apply"), answer="y\n").expect(0)
    arguments = ("undo", "my plan.json.journal", "--url", writable.url, "--yes")
    with interrupting(lambda progress: progress.done > 0):
        stopped = call(*arguments).expect(130)
    assert "undone in" in run(printed(stopped.err, "undo")).expect(0).out


def _interrupted_apply(writable: Simulator) -> Result:
    plan = applying.plan(writable, applying.everything(writable))
    Path("my plan.json").write_text(plan.text())
    arguments = ("apply", "my plan.json", "--url", writable.url, "-j", "1")
    with interrupting(lambda progress: progress.done > 0):
        return run(shlex.join(["scopelint", *arguments]), answer="y\n").expect(130, "interrupted")


@pytest.mark.slow
def test_what_the_demo_says_to_try(place: Path) -> None:
    shown = call("demo", "-o", "a demo").expect(0)
    ending = shown.out.partition("Three things to try\n")[2]
    commands = re.findall(r"^  (scopelint .*)$", ending, re.MULTILINE)
    assert [shlex.split(line)[1] for line in commands] == ["diff", "reach", "plan"]
    for line in commands:
        assert run(line).code in {0, 3}
    for line in re.findall(r"^  (scopelint .*)$", shown.out, re.MULTILINE):
        assert shlex.split(line)[1] != "doctor", "the demo's GitLab is gone"
        if line not in commands:
            run(line).expect(0)


@pytest.mark.usefixtures("place")
def test_the_command_for_who_can_read_a_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    """A token that does not see a project gives the command; an administrator runs it."""
    path = ROOT / "simulator" / "scopelint_simulator" / "instances" / "example.yml"
    with Simulator(load_instance(path)) as gitlab:
        monkeypatch.setenv("SCOPELINT_TOKEN", "glpat-example-developer")
        pair = ("acme/lib/core", "acme/web/shop", "--url", gitlab.url)
        said = call("can-access", *pair).expect(3).out
        monkeypatch.setenv("SCOPELINT_TOKEN", "glpat-example-maintainer")
        assert run(printed(said, "can-access")).code in {0, 1}


def test_what_simulate_says_to_try(place: Path) -> None:
    serving = subprocess.Popen(
        command("simulate", "--port", "0"),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert serving.stdout is not None
    try:
        assert serving.stdout.readline() == "Try it in another terminal:\n"
        scripts = Path(sys.executable).parent
        done = subprocess.run(
            ["sh", "-c", serving.stdout.readline()],
            env=environment(PATH=f"{scripts}:/usr/bin:/bin"),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        serving.send_signal(signal.SIGINT)
        serving.wait(20)
        serving.stdout.close()
    assert done.returncode == 1, done.stderr
    assert "8 projects" in done.stdout or "acme/web/site" in done.stdout


def examples() -> Iterator[str]:
    for name, entry in COMMANDS.items():
        found = cli.get_command(click.Context(cli), name)
        if isinstance(found, LazyGroup):
            yield from (below.example for below in found.entries.values())
        else:
            yield entry.example


def test_the_examples_of_the_help_work_in_their_order(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the GitLab of `scopelint simulate`, each on the files that those before it left."""
    path = ROOT / "simulator" / "scopelint_simulator" / "instances" / "example.yml"
    instance = path.read_text("utf-8").replace(
        "\nprojects:\n", "\nprojects:\n  - {id: 190, path: acme/security}\n", 1
    )
    instance += "merge_requests: [{project: acme/web/shop, iid: 7}]\n"
    instance += "controls: [{id: 7, secret: secret-of-the-control, projects: [acme/web/shop]}]\n"
    (place / "yesterday.snapshot").unlink(missing_ok=True)
    with Simulator(load_instance(instance)) as gitlab:
        monkeypatch.setenv("SCOPELINT_URL", gitlab.url)
        monkeypatch.setenv("SCOPELINT_TOKEN", "glpat-example-admin")
        call("collect", "acme", "--usage", "-o", "yesterday.snapshot").expect(3)
        report = ("-f", "json", "-o", "reports/monday.json", "--exit-zero")
        (place / "reports").mkdir()
        call("check", "yesterday.snapshot", *report)
        (place / "job.log").write_text("HTTP Basic: Access denied\n", "utf-8")
        monkeypatch.setenv("SCOPELINT_CONTROL_SECRET", "secret-of-the-control")
        monkeypatch.setenv("CI_MERGE_REQUEST_IID", "7")
        monkeypatch.setenv("CI_MERGE_REQUEST_PROJECT_ID", "101")
        lines = [line for line in examples() if " simulate" not in line]
        codes = {
            line: run(line.partition(" > ")[0], answer="y\n" if " apply " in line else "").code
            for line in _with_something_to_undo(lines)
        }
    assert {line: code for line, code in codes.items() if code not in {0, 1, 3, 5}} == {}
    assert codes[lines[0]] == 1
    assert len(codes) > 20


def _with_something_to_undo(lines: list[str]) -> list[str]:
    """Return the lines with --unsafe to plan, for nothing else is left here, and --yes to undo."""
    more = {"plan": " --unsafe", "undo": " --yes"}
    return [line + more.get(line.split()[1], "") for line in lines]

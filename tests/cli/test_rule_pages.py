"""`rules` and `explain`: at a terminal, in a pipe, as JSON, and for anybody's rules."""

import json
import os
import pty
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from scopelint.cli.explain import page
from scopelint.cli.markdown import rendered
from scopelint.cli.rules import lines
from scopelint.finding import Severity
from scopelint.registry import Found, find_rules
from tests.cli.kit import call, command, environment

ESCAPES = re.compile(r"\x1b\[[0-9;]*m")
RULE = """
from collections.abc import Iterable
from pydantic import Field
from scopelint.finding import PASS, Severity
from scopelint.rule import ProjectRule, RuleOptions


class HostileOptions(RuleOptions):
    names: tuple[str, ...] = Field(default=("a|b",), description="Which \\x1b[31mnames | so.")
    needed: int = Field(description="Must be there.")


class HostileRule(ProjectRule):
    code = "EVIL001"
    name = "hostile-rule"
    title = "A title \\x1b]0;owned\\x07 of somebody else"
    requirement = "It is in order"
    severity = Severity.LOW
    strict = True
    owasp = ("\\x1b[2J",)
    Options = HostileOptions

    def judge(self, context):
        yield PASS
"""
PAGE = (
    "# EVIL001 hostile-rule\n\nBell \x07, clear \x1b[2J, c1 \x9b31m, turned \u202e.\n\n"
    "Entities &#27;[31m &#155;31m &#8238; &#7;.\n\n"
    "[a link](https://evil.example/\x1b]8;;x) and ![an image](https://evil.example/i.png)\n\n"
    "```sh\nrm \x1b[8mhidden\x1b[0m\n```\n\n<script>alert(1)</script>\n"
)


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    file = tmp_path / "hostile.py"
    file.write_text(RULE, encoding="utf-8")
    file.with_suffix(".md").write_text(PAGE, encoding="utf-8")
    return file


def at_a_terminal(*args: object, columns: int = 80, **env: str) -> str:
    """Run scopelint with its stdout on a pseudo terminal; return what it wrote there."""
    master, slave = pty.openpty()
    size = {"COLUMNS": str(columns), "LINES": "24", "TERM": "xterm"}
    with subprocess.Popen(
        command(*args), stdout=slave, stdin=subprocess.DEVNULL, env=environment(**size, **env)
    ) as running:
        os.close(slave)
        said = b"".join(_chunks(master))
    os.close(master)
    assert running.returncode == 0
    return said.decode("utf-8").replace("\r\n", "\n")


def _chunks(master: int) -> Iterable[bytes]:
    while True:
        try:
            chunk = os.read(master, 65536)
        except OSError:  # Linux says so when the other end is closed.
            return
        if not chunk:
            return
        yield chunk


def controls(text: str) -> set[str]:
    return {c for c in text if (ord(c) < 32 and c != "\n") or 127 <= ord(c) < 160 or c == "\u202e"}


# rules -----------------------------------------------------------------------------------------


def test_rules_lists_each_rule_on_one_whole_line_in_a_pipe() -> None:
    found = find_rules()
    said = call("rules").expect(0).out.splitlines()
    assert [line.split()[0] for line in said] == list(found)
    for line, rule in zip(said, found.values(), strict=True):
        cls = rule.cls
        kind = "strict" if cls.strict else "default"
        words = [cls.code, cls.name, cls.severity.value, kind, cls.subject.value]
        assert line.split()[:5] == words
        assert line.endswith(cls.title)


def test_rules_fits_a_terminal_of_eighty_columns() -> None:
    said = at_a_terminal("rules").splitlines()
    assert len(said) == len(find_rules())
    assert max(map(len, said)) <= 80
    assert any(line.endswith("…") for line in said)


@pytest.mark.parametrize("width", [20, 60, 70, 80, 120, 300])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    found = list(find_rules().values())
    whole = list(lines(found, None))
    for line, full in zip(lines(found, width), whole, strict=True):
        assert len(line) <= width
        assert full.startswith(line.rstrip("…").rstrip())


def test_rules_as_json_holds_what_a_program_wants() -> None:
    said = {rule["code"]: rule for rule in json.loads(call("rules", "-f", "json").expect(0).out)}
    assert list(said) == list(find_rules())
    assert said["SL302"]["defaults"] == {"max_projects": 50}
    assert said["SL302"]["options"]["max_projects"]["minimum"] == 1
    assert said["SL302"]["set"] == "default"
    assert said["SL302"]["distribution"] == "scopelint"


def codes(*args: object) -> list[str]:
    """Return the codes that `rules` lists, which are those that it gives as JSON."""
    listed = [line.split()[0] for line in call("rules", *args).expect(0).out.splitlines()]
    data = json.loads(call("rules", *args, "-f", "json").expect(0).out)
    assert [rule["code"] for rule in data] == listed
    return listed


def test_rules_lists_those_of_a_code_a_prefix_or_a_name() -> None:
    every = list(find_rules())
    assert codes("SL3") == codes("sl3") == [code for code in every if code.startswith("SL3")]
    assert codes("Push-Into-Mirror") == ["SL603"]
    assert codes("SL101,SL9", "unused-entry") == ["SL101", "SL701", "SL901", "SL902"]


@pytest.mark.parametrize("severity", [each for each in Severity if each is not Severity.CRITICAL])
def test_rules_lists_those_of_a_severity_or_above(severity: Severity) -> None:
    """As --fail-on and --min-severity count: from there up. `unknown` is no severity to choose."""
    if severity is Severity.UNKNOWN:
        call("rules", "--severity", severity).expect(2, "'unknown' is not one of")
        return
    expected = [code for code, each in find_rules().items() if each.cls.severity.reaches(severity)]
    assert codes("--severity", severity) == expected
    assert 0 < len(expected) < len(find_rules())


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("SL4", "--severity", "high"), ("no rule of SL4 has severity high", "--severity low")),
        (("--severity", "critical"), ("no rule has severity critical", "--severity high")),
        (("SL9", "--severity", "info"), ("no rule of SL9 has", "could not be read")),
        (("SL3O1",), ('unknown rule "SL3O1"', "did you mean")),
        (("SL301", "push-into-miror"), ("push-into-mirror",)),
        (("nonsense",), ("`scopelint rules` lists all",)),
    ],
)
def test_rules_that_match_nothing_are_a_usage_error_with_a_suggestion(
    args: tuple[str, ...], words: tuple[str, ...]
) -> None:
    for form in ("text", "json"):
        assert not call("rules", *args, "-f", form).expect(2, *words).out


# explain ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["SL302", "sl302", "group-entry-too-broad"])
def test_explain_gives_a_pipe_the_markdown_with_the_facts(word: str) -> None:
    said = call("explain", word).expect(0).out
    own = find_rules()["SL302"].cls.page()
    title, _, rest = own.partition("\n")
    assert said.startswith(f"{title}\n\n- **Severity:** medium (confidence high)\n")
    assert said.endswith(rest.strip() + "\n")
    assert "- **Set:** default: it runs unless it is ignored\n" in said
    assert "- **Judges:** each entry of a project's allowlist\n" in said
    assert "- **Requirement:** No group entry lets in more projects than are allowed.\n" in said
    assert "- **Remedy:** `scopelint plan` removes the entry, only with --unsafe.\n" in said
    assert "- **Options:** `SL302: {max_projects: 50}`\n" in said
    assert "- **From:** scopelint, since " in said
    assert said.count("## Options") == 1


def test_every_page_can_be_explained_and_set_for_a_terminal() -> None:
    for code, found in find_rules().items():
        text = rendered(page(found), 80, color=False)
        assert text.splitlines()[0] == f"{code} {found.cls.name}"
        assert not controls(text)
        kind = "strict: it runs with" if found.cls.strict else "default: it runs unless"
        assert kind in text


def test_explain_at_a_terminal_is_set_in_columns_and_colour() -> None:
    said = at_a_terminal("explain", "SL302", columns=60)
    plain = ESCAPES.sub("", said)
    assert plain != said
    assert "WHAT IT FLAGS\n" in plain
    assert " • Severity: medium" in plain
    assert "```" not in plain
    assert "**" not in plain
    prose = [line for line in plain.splitlines() if not line.startswith("    ")]
    assert max(map(len, prose)) <= 60


def test_code_is_never_broken() -> None:
    """A command that is copied from a narrow terminal is whole."""
    command_line = "curl " + "x" * 200
    assert f"    {command_line}" in rendered(f"```sh\n{command_line}\n```", 40, color=False)


def test_no_color_and_color_decide() -> None:
    assert "\x1b" not in at_a_terminal("explain", "SL101", NO_COLOR="1")
    assert "\x1b" not in at_a_terminal("explain", "SL101", "--color", "never")
    assert "\x1b[" in call("explain", "SL101", "--color", "always").expect(0).out
    assert "\x1b" not in call("explain", "SL101").expect(0).out


def test_explain_as_json_holds_the_page() -> None:
    said = json.loads(call("explain", "SL302", "-f", "json").expect(0).out)
    assert said["page"] == find_rules()["SL302"].cls.page()
    assert said["defaults"] == {"max_projects": 50}
    assert said["requirement"] == "No group entry lets in more projects than are allowed"
    assert said["remedy"] == "`scopelint plan` removes the entry, only with --unsafe."


def test_an_unknown_rule_is_a_usage_error_with_a_suggestion() -> None:
    call("explain", "SL3O2").expect(2, "unknown rule", "SL302")


# Anybody's -------------------------------------------------------------------------------------


def test_a_hostile_page_is_text_and_nothing_more(hostile: Path) -> None:
    found = find_rules([hostile])["EVIL001"]
    markdown = page(found)
    assert not controls(markdown)
    for color in (True, False):
        for width in (1, 40, 200):
            text = rendered(markdown, width, color=color)
            assert not controls(ESCAPES.sub("", text))
            assert "\x1b]" not in text
            assert "https://evil.example/" in ESCAPES.sub("", text).replace("\n", "")


def test_options_that_the_page_does_not_describe_are_described(hostile: Path) -> None:
    said = call("explain", "hostile-rule", "--rules-file", hostile).expect(0).out
    assert "- **Set:** strict: it runs with `profile: strict`" in said
    assert '- **Options:** `EVIL001: {names: ["a|b"]}`; `needed` must be given' in said
    assert "- **From:** hostile.py, since " in said
    assert '| `names` | `["a\\|b"]` | Which \ufffd[31mnames \\| so. |' in said
    assert "| `needed` | (must be given) | Must be there. |" in said


def test_a_rule_of_a_file_is_listed_with_its_origin(hostile: Path) -> None:
    [line] = [
        line
        for line in call("rules", "--rules-file", hostile).expect(0).out.splitlines()
        if line.startswith("EVIL001")
    ]
    assert line.endswith("of somebody else (from hostile.py)")
    assert not controls(line)
    data = json.loads(call("rules", "--rules-file", hostile, "-f", "json").expect(0).out)
    [rule] = [rule for rule in data if rule["code"] == "EVIL001"]
    assert rule["defaults"] == {"names": ["a|b"]}
    assert rule["distribution"] == "hostile.py"


SANDBOX = '''
"""A third party's rule: entries for sandbox projects are not wanted."""
from scopelint.finding import PASS, Severity
from scopelint.rule import EntryRule


class SandboxAllowed(EntryRule):
    """Flags sandbox entries.

    A *sandbox* is another's | anybody's.
    """

    code = "ACME001"
    name = "sandbox-allowed"
    title = "A sandbox is on the allowlist"
    requirement = "No sandbox is on the allowlist"
    severity = Severity.HIGH

    def judge(self, context):
        """Judge."""
        target = context.entry.target_path
        return self.fail("a sandbox") if target == "acme" else PASS
'''


def test_a_rule_of_a_file_without_a_page_is_explained_by_its_docstring(
    place: Path, snapshot: Path
) -> None:
    file = place / "sandbox_allowed.py"
    file.write_text(SANDBOX)
    said = call("explain", "ACME001", "--rules-file", file).expect(0).out
    assert said.startswith("# ACME001 sandbox-allowed\n\n- **Severity:** high")
    assert said.endswith("Flags sandbox entries.\n\nA *sandbox* is another's | anybody's.\n")
    assert codes("ACME", "--rules-file", file) == ["ACME001"]
    args = ("check", snapshot, "--rules-file", file, "--no-config", "--exit-zero")
    run = json.loads(call(*args, "-f", "sarif").expect(0).out)["runs"][0]
    [rule] = [rule for rule in run["tool"]["driver"]["rules"] if rule["id"] == "ACME001"]
    assert rule["help"]["markdown"] == (
        "# ACME001 sandbox-allowed\n\nFlags sandbox entries.\n\n"
        "A *sandbox* is another's | anybody's."
    )
    assert [result["ruleId"] for result in run["results"]].count("ACME001") == 1
    html = call(*args, "-f", "html").expect(0).out
    assert "<em>sandbox</em> is another" in html


def test_a_page_without_a_title_gets_one() -> None:
    class Untitled(find_rules()["SL101"].cls):  # type: ignore[misc]
        @classmethod
        def page(cls) -> str:
            return "Only words."

    said = page(Found(Untitled, "somebody"))
    assert said.startswith("# SL101 inbound-limit-disabled\n\n- **Severity:** high")
    assert said.endswith("\n\nOnly words.")

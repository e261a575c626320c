"""Left out is a third state (case A8): through the commands, from the filter to every report."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from scopelint.testing import write
from scopelint_simulator import Simulator
from tests.cli.kit import call

INVENTORY: dict[str, Any] = {
    "targets": ["acme"],
    "projects": {
        "acme/prod/shop": {"entries": [{"group": "acme"}]},
        "acme/prod/till": {"unreadable": "forbidden"},
        "acme/tool": {},
    },
    "excluded": ["acme/web/a", "acme/web/b"],
    "filters": {"exclude": ["acme/web/**"]},
}
CONFIG = """profile: strict
ignore: [SL1, SL3]
severity: {SL501: info}
overrides:
  - projects: ["acme/prod/**"]
    ignore: [SL502]
"""


@pytest.fixture
def narrow(tmp_path: Path) -> Path:
    path = tmp_path / "narrow.snapshot"
    write(INVENTORY, path)
    return path


def page(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    static = text.partition("<main>")[2].partition('<script type="application/json"')[0]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", static))


def test_a_scan_with_filters_reports_the_whole_tree(gitlab: Simulator, token: str) -> None:
    """The collector lists what it leaves out, by either API; `scan` and `check` know."""
    for api in ("graphql", "rest"):
        words = ("--url", gitlab.url, "--api", api, "--exclude", "acme/web/**", "--exit-zero")
        snapshot = Path(f"{api}.snapshot")
        done = call("scan", "acme", *words, "-f", "json", "--snapshot", snapshot).expect(0)
        data = json.loads(done.out)
        assert data["scan"]["projects"] == {"total": 3, "read": 1, "unreadable": 0, "left_out": 2}
        assert data["scan"]["left_out"] == [
            {"filter": "exclude", "projects": 2, "groups": ["acme/web"]}
        ]
        assert data["scan"]["complete"] is True
        [web] = [each for each in data["overview"]["groups"] if each["path"] == "acme/web"]
        assert web == {"path": "acme/web", "projects": 2, "unread": 0, "left_out": 2}
        checked = call("check", snapshot).expect(0)
        assert "1 of 3 projects judged, 2 left out by --exclude" in checked.out
        assert "2 projects by --exclude acme/web/**, in acme/web" in checked.out


def test_rules_off_and_the_configuration_are_in_every_format_for_people(narrow: Path) -> None:
    Path("scopelint.yml").write_text(CONFIG)
    digest = hashlib.sha256(CONFIG.encode()).hexdigest()
    reports = ("--report", "html=r.html", "--report", "markdown=r.md", "--report", "json=r.json")
    words = ("--ignore", "SL7", "--min-severity", "low", "--exit-zero")
    done = call("check", narrow, *words, *reports).expect(0)
    data = json.loads(Path("r.json").read_text())
    assert data["config"]["files"] == [{"name": "scopelint.yml", "sha256": digest}]
    assert data["config"]["profile"] == "strict"
    off = {rule["code"]: rule["reason"] for rule in data["scan"]["rules_off"]}
    assert off["SL101"] == "ignore: SL1 in scopelint.yml"
    assert off["SL301"] == "ignore: SL3 in scopelint.yml"
    assert off["SL701"] == "--ignore SL7"
    assert data["scan"]["overrides"] == [{"projects": ["acme/prod/**"], "ignore": ["SL502"]}]
    [changed] = [rule for rule in data["rules"] if "own_severity" in rule]
    assert (changed["code"], changed["severity"], changed["own_severity"]) == (
        "SL501",
        "info",
        "low",
    )
    texts = [
        re.sub(r"\s+", " ", done.out),
        Path("r.md").read_text().replace("\\", "").replace("`", ""),
        page(Path("r.html")),
    ]
    for text in texts:
        assert "2 of 5 projects judged, 2 left out by --exclude, 1 not read" in text
        assert "SL701, SL702, SL703 (--ignore SL7)" in text
        assert "(ignore: SL1 in scopelint.yml)" in text
        assert "SL501 info instead of low" in text
        assert "acme/prod/**: SL502 off" in text
        assert f"scopelint.yml (sha256 {digest[:12]})" in text


def test_a_selection_never_says_that_nothing_was_left_out(narrow: Path) -> None:
    reports = ("--report", "html=r.html", "--report", "markdown=r.md")
    done = call("check", narrow, "--select", "SL4", *reports, "--exit-zero").expect(0)
    for text in (done.out, page(Path("r.html")), Path("r.md").read_text()):
        assert "Nothing was left out" not in text
        assert "All clear" not in text
        assert "--select SL4" in text


def test_a_digest_is_of_the_bytes_that_were_read(narrow: Path, tmp_path: Path) -> None:
    """So that `sha256sum` gives the same, for the file and for each that it extends."""
    Path("company.yml").write_bytes(b"\xef\xbb\xbfprofile: strict\r\n")
    Path("scopelint.yml").write_text("extends: [company.yml]\n")
    done = call("check", narrow, "-f", "json", "--exit-zero").expect(0)
    files = json.loads(done.out)["config"]["files"]
    assert files == [
        {"name": name, "sha256": hashlib.sha256(Path(name).read_bytes()).hexdigest()}
        for name in ("scopelint.yml", "company.yml")
    ]


def test_what_is_printed_as_the_next_step_works(narrow: Path) -> None:
    """Every command that the report ends with runs as it is printed."""
    done = call("check", narrow, "--report", "json=r.json", "--statistics").expect(1)
    assert "json: r.json" in done.out
    tail = done.out.partition("\nNext\n")[2]
    commands = re.findall(r"^  (scopelint .+)$", tail, re.MULTILINE)
    assert [command.split()[1] for command in commands] == ["explain", "plan", "doctor"]
    for command in commands[:2]:
        call(*command.split()[1:]).expect(0)
    assert commands[2] == "scopelint doctor acme --url https://gitlab.example.com"
    lines = done.out.splitlines()
    assert lines[0].startswith("FAIL  ")
    assert lines[-1].startswith("FAIL  ")
    assert re.search(r"^  SL301 +1 +0 +\d+  ", done.out, re.MULTILINE)

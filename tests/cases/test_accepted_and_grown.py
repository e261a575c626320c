"""An acceptance covers what was accepted, not what the row became."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.cases.kit import GitLab, load
from tests.cli.kit import call

pytestmark = pytest.mark.usefixtures("place")

BEFORE, AFTER = "baseline-before.yml", "baseline-after.yml"


class Changing:
    """A GitLab at one address that becomes another one."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self.now = self._open.enter_context(GitLab(BEFORE))

    def becomes(self, source: str | dict[str, Any]) -> None:
        port = int(self.now.url.rpartition(":")[2])
        self.close()
        self.now = self._open.enter_context(GitLab(source, port=port))

    def close(self) -> None:
        self._open.close()


@pytest.fixture
def gitlab() -> Iterator[Changing]:
    """Make the baseline `known.json` of the group and project entry as they were; go on after."""
    gitlab = Changing()
    code, report = gitlab.now.report("corp")
    assert (code, states(report)) == (1, {"SL302": "new", "SL305": "new"})
    kept(report)
    call("baseline", "create", "report.json", "-o", "known.json").expect(0)
    gitlab.becomes(AFTER)
    yield gitlab
    gitlab.close()


def kept(report: dict[str, Any]) -> None:
    Path("report.json").write_text(json.dumps(report), encoding="utf-8")


def states(report: dict[str, Any]) -> dict[str, str]:
    return {each["rule"]: each["state"] for each in report["findings"]}


def messages(report: dict[str, Any]) -> dict[str, str]:
    return {each["rule"]: each["message"] for each in report["findings"]}


def test_an_accepted_entry_that_grew_is_new_and_names_both(gitlab: Changing) -> None:
    code, report = gitlab.now.report("corp", "--baseline", "known.json")
    assert (code, states(report)) == (1, {"SL302": "new", "SL305": "new"})
    said = messages(report)
    assert said["SL302"].endswith(
        "The baseline accepts permissions READ_JOBS, now all; 60 projects, now 600."
    )
    assert said["SL305"].endswith(
        "The baseline accepts permissions READ_PACKAGES, now all; the entry added on"
        " 2026-01-01T00:00:00Z, added again on 2026-11-25T00:00:00Z."
    )
    [group] = [each for each in report["findings"] if each["rule"] == "SL302"]
    assert group["outgrown"] == {
        "by": "baseline",
        "growths": [
            {"what": "permissions", "accepted": "READ_JOBS", "now": "all"},
            {"what": "projects", "accepted": "60", "now": "600"},
        ],
    }
    assert group["extent"] == {
        "permissions": ["all"],
        "created_at": "2023-01-01T00:00:00Z",
        "projects": 600,
        "projects_at_most": 600,
    }


FORMATS = (
    *("console", "csv", "html", "markdown", "junit", "sarif", "gitlab-sast", "gitlab-codequality"),
    "jsonl",
)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_names_what_was_accepted_and_what_is_there(
    gitlab: Changing, name: str
) -> None:
    asked = ("scan", "corp", "--baseline", "known.json", "-f", name)
    text = " ".join(gitlab.now.run(*asked).expect(1).out.split())
    assert "60 projects, now 600" in text


def test_an_acceptance_that_nothing_outgrew_holds(gitlab: Changing) -> None:
    gitlab.becomes(BEFORE)
    code, report = gitlab.now.report("corp", "--baseline", "known.json")
    assert (code, set(states(report).values())) == (0, {"baselined"})
    # Fewer projects and the same entry: less than what was accepted.
    data = load(BEFORE)
    data["generate"][0]["projects"] = 55
    gitlab.becomes(data)
    code, report = gitlab.now.report("corp", "--baseline", "known.json")
    assert (code, set(states(report).values())) == (0, {"baselined"})


def test_an_update_shows_what_it_widens_before_it_writes(gitlab: Changing) -> None:
    kept(gitlab.now.report("corp", "--baseline", "known.json")[1])
    before = Path("known.json").read_bytes()
    shown = call("baseline", "update", "report.json", "-o", "known.json", "--dry-run").expect(0)
    assert Path("known.json").read_bytes() == before
    assert shown.err.splitlines() == [
        "widens SL302 corp/svc (group corp/big): permissions READ_JOBS, now all; 60 projects, now 600",
        "widens SL305 corp/svc (project partner/sdk): permissions READ_PACKAGES, now all; the entry"
        " added on 2026-01-01T00:00:00Z, added again on 2026-11-25T00:00:00Z",
        "known.json: 2 findings, 0 added, 0 dropped, 2 widened, nothing written",
    ]
    # Nothing new is taken in by a prune.
    call("baseline", "prune", "report.json", "-o", "known.json").expect(0)
    assert Path("known.json").read_bytes() == before
    done = call("baseline", "update", "report.json", "-o", "known.json").expect(0)
    assert done.err.splitlines()[:2] == shown.err.splitlines()[:2]
    code, report = gitlab.now.report("corp", "--baseline", "known.json")
    assert (code, set(states(report).values())) == (0, {"baselined"})
    assert "now" not in messages(report)["SL302"]


def test_a_baseline_without_bounds_is_read_and_said_once_not_to_know(gitlab: Changing) -> None:
    data = json.loads(Path("known.json").read_text())
    for each in data["findings"]:
        del each["accepts"]
    Path("known.json").write_text(json.dumps(data))
    done = gitlab.now.run("scan", "corp", "-q", "--baseline", "known.json", "-f", "json").expect(0)
    assert done.err.count("the baseline does not say all of what was accepted of 2 findings") == 1
    Path("report.json").write_bytes(done.raw)
    call("baseline", "update", "report.json", "-o", "known.json").expect(0)
    again = gitlab.now.run("scan", "corp", "-q", "--baseline", "known.json").expect(0)
    assert "what was accepted" not in again.err


def test_what_rest_does_not_show_is_no_growth(gitlab: Changing) -> None:
    """Through REST no permission and no date is known; the projects are."""
    code, report = gitlab.now.report("corp", "--baseline", "known.json", "--api", "rest")
    assert (code, states(report)) == (1, {"SL302": "new", "SL305": "baselined"})
    assert messages(report)["SL302"].endswith("The baseline accepts 60 projects, now 600.")


WAIVERS = """
gate: {fail_on: medium}
waivers:
  - {rule: SL302, project: corp/svc, reason: known, expires: 2027-12-31}
  - {rule: SL305, project: corp/svc, reason: known, expires: 2027-12-31}
"""
AS_OF = ("--as-of", "2026-12-01")


def test_a_waiver_accepts_what_it_says_and_the_run_says_what_to_write(gitlab: Changing) -> None:
    Path("scopelint.yml").write_text(WAIVERS)
    gitlab.becomes(BEFORE)
    done = gitlab.now.run("scan", "corp", "-q", *AS_OF).expect(0)
    [line] = [each for each in done.err.splitlines() if "accepts whatever" in each]
    assert "the waiver of SL302 for corp/svc (scopelint.yml:4:5)" in line
    assert "and so do 1 more" in line
    today = '{permissions: [READ_JOBS], created_at: "2023-01-01T00:00:00Z", projects: 60}'
    assert line.endswith(f"give it `accepts: {today}`")
    Path("scopelint.yml").write_text(
        WAIVERS.replace("known, expires", f"known, accepts: {today}, expires", 1).replace(
            "SL305, project: corp/svc, reason: known",
            "SL305, project: corp/svc, accepts: {permissions: [READ_PACKAGES]}, reason: known",
        )
    )
    done = gitlab.now.run("scan", "corp", "-q", *AS_OF).expect(0)
    assert "accepts whatever" not in done.err
    gitlab.becomes(AFTER)
    code, report = gitlab.now.report("corp", *AS_OF)
    assert (code, set(states(report).values())) == (1, {"new"})
    assert messages(report)["SL302"].endswith(
        "The waiver accepts permissions READ_JOBS, now all; 60 projects, now 600."
    )


def test_the_configuration_names_the_baseline(gitlab: Changing) -> None:
    Path("sub").mkdir()
    Path("known.json").rename("sub/known.json")
    Path("scopelint.yml").write_text("gate: {baseline: sub/known.json}\n")
    gitlab.becomes(BEFORE)
    code, report = gitlab.now.report("corp")
    assert (code, set(states(report).values())) == (0, {"baselined"})
    gitlab.now.run("scan", "corp", "--new-only").expect(0)
    said = call("config", "show").expect(0).out
    assert "gate.baseline" in said
    assert "sub/known.json" in said
    assert "scopelint.yml:1:18" in said
    # An option stands over the file.
    text = json.loads(Path("sub/known.json").read_text()) | {"findings": []}
    Path("none.json").write_text(json.dumps(text))
    assert gitlab.now.run("scan", "corp", "--baseline", "none.json").code == 1
    said = call("config", "show", "--baseline", "none.json").expect(0).out
    assert "none.json" in said
    assert "flag --baseline" in said
    # No report may replace it.
    gitlab.now.run("scan", "corp", "-f", "json", "-o", "sub/known.json").expect(2, "the baseline")
    Path("scopelint.yml").write_text("gate: {baseline: none-there.json}\n")
    gitlab.now.run("scan", "corp").expect(2, "none-there.json", "cannot be read")


def test_a_configuration_that_was_found_names_no_baseline_elsewhere(gitlab: Changing) -> None:
    for text, why in (
        ("../out.json", "this leads out of"),
        (str(Path("known.json").absolute()), "an absolute path is not allowed"),
    ):
        Path("scopelint.yml").write_text(f"gate: {{baseline: {text}}}\n")
        gitlab.now.run("scan", "corp").expect(2, why, "scopelint.yml:1:18")
    Path("scopelint.yml").write_text("gate: {baseline: big.json}\n")
    Path("big.json").write_bytes(b" " * (5 * 1024 * 1024 + 1))
    gitlab.now.run("scan", "corp").expect(2, "larger than 5,242,880 bytes")
    # One that the user names may be larger.
    gitlab.now.run("scan", "corp", "--baseline", "big.json").expect(2, "not a scopelint baseline")

"""`scopelint suggest`: the plan, the policy, and what it cannot know."""

from pathlib import Path

import pytest

from scopelint.repair.plan_file import load_plan
from scopelint.testing import write
from tests.cli.kit import call

USES = [{"origin": "acme/tool", "at": "2026-01-01T00:00:00Z"}]
DESCRIBED = {
    "version": "19.3.0-ee",
    "enforcement": "off",
    "projects": {
        "acme/open": {"inbound_own": False, "uses": USES},
        "acme/quiet": {"inbound_own": False, "archived": True, "uses": []},
        "acme/full": {"inbound_own": False, "uses": [], "missing": ["log"]},
        "acme/tool": {},
    },
}


@pytest.fixture
def kept(place: Path) -> Path:
    """A snapshot with a log."""
    path = place / "kept"
    write(DESCRIBED, path)
    return path


def test_the_plan_and_the_policy(kept: Path) -> None:
    result = call("suggest", kept, "-o", "p", "--policy", "policy.yml").expect(0)
    assert "acme/open\n  + project acme/tool\n      used, last on 2026-01-01" in result.out
    assert "acme/quiet  (low confidence)" in result.out
    assert "  acme/full\n      it cannot be closed safely: " in result.out
    assert "The log is known to reach back 212 days (to 2026-01-01). It cannot tell:" in result.out
    assert result.out.count("\n  - ") == 5
    assert "Plan: 2 projects: 1 to add, 2 to change, 0 to remove." in result.out
    assert load_plan(Path("p")).made_from == "suggest"
    assert Path("p").stat().st_mode & 0o777 == 0o600
    call("config", "check", "policy.yml").expect(0)
    told = call("plan", kept, "--to", "declared", "--config", "policy.yml", "-f", "json").expect(0)
    assert '"acme/quiet"' in told.out


def test_what_is_held_back(kept: Path) -> None:
    result = call("suggest", kept, "--min-log-days", 300, "--exit-code").expect(0)
    assert "Plan: nothing to change." in result.out
    assert "--min-log-days requires 300" in result.out
    call("suggest", kept, "--exit-code").expect(5)


def test_without_a_log(snapshot: Path) -> None:
    call("suggest", snapshot, "-o", "p").expect(2, "holds no authentication log", "--usage")
    assert not Path("p").exists()


@pytest.mark.parametrize(
    "words",
    [
        ["-o", "same", "--policy", "same"],
        ["--policy", "kept"],
        ["--min-share", "0"],
        ["--min-log-days", "-1"],
    ],
)
def test_what_is_refused(kept: Path, words: list[str]) -> None:
    call("suggest", kept, *words).expect(2)
    assert not Path("same").exists()


def test_findings_that_it_brings_need_unsafe_or_a_trusted_partner(place: Path) -> None:
    """Though the entry takes the place of a severer finding: what is new is asked for."""
    uses = [{"origin": "partner/sdk", "at": "2026-01-01T00:00:00Z"}]
    write(
        {"enforcement": "off", "projects": {"acme/a": {"inbound_own": False, "uses": uses}}},
        place / "kept",
    )
    held = call("suggest", place / "kept").expect(0)
    needs = (
        "needs --unsafe: add project partner/sdk (default permissions) (it brings SL305 (medium))"
    )
    assert needs in held.out
    assert "Plan: nothing to change." in held.out
    result = call("suggest", place / "kept", "--unsafe", "-o", "p").expect(0)
    assert "  + project partner/sdk  [unsafe]\n" in result.out
    assert "Findings: the plan fixes 1 high, " in result.out
    assert ", and brings 1 medium." in result.out
    assert "  medium SL305 acme/a: " in result.out
    found = load_plan(Path("p")).findings
    assert found is not None
    assert [each.rule for each in found.new] == ["SL305"]
    assert "SL101" in {each.rule for each in found.fixed}
    (place / "scopelint.yml").write_text('trusted: ["partner/**"]\n')
    trusted = call("suggest", place / "kept", "--config", "scopelint.yml").expect(0)
    assert "  + project partner/sdk\n" in trusted.out
    assert "and brings none." in trusted.out

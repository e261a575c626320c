"""Every exit code of the outside contract, section 2."""

import json
from pathlib import Path

import pytest

from scopelint_rules.inbound_limit_disabled import InboundLimitDisabled
from scopelint_simulator import Simulator
from tests.cli.kit import ADMIN, DEVELOPER, call

SEVERITIES = ("critical", "high", "medium", "low", "info", "never")


@pytest.mark.usefixtures("token")
@pytest.mark.parametrize(
    ("target", "code"),
    [("calm", 0), ("acme", 1), ("mid", 1), ("mild", 0), ("part", 3), ("both", 1), ("empty", 3)],
)
def test_a_scan_ends_with_the_code_of_what_it_found(
    gitlab: Simulator, target: str, code: int
) -> None:
    call("scan", target, "--url", gitlab.url).expect(code)


@pytest.mark.usefixtures("token")
@pytest.mark.parametrize("fail_on", SEVERITIES)
@pytest.mark.parametrize(
    ("target", "worst"), [("acme", "high"), ("mid", "medium"), ("mild", "low")]
)
def test_fail_on_is_the_lowest_severity_that_gates(
    gitlab: Simulator, target: str, worst: str, fail_on: str
) -> None:
    gates = SEVERITIES.index(worst) <= SEVERITIES.index(fail_on) and fail_on != "never"
    call("scan", target, "--url", gitlab.url, "--fail-on", fail_on).expect(int(gates))


@pytest.mark.usefixtures("token")
@pytest.mark.parametrize(
    ("target", "code"), [("part", 0), ("both", 1), ("empty", 3), ("calm", 0), ("acme", 1)]
)
def test_allow_incomplete_forgives_a_gap_but_no_finding_and_no_empty_scan(
    gitlab: Simulator, target: str, code: int
) -> None:
    call("scan", target, "--url", gitlab.url, "--allow-incomplete").expect(code)


@pytest.mark.usefixtures("token")
@pytest.mark.parametrize("target", ["part", "both", "empty", "calm", "acme"])
def test_exit_zero_turns_one_and_three_into_zero(gitlab: Simulator, target: str) -> None:
    call("scan", target, "--url", gitlab.url, "--exit-zero").expect(0)


@pytest.mark.usefixtures("token")
def test_exit_zero_leaves_usage_errors_and_failures(gitlab: Simulator) -> None:
    call("scan", "acme", "--url", gitlab.url, "--exit-zero", "-f", "no").expect(2)
    call("scan", "nowhere", "--url", gitlab.url, "--exit-zero").expect(4)


@pytest.mark.usefixtures("token")
def test_an_empty_scan_says_so(gitlab: Simulator) -> None:
    result = call("scan", "empty", "--url", gitlab.url).expect(3, "empty", "no project to judge")
    assert result.out == ""
    call("scan", "empty", "--url", gitlab.url, "--exit-zero").expect(0, "no project to judge")


@pytest.mark.usefixtures("token")
def test_nothing_left_by_the_filters_is_an_empty_scan(gitlab: Simulator) -> None:
    given = ("scan", "calm", "--url", gitlab.url, "--allow-incomplete")
    call(*given, "--include", "other/**").expect(3, "--include")
    call(*given, "--exclude", "calm/**").expect(3)
    call(*given, "--archived", "only").expect(3)
    call(*given, "--include", "calm/*,other").expect(0)


def test_a_token_without_the_role_never_passes(
    gitlab: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCOPELINT_TOKEN", DEVELOPER)
    for api in ("graphql", "rest"):
        result = call("scan", "acme", "--url", gitlab.url, "--api", api).expect(3)
        assert "Maintainer" in result.out
        assert result.out.rstrip().endswith("INCOMPLETE  the scan is incomplete")


@pytest.mark.parametrize("target", ["acme", "part", "calm", "empty"])
def test_collect_ends_zero_when_complete_and_three_when_not(
    gitlab: Simulator, token: str, target: str
) -> None:
    code = {"part": 3, "empty": 3}.get(target, 0)
    result = call("collect", target, "--url", gitlab.url, "-o", "s.snapshot").expect(code)
    assert result.out == ""
    assert token not in result.err


def test_check_gives_the_code_of_the_scan(gitlab: Simulator, token: str) -> None:
    del token
    for target, code in (("acme", 1), ("calm", 0), ("part", 3), ("both", 1)):
        path = Path(f"{target}.snapshot")
        call("collect", target, "--url", gitlab.url, "-o", path, "-q")
        call("check", path).expect(code)
        call("check", path, "--exit-zero").expect(0)
    call("check", "part.snapshot", "--allow-incomplete").expect(0)
    call("check", "acme.snapshot", "--fail-on", "critical").expect(0)


@pytest.mark.usefixtures("token")
def test_a_rule_that_does_not_run_still_names_what_is_unknown(gitlab: Simulator) -> None:
    call("collect", "part", "--url", gitlab.url, "-o", "p.snapshot", "-q")
    given = ("check", "p.snapshot", "--ignore", "SL902", "-f", "gitlab-codequality")
    found = [issue["check_name"] for issue in json.loads(call(*given).expect(3).out)]
    assert found.count("SL902 scan-incomplete") == 1


def test_the_snapshot_of_an_empty_group_is_an_empty_check(gitlab: Simulator, token: str) -> None:
    del token
    call("collect", "empty", "--url", gitlab.url, "-o", "e.snapshot").expect(3)
    call("check", "e.snapshot", "--allow-incomplete").expect(3)


def test_instance_with_an_administrators_token(
    gitlab: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCOPELINT_TOKEN", ADMIN)
    result = call("scan", "--instance", "--url", gitlab.url, "--include", "calm/**").expect(0)
    assert "SL103" in result.out


@pytest.mark.parametrize("format_name", ["console", "json"])
def test_a_rule_that_crashes_fails_the_run_and_is_named_with_the_project(
    snapshot: Path, monkeypatch: pytest.MonkeyPatch, format_name: str
) -> None:
    def crash(*_: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(InboundLimitDisabled, "judge", crash)
    result = call("check", snapshot, "--exit-zero", "-f", format_name)
    result.expect(4, "SL101", "inbound-limit-disabled", "project acme/", "ZeroDivisionError")
    assert result.out == ""


def test_no_command_prints_the_help_and_is_a_usage_error() -> None:
    result = call().expect(2, "Usage: scopelint", "Exit codes")
    assert result.out == ""
    assert call("--help").expect(0).out.startswith("Usage: scopelint")
    call("scam").expect(2, "Did you mean 'scan'?")

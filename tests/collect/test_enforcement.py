"""Whether the instance makes every project restricted: on, off, or undetermined."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from scopelint import engine
from scopelint.collect.collection import collect
from scopelint.collect.request import CollectRequest
from scopelint.finding import Outcome
from scopelint.model import Enforcement, Fact, Reason
from scopelint.registry import find_rules
from scopelint.report import Report
from scopelint.snapshot import open_snapshots
from scopelint.snapshot.inventory import Inventory
from scopelint_simulator import Faults, Simulator
from scopelint_simulator.answer import Answer
from scopelint_simulator.request import Request
from tests.collect.kit import (
    ADMIN,
    PEOPLE,
    TOKEN,
    Seen,
    collected,
    connect,
    head,
    intercept,
    read_back,
    serve,
    target_refs,
)

pytestmark = pytest.mark.slow

SCOPE = "rest:GET /projects/:id/job_token_scope"
SETTING = "rest:GET /application/settings"
LIMIT = {"SL101", "SL901", "SL902"}


def instance(version: str, opened: int, restricted: int = 2, **gitlab: object) -> str:
    """Projects 1 … with their own flag off, then some with it on."""
    flags = [False] * opened + [True] * restricted
    rows = "".join(
        f"  - {{id: {number}, path: acme/p{number}, scope: {{inbound: {str(flag).lower()}}}}}\n"
        for number, flag in enumerate(flags, 1)
    )
    return (
        f"{PEOPLE}\n{head(version, **gitlab)}\n"
        "roles: [{user: bot, on: acme, role: maintainer}]\n"
        f"groups: [{{id: 10, path: acme}}]\nprojects:\n{rows}"
    )


def effective(seen: Seen) -> set[bool | None]:
    """The effective flags of all projects."""
    return {project.scope.inbound_effective for project in seen.projects.values() if project.scope}


@pytest.mark.parametrize("version", ["17.6.0", "17.9.0", "18.5.0", "19.3.0"])
@pytest.mark.parametrize(
    ("opened", "enforced", "by_graphql", "by_rest"),
    [
        (2, True, "on", "unknown"),
        (2, False, "off", "off"),
        (0, True, "unknown", "unknown"),
        (0, False, "unknown", "unknown"),
    ],
)
def test_without_an_administrator_the_projects_tell(
    version: str, opened: int, enforced: bool, by_graphql: Enforcement, by_rest: Enforcement
) -> None:
    with serve(instance(version, opened, enforce_inbound=enforced)) as simulator:
        assert collected(simulator.url, api="graphql").enforcement == by_graphql
        # All up to three are asked, twice where that may prove it; none where nothing hangs on it.
        assert simulator.counts[SCOPE] == opened * (2 if enforced else 1)
        assert simulator.counts[SETTING] == 0
        assert collected(simulator.url, api="rest").enforcement == by_rest
        assert simulator.counts[SETTING] == 0


@pytest.mark.parametrize("api", ["graphql", "rest"])
@pytest.mark.parametrize("opened", [0, 2])
@pytest.mark.parametrize("enforced", [True, False])
def test_an_administrator_sees_the_setting(api: str, opened: int, enforced: bool) -> None:
    with serve(instance("18.5.0", opened, enforce_inbound=enforced)) as simulator:
        seen = collected(simulator.url, token=ADMIN, api=api)  # type: ignore[arg-type]
        # Over REST once more, at the start: who reads the settings is an administrator.
        assert simulator.counts[SETTING] == (2 if api == "rest" else 1)
        if api == "graphql":
            assert simulator.counts[SCOPE] == 0
    assert seen.enforcement == ("on" if enforced else "off")
    assert effective(seen) == ({True} if enforced or not opened else {True, False})


@pytest.mark.parametrize("version", ["16.11.0", "17.4.0", "17.5.0"])
@pytest.mark.parametrize("api", ["graphql", "rest"])
@pytest.mark.parametrize("token", [TOKEN, ADMIN])
def test_before_its_version_it_is_off(version: str, api: str, token: str) -> None:
    with serve(instance(version, 1, enforce_inbound=True)) as simulator:
        seen = collected(simulator.url, token=token, api=api)  # type: ignore[arg-type]
        assert simulator.counts[SETTING] == (api == "rest" and token == ADMIN)
    assert seen.enforcement == "off"
    assert effective(seen) == {True, False}


def test_on_makes_every_effective_flag_true_and_keeps_the_own_one() -> None:
    with serve(instance("18.5.0", 2, enforce_inbound=True)) as simulator:
        seen = collected(simulator.url)
    assert effective(seen) == {True}
    first = seen.projects["acme/p1"].scope
    assert first is not None
    assert first.inbound_own is False


def test_off_through_rest_tells_the_own_flags() -> None:
    with serve(instance("18.5.0", 2, enforce_inbound=False)) as simulator:
        seen = collected(simulator.url, api="rest")
    own = {
        path: project.scope and project.scope.inbound_own for path, project in seen.projects.items()
    }
    assert own == {"acme/p1": False, "acme/p2": False, "acme/p3": True, "acme/p4": True}


def test_unknown_leaves_what_depends_on_it_unknown() -> None:
    with serve(instance("18.5.0", 0, enforce_inbound=True)) as simulator:
        seen = collected(simulator.url, api="rest")
    assert effective(seen) == {True}
    assert all(p.scope and p.scope.inbound_own is None for p in seen.projects.values())
    assert seen.gaps_of(Fact.ENFORCEMENT) == []


@pytest.mark.parametrize("enforced", [True, False])
def test_the_first_that_can_be_asked_tells(enforced: bool) -> None:
    with serve(instance("18.5.0", 5, enforce_inbound=enforced)) as simulator:
        simulator.faults = Faults(error_rate=1.0, only=r"/projects/[12]/job_token_scope$")
        seen = collected(simulator.url)
    assert seen.enforcement == ("on" if enforced else "off")
    assert seen.gaps_of(Fact.ENFORCEMENT) == []


def test_no_more_than_three_are_asked_and_then_it_is_a_gap() -> None:
    with serve(instance("18.5.0", 5, enforce_inbound=True)) as simulator:
        asked: set[str] = set()

        def forget(request: Request) -> None:
            if request.path.endswith("job_token_scope"):
                asked.add(request.path)
                simulator.instance.group_roles.clear()

        intercept(simulator, before=forget)
        seen = collected(simulator.url)
    assert len(asked) == 3
    assert seen.enforcement == "unknown"
    [gap] = seen.gaps_of(Fact.ENFORCEMENT)
    assert gap.reason is Reason.NOT_FOUND
    assert gap.subject_id is None
    assert not seen.complete
    assert effective(seen) == {True, None}


@pytest.mark.parametrize(
    ("faults", "reason"),
    [
        (Faults(error_rate=1.0, only="job_token_scope$"), Reason.ERROR),
        (Faults(html_sign_in=True, only="job_token_scope$"), Reason.ERROR),
        (Faults(drop_rate=1.0, only="job_token_scope$"), Reason.ERROR),
    ],
)
def test_what_stands_in_the_way_is_the_gaps_reason(faults: Faults, reason: Reason) -> None:
    with serve(instance("18.5.0", 1, enforce_inbound=True), faults=faults) as simulator:
        seen = collected(simulator.url)
    [gap] = seen.gaps_of(Fact.ENFORCEMENT)
    assert gap.reason is reason
    assert gap.detail
    assert not seen.complete


@pytest.mark.parametrize("body", [b"{}", b'{"inbound_enabled":null,"outbound_enabled":false}'])
def test_a_null_is_neither_on_nor_off(body: bytes) -> None:
    with serve(instance("18.5.0", 2, enforce_inbound=True)) as simulator:

        def blank(request: Request, answer: object) -> None:
            if request.path.endswith("job_token_scope"):
                answer.body = body  # type: ignore[attr-defined]

        intercept(simulator, after=blank)
        assert collected(simulator.url, api="graphql").enforcement == "unknown"
        by_rest = collected(simulator.url, api="rest")
    assert by_rest.enforcement == "unknown"
    assert {project.scope for project in by_rest.projects.values()} == {None}
    assert not by_rest.complete


def test_a_setting_that_cannot_be_asked_leaves_it_to_the_projects() -> None:
    with serve(instance("18.5.0", 1, enforce_inbound=True)) as simulator:
        simulator.faults = Faults(error_rate=1.0, only="application/settings")
        seen = collected(simulator.url, token=ADMIN)
    assert seen.enforcement == "on"
    assert seen.gaps == ()


def limits(simulator: Simulator, **flags: bool) -> None:
    """Set the own flags of projects, by the last segment of their paths."""
    for name, flag in flags.items():
        project = simulator.instance.project_at(f"acme/{name}")
        assert project is not None
        project.scope.inbound = flag


def at_witness(simulator: Simulator, change: Callable[[int], None]) -> None:
    """Call `change` with the number of each request for an effective flag before it is answered."""
    asked = iter(range(100))

    def before(request: Request) -> None:
        if request.path.endswith("job_token_scope"):
            change(next(asked))

    intercept(simulator, before=before)


def by_limit(path: Path) -> tuple[Report, dict[Outcome, int]]:
    """Judge a snapshot by the rule SL101 and what goes with it; its outcomes."""
    with open_snapshots([path]) as snapshot:
        rules = [found.cls() for found in find_rules().values() if found.cls.code in LIMIT]
        report = engine.run(Inventory(snapshot), rules)
        [rule] = [each for each in report.rules if each.code == "SL101"]
        return report, dict(rule.outcomes)


def test_two_moments_are_not_one_when_a_project_is_repaired_before_the_last_step() -> None:
    """A repaired project is effectively closed by its own flag: that proves no enforcement."""
    with serve(instance("18.5.0", 5, enforce_inbound=False)) as simulator:
        at_witness(simulator, lambda number: limits(simulator, p1=True) if number == 0 else None)
        seen = collected(simulator.url, api="graphql")
    assert seen.enforcement == "off"
    flags = [p.scope.inbound_effective for _, p in sorted(seen.projects.items()) if p.scope]
    assert flags == [False] * 5 + [True] * 2


def test_two_moments_are_not_one_when_the_only_witness_is_repaired() -> None:
    with serve(instance("18.5.0", 1, enforce_inbound=False)) as simulator:
        at_witness(simulator, lambda number: limits(simulator, p1=True) if number == 0 else None)
        seen = collected(simulator.url, api="graphql")
    assert seen.enforcement == "unknown"
    assert not seen.complete
    [gap] = seen.gaps_of(Fact.ENFORCEMENT)
    assert "closed meanwhile" in gap.detail


def test_two_moments_are_not_one_when_a_project_is_closed_and_opened_again() -> None:
    """Its own flag is off before and after, and its effective one was on in between."""
    with serve(instance("18.5.0", 1, enforce_inbound=False)) as simulator:
        asked = iter((True,))

        def flip(request: Request) -> None:
            limits(simulator, p1=request.path.endswith("job_token_scope") and next(asked, False))

        intercept(simulator, before=flip)
        seen = collected(simulator.url, api="graphql", concurrency=1)
    assert seen.enforcement != "on"
    assert effective(seen) != {True}


@pytest.mark.parametrize("first", [True, False])
def test_two_moments_are_not_one_when_enforcement_changes_between_witnesses(first: bool) -> None:
    """One witness says on and another says off: neither is overruled."""
    with serve(instance("18.5.0", 3, enforce_inbound=first)) as simulator:

        def change(number: int) -> None:
            if number == 1:
                simulator.instance.settings.enforce_inbound = not first

        at_witness(simulator, change)
        seen = collected(simulator.url, api="graphql")
    # Switched off, no witness is still closed at the end; switched on, the last ones are.
    assert seen.enforcement == ("off" if first else "unknown")
    if not first:
        [gap] = seen.gaps_of(Fact.ENFORCEMENT)
        assert "changed while it was read" in gap.detail
        assert not seen.complete


@pytest.mark.parametrize("api", ["graphql", "rest"])
def test_two_moments_are_not_one_in_a_resumed_run(tmp_path: Path, api: str) -> None:
    """Stopped after the open projects were read, the lowest of them closed, continued."""
    path = tmp_path / "s.db"
    with serve(instance("18.5.0", 5, restricted=115, enforce_inbound=False)) as simulator:
        request = CollectRequest(target_refs("acme"), api=api, concurrency=1, page_size=5)  # type: ignore[arg-type]

        def stop(progress: object) -> None:
            if progress.read >= 110:  # type: ignore[attr-defined]
                raise InterruptedError

        with connect(simulator.url) as connection, pytest.raises(InterruptedError):
            collect(connection, request, path, stop)
        limits(simulator, p1=True)
        with connect(simulator.url) as connection:
            collect(connection, request, path, resume=True)
    seen = read_back(path)
    assert seen.enforcement == "off"
    report, outcomes = by_limit(path)
    assert outcomes[Outcome.FAIL] in {4, 5}
    assert outcomes[Outcome.PASS] == 120 - outcomes[Outcome.FAIL]
    assert report.gate.result == "fail"


def test_a_resumed_run_asks_again_for_what_hid_enforcement(tmp_path: Path) -> None:
    """The gap of a broken-off step is no word on the run that went on."""
    path = tmp_path / "s.db"
    with serve(instance("18.5.0", 1, enforce_inbound=True)) as simulator:
        request = CollectRequest(target_refs("acme"))
        simulator.faults = Faults(error_rate=1.0, only="job_token_scope$")

        def stop(progress: object) -> None:
            if progress.step == "done":  # type: ignore[attr-defined]
                raise InterruptedError

        with connect(simulator.url) as connection, pytest.raises(InterruptedError):
            collect(connection, request, path, stop)
        reopen(path)
        simulator.faults = Faults()
        with connect(simulator.url) as connection:
            collect(connection, request, path, resume=True)
    seen = read_back(path)
    assert seen.enforcement == "on"
    assert seen.gaps == ()
    assert [each.what for each in seen.header.assumptions] == ["version", "token", "enforcement"]


def reopen(path: Path) -> None:
    """Make a snapshot one whose last step was interrupted after its gaps were stored."""
    with sqlite3.connect(path) as database:
        database.execute("UPDATE meta SET value = 'null' WHERE key = 'finished_at'")
        database.execute(
            "UPDATE meta SET value = json_remove(value, '$[2]') WHERE key = 'assumptions'"
        )
    database.close()


@pytest.mark.parametrize("status", [403, 404, 500, 200])
def test_unknown_that_gates_is_incomplete_when_no_effective_flag_can_be_read(
    tmp_path: Path, status: int
) -> None:
    """Every GET job_token_scope answers 403, 404, 500 or a proxy's page; one own flag is off."""
    path = tmp_path / "s.db"
    with serve(instance("18.5.0", 1, enforce_inbound=False)) as simulator:

        def refuse(request: Request, answer: Answer) -> None:
            if request.path.endswith("job_token_scope"):
                answer.status = status
                answer.body = b"<html>proxy</html>" if status == 200 else b"{}"

        intercept(simulator, after=refuse)
        with connect(simulator.url) as connection:
            collect(connection, CollectRequest(target_refs("acme"), api="graphql"), path)
    report, outcomes = by_limit(path)
    assert outcomes[Outcome.UNKNOWN] == 1
    assert not report.scan.complete
    assert report.gate.result == "incomplete"
    [summed] = [finding for finding in report.findings if finding.rule == "SL902"]
    assert "enforce" in summed.message


def test_what_was_concluded_for_the_run_says_from_what_and_when() -> None:
    with serve(instance("18.5.0", 2, enforce_inbound=True)) as simulator:
        seen = collected(simulator.url)
        by_setting = collected(simulator.url, token=ADMIN)
    said = {each.what: each for each in seen.header.assumptions}
    assert said["version"].value == "18.5.0"
    assert said["token"].value == "not an administrator's"
    assert said["enforcement"].value == "on"
    assert "acme/p1, acme/p2" in said["enforcement"].source
    assert seen.header.started_at <= said["enforcement"].at
    assert {each.what: each.source for each in by_setting.header.assumptions}[
        "enforcement"
    ] == "the instance's setting"


@pytest.mark.parametrize("value", ["false", 0, [], {}])
def test_a_setting_of_another_type_is_neither_on_nor_off(value: object) -> None:
    with serve(instance("18.5.0", 0, enforce_inbound=False)) as simulator:

        def spoil(request: Request, answer: Answer) -> None:
            if request.path.endswith("application/settings"):
                key = "enforce_ci_inbound_job_token_scope_enabled"
                answer.body = json.dumps({key: value}).encode()

        intercept(simulator, after=spoil)
        assert collected(simulator.url, token=ADMIN).enforcement == "unknown"

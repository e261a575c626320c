"""Whether the instance makes every project restricted: on, off, or undetermined."""

import pytest

from scopelint.model import Enforcement, Fact, Reason
from scopelint_simulator import Faults
from scopelint_simulator.request import Request
from tests.collect.kit import ADMIN, PEOPLE, TOKEN, Seen, collected, head, intercept, serve

SCOPE = "rest:GET /projects/:id/job_token_scope"
SETTING = "rest:GET /application/settings"


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
        # One project is enough, and none is asked where all are restricted by their own flag.
        assert simulator.counts[SCOPE] == (1 if opened else 0)
        assert simulator.counts[SETTING] == 0
        assert collected(simulator.url, api="rest").enforcement == by_rest
        assert simulator.counts[SETTING] == 0


@pytest.mark.parametrize("api", ["graphql", "rest"])
@pytest.mark.parametrize("opened", [0, 2])
@pytest.mark.parametrize("enforced", [True, False])
def test_an_administrator_sees_the_setting(api: str, opened: int, enforced: bool) -> None:
    with serve(instance("18.5.0", opened, enforce_inbound=enforced)) as simulator:
        seen = collected(simulator.url, token=ADMIN, api=api)  # type: ignore[arg-type]
        assert simulator.counts[SETTING] == 1
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
        assert simulator.counts[SETTING] == 0
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
    # The gap is no hole in the scan: nothing but the verdicts on enforcement depends on it.
    assert seen.complete
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
    assert seen.complete


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

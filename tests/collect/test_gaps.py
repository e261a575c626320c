"""What a collection could not read is said; faults that pass leave no trace."""

import pytest

from scopelint.collect.request import Api
from scopelint.errors import (
    GitLabError,
    UnexpectedAnswerError,
)
from scopelint.model import Fact, Reason
from scopelint_simulator import Faults
from scopelint_simulator.answer import Answer
from scopelint_simulator.request import Request
from tests.collect.instances import ACME, APIS, load
from tests.collect.kit import (
    collected,
    company,
    hurried,
    intercept,
    serve,
)

pytestmark = pytest.mark.slow

# Gaps


@pytest.mark.parametrize("api", APIS)
def test_a_role_that_does_not_suffice_is_a_gap_for_each_project(api: Api) -> None:
    with serve(company()) as simulator:
        seen = collected(simulator.url, token="t-developer", api=api)
    assert set(seen.projects) == ACME
    assert {gap.subject_path for gap in seen.gaps_of(Fact.SCOPE)} == ACME
    assert {gap.reason for gap in seen.gaps} == {Reason.FORBIDDEN}
    assert not seen.complete
    for project in seen.projects.values():
        assert project.scope is None
        assert project.gap is not None
        assert "below Maintainer" in project.gap.detail


@pytest.mark.parametrize("api", APIS)
def test_a_role_on_a_part_reads_that_part(api: Api) -> None:
    with serve(company()) as simulator:
        seen = collected(simulator.url, "acme", token="t-web", api=api)
    read = {path for path, project in seen.projects.items() if project.scope}
    assert read == {p for p in ACME if p.startswith("acme/web/")}
    # The internal project is seen and its scope is not; the private ones are not even seen.
    assert {gap.subject_path for gap in seen.gaps_of(Fact.SCOPE)} == {"acme/lib/core"}
    assert not seen.complete


def test_hidden_projects_are_counted() -> None:
    with serve(company()) as simulator:
        seen = collected(simulator.url, "acme", token="t-web", api="graphql")
    [gap] = seen.gaps_of(Fact.COUNT)
    assert gap.reason is Reason.REDACTED
    assert "counts 7 projects below acme and shows 5: 2 hidden" in gap.detail


@pytest.mark.parametrize("api", APIS)
def test_a_project_that_always_fails_is_exactly_one_gap(api: Api) -> None:
    text = company(enforce_inbound=False).replace(
        "path: acme/web/site,", "path: acme/web/site, fails: always,"
    )
    with serve(text) as simulator:
        seen = collected(simulator.url, api=api)
    [gap] = [gap for gap in seen.gaps if gap.fact is not Fact.TARGET]
    assert (gap.fact, gap.reason) == (Fact.SCOPE, Reason.TIMED_OUT)
    assert gap.subject_path == "acme/web/site"
    assert {path for path, project in seen.projects.items() if project.scope} == ACME - {
        "acme/web/site"
    }
    assert not seen.complete


def test_one_failing_project_does_not_slow_the_others() -> None:
    text = load(600).replace(
        "generate:", "projects: [{id: 1, path: acme/bad, fails: always}]\ngenerate:"
    )
    with serve(text) as simulator:
        seen = collected(simulator.url, api="graphql", concurrency=2)
        # Ten or so to find it, and not one for each of the others.
        assert simulator.counts["graphql:Scopes"] < 30
    assert [gap.subject_path for gap in seen.gaps] == ["acme/bad"]
    assert len(seen.projects) == 601


@pytest.mark.parametrize("page_size", [None, 100, 30, 1])
def test_pages_are_halved_until_gitlab_manages(page_size: int | None) -> None:
    with serve(load(150)) as simulator:
        calm = collected(simulator.url, api="graphql")
        simulator.reset_counts()
        simulator.faults = Faults(max_page=12)
        seen = collected(simulator.url, api="graphql", page_size=page_size)
        asked = simulator.counts["graphql:Scopes"]
    assert seen.projects == calm.projects
    assert seen.gaps == ()
    assert asked <= (150 if page_size == 1 else 60)


@pytest.mark.parametrize("api", APIS)
def test_a_project_that_vanishes_after_it_was_listed_is_a_gap(api: Api) -> None:
    with serve(company()) as simulator:

        def forget(request: Request) -> None:
            asked = request.body + request.path.encode()
            if b"query Scopes" in asked or b"job_token_scope" in asked:
                simulator.instance.group_roles.clear()

        intercept(simulator, before=forget)
        seen = collected(simulator.url, "acme/web/shops", api=api)
    [gap] = seen.gaps_of(Fact.SCOPE)
    assert (gap.subject_path, gap.reason) == ("acme/web/shops/shop", Reason.NOT_FOUND)
    assert seen.projects["acme/web/shops/shop"].scope is None
    assert not seen.complete


# Faults

ALL_FAULTS = {
    "5xx with a page": Faults(error_rate=0.3, seed=1),
    "500": Faults(error_rate=0.3, error_status=500, seed=2),
    "drops": Faults(drop_rate=0.3, seed=3),
    "truncation": Faults(truncate_rate=0.3, seed=4),
    "all at once": Faults(error_rate=0.15, drop_rate=0.1, truncate_rate=0.1, seed=5),
    "rate limit": Faults(rate_limit=4, rate_window=0.05),
    "rate limit without headers": Faults(rate_limit=4, rate_window=0.05, rate_limit_headers=False),
}


@pytest.mark.parametrize("name", ALL_FAULTS)
@pytest.mark.parametrize("api", APIS)
def test_faults_leave_no_trace(name: str, api: Api) -> None:
    with serve(company(enforce_inbound=True)) as simulator:
        calm = collected(simulator.url, api=api)
        simulator.faults = ALL_FAULTS[name]
        retrier = hurried()
        seen = collected(simulator.url, api=api, page_size=3, retrier=retrier)
        simulator.faults = Faults()
    assert seen.raw == calm.raw
    assert seen.groups == calm.groups
    assert seen.targets == calm.targets
    assert seen.gaps == calm.gaps
    assert seen.enforcement == calm.enforcement
    # With its headers a limit is kept before it refuses; all else is tried again.
    assert retrier.stats.waited > 0
    assert seen.header.retries > 0 or name == "rate limit"
    assert calm.header.retries == 0


def test_a_server_that_stays_down_ends_the_run() -> None:
    with serve(company(), faults=Faults(error_rate=1.0)) as simulator:
        for api in APIS:
            with pytest.raises(GitLabError, match="kept answering with an error"):
                collected(simulator.url, api=api)


def test_nobody_there_ends_the_run() -> None:
    for api in APIS:
        with pytest.raises(GitLabError, match="could not be reached") as caught:
            collected("http://127.0.0.1:1", api=api)
        assert "127.0.0.1:1" in caught.value.message


def test_a_sign_in_page_ends_the_run() -> None:
    with serve(company(), faults=Faults(html_sign_in=True)) as simulator:
        for api in APIS:
            with pytest.raises(UnexpectedAnswerError, match="web page"):
                collected(simulator.url, api=api)


@pytest.mark.parametrize("status", [400, 402, 410, 418, 422, 451])
def test_an_odd_refusal_of_one_project_by_rest_is_that_projects_gap(status: int) -> None:
    with serve(company(enforce_inbound=False)) as simulator:
        paths = {one.path: number for number, one in simulator.instance.projects.items()}
        site = paths["acme/web/site"]

        def after(request: Request, answer: Answer) -> None:
            if "/projects/" in request.path and request.path.endswith(f"/{site}/job_token_scope"):
                answer.status = status
                answer.body = b'{"message": "odd"}'

        intercept(simulator, after=after)
        seen = collected(simulator.url, api="rest")
    [gap] = seen.gaps_of(Fact.SCOPE)
    assert (gap.reason, gap.subject_path) == (Reason.ERROR, "acme/web/site")
    assert f"HTTP {status}: odd" in gap.detail
    assert {path for path, project in seen.projects.items() if project.scope} == ACME - {
        "acme/web/site"
    }
    assert not seen.complete


def test_an_odd_refusal_of_what_a_run_needs_ends_it() -> None:
    """Whether a target is there must be known: no answer is not "not found"."""
    with serve(company()) as simulator:

        def after(request: Request, answer: Answer) -> None:
            if request.path.endswith("/groups/acme"):
                answer.status = 418

        intercept(simulator, after=after)
        with pytest.raises(GitLabError, match="HTTP 418"):
            collected(simulator.url, api="rest")

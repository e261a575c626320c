"""Whole collections: both ways of reading agree, whatever is asked for."""

import re
from dataclasses import replace

import pytest

from scopelint.collect.reader import TargetRef
from scopelint.collect.request import Api
from scopelint.errors import (
    NothingScannedError,
    TargetNotFoundError,
)
from scopelint.model import Fact, Reason
from scopelint.progress import Progress
from scopelint.snapshot import Filters
from scopelint_simulator import Faults
from tests.collect.instances import ACME, APIS, alike, load
from tests.collect.kit import (
    ADMIN,
    PEOPLE,
    TOKEN,
    VERSIONS,
    collected,
    company,
    head,
    hurried,
    serve,
)

pytestmark = pytest.mark.slow

# Both ways, every version


@pytest.mark.parametrize("enforced", [False, True])
@pytest.mark.parametrize("version", VERSIONS)
def test_both_ways_give_the_same_model(version: str, enforced: bool) -> None:
    number = tuple(int(part) for part in version.split(".")[:2])
    with serve(company(version, enforce_inbound=enforced)) as simulator:
        by_graphql, by_rest = (collected(simulator.url, api=api) for api in APIS)
    in_force = enforced and number >= (17, 6)
    assert by_graphql.enforcement == ("on" if in_force else "off")
    assert by_rest.enforcement == ("unknown" if in_force else "off")
    alike(by_graphql, by_rest, own=not in_force)
    assert set(by_graphql.projects) == ACME
    assert by_graphql.complete
    assert by_rest.complete
    assert (by_graphql.header.api, by_rest.header.api) == APIS
    for seen in (by_graphql, by_rest):
        assert seen.header.gitlab_version == version
        site = seen.projects["acme/web/site"].scope
        assert site is not None
        assert site.inbound_effective is in_force
        assert site.inbound_own is (None if in_force and seen is by_rest else False)
        assert len(seen.gaps_of(Fact.TARGET)) == 4


@pytest.mark.parametrize("version", VERSIONS)
def test_every_kind_of_entry_is_found(version: str) -> None:
    number = tuple(int(part) for part in version.split(".")[:2])
    with serve(company(version)) as simulator:
        seen = collected(simulator.url, api="graphql")
    keys = {key for key in seen.entry_keys("acme/web/shops/shop") if ":gone:" not in key}
    # 103 a sibling, 201 and 20 hidden, 900 and 901 outside, 301 personal, 202 and 30 public.
    assert keys == {
        *(f"group:{i}" for i in (10, 11, 20, 30, 901)),
        *(f"project:{i}" for i in (103, 201, 202, 301, 900)),
    }
    assert seen.entry_keys("acme/web/itself") == (
        {"project:106"} if number >= (18, 1) else {"project:102"}
    )
    shop = seen.projects["acme/web/shops/shop"].scope
    assert shop is not None
    assert [entry.target_path for entry in shop.outbound_entries or ()] == ["acme/lib/attic"]
    gone = [entry for entry in shop.entries if entry.target_id is None]
    assert len(gone) == (2 if number >= (17, 9) else 0)


@pytest.mark.parametrize("version", ["17.7.0", "17.8.0"])
def test_hidden_targets_are_revealed_by_rest_without_their_permissions(version: str) -> None:
    with serve(company(version)) as simulator:
        seen = collected(simulator.url, api="graphql")
    [gap] = seen.gaps_of(Fact.PERMISSIONS)
    assert (gap.subject_path, gap.reason) == ("acme/web/shops/shop", Reason.REDACTED)
    scope = seen.projects["acme/web/shops/shop"].scope
    assert scope is not None
    unknown = {entry.key for entry in scope.entries if entry.default_permissions is None}
    assert unknown == {"group:20", "group:901", "project:201", "project:900"}
    assert all(entry.policies is None for entry in scope.entries if entry.key in unknown)
    assert Fact.PERMISSIONS in scope.missing
    assert seen.complete


@pytest.mark.parametrize("version", ["16.11.0", "17.4.0", "17.6.0"])
def test_redacted_rows_of_the_old_lists_are_revealed_by_rest(version: str) -> None:
    with serve(company(version)) as simulator:
        seen = collected(simulator.url, api="graphql")
        assert simulator.counts["rest:GET /projects/:id/job_token_scope/allowlist"] == 1
    assert {"group:20", "project:201"} <= seen.entry_keys("acme/web/shops/shop")
    assert seen.gaps_of(Fact.PERMISSIONS) == []


@pytest.mark.parametrize(
    "version", ["16.11.0", "17.6.0", "17.7.0", "17.9.0", "18.5.0", "18.10.0", "19.3.0"]
)
def test_lists_beyond_a_page_are_read_to_their_end(version: str) -> None:
    text = f"""{PEOPLE}
{head(version, enforce_inbound=False)}
roles: [{{user: bot, on: acme, role: maintainer}}]
groups:
  - {{id: 10, path: acme}}
{"".join(f"  - {{id: {1000 + i}, path: acme/g{i}}}{chr(10)}" for i in range(150))}
projects:
{"".join(f"  - {{id: {2000 + i}, path: acme/p{i}}}{chr(10)}" for i in range(180))}
  - id: 9000
    path: acme/wide
    scope:
      allowlist:
{"".join(f"        - {{group: acme/g{i}}}{chr(10)}" for i in range(150))}
{"".join(f"        - {{project: acme/p{i}}}{chr(10)}" for i in range(180))}
"""
    with serve(text) as simulator:
        by_graphql, by_rest = (collected(simulator.url, "acme/wide", api=api) for api in APIS)
        further = simulator.counts["graphql:Rest"]
    # No project is effectively open, so REST alone cannot tell enforcement.
    alike(by_graphql, by_rest, own=False)
    expected = {f"group:{1000 + i}" for i in range(150)} | {
        f"project:{2000 + i}" for i in range(180)
    }
    assert by_graphql.entry_keys("acme/wide") == expected
    assert by_graphql.complete
    # A page of entries grew from 100 to 200 in 18.10.
    assert further == (0 if version in {"18.10.0", "19.3.0"} else 1)


def test_every_kind_of_project_is_collected_and_marked() -> None:
    with serve(company()) as simulator:
        seen = collected(simulator.url, "acme", "bot/own")
    projects = seen.projects
    assert projects["acme/web/itself"].visibility == "public"
    assert projects["acme/lib/core"].visibility == "internal"
    assert projects["acme/lib/core"].jobs_enabled is False
    assert projects["acme/web/builds-off"].jobs_enabled is False
    assert projects["acme/lib/attic"].archived is True
    assert projects["acme/lib/old/leaving-deletion_scheduled-105"].deletion == "scheduled"
    assert projects["bot/own"].personal is True
    assert projects["bot/own"].group_id is None
    assert seen.groups["acme/lib/old"].deletion == "scheduled"
    attic = projects["acme/lib/attic"].scope
    assert attic is not None
    assert (attic.inbound_own, attic.inbound_effective) == (True, True)
    personal = seen.targets["project:301"]
    assert (personal.personal, personal.visibility) == (True, "public")


# Targets


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize(
    ("target", "projects"),
    [
        ("acme", ACME),
        ("ACME", ACME),
        (10, ACME),
        ("acme/web/shops", {"acme/web/shops/shop"}),
        (12, {"acme/web/shops/shop"}),
        ("acme/web/site", {"acme/web/site"}),
        (102, {"acme/web/site"}),
        (TargetRef("group", "acme/web/shops"), {"acme/web/shops/shop"}),
        (TargetRef("project", "acme/web/site"), {"acme/web/site"}),
        (TargetRef("project", id=102), {"acme/web/site"}),
        ("bot/own", {"bot/own"}),
    ],
)
def test_a_target_is_a_path_or_a_number(
    target: str | int | TargetRef, projects: set[str], api: Api
) -> None:
    with serve(company()) as simulator:
        seen = collected(simulator.url, target, api=api)
    assert set(seen.projects) == projects
    assert seen.complete


@pytest.mark.parametrize("api", APIS)
def test_overlapping_targets_are_read_once(api: Api) -> None:
    with serve(company()) as simulator:
        alone = collected(simulator.url, api=api)
        simulator.reset_counts()
        seen = collected(
            simulator.url, "acme/web", 10, "acme", "acme/web/site", "ACME", "bot/own", api=api
        )
        scopes = simulator.counts["rest:GET /projects/:id/job_token_scope"]
    assert set(seen.projects) == ACME | {"bot/own"}
    assert seen.header.targets == ("acme", "acme/web", "acme/web/site", "bot/own")
    for path, project in alone.projects.items():
        # GraphQL leaves the levels of a private project unread unless it is a target itself.
        found = seen.projects[path]
        named = path == "acme/web/site" and project.access_levels is None
        assert replace(found, access_levels=None if named else found.access_levels) == project
    if api == "rest":
        assert scopes == len(ACME) + 1


@pytest.mark.parametrize("api", APIS)
def test_many_targets_are_looked_up_in_parts(api: Api) -> None:
    paths = ["acme/web/site", *(["acme/lib/core", "acme/web"] * 40)]
    with serve(company()) as simulator:
        seen = collected(simulator.url, *paths, api=api)
    assert {"acme/web/site", "acme/lib/core", "acme/web/itself"} <= set(seen.projects)


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("nothing/here", "target nothing/here is not found or not visible"),
        ("hidden", "target hidden is not found or not visible"),
        (99999, "target 99999 is not found or not visible"),
        (TargetRef("group", "acme/web/site"), "acme/web/site is a project, not a group"),
        (TargetRef("project", "acme/web"), "acme/web is a group, not a project"),
    ],
)
def test_a_target_that_is_not_there_ends_the_run(
    target: str | int | TargetRef, words: str, api: Api
) -> None:
    with (
        serve(company()) as simulator,
        pytest.raises(TargetNotFoundError, match=re.escape(words)) as caught,
    ):
        collected(simulator.url, "acme", target, api=api)
    assert caught.value.hint


@pytest.mark.parametrize("api", APIS)
def test_an_administrator_reads_the_whole_instance(api: Api) -> None:
    with serve(company(enforce_inbound=True)) as simulator:
        seen = collected(simulator.url, "instance", token=ADMIN, api=api)
    assert set(seen.projects) == ACME | {"bot/own", "hidden/secret", "mia/scratch", "open/site"}
    assert set(seen.groups) == {
        "acme", "acme/lib", "acme/lib/old", "acme/web", "acme/web/shops", "hidden", "open",
    }  # fmt: skip
    assert seen.header.administrator
    assert seen.header.whole_instance
    assert seen.enforcement == "on"
    assert {gap.subject_path for gap in seen.gaps} == {"partner", "partner/sdk"}


@pytest.mark.parametrize("api", APIS)
def test_others_read_their_memberships_of_the_instance(api: Api) -> None:
    with serve(company(enforce_inbound=False)) as simulator:
        seen = collected(simulator.url, "instance", api=api)
    assert set(seen.projects) == ACME | {"bot/own"}
    assert "open" not in seen.groups
    assert not seen.header.administrator
    assert seen.complete


def test_both_ways_agree_on_the_instance() -> None:
    with serve(company(enforce_inbound=False)) as simulator:
        for token in (ADMIN, TOKEN):
            alike(*(collected(simulator.url, "instance", token=token, api=api) for api in APIS))


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize(
    ("filters", "projects"),
    [
        (Filters(include=("acme/web/**",)), {p for p in ACME if p.startswith("acme/web/")}),
        (Filters(exclude=("acme/lib/**",)), {p for p in ACME if p.startswith("acme/web/")}),
        (Filters(archived="exclude"), ACME - {"acme/lib/attic"}),
        (Filters(archived="only"), {"acme/lib/attic"}),
    ],
)
def test_filters_leave_out_before_anything_is_read(
    filters: Filters, projects: set[str], api: Api
) -> None:
    with serve(company()) as simulator:
        seen = collected(simulator.url, filters=filters, api=api)
        asked = simulator.counts["rest:GET /projects/:id/job_token_scope"]
    assert set(seen.projects) == projects
    assert seen.complete
    if api == "rest":
        assert asked == len(projects)


@pytest.mark.parametrize("filters", [Filters(), Filters(include=("nowhere/**",))])
def test_an_empty_scan_is_never_a_pass(filters: Filters) -> None:
    text = company().replace(
        "  - {id: 30, path: open", "  - {id: 31, path: acme/empty}\n  - {id: 30, path: open"
    )
    with serve(text) as simulator, pytest.raises(NothingScannedError) as caught:
        collected(simulator.url, "acme/empty", filters=filters)
    assert caught.value.hint


# Requests


@pytest.mark.parametrize("token", [TOKEN, ADMIN])
def test_a_thousand_projects_take_at_most_thirty_requests(token: str) -> None:
    text = load(1000, groups=60).replace(
        "groups: [{id: 10, path: acme}]",
        "groups: [{id: 10, path: acme}, {id: 20, path: other}]\n"
        "projects:\n"
        + "".join(
            f"  - {{id: {5000 + i}, path: other/p{i}}}\n"
            f"  - {{id: {6000 + i}, path: acme/to{i}, scope: {{allowlist: [{{project: other/p{i}}}]}}}}\n"
            for i in range(40)
        ),
    )
    with serve(text) as simulator:
        seen = collected(simulator.url, token=token, concurrency=8)
        sent = simulator.counts["graphql"] + simulator.counts["rest"]
        targets = simulator.counts["graphql:ProjectTargets"]
    assert len(seen.projects) == 1040
    assert len(seen.groups) == 61
    assert seen.enforcement == "off"
    assert len(seen.targets) == 40
    assert sent == seen.header.requests
    assert sent <= 30
    assert targets == 1


def test_targets_are_asked_for_in_batches() -> None:
    outside = "".join(
        f"        - {{project: {{id: {7000 + i}, path: far/p{i}}}}}\n" for i in range(150)
    )
    groups = "".join(
        f"        - {{group: {{id: {8000 + i}, path: far/g{i}}}}}\n" for i in range(120)
    )
    text = company().replace(
        "  - {id: 201,",
        f"  - id: 190\n    path: acme/wide\n    scope:\n      allowlist:\n{outside}{groups}  - {{id: 201,",
    )
    with serve(text) as simulator:
        seen = collected(simulator.url, "acme/wide", api="graphql")
        assert simulator.counts["graphql:ProjectTargets"] == 2
        assert simulator.counts["graphql:GroupTargets"] == 2
    assert len(seen.gaps_of(Fact.TARGET)) == 270
    assert all(not target.visible for target in seen.targets.values())
    assert seen.complete


# Where it is, and how it is told


def test_a_relative_root_is_read_both_ways() -> None:
    with serve(company(enforce_inbound=False), root="/gitlab") as simulator:
        by_graphql, by_rest = (collected(simulator.url, api=api) for api in APIS)
        assert all(line.path.startswith("/gitlab/api/") for line in simulator.log)
    alike(by_graphql, by_rest)
    assert by_graphql.header.instance.endswith("/gitlab")
    paths = {e.target_path for p in by_rest.projects.values() if p.scope for e in p.scope.entries}
    assert {"acme", "acme/web", "open", "hidden"} <= paths


def test_an_empty_allowance_is_waited_for() -> None:
    retrier = hurried()
    with serve(company(), faults=Faults(rate_limit=5, rate_window=0.05)) as simulator:
        collected(simulator.url, retrier=retrier, concurrency=1)
    assert retrier.stats.waited > 0


def test_progress_is_told_until_the_end() -> None:
    told: list[Progress] = []

    def listen(progress: Progress) -> None:
        told.append(replace(progress))

    with serve(company()) as simulator:
        collected(simulator.url, listener=listen)
    last = told[-1]
    assert (last.step, last.listed, last.read, last.unreadable) == ("done", 7, 7, 0)
    assert last.expected == 7
    assert last.requests > 0


@pytest.mark.parametrize("concurrency", [1, 2, 16])
def test_the_number_of_workers_leaves_no_trace(concurrency: int) -> None:
    with serve(load(60)) as simulator:
        first = collected(simulator.url, page_size=7)
        seen = collected(simulator.url, page_size=7, concurrency=concurrency)
    assert seen.raw == first.raw
    assert seen.targets == first.targets


def test_what_a_way_of_reading_does_not_show_is_said() -> None:
    with serve(company("19.3.0")) as simulator:
        by_graphql = collected(simulator.url, api="graphql")
        by_rest = collected(simulator.url, api="rest")
        with_log = collected(simulator.url, api="graphql", filters=Filters(usage=True))
    unread = {Fact.MIRROR, Fact.FORK_PIPELINES, Fact.AUDIT_EVENTS}  # No rule was said to need them.
    assert set(by_graphql.header.unavailable) == {Fact.LOG, *unread}
    assert set(by_rest.header.unavailable) == {
        Fact.LOG,
        Fact.AUDIT_EVENTS,
        Fact.OUTBOUND_ENTRIES,
        Fact.PERMISSIONS,
        Fact.CROSS_PUSH,
    }
    assert Fact.LOG not in with_log.header.unavailable
    shop = with_log.projects["acme/web/shops/shop"].scope
    assert shop is not None
    assert shop.uses is not None
    assert [use.origin_path for use in shop.uses] == ["acme/lib/core"]

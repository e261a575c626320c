"""Who opened a project: asked of open projects alone, told from answers, never invented."""

import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scopelint.collect.audit_events import PAGES
from scopelint.collect.collection import collect
from scopelint.collect.reader import TargetRef
from scopelint.collect.request import CollectRequest
from scopelint.limit_change import LimitChange
from scopelint.model import Fact, Gap, Reason
from scopelint.snapshot import Snapshot, open_snapshots
from scopelint.snapshot.inventory import Inventory
from scopelint_simulator import Faults, Simulator
from scopelint_simulator import rest_audit as route
from scopelint_simulator.permissions import ROLES
from scopelint_simulator.request import Request
from tests.collect.kit import PEOPLE, connect, intercept, serve

ROUTE = "rest:GET /projects/:id/audit_events"
OPENED = "{event: inbound_disabled, at: 2026-10-01T09:00:00Z, by: mia}"
APIS = pytest.mark.parametrize("api", ["graphql", "rest"])


def instance(projects: str, **gitlab: object) -> str:
    keys = {"version": '"19.3.0"', "enforce_inbound": "false", **gitlab}
    head = ", ".join(f"{key}: {value}" for key, value in keys.items())
    return (
        PEOPLE
        + f"""
gitlab: {{{head}}}
roles: [{{user: bot, on: acme, role: maintainer}}, {{user: bot, on: beta, role: maintainer}}]
groups: [{{id: 10, path: acme}}, {{id: 20, path: beta}}]
projects:
{projects}"""
    )


def project(path: str, *events: str, inbound: bool = False) -> str:
    listed = ", ".join(events)
    return f"  - {{path: {path}, scope: {{inbound: {str(inbound).lower()}, audit_events: [{listed}]}}}}\n"


def run(simulator: Simulator, path: Path, api: Any = "graphql", **request: Any) -> None:
    asked = CollectRequest(
        (TargetRef("group", path="acme"),),
        api=api,
        needed=frozenset({Fact.AUDIT_EVENTS}),
        **request,
    )
    with connect(simulator.url) as connection:
        collect(connection, asked, path)


def read(path: Path) -> tuple[dict[str, LimitChange | None], list[Gap], bool]:
    """What is known by project, the gaps of audit events, and whether the scan is complete."""
    with open_snapshots([path]) as snapshot:
        found = Inventory(snapshot)
        gaps = [gap for gap in found.gaps if gap.fact == Fact.AUDIT_EVENTS]
        return {each.path: each.limit_change for each in found.projects()}, gaps, found.complete


Collected = Callable[..., tuple[dict[str, LimitChange | None], list[Gap], int]]


@pytest.fixture
def collected(tmp_path: Path) -> Collected:
    """Collect an instance's text; return what is known, the gaps, and the requests to the route."""

    def run_all(text: str, api: str = "graphql", faults: Faults | None = None) -> Any:
        path = tmp_path / "acme.snapshot"
        with serve(text, faults=faults) as simulator:
            run(simulator, path, api)
            found, gaps, complete = read(path)
            assert complete, "what audit events do not tell breaks no completeness"
            return found, gaps, simulator.counts[ROUTE]

    return run_all


@APIS
def test_the_newest_switch_is_told_of_open_projects_and_no_other_is_asked(
    collected: Collected, api: str
) -> None:
    closed = "".join(project(f"acme/p{n}", inbound=True) for n in range(20))
    before = "{event: inbound_disabled, at: 2025-01-01T00:00:00Z, by: bot}"
    between = "{event: inbound_enabled, at: 2025-02-01T00:00:00Z, by: bot}"
    other = "{event: project_added, at: 2026-10-02T00:00:00Z, by: bot, target: acme/p1}"
    twice = project("acme/twice", before, between, OPENED, other)
    found, gaps, requests = collected(instance(closed + twice), api)
    at = datetime(2026, 10, 1, 9, tzinfo=UTC)
    change = found["acme/twice"]
    assert change is not None
    assert replace(change, author_id=None) == LimitChange("off", at, "mia")
    assert change.author_id
    assert set(found) - {"acme/twice"} == {f"acme/p{n}" for n in range(20)}
    assert [each for each in found.values() if each] == [change]
    assert (gaps, requests) == ([], 1)


def test_an_enforced_project_is_not_open_and_is_not_asked_for(collected: Collected) -> None:
    text = instance(project("acme/shop", OPENED), enforce_inbound="true")
    assert collected(text)[1:] == ([], 0)


def test_events_that_do_not_tell_it(collected: Collected) -> None:
    on = "{event: inbound_enabled, at: 2026-10-01T00:00:00Z, by: mia}"
    old = "{event: inbound_disabled, at: 2020-01-01T00:00:00Z, by: mia}"
    busy = [
        f"{{event: other, at: {datetime(2026, 1, 1) + timedelta(hours=n):%Y-%m-%dT%H:%M:%SZ}}}"
        for n in range(100 * PAGES)
    ]
    text = instance(
        project("acme/on", old, on)
        + project("acme/none", "{event: other, at: 2026-01-01}")
        + project("acme/busy", old, *busy)
    )
    found, gaps, requests = collected(text)
    assert {path: each and each.last for path, each in found.items()} == {
        "acme/on": "on",
        "acme/none": "none",
        "acme/busy": "not_reached",
    }
    for each in found.values():
        assert each is not None
        assert each.opened_at is None
        assert str(each.evidence()).startswith("not known: ")
        assert each.words() == ""
    assert (gaps, requests) == ([], 2 + PAGES)


def test_a_switch_on_a_later_page_is_found(collected: Collected) -> None:
    busy = [f"{{event: other, at: 2026-11-{1 + n // 10:02}T0{n % 10}:00:00Z}}" for n in range(150)]
    found, _, requests = collected(instance(project("acme/shop", OPENED, *busy)))
    assert found["acme/shop"] is not None
    assert found["acme/shop"].author == "mia"
    assert requests == 2


@pytest.mark.parametrize(
    ("gitlab", "reason", "words"),
    [
        ({"audit_events": "false"}, Reason.FORBIDDEN, "they need Premium"),
        ({"enterprise": "false"}, Reason.NOT_FOUND, "this GitLab has none"),
    ],
)
@APIS
def test_a_tier_without_events_costs_three_requests(
    collected: Collected, api: str, gitlab: dict[str, str], reason: Reason, words: str
) -> None:
    many = "".join(project(f"acme/p{n}") for n in range(30))
    found, gaps, requests = collected(instance(many, **gitlab), api)
    assert requests == 3
    assert set(found.values()) == {None}
    assert {gap.reason for gap in gaps} == {reason}
    assert all(words in gap.detail for gap in gaps)
    assert [gap.subject_kind for gap in gaps].count("project") == 3
    [rest] = [gap for gap in gaps if gap.subject_kind is None]
    assert "of 27 more open projects were not asked for" in rest.detail


@contextmanager
def shown_as(
    monkeypatch: pytest.MonkeyPatch, change: Callable[[dict[str, Any]], Any]
) -> Iterator[None]:
    """Let the route show other events than there are."""
    real = route.shown
    with monkeypatch.context() as patch:
        patch.setattr(route, "shown", lambda event, project: change(real(event, project)))
        yield


def edit(**changes: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda shown: {**shown, **changes}


def in_details(**changes: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda shown: {**shown, "details": {**shown["details"], **changes}}


@pytest.mark.parametrize(
    ("change", "author", "author_id"),
    [
        (edit(author_id=-1), "mia", None),
        (edit(author_id=None), "mia", None),
        (edit(author_id=777), "mia", 777),
        (in_details(author_name=None), None, 5),
        (in_details(author_name="  "), None, 5),
        (edit(event_name=None), "mia", 5),
        (
            lambda shown: {
                key: value for key, value in shown.items() if key not in ("event_name", "entity_id")
            },
            "mia",
            5,
        ),
    ],
)
def test_shapes_that_gitlab_has(
    collected: Collected,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[dict[str, Any]], Any],
    author: str | None,
    author_id: int | None,
) -> None:
    with shown_as(monkeypatch, change):
        found, gaps, _ = collected(instance(project("acme/shop", OPENED)))
    assert gaps == []
    shop = found["acme/shop"]
    assert shop is not None
    assert (shop.last, shop.author, shop.author_id) == ("off", author, author_id)


def test_an_event_known_by_its_text_alone(
    collected: Collected, monkeypatch: pytest.MonkeyPatch
) -> None:
    def only_text(shown: dict[str, Any]) -> dict[str, Any]:
        return {**shown, "event_name": None, "details": {**shown["details"], "event_name": None}}

    with shown_as(monkeypatch, only_text):
        found, _, _ = collected(instance(project("acme/shop", OPENED)))
    assert found["acme/shop"] is not None
    assert found["acme/shop"].last == "off"


@pytest.mark.parametrize(
    "change",
    [
        lambda shown: "an event",
        edit(id=None),
        edit(details=[]),
        edit(event_name=7),
        edit(created_at=None),
        edit(created_at="yesterday"),
        edit(created_at="2999-01-01T00:00:00Z"),
        edit(entity_id=99999),
        edit(author_id="5"),
        in_details(author_name={"name": "mia"}),
    ],
)
def test_what_is_malformed_is_a_gap_and_no_date(
    collected: Collected,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[dict[str, Any]], Any],
) -> None:
    fine = "{event: other, at: 2026-10-02}"
    with shown_as(monkeypatch, change):
        found, gaps, _ = collected(instance(project("acme/shop", fine, OPENED)))
    assert found["acme/shop"] is None
    assert [(gap.reason, gap.subject_path) for gap in gaps] == [(Reason.ERROR, "acme/shop")]


def test_a_list_that_is_not_the_newest_first_is_a_gap(
    collected: Collected, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = route.shown

    def renumbered(event: Any, project: Any) -> dict[str, Any]:
        return {**real(event, project), "id": 10_000 - event.id}

    monkeypatch.setattr(route, "shown", renumbered)
    events = ("{event: other, at: 2026-10-02}", "{event: other, at: 2026-10-03}", OPENED)
    found, gaps, _ = collected(instance(project("acme/shop", *events)))
    assert found["acme/shop"] is None
    assert "not the newest first" in gaps[0].detail


def test_an_event_shown_twice_is_one(collected: Collected, monkeypatch: pytest.MonkeyPatch) -> None:
    with shown_as(monkeypatch, edit(id=5)):
        events = ("{event: other, at: 2026-10-02}", OPENED)
        found, gaps, _ = collected(instance(project("acme/shop", *events)))
    assert gaps == []
    assert found["acme/shop"] is not None
    assert found["acme/shop"].author == "mia"


def test_a_server_that_fails_is_not_asked_for_every_project(collected: Collected) -> None:
    broken = Faults(error_rate=1, error_status=500, only="audit_events")
    many = "".join(project(f"acme/p{n}") for n in range(10))
    found, gaps, _ = collected(instance(many), faults=broken)
    assert set(found.values()) == {None}
    assert {gap.reason for gap in gaps} == {Reason.ERROR}
    assert len(gaps) == 4


def test_one_answer_among_the_witnesses_asks_for_all(
    collected: Collected, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two of three are refused: a role here and there says nothing of the tier."""
    many = "".join(project(f"acme/p{n}", OPENED) for n in range(8))
    first_two = Faults(error_rate=1, error_status=403, only="projects/[12]/audit_events")
    found, gaps, requests = collected(instance(many), faults=first_two)
    known = [path for path, each in found.items() if each is not None]
    assert len(known) == 6
    assert {gap.subject_path for gap in gaps} == set(found) - set(known)
    assert requests <= 8


def test_no_address_reaches_the_snapshot(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with serve(instance(project("acme/shop", OPENED))) as simulator:
        run(simulator, path)
    content = path.read_bytes()
    assert b"mia" in content
    assert not re.search(rb"@example\.com|192\.0\.2", content)


def test_a_resumed_collection_asks_only_for_what_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "s"
    many = "".join(project(f"acme/p{n}", OPENED) for n in range(6))
    with serve(instance(many)) as simulator:
        run(simulator, path)
        with sqlite3.connect(path) as database:
            database.execute("UPDATE meta SET value = 'null' WHERE key = 'finished_at'")
            database.execute("DELETE FROM limit_changes WHERE project_id > 2")
        database.close()
        simulator.reset_counts()
        asked = CollectRequest(
            (TargetRef("group", path="acme"),), needed=frozenset({Fact.AUDIT_EVENTS})
        )
        with connect(simulator.url) as connection:
            collect(connection, asked, path, resume=True)
        assert simulator.counts[ROUTE] == 4
    assert all(each and each.author == "mia" for each in read(path)[0].values())


def older(path: Path, *, finished: bool = True) -> None:
    """Make a snapshot as format 2 had it."""
    with sqlite3.connect(path) as database:
        database.execute("DROP TABLE limit_changes")
        database.execute("DROP TABLE project_kinds")
        database.execute("PRAGMA user_version = 2")
        if not finished:
            database.execute("UPDATE meta SET value = 'null' WHERE key = 'finished_at'")
    database.close()


def test_an_older_snapshot_is_read_and_tells_nothing_of_it(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with serve(instance(project("acme/shop", OPENED))) as simulator:
        run(simulator, path)
        older(path)
        assert read(path)[0] == {"acme/shop": None}


def test_an_older_snapshot_is_continued(tmp_path: Path) -> None:
    path = tmp_path / "s"
    asked = CollectRequest(
        (TargetRef("group", path="acme"),), needed=frozenset({Fact.AUDIT_EVENTS})
    )
    with serve(instance(project("acme/shop", OPENED))) as simulator:
        run(simulator, path)
        older(path, finished=False)
        with connect(simulator.url) as connection:
            collect(connection, asked, path, resume=True)
    assert read(path)[0]["acme/shop"] is not None
    with Snapshot(path):
        pass


def test_shards_tell_each_their_own(tmp_path: Path) -> None:
    paths = [tmp_path / "1", tmp_path / "2"]
    many = "".join(project(f"acme/p{n}", OPENED) for n in range(6))
    with serve(instance(many)) as simulator:
        for index, path in enumerate(paths, 1):
            run(simulator, path, shard=(index, 2))
        assert simulator.counts[ROUTE] == 6
    with open_snapshots(paths) as merged:
        found = list(Inventory(merged).projects())
        assert len(found) == 6
        assert all(each.limit_change and each.limit_change.author == "mia" for each in found)


def test_a_row_that_is_never_written_is_refused(tmp_path: Path) -> None:
    from scopelint.errors import SnapshotError

    path = tmp_path / "s"
    with serve(instance(project("acme/shop", OPENED))) as simulator:
        run(simulator, path)
    for change in ("last = 'maybe'", "at = NULL", "at = 'x'", "author_id = 0"):
        with sqlite3.connect(path) as database:
            before = database.execute("SELECT last, at, author_id FROM limit_changes").fetchone()
            database.execute(f"UPDATE limit_changes SET {change}")
        with pytest.raises(SnapshotError, match="limit_changes"):
            Snapshot(path)
        with database:
            database.execute("UPDATE limit_changes SET last = ?, at = ?, author_id = ?", before)
        database.close()
    json.dumps(read(path)[0]["acme/shop"].evidence())  # type: ignore[union-attr]


def test_where_the_reading_ends_early_no_older_event_is_supposed() -> None:
    said = LimitChange("not_reached").evidence()
    assert isinstance(said, str)
    assert said.startswith("not known")
    assert "none of its newest audit events, which alone were read" in said


@APIS
def test_a_developer_is_not_asked_for_events_of_a_scope_that_was_not_read(
    tmp_path: Path, api: str
) -> None:
    text = instance(project("acme/shop", OPENED))
    as_developer = text.replace("on: acme, role: maintainer", "on: acme, role: developer")
    with serve(as_developer) as simulator:
        run(simulator, tmp_path / "s.db", api)
        assert simulator.counts[ROUTE] == 0
    assert read(tmp_path / "s.db") == ({"acme/shop": None}, [], False)


@pytest.mark.parametrize(
    "events",
    [
        (OPENED,),
        (OPENED, "{event: inbound_enabled, at: 2025-02-01T00:00:00Z, by: bot}"),
        (OPENED, "{event: other, at: 2026-10-02T00:00:00Z, by: bot}"),
    ],
)
@APIS
def test_a_list_of_the_users_own_events_alone_tells_nothing(
    tmp_path: Path, api: str, events: tuple[str, ...]
) -> None:
    """The role was Maintainer when the scope was read, and is Developer when the events are."""
    with serve(instance(project("acme/shop", *events))) as simulator:

        def before(request: Request) -> None:
            if request.path.endswith("/audit_events"):
                roles = simulator.instance.group_roles
                roles.update(dict.fromkeys(roles, ROLES["developer"]))

        intercept(simulator, before=before)
        run(simulator, tmp_path / "s.db", api)
        assert simulator.counts[ROUTE] == 1
    found, gaps, _ = read(tmp_path / "s.db")
    assert found == {"acme/shop": None}
    assert [(gap.reason, gap.subject_path) for gap in gaps] == [(Reason.FORBIDDEN, "acme/shop")]
    assert "the role Maintainer" in gaps[0].detail

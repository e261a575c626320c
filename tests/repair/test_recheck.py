"""Between a plan and its apply: what was used since is left, whatever the plan rests on it for."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scopelint.repair.from_findings import plan_from_findings
from scopelint.repair.plan_file import Plan
from scopelint.repair.plan_text import plan_lines
from scopelint.repair.suggest import suggest
from scopelint.snapshot.inventory import Inventory
from scopelint_simulator import Simulator
from scopelint_simulator.instance import LogRow
from tests.repair import applying as kit
from tests.repair.applying import CORE, LIB, OLD, SHOP, SITE, WEB
from tests.repair.inventories import judged, remedies
from tests.repair.test_applied_plans import collected

pytestmark = pytest.mark.slow

NOW = datetime.now(UTC).replace(microsecond=0)
LONG_AGO = "2024-01-01T00:00:00Z"
LATE = (NOW - timedelta(days=20)).isoformat()
CLOSED, WIDE = 110, 111
"""A closed project with an unused entry, and one with a group entry that is wider than its use."""


def instance() -> dict[str, Any]:
    """Return an instance with a project for each thing that rests on the log."""
    made = kit.instance()
    origins = [{"origin": "acme/web/shop", "at": LATE}]
    entries = [{"project": "acme/web/shop"}, {"project": "acme/lib/old"}]
    old = [{**each, "created_at": LONG_AGO} for each in entries]
    group = [{"group": "acme/lib", "created_at": LONG_AGO}]
    site = next(each for each in made["projects"] if each["id"] == SITE)
    site["scope"] |= {"log": [*origins, {"origin": "acme/lib/core", "at": LONG_AGO}]}
    made["projects"] += [
        {"id": CLOSED, "path": "acme/closed", "scope": {"allowlist": old, "log": origins}},
        {
            "id": WIDE,
            "path": "acme/wide",
            "scope": {
                "allowlist": group,
                "log": [{"origin": "acme/lib/core", "at": LATE}],
            },
        },
        *({"id": 120 + number, "path": f"acme/lib/p{number}"} for number in range(12)),
    ]
    return made


def from_log(inventory: Inventory) -> Plan:
    return suggest(inventory)


def from_rules(inventory: Inventory) -> Plan:
    return plan_from_findings(inventory, judged(inventory).findings, remedies())


def use(gitlab: Simulator, target: int, origin: int) -> None:
    """Let the log show a use since the plan."""
    scope = gitlab.instance.projects[target].scope
    scope.log = (*scope.log, LogRow(gitlab.instance.next_row(), origin, NOW))


def add_again(gitlab: Simulator, target: int) -> None:
    """Let somebody remove all entries and add them again: the list looks as before."""
    for row in gitlab.instance.projects[target].scope.entries:
        row.created_at = NOW


def empty_log(gitlab: Simulator, target: int) -> None:
    gitlab.instance.projects[target].scope.log = ()


def fill_log(gitlab: Simulator, target: int) -> None:
    for number in range(1000):
        use(gitlab, target, 120 + number % 12)


SINCE: dict[str, tuple[int, Callable[[Simulator, int], None], str]] = {
    "an unused entry is used": (
        CLOSED,
        lambda gitlab, target: use(gitlab, target, OLD),
        f"acme/lib/old used it on {NOW.date()}, and the plan rests on no such use",
    ),
    "an unused entry is added again": (
        CLOSED,
        add_again,
        f"remove project acme/lib/old: the entry was added on {NOW.date()}, too late",
    ),
    "the log is empty": (CLOSED, empty_log, "an empty log proves nothing"),
    "the log is full": (CLOSED, fill_log, "its authentication log is full"),
    "another project of a wide group uses it": (
        WIDE,
        lambda gitlab, target: use(gitlab, target, 125),
        f"acme/lib/p5 used it on {NOW.date()}",
    ),
    "an open project gets a new user": (
        SITE,
        lambda gitlab, target: use(gitlab, target, OLD),
        f"acme/lib/old used it on {NOW.date()}",
    ),
}


@pytest.mark.parametrize("make", [from_log, from_rules])
@pytest.mark.parametrize("what", SINCE)
def test_what_was_used_since_the_plan_is_left(
    what: str, make: Callable[[Inventory], Plan], tmp_path: Path
) -> None:
    target, happens, told = SINCE[what]
    with kit.serve(instance()) as gitlab:
        with collected(gitlab) as inventory:
            plan = make(inventory)
        planned = {part.id for part in plan.projects}
        assert planned >= {CLOSED, WIDE, SITE}
        before = kit.states(gitlab)
        happens(gitlab, target)
        results = kit.run_apply(gitlab.url, plan, tmp_path / "journal")
        assert kit.statuses(results) == {**dict.fromkeys(planned, "done"), target: "moved"}
        assert told in kit.reasons(results)
        assert kit.states(gitlab)[target] == before[target]
        assert gitlab.crashes == []


def test_the_plan_says_what_rests_on_the_log() -> None:
    with kit.serve(instance()) as gitlab, collected(gitlab) as inventory:
        plan = suggest(inventory)
        resting = {
            (part.id, action.operation)
            for part in plan.projects
            for action in part.actions
            if action.rests_on_log
        }
        unused = {
            (part.id, action.entry.path): action.unused_since
            for part in plan.projects
            for action in part.actions
            if action.unused_since is not None and action.entry is not None
        }
    assert resting >= {
        (CLOSED, "remove-entry"),
        (WIDE, "remove-entry"),
        (SITE, "set-inbound"),
    }
    assert set(unused) >= {(CLOSED, "acme/lib/old"), (WIDE, "acme/lib")}
    assert set(unused.values()) == {inventory.log_as_of - timedelta(days=90)}
    assert Plan.model_validate_json(plan.text()) == plan
    assert list(plan_lines(plan))


def test_a_log_that_cannot_be_read_any_more_proves_nothing(tmp_path: Path) -> None:
    """An older GitLab, or a token that may no longer read it: nothing that rests on it is done."""
    with kit.serve(instance()) as gitlab:
        with collected(gitlab) as inventory:
            plan = suggest(inventory)
        gitlab.instance.settings.version_text = "17.8.0"
        before = kit.states(gitlab)
        results = kit.run_apply(gitlab.url, plan, tmp_path / "journal")
        assert set(kit.statuses(results).values()) == {"moved"}
        assert "its authentication log was not read" in kit.reasons(results)
        assert kit.states(gitlab) == before


def test_a_resumed_apply_reads_the_log_again(tmp_path: Path) -> None:
    """A removal that is still to be done is compared with the log; what is done stays done."""
    with kit.serve(instance()) as gitlab:
        with collected(gitlab) as inventory:
            plan = suggest(inventory)
        part = next(each for each in plan.projects if each.id == WIDE)
        plan = plan.model_copy(update={"projects": (part,)})

        def stop(request: Any) -> None:
            if request.method == "DELETE":
                raise RuntimeError

        with kit.meddling(gitlab, before=stop):
            kit.run_apply(gitlab.url, plan, tmp_path / "journal")
        gitlab.crashes.clear()
        use(gitlab, WIDE, 125)
        results = kit.run_apply(gitlab.url, plan, tmp_path / "journal", resume=True)
        assert kit.statuses(results) == {WIDE: "moved"}
        assert "acme/lib/p5 used it" in kit.reasons(results)
        keys = {entry.key for entry in kit.state(gitlab, WIDE).entries}
        assert keys == {f"group:{LIB}", f"project:{CORE}"}
        back = kit.run_undo(gitlab.url, tmp_path / "journal")
        assert kit.statuses(back) == {WIDE: "done"}
        assert {entry.key for entry in kit.state(gitlab, WIDE).entries} == {f"group:{LIB}"}


def test_what_rests_on_no_log_asks_for_none(tmp_path: Path) -> None:
    """A plan of other things is done with a token, and on a GitLab, that shows no log."""
    with kit.serve(kit.instance("17.8.0")) as gitlab:
        plan = kit.plan(
            gitlab, {SHOP: [kit.act("remove-entry", entry=kit.entry(gitlab, "group", WEB))]}
        )
        heard: list[str] = []
        original = gitlab.answer

        def hearing(request: Any, path: str) -> Any:
            heard.append(request.body.decode())
            return original(request, path)

        gitlab.answer = hearing  # type: ignore[method-assign,assignment]
        results = kit.run_apply(gitlab.url, plan, tmp_path / "journal")
    assert kit.statuses(results) == {SHOP: "done"}
    assert not [text for text in heard if "ciJobTokenAuthLogs(" in text]

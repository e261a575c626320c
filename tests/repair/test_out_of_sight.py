"""Origins of the log that the token does not see: GitLab lets nobody add an entry for them."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scopelint.model import Fact
from scopelint.policy import read_gitlabform
from scopelint.repair.from_declared import plan_to_declared
from scopelint.repair.from_findings import plan_from_findings
from scopelint.repair.plan_file import Plan
from scopelint.repair.suggest import suggest
from scopelint_simulator import Simulator
from tests.repair import applying as kit
from tests.repair.applying import CORE, SECRET, SITE
from tests.repair.inventories import judged, remedies
from tests.repair.test_applied_plans import collected

pytestmark = pytest.mark.slow

NOW = datetime.now(UTC).replace(microsecond=0)
LATE, LONG_AGO = (NOW - timedelta(days=10)).isoformat(), "2024-01-01T00:00:00Z"
WIDE, OPEN = 111, 112


def instance() -> dict[str, Any]:
    """Return an instance whose logs name the project hidden/secret."""
    made = kit.instance()
    hidden = {"origin": "hidden/secret", "at": LATE}
    others = [{"origin": "acme/lib/core", "at": LATE}, {"origin": "acme/lib/old", "at": LONG_AGO}]
    site = next(each for each in made["projects"] if each["id"] == SITE)
    site["scope"] |= {"log": [hidden, *others]}
    made["projects"] += [
        {
            "id": WIDE,
            "path": "acme/wide",
            "scope": {
                "allowlist": [{"group": "hidden", "created_at": LONG_AGO}],
                "log": [hidden, *others],
            },
        },
        {"id": OPEN, "path": "acme/open", "scope": {"inbound": False, "log": others}},
        *({"path": f"hidden/p{number}"} for number in range(15)),
    ]
    return made


@pytest.fixture
def gitlab() -> Iterator[Simulator]:
    with kit.serve(instance()) as running:
        yield running
        assert running.crashes == []


def reasons(plan: Plan, number: int) -> str:
    notes = [note for part in plan.projects if part.id == number for note in part.notes]
    return "\n".join([one.reason for one in plan.skipped if one.id == number] + notes)


def added(plan: Plan) -> set[int]:
    return {
        action.entry.id
        for part in plan.projects
        for action in part.actions
        if action.operation == "add-entry" and action.entry is not None
    }


def test_collecting_asks_which_origins_the_token_sees(gitlab: Simulator) -> None:
    with collected(gitlab) as inventory:
        [hidden] = [each for each in inventory.targets() if each.id == SECRET]
        assert not hidden.visible
        assert hidden.path == "hidden/secret"
        # Only what an entry names is a gap where it is out of sight.
        targets = {gap.subject_id for gap in inventory.gaps if gap.fact is Fact.TARGET}
        assert SECRET not in targets
        assert inventory.complete


@pytest.mark.parametrize("how", ["log", "findings"])
def test_a_project_that_one_of_them_uses_stays_open_and_is_named(
    gitlab: Simulator, how: str
) -> None:
    with collected(gitlab) as inventory:
        if how == "log":
            plan = suggest(inventory)
        else:
            plan = plan_from_findings(inventory, judged(inventory).findings, remedies())
    planned = {part.id for part in plan.projects}
    assert SITE not in planned
    assert OPEN in planned
    assert SECRET not in added(plan)
    said = reasons(plan, SITE)
    assert (
        "GitLab lets nobody add what they cannot see; a Maintainer of this project who sees" in said
    )
    assert f"{gitlab.url}/acme/web/site/-/settings/ci_cd#js-token-access" in said
    assert said.count("hidden/secret") == 1


def test_a_group_entry_that_one_of_them_uses_is_not_narrowed(gitlab: Simulator) -> None:
    gitlab.instance.groups[20].visibility = "public"
    with collected(gitlab) as inventory:
        plan = suggest(inventory)
    assert WIDE not in {part.id for part in plan.projects}
    assert "the group entry hidden stays: it needs an entry for what this token" in reasons(
        plan, WIDE
    )


def test_a_policy_that_names_one_of_them_is_planned_without_it(gitlab: Simulator) -> None:
    lists = {"enforce": False, "projects": ["hidden/secret", "acme/lib/core"], "groups": []}
    section = {"job_token_scope": {"limit_access_to_this_project": True, "allowlist": lists}}
    text = json.dumps({"config_version": 4, "projects_and_groups": {"acme/web/site": section}})
    with collected(gitlab) as inventory:
        plan = plan_to_declared(inventory, read_gitlabform(text, "policy.yml"))
    assert added(plan) == {CORE}
    assert "project hidden/secret of policy.yml" in reasons(plan, SITE)
    assert "GitLab lets nobody add what they cannot see" in reasons(plan, SITE)
    [part] = [part for part in plan.projects if part.id == SITE]
    # Closing it takes access from a logged use: only --unsafe does that.
    [switch] = [action for action in part.actions if action.operation == "set-inbound"]
    assert not switch.safe


def test_once_somebody_added_the_entry_the_project_is_closed(gitlab: Simulator) -> None:
    kit.add_row(gitlab, SITE, "project", SECRET)
    with collected(gitlab) as inventory:
        plan = suggest(inventory)
    [part] = [part for part in plan.projects if part.id == SITE]
    assert "set-inbound" in {action.operation for action in part.actions}
    assert SECRET not in added(plan)


def test_what_was_not_asked_is_planned_and_asked_by_the_apply(
    gitlab: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A snapshot of an earlier version does not say what its token sees."""
    with collected(gitlab) as inventory:
        known = [each for each in inventory.targets() if each.id != SECRET]
        monkeypatch.setattr(inventory, "targets", lambda: known)
        plan = suggest(inventory)
    assert SECRET in added(plan)
    before = kit.states(gitlab)
    results = kit.run_apply(gitlab.url, plan, tmp_path / "journal")
    assert kit.statuses(results)[SITE] == "moved"
    assert kit.states(gitlab)[SITE] == before[SITE]
    assert kit.statuses(results)[OPEN] == "done"

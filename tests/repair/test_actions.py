"""What actions make of a state: as GitLab does it, and refused where GitLab refuses it."""

import pytest

from scopelint.model import AllowlistEntry, Scope
from scopelint.repair.actions import ImpossibleError, scope_after, state_after
from scopelint.repair.plan_file import Action, EntryState, ScopeState

SDK = EntryState(kind="project", id=7, path="partner/sdk")
WEB = EntryState(kind="group", id=3, path="acme/web")
NARROW = EntryState(
    kind="group", id=3, path="acme/web", default_permissions=False, policies=("READ_JOBS",)
)
SCOPE = Scope(
    inbound_own=False,
    inbound_effective=False,
    push=True,
    entries=(AllowlistEntry("group", 3, "acme/web"),),
    outbound_entries=(AllowlistEntry("project", 7, "partner/sdk"),),
)


def act(operation: str, **more: object) -> Action:
    """An action with a reason."""
    return Action.model_validate({"operation": operation, "reason": "test", **more})


ACTIONS = (
    act("add-entry", entry=SDK),
    act("change-permissions", entry=NARROW, was=WEB),
    act("set-inbound", value=True),
    act("set-push", value=False),
    act("set-cross-project-push", value=True),
    act("set-outbound", value=True),
    act("remove-outbound-entry", entry=SDK),
)


def test_all_operations() -> None:
    after = scope_after(SCOPE, ACTIONS)
    assert after == Scope(
        inbound_own=True,
        inbound_effective=True,
        outbound=True,
        push=False,
        cross_project_push=True,
        entries=(
            AllowlistEntry("group", 3, "acme/web", False, ("READ_JOBS",)),
            AllowlistEntry("project", 7, "partner/sdk", autopopulated=False),
        ),
        outbound_entries=(),
    )
    assert scope_after(after, [act("remove-entry", entry=NARROW)]).entries == after.entries[1:]


def test_a_state_goes_the_same_way() -> None:
    assert state_after(ScopeState.of(SCOPE), ACTIONS) == ScopeState.of(scope_after(SCOPE, ACTIONS))
    removed = [*ACTIONS, act("remove-entry", entry=NARROW)]
    assert state_after(ScopeState.of(SCOPE), removed) == ScopeState.of(scope_after(SCOPE, removed))


@pytest.mark.parametrize(
    ("own", "effective", "enforced", "then"),
    [
        (True, True, None, None),
        (True, True, False, False),
        (True, True, True, True),
        (False, True, None, True),
        (False, False, None, False),
    ],
)
def test_a_limit_that_goes_off(
    own: bool, effective: bool, enforced: bool | None, then: bool | None
) -> None:
    after = scope_after(Scope(own, effective), [act("set-inbound", value=False)], enforced=enforced)
    assert (after.inbound_own, after.inbound_effective) == (False, then)


FULL = tuple(AllowlistEntry("project", number, f"acme/p{number}") for number in range(1000, 1200))


@pytest.mark.parametrize(
    ("scope", "action", "words"),
    [
        (SCOPE, act("add-entry", entry=WEB), "group:3 is already in the allowlist"),
        (SCOPE, act("remove-entry", entry=SDK), "project:7 is not in the allowlist"),
        (SCOPE, act("change-permissions", entry=SDK, was=SDK), "project:7 is not in the allowlist"),
        (SCOPE, act("remove-outbound-entry", entry=WEB), "group:3 is not in the allowlist"),
        (Scope(True, True, entries=FULL), act("add-entry", entry=SDK), "no place left"),
        (
            Scope(True, True, outbound_entries=None),
            act("remove-outbound-entry", entry=SDK),
            "not known",
        ),
    ],
)
def test_what_gitlab_refuses(scope: Scope, action: Action, words: str) -> None:
    with pytest.raises(ImpossibleError, match=words):
        scope_after(scope, [action])


def test_a_full_list_of_projects_has_places_for_groups() -> None:
    after = scope_after(Scope(True, True, entries=FULL), [act("add-entry", entry=WEB)])
    assert len(after.entries) == len(FULL) + 1

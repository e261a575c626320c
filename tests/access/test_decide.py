"""GitLab's decision: the cases that matter in a table, and any case against a slow reference."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scopelint.access import POLICIES, Answer, Decision, decide, may_push, nearest, with_implied
from scopelint.model import AllowlistEntry, Fact, Project, Scope
from tests.access import reference
from tests.access import strategies as random
from tests.examples import examples

OLD, SWITCH, NEW = (17, 6), (17, 11), (18, 5)
SHOP = Project(1, "acme/web/shop", visibility="private", scope=Scope(True, True))
TILL = Project(2, "acme/web/till", visibility="private", scope=Scope(True, True))
OPEN_LEVELS = dict.fromkeys(reference.FEATURES, "enabled")


def entry(target: str, *policies: str, default: bool | None = None) -> AllowlistEntry:
    """An entry for a group, or for the project TILL; fine-grained where policies are named."""
    fine = bool(policies) if default is None else not default
    number = 2 if target == TILL.path else 50 + len(target)
    kind: Any = "project" if target == TILL.path else "group"
    return AllowlistEntry(kind, number, target, not fine, policies)


def allowing(*entries: AllowlistEntry, **scope: Any) -> Project:
    """The shop with these entries."""
    assert SHOP.scope is not None
    return replace(SHOP, scope=replace(SHOP.scope, entries=entries, **scope))


def asked(
    target: Project, *wanted: str, origin: Project = TILL, version: tuple[int, int] = NEW
) -> Decision:
    return decide(origin, target, wanted, version=version)


NARROW = entry(TILL.path, "READ_PACKAGES")
GRANTED, DENIED, PARTIAL, UNKNOWN = Answer.GRANTED, Answer.DENIED, Answer.PARTIAL, Answer.UNKNOWN


@pytest.mark.parametrize(
    ("target", "wanted", "version", "answer"),
    [
        (allowing(), "", NEW, DENIED),
        (allowing(inbound_effective=False), "ADMIN_PACKAGES", NEW, GRANTED),
        (allowing(inbound_effective=None), "", NEW, UNKNOWN),
        (allowing(entry("acme")), "", NEW, GRANTED),
        (allowing(entry("acme"), inbound_effective=None), "", NEW, GRANTED),
        (allowing(entry("acme/we")), "", NEW, DENIED),
        (allowing(entry("ACME")), "", NEW, DENIED),
        (allowing(NARROW), "", NEW, GRANTED),
        (allowing(NARROW), "READ_PACKAGES", NEW, GRANTED),
        (allowing(NARROW), "READ_JOBS", NEW, DENIED),
        (allowing(NARROW), "READ_JOBS", SWITCH, UNKNOWN),
        (allowing(NARROW), "READ_PACKAGES", SWITCH, GRANTED),
        (allowing(NARROW), "READ_JOBS", OLD, GRANTED),
        (allowing(NARROW), "READ_JOBS", (17, 7), UNKNOWN),
        (allowing(NARROW), "READ_JOBS", (18, 2), UNKNOWN),
        (allowing(NARROW), "READ_JOBS", (18, 3), DENIED),
        (allowing(NARROW), "READ_JOBS", (0, 0), UNKNOWN),
        (allowing(entry("acme")), "READ_JOBS", (0, 0), GRANTED),
        (allowing(entry(TILL.path, "ADMIN_PACKAGES")), "READ_PACKAGES", NEW, GRANTED),
        (allowing(NARROW), "ADMIN_PACKAGES", NEW, DENIED),
        (allowing(entry(TILL.path, default=False)), "READ_JOBS", NEW, DENIED),
        (allowing(entry("acme"), NARROW), "READ_JOBS", NEW, DENIED),
        (allowing(entry("acme", "READ_JOBS"), entry("acme/web")), "ADMIN_JOBS", NEW, GRANTED),
        (allowing(entry("acme"), entry("acme/web", "READ_JOBS")), "ADMIN_JOBS", NEW, DENIED),
        (allowing(missing=frozenset({Fact.ENTRIES})), "", NEW, UNKNOWN),
        (allowing(entry("acme"), missing=frozenset({Fact.ENTRIES})), "", NEW, GRANTED),
        (allowing(entry("acme"), missing=frozenset({Fact.ENTRIES})), "READ_JOBS", NEW, UNKNOWN),
        (allowing(NARROW, missing=frozenset({Fact.ENTRIES})), "READ_JOBS", NEW, DENIED),
        (allowing(AllowlistEntry("project", 2, "x", None, None)), "READ_JOBS", NEW, UNKNOWN),
        (allowing(AllowlistEntry("project", 2, "x", None, None)), "", NEW, GRANTED),
        (allowing(AllowlistEntry("project", 2, "x", None, None)), "READ_JOBS", OLD, GRANTED),
        (allowing(AllowlistEntry("group", None, None)), "", NEW, DENIED),
        (allowing(AllowlistEntry("group", None, None)), "", (17, 8), UNKNOWN),
        (replace(SHOP, scope=None), "", NEW, UNKNOWN),
        (replace(allowing(), visibility=None), "", NEW, UNKNOWN),
        (replace(allowing(), visibility="public"), "", NEW, PARTIAL),
        (replace(allowing(), visibility="public"), "READ_PACKAGES", NEW, UNKNOWN),
        (replace(allowing(), visibility="public"), "ADMIN_PACKAGES", NEW, DENIED),
        (replace(allowing(NARROW), visibility="internal"), "ADMIN_JOBS", NEW, DENIED),
    ],
)
def test_the_table(target: Project, wanted: str, version: tuple[int, int], answer: Answer) -> None:
    """Each row is one sentence of GitLab's documentation, or one fact that was not read."""
    origin = replace(TILL, scope=Scope(True, True, outbound=False))
    decision = decide(origin, target, wanted.split(), version=version)
    assert decision.answer is answer
    assert (decision.answer is UNKNOWN) == bool(decision.missing)
    assert decision.steps


@pytest.mark.parametrize("version", [(17, 8), (17, 11), (18, 2)])
def test_the_switch_is_named_and_an_assumption_decides_it(version: tuple[int, int]) -> None:
    """No API shows the switch of 17.7 to 18.2: said so, unless the user knows it."""
    unknown = decide(TILL, allowing(NARROW), ["READ_JOBS"], version=version)
    assert "fine-grained permissions are switched on for acme" in unknown.missing[0]
    assert unknown.steps[-1].text.endswith("So it is denied or granted")
    for assumed, answer in ((True, DENIED), (False, GRANTED)):
        told = decide(
            TILL, allowing(NARROW), ["READ_JOBS"], version=version, assume_fine_grained=assumed
        )
        assert told.answer is answer


def test_the_outbound_limit_counts_before_18_0_and_for_private_targets_only() -> None:
    """Before 18.0 the origin's own limit refuses a private target that its list does not name."""
    limited = replace(TILL, scope=Scope(True, True, outbound=True))
    listing = replace(
        TILL,
        scope=Scope(
            True, True, outbound=True, outbound_entries=(AllowlistEntry("project", 1, SHOP.path),)
        ),
    )
    target = allowing(entry("acme"))
    assert asked(target, origin=limited, version=(17, 11)).answer is DENIED
    assert asked(target, origin=listing, version=(17, 11)).answer is GRANTED
    assert asked(target, origin=limited, version=(18, 0)).answer is GRANTED
    public = replace(target, visibility="public")
    assert asked(public, origin=limited, version=(17, 11)).answer is GRANTED
    assert asked(target, origin=limited, version=(0, 0)).answer is UNKNOWN
    unread = replace(TILL, scope=Scope(True, True, outbound=None))
    decision = asked(target, origin=unread, version=(17, 11))
    assert decision.missing == ("the outbound setting of acme/web/till",)
    assert asked(target, origin=replace(TILL, scope=None), version=(18, 0)).answer is GRANTED


def test_an_entry_that_covers_the_project_itself_narrows_its_own_token_since_18_1() -> None:
    """A self entry is legal since 18.1; the token as such is always accepted."""
    own = replace(TILL, scope=Scope(True, True, entries=(NARROW,)))
    assert asked(own, origin=own).answer is GRANTED
    assert asked(own, "READ_JOBS", origin=own).answer is DENIED
    assert asked(own, "READ_JOBS", origin=own, version=(18, 0)).answer is GRANTED
    assert asked(own, "READ_JOBS", origin=own, version=(18, 2)).answer is UNKNOWN
    by_group = replace(TILL, scope=Scope(True, True, entries=(entry("acme", "READ_JOBS"),)))
    assert asked(by_group, "ADMIN_JOBS", origin=by_group).answer is DENIED
    assert asked(TILL, "ADMIN_JOBS").answer is GRANTED
    assert asked(replace(TILL, scope=None)).answer is GRANTED


NEVER_CLOSED = {
    "clone",
    "builds",
    "package_pipelines",
    "container_registry",
    "package_registry",
    "releases",
    "release_links",
    "environments",
}
"""What a public project with open features leaves open to strangers' tokens in every release."""


def names(decision: Decision) -> set[str]:
    return {part.name for part in decision.open_parts}


def test_what_a_public_project_leaves_open_by_its_features() -> None:
    """Reads of features that are open to everyone need no entry; closed and private ones do."""
    public = replace(allowing(), visibility="public", access_levels=OPEN_LEVELS)
    decision = asked(public)
    assert decision.answer is PARTIAL
    assert names(decision) == NEVER_CLOSED
    closed = replace(public, access_levels=OPEN_LEVELS | {"repository": "private"})
    assert names(asked(closed)) == {
        "container_registry",
        "package_registry",
        "package_pipelines",
        "release_links",
    }
    assert asked(closed, "READ_JOBS").answer is DENIED
    assert asked(closed, "READ_PACKAGES").answer is PARTIAL
    shut = replace(public, access_levels=dict.fromkeys(OPEN_LEVELS, "private"))
    assert asked(shut).answer is DENIED
    # As REST names the levels, and with one that GitLab did not say yet (before 18.4).
    named = {
        f"{name}_access_level": "private" for name in OPEN_LEVELS if name != "package_registry"
    }
    older = replace(public, access_levels=named)
    assert asked(older, "READ_PACKAGES").answer is UNKNOWN
    assert asked(older, "READ_JOBS").answer is DENIED


def test_what_policies_do_not_govern_is_said() -> None:
    """Clone, registry pull and pipeline triggers stay with an allowed project whatever its policies."""
    decision = asked(allowing(entry(TILL.path, default=False)), "READ_JOBS")
    assert decision.answer is DENIED
    assert decision.lacking == ("READ_JOBS",)
    assert {"Git clone and fetch", "pulling container images", "triggering a pipeline"} <= set(
        decision.ungoverned
    )
    assert asked(allowing(entry("acme"))).ungoverned == ()


def test_the_steps_tell_what_gitlab_looked_at_in_its_order() -> None:
    """A reader can follow the decision from setting to entry to permission."""
    decision = asked(allowing(entry("acme"), NARROW), "READ_JOBS")
    assert [step.name for step in decision.steps] == [
        "limit",
        "entry",
        "permissions",
        "permissions",
        "visibility",
    ]
    assert decision.entry is NARROW
    assert "lists the project acme/web/till itself" in decision.steps[1].text
    archived = asked(allowing(NARROW), origin=replace(TILL, archived=True))
    assert archived.notes[0] == "acme/web/till is archived, so it can start no job today"


def test_policies_are_those_gitlab_knows() -> None:
    """22 in 19.3; admin implies read."""
    assert len(set(POLICIES)) == 22
    assert with_implied(["ADMIN_JOBS"], (17, 10)) == {"ADMIN_JOBS", "READ_JOBS"}
    assert with_implied(["ADMIN_JOBS"], (17, 9)) == {"ADMIN_JOBS"}


PUSHED = {"push": True, "cross_project_push": True}


@pytest.mark.parametrize(
    ("scope", "version", "pushes"),
    [
        (PUSHED, (19, 1), True),
        (PUSHED, (19, 0), None),
        (PUSHED, (18, 11), False),
        (PUSHED, (0, 0), None),
        (PUSHED | {"push": False}, (19, 1), False),
        (PUSHED | {"push": None}, (19, 1), None),
        (PUSHED | {"inbound_effective": False}, (19, 1), False),
        (PUSHED | {"inbound_effective": None}, (19, 1), None),
        (PUSHED | {"entries": (entry(TILL.path, "ADMIN_REPOSITORIES"),)}, (19, 1), True),
        (PUSHED | {"entries": (NARROW,)}, (19, 1), False),
        (PUSHED | {"entries": ()}, (19, 1), False),
    ],
)
def test_who_may_push(scope: dict[str, Any], version: tuple[int, int], pushes: bool | None) -> None:
    """Both settings, the limit, and an entry with default permissions or the one for repositories."""
    target = allowing(*scope.get("entries", (entry("acme"),)))
    assert target.scope is not None
    facts = {key: value for key, value in scope.items() if key != "entries"}
    target = replace(target, archived=False, deletion="none", scope=replace(target.scope, **facts))
    assert may_push(TILL, target, version=version) is pushes
    assert may_push(TILL, replace(target, archived=True), version=version) is False
    assert may_push(TILL, replace(target, deletion="scheduled"), version=version) is False
    assert may_push(TILL, replace(target, deletion=None), version=version) is (pushes and None)


GONE_ROW = Scope(
    True,
    True,
    push=True,
    cross_project_push=True,
    entries=(AllowlistEntry("group", None, None),),
)


def test_no_release_lets_a_row_without_a_target_push() -> None:
    """Before 17.9 such a row may be one that the token cannot see, but nothing takes pushes then.

    From 19.0 on, when pushes began, it is one that was just deleted. So it never lets anybody
    push, whatever the release.
    """
    target = replace(SHOP, archived=False, deletion="none", scope=GONE_ROW)
    stranger = replace(TILL, path="partner/sdk", scope=Scope(None, None, None, None, None))
    for version in [(0, 0), (17, 8), (18, 5), (19, 0), (19, 1)]:
        assert may_push(stranger, target, version=version) is False
        assert reference.may_push(stranger, target, version) is False


@settings(max_examples=examples(400))
@given(
    st.data(),
    random.wanted,
    st.sampled_from([*random.VERSIONS, (0, 0)]),
    random.maybe,
)
def test_any_case_is_as_the_reference_says(
    data: st.DataObject, wanted: set[str], version: tuple[int, int], assumed: bool | None
) -> None:
    """Unread facts in every combination, every era, self access and strangers."""
    paths = st.sampled_from(random.PLACES)
    origin = data.draw(random.projects(data.draw(paths)))
    target = data.draw(random.projects(data.draw(paths)))
    if origin.path == target.path:
        target = origin
    decision = decide(origin, target, wanted, version=version, assume_fine_grained=assumed)
    assert decision.answer.value == reference.answer(origin, target, wanted, version, assumed)
    if decision.entry is not None:
        assert target.scope is not None
        assert decision.entry is nearest(target.scope.entries, origin)
    if origin is not target:
        pushes = may_push(origin, target, version=version)
        assert pushes is reference.may_push(origin, target, version)

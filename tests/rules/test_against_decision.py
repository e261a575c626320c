"""Rules on nested entries and on reach, compared with GitLab's decision on random allowlists."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from scopelint.access import POLICIES, Answer, decide
from scopelint.finding import Outcome
from scopelint.model import AllowlistEntry, Project, Scope
from scopelint.rule import Rule
from scopelint.snapshot.inventory import Inventory
from scopelint.testing import inventory, verdicts
from scopelint_rules.nearer_entry_overrides import NearerEntryOverrides
from scopelint_rules.reach_too_wide import ReachTooWide
from scopelint_rules.redundant_entry import RedundantEntry
from tests.examples import examples

GROUPS = ("a", "a/b", "a/b/c", "a/bb", "a/d", "z")
PROJECTS = tuple(f"{group}/p{number}" for group in GROUPS for number in (1, 2))
TARGET = "a/target"
VERSION = (18, 5)
WANTED = (frozenset[str](), *(frozenset({policy}) for policy in POLICIES))

policies = st.sampled_from(
    [None, (), ("READ_JOBS",), ("ADMIN_JOBS",), ("ADMIN_JOBS", "READ_JOBS"), ("READ_PACKAGES",)]
)
targets = st.sampled_from(
    [("group", path) for path in GROUPS] + [("project", path) for path in PROJECTS]
)
allowlists = st.dictionaries(targets, policies, max_size=7)


def described(allowlist: dict[tuple[str, str], tuple[str, ...] | None]) -> dict[str, Any]:
    """The inventory with this allowlist on its target."""
    entries = [
        {kind: path, "default_permissions": granted is None, "policies": granted or ()}
        for (kind, path), granted in allowlist.items()
    ]
    projects: dict[str, Any] = dict.fromkeys(PROJECTS)
    return {"projects": projects | {TARGET: {"entries": entries}}, "targets": ["a", "z"]}


def said(rule: Rule, observed: Inventory) -> Iterator[AllowlistEntry]:
    """The entries that a rule fails."""
    for _, verdict in verdicts(rule, observed):
        if verdict.outcome is Outcome.FAIL:
            assert verdict.entry is not None
            yield verdict.entry


def answers(target: Project, others: list[Project]) -> list[Answer]:
    """What GitLab says to each origin, for no policy and for each one."""
    return [
        decide(origin, target, wanted, version=VERSION).answer
        for origin in others
        for wanted in WANTED
    ]


def without(target: Project, entry: AllowlistEntry) -> Project:
    """The target after an entry was removed."""
    scope = target.scope
    assert isinstance(scope, Scope)
    left = tuple(each for each in scope.entries if each != entry)
    assert len(left) == len(scope.entries) - 1
    return replace(target, scope=replace(scope, entries=left))


@settings(max_examples=examples(60))
@given(allowlists)
def test_removing_a_redundant_entry_changes_no_answer(
    allowlist: dict[tuple[str, str], tuple[str, ...] | None],
) -> None:
    with inventory(described(allowlist)) as observed:
        projects = {project.path: project for project in observed.projects()}
        target, others = projects[TARGET], [projects[path] for path in PROJECTS]
        for entry in said(RedundantEntry(), observed):
            assert answers(without(target, entry), others) == answers(target, others)


@settings(max_examples=examples(60))
@given(allowlists)
def test_an_entry_that_overrides_lets_its_origin_do_more_than_the_one_above(
    allowlist: dict[tuple[str, str], tuple[str, ...] | None],
) -> None:
    with inventory(described(allowlist)) as observed:
        projects = {project.path: project for project in observed.projects()}
        target = projects[TARGET]
        for entry in said(NearerEntryOverrides(), observed):
            if entry.kind != "project":
                continue
            origin = [projects[str(entry.target_path)]]
            lost = [
                (before, after)
                for before, after in zip(
                    answers(target, origin),
                    answers(without(target, entry), origin),
                    strict=True,
                )
                if before is Answer.GRANTED and after is not Answer.GRANTED
            ]
            assert lost


@settings(max_examples=examples(60))
@given(allowlists)
def test_reach_counts_the_origins_that_get_in(
    allowlist: dict[tuple[str, str], tuple[str, ...] | None],
) -> None:
    with inventory(described(allowlist)) as observed:
        projects = {project.path: project for project in observed.projects()}
        let_in = sum(
            decide(projects[path], projects[TARGET], version=VERSION).answer is Answer.GRANTED
            for path in PROJECTS
        )
        found = {}
        for limit in range(1, len(PROJECTS) + 1):
            for path, verdict in verdicts(ReachTooWide({"max_projects": limit}), observed):
                if path == TARGET:
                    found[limit] = verdict
    assert all(verdict.outcome is not Outcome.UNKNOWN for verdict in found.values())
    failed = {limit for limit, verdict in found.items() if verdict.outcome is Outcome.FAIL}
    assert all(limit < let_in for limit in failed)
    assert all(found[limit].evidence["projects"] == let_in for limit in failed)
    assert all(
        found[limit].outcome is Outcome.PASS for limit in range(max(let_in, 1), len(PROJECTS) + 1)
    )

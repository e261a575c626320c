"""Generated projects: as many as asked, the same for the same seed."""

from scopelint_simulator import load_instance
from scopelint_simulator.instance import Instance

PART = {
    "under": "acme/bulk",
    "projects": 200,
    "groups": 20,
    "entries": 3,
    "open_share": 0.1,
    "seed": 7,
    "log": 2,
}


def build(**changes: object) -> Instance:
    return load_instance(
        {"groups": [{"path": "acme"}, {"path": "acme/bulk"}], "generate": [{**PART, **changes}]}
    )


def picture(instance: Instance) -> list[object]:
    return [
        (project.path, project.scope.inbound, project.scope.entries, project.scope.log)
        for project in instance.projects.values()
    ]


def test_counts() -> None:
    instance = build()
    assert len(instance.projects) == 200
    assert len(instance.groups) == 22
    assert {len(project.scope.entries) for project in instance.projects.values()} == {3}
    bulk = instance.group_at("acme/bulk")
    assert bulk is not None
    assert len(instance.tree(bulk.id)) == 200
    opened = sum(not project.scope.inbound for project in instance.projects.values())
    assert 5 <= opened <= 40


def test_the_seed_decides() -> None:
    assert picture(build()) == picture(build())
    assert picture(build()) != picture(build(seed=8))


def test_entries_are_valid_and_distinct() -> None:
    for project in build().projects.values():
        targets = [(entry.kind, entry.target) for entry in project.scope.entries]
        assert len(set(targets)) == len(targets)
        assert ("project", project.id) not in targets
        assert sum(row.origin == project.id for row in project.scope.log) == 1


def test_without_a_log_no_project_used_its_own_token() -> None:
    assert all(project.scope.log == () for project in build(log=0).projects.values())


def test_one_project_cannot_point_to_others() -> None:
    instance = build(projects=1, groups=0, entries=3)
    (project,) = instance.projects.values()
    assert [entry.kind for entry in project.scope.entries] == ["group"]


def test_many_projects() -> None:
    """Load tests need large instances: building them must stay linear."""
    instance = build(projects=20_000, groups=400)
    assert len(instance.projects) == 20_000
    assert len(instance.tree(1)) == 20_000

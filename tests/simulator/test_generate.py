"""Generated projects: as many as asked, the same for the same seed."""

from scopelint.simulator import load_estate
from scopelint.simulator.estate import Estate

PART = {
    "under": "acme/bulk",
    "projects": 200,
    "groups": 20,
    "entries": 3,
    "open_share": 0.1,
    "seed": 7,
    "log": 2,
}


def build(**changes: object) -> Estate:
    return load_estate(
        {"groups": [{"path": "acme"}, {"path": "acme/bulk"}], "generate": [{**PART, **changes}]}
    )


def picture(estate: Estate) -> list[object]:
    return [
        (project.path, project.scope.inbound, project.scope.entries, project.scope.log)
        for project in estate.projects.values()
    ]


def test_counts() -> None:
    estate = build()
    assert len(estate.projects) == 200
    assert len(estate.groups) == 22
    assert {len(project.scope.entries) for project in estate.projects.values()} == {3}
    bulk = estate.group_at("acme/bulk")
    assert bulk is not None
    assert len(estate.tree(bulk.id)) == 200
    opened = sum(not project.scope.inbound for project in estate.projects.values())
    assert 5 <= opened <= 40


def test_the_seed_decides() -> None:
    assert picture(build()) == picture(build())
    assert picture(build()) != picture(build(seed=8))


def test_entries_are_valid_and_distinct() -> None:
    for project in build().projects.values():
        targets = [(entry.kind, entry.target) for entry in project.scope.entries]
        assert len(set(targets)) == len(targets)
        assert ("project", project.id) not in targets
        assert all(row.origin != project.id for row in project.scope.log)


def test_one_project_cannot_point_to_others() -> None:
    estate = build(projects=1, groups=0, entries=3)
    (project,) = estate.projects.values()
    assert [entry.kind for entry in project.scope.entries] == ["group"]


def test_many_projects() -> None:
    """Load tests need large estates: building them must stay linear."""
    estate = build(projects=20_000, groups=400)
    assert len(estate.projects) == 20_000
    assert len(estate.tree(1)) == 20_000

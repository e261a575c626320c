"""The overview's part about who gets in from outside the top-level group."""

from typing import Any

from scopelint import engine
from scopelint.engine.shown_entries import MAX_ORIGINS, OutsidePart
from scopelint.testing import inventory


def outside_of(description: dict[str, Any]) -> dict[str, Any]:
    with inventory(description) as observed:
        found = engine.run(observed, []).overview
    assert found is not None
    return dict(found["outside"])


def test_an_origin_says_where_it_gets_in_since_when_and_when_last() -> None:
    found = outside_of(
        {
            "projects": {
                "acme/a/x": {
                    "entries": [
                        {
                            "group": "partner",
                            "added_by": "mia",
                            "created_at": "2024-05-01T00:00:00Z",
                        },
                        {"group": "acme/b"},
                    ],
                    "uses": [{"origin": "partner/sdk", "at": "2026-07-01T10:00:00Z"}],
                },
                "acme/b/y": {
                    "entries": [
                        {
                            "group": "partner",
                            "added_by": "tom",
                            "created_at": "2023-01-02T03:04:05Z",
                        }
                    ],
                },
            }
        }
    )
    assert found["total"] == 1
    (origin,) = found["origins"]
    assert (origin["path"], origin["kind"], origin["projects"]) == ("partner", "group", 2)
    assert origin["into"] == [[0, 1], [1, 1]]
    assert origin["since"] == "2023-01-02T03:04:05Z"
    assert origin["added_by"] == ["mia", "tom"]
    assert origin["last_used"] == "2026-07-01T10:00:00Z"


def test_what_lies_inside_is_no_origin_from_outside() -> None:
    """Neither the own top-level group, nor the project itself, nor a group whose name begins alike."""
    found = outside_of(
        {
            "projects": {
                "acme/x": {
                    "entries": [{"group": "acme"}, {"project": "acme/x"}, {"group": "acme-labs"}]
                }
            }
        }
    )
    assert [origin["path"] for origin in found["origins"]] == ["acme-labs"]


def test_the_list_is_cut_at_the_narrowest_and_says_how_many_there_are() -> None:
    entries = [{"group": f"out-{number:03}"} for number in range(MAX_ORIGINS - 50)]
    more = [{"group": f"far-{number:03}"} for number in range(150)]
    found = outside_of(
        {"projects": {"acme/x": {"entries": entries}, "acme/y": {"entries": [*more, entries[7]]}}}
    )
    assert found["total"] == MAX_ORIGINS + 100
    assert len(found["origins"]) == MAX_ORIGINS
    assert found["origins"][0]["path"] == "out-007"


def test_parts_that_are_judged_apart_add_up() -> None:
    description = {
        "projects": {
            "acme/x": {"entries": [{"group": "out"}, {"project": "far/p"}]},
            "acme/y": {"entries": [{"group": "out", "created_at": "2024-01-01T00:00:00Z"}]},
        }
    }
    with inventory(description) as observed:
        parts = []
        for number, project in enumerate(observed.projects()):
            parts.append(OutsidePart())
            parts[-1].add(project, number)
        whole = OutsidePart()
        for part in parts:
            whole.include(part)
        found = whole.data(observed)
    assert found["total"] == 2
    assert found["origins"][0]["into"] == [[0, 1], [1, 1]]


def test_the_allowlists_of_a_run_are_those_that_were_read() -> None:
    description = {
        "projects": {
            "acme/a": {"entries": [{"group": "acme"}, {"project": "acme/a"}]},
            "acme/dark": {"unreadable": "forbidden"},
            "acme/open": {"inbound_own": False, "inbound_effective": False},
        }
    }
    with inventory(description) as observed:
        lists = engine.run(observed, []).allowlists
        assert lists is not None
        found = {each.project.path: each for each in lists}
        assert list(found) == ["acme/a", "acme/open"]
        assert [entry.path for entry in found["acme/a"].entries] == ["acme"]
        assert (found["acme/a"].limit, found["acme/open"].limit) == (True, False)
        assert {each.project.path for each in lists} == set(found)  # walked once more

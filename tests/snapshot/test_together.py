"""Whole collections by different tokens are one inventory: what one read is known to all."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scopelint import engine
from scopelint.errors import SnapshotError
from scopelint.model import AllowlistEntry, Fact, Target
from scopelint.registry import find_rules
from scopelint.report import Report
from scopelint.rule import Policy
from scopelint.snapshot import Inventory, open_snapshots
from scopelint.testing import write
from scopelint.testing.specs import FINISHED, STARTED
from tests.cli.kit import call
from tests.examples import examples

ACME: dict[str, Any] = {
    "targets": ["acme"],
    "enforcement": "off",
    "groups": [{"path": "acme", "id": 1}, {"path": "acme/web", "id": 2}],
    "projects": {
        "acme/web/shop": {"id": 11, "entries": [{"project": "beta/sdk", "id": 21}]},
        "acme/web/open": {"id": 12, "inbound_own": False},
    },
    "gaps": [{"fact": "target", "reason": "not_visible", "project": "beta/sdk", "id": 21}],
    "resolved": [{"project": "beta/sdk", "id": 21, "visible": False}],
}
BETA: dict[str, Any] = {
    "targets": ["beta"],
    "enforcement": "off",
    "groups": [{"path": "beta", "id": 5}],
    "projects": {
        "beta/sdk": {"id": 21, "archived": True, "entries": [{"group": "acme/web", "id": 2}]},
    },
    "gaps": [{"fact": "target", "reason": "not_visible", "group": "acme/web", "id": 2}],
    "resolved": [{"group": "acme/web", "id": 2, "visible": False}],
    "started_at": STARTED + timedelta(hours=1),
    "finished_at": FINISHED + timedelta(hours=1),
}


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    return put(tmp_path, acme=ACME, beta=BETA)


def put(folder: Path, **described: dict[str, Any]) -> list[Path]:
    paths = []
    for name, each in described.items():
        path = folder / f"{name}.snapshot"
        write(each, path)
        paths.append(path)
    return paths


def entry(inventory: Inventory, project: int) -> AllowlistEntry:
    found = inventory.project(project)
    assert found is not None
    assert found.scope is not None
    return found.scope.entries[0]


def test_all_projects_groups_and_targets_are_one_inventory(files: list[Path]) -> None:
    with open_snapshots(files) as source:
        joined = Inventory(source)
        assert joined.scan.targets == ("acme", "beta")
        assert (joined.total, joined.read, joined.entry_count) == (3, 3, 2)
        assert joined.project_paths == ["acme/web/open", "acme/web/shop", "beta/sdk"]
        assert {group.path for group in joined.groups.values()} == {"acme", "acme/web", "beta"}
        assert (joined.scan.started_at, joined.as_of) == (STARTED, BETA["finished_at"])


def test_what_one_token_could_not_see_and_another_read_is_known(files: list[Path]) -> None:
    with open_snapshots(files[:1]) as source:
        alone = Inventory(source)
        assert alone.target(entry(alone, 11)) is None
        assert [gap.fact for gap in alone.gaps] == [Fact.TARGET]
    with open_snapshots(files) as source:
        joined = Inventory(source)
        found = joined.target(entry(joined, 11))
        assert isinstance(found, Target)
        assert (found.path, found.archived) == ("beta/sdk", True)
        group = joined.target(entry(joined, 21))
        assert group is not None
        assert group.path == "acme/web"
        assert joined.gaps == ()
        count = joined.project_count(entry(joined, 21))
        assert count is not None
        assert count.number == 2


def test_the_order_of_the_files_does_not_matter(files: list[Path]) -> None:
    assert findings(files) == findings(files[::-1])
    assert ("SL403", "acme/web/shop") in findings(files), "the archived target is known"


def findings(files: list[Path]) -> list[tuple[str, str]]:
    return [(f.rule, f.project.path if f.project else "") for f in judged(files).findings]


def judged(files: list[Path]) -> Report:
    rules = [found.cls(None, Policy()) for found in find_rules().values()]
    with open_snapshots(files) as source:
        return engine.run(Inventory(source), rules)


def test_where_two_read_the_same_project_the_newer_reading_counts_and_is_said(
    tmp_path: Path,
) -> None:
    newer = BETA | {
        "targets": ["beta", "acme/web"],
        "groups": [*BETA["groups"], {"path": "acme/web", "id": 2}],
        "projects": BETA["projects"] | {"acme/web/open": {"id": 12, "entries": []}},
    }
    paths = put(tmp_path, acme=ACME, beta=newer)
    for order in (paths, paths[::-1]):
        with open_snapshots(order) as source:
            joined = Inventory(source)
            project = joined.project(12)
            assert project is not None
            assert project.scope is not None
            assert project.scope.inbound_own is True
            assert (joined.total, joined.entry_count) == (3, 2)
            assert sum(number for _, _, number in source.inbound_flags()) == 3
            (said,) = [each for each in joined.scan.assumptions if each.what == "read twice"]
            assert said.value == "1 project: the newer reading counts"
    assert "newer reading counts" in call("check", *paths, "--exit-zero").out


def test_one_that_could_not_read_it_now_does_not_hide_what_was_read(tmp_path: Path) -> None:
    newer = BETA | {
        "targets": ["beta", "acme/web"],
        "projects": BETA["projects"] | {"acme/web/open": {"id": 12, "unreadable": "forbidden"}},
    }
    with open_snapshots(put(tmp_path, acme=ACME, beta=newer)) as source:
        joined = Inventory(source)
        assert (joined.read, joined.complete) == (3, True)
        project = joined.project(12)
        assert project is not None
        assert project.scope is not None
        assert project.scope.inbound_own is False


def test_the_completeness_of_each_stands(tmp_path: Path) -> None:
    broken = BETA | {"gaps": [{"fact": "enumeration", "reason": "timed_out", "group": "beta"}]}
    with open_snapshots(put(tmp_path, acme=ACME, beta=broken)) as source:
        assert not Inventory(source).complete
    unread = BETA | {"projects": {"beta/dark": {"id": 22, "unreadable": "forbidden"}}}
    with open_snapshots(put(tmp_path, a=ACME, b=unread)) as source:
        joined = Inventory(source)
        assert not joined.complete
        assert {gap.fact for gap in joined.gaps} >= {Fact.SCOPE, Fact.TARGET}


def test_projects_that_another_token_shows_are_not_hidden(tmp_path: Path) -> None:
    hiding = ACME | {"counted": {"acme": 3}, "gaps": [], "resolved": []}
    other = BETA | {
        "targets": ["acme/lab"],
        "groups": [{"path": "acme/lab", "id": 6}],
        "projects": {"acme/lab/x": {"id": 31}},
        "gaps": [],
        "resolved": [],
    }
    paths = put(tmp_path, acme=hiding, lab=other)
    with open_snapshots(paths[:1]) as source:
        assert Fact.COUNT in {gap.fact for gap in Inventory(source).gaps}
    with open_snapshots(paths) as source:
        assert Fact.COUNT not in {gap.fact for gap in Inventory(source).gaps}


def test_two_projects_of_one_path_are_a_gap_and_no_guess(tmp_path: Path) -> None:
    other = BETA | {
        "targets": ["acme/web"],
        "projects": {"acme/web/shop": {"id": 99}},
        "gaps": [],
        "resolved": [],
    }
    with open_snapshots(put(tmp_path, acme=ACME, web=other)) as source:
        joined = Inventory(source)
        assert not joined.complete
        (gap,) = [gap for gap in joined.gaps if gap.fact == Fact.ENUMERATION]
        assert "acme/web/shop is project 11 in one collection and 99 in another" in gap.detail


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"instance": "https://other.example.com"}, "different instances"),
        ({"version": "17.11.0-ee"}, "different GitLab releases"),
        ({"api": "rest"}, "different APIs"),
        ({"filters": {"exclude": ["x/**"]}}, "different filters"),
        ({"filters": {"usage": True}}, "different uses of the log"),
        ({"targets": ["ACME"]}, "both a whole collection of"),
    ],
)
def test_what_is_not_read_in_the_same_way_is_refused(
    tmp_path: Path, change: dict[str, Any], why: str
) -> None:
    paths = put(tmp_path, acme=ACME, beta=BETA | change)
    with pytest.raises(SnapshotError, match=why):
        open_snapshots(paths)
    call("check", *paths).expect(2, why)


def test_commands_take_collections_of_several_tokens(
    files: list[Path], tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = files[0].parent
    monkeypatch.chdir(tmp_path_factory.mktemp("work"))
    done = call("check", *files, "-f", "json", "-o", "r.json", "--exit-zero").expect(0)
    assert "acme, beta on https://gitlab.example.com" in done.err
    call("diff", folder, folder).expect(0)
    reach = call("reach", "beta/sdk", "--from", files[0], "--from", files[1]).expect(0)
    assert "acme/web/open" in reach.out
    plan = call("plan", *files, "-o", "p.json")
    assert plan.code in {0, 3}, plan.err
    assert Path("p.json").exists()
    lines = call("export", "jsonl", *files).expect(0).out
    assert "beta/sdk" in lines
    assert "acme/web/shop" in lines


PROJECTS = [f"{top}/{name}" for top in ("acme", "beta", "corp") for name in ("a", "b", "c")]


@settings(max_examples=examples(60), deadline=None, derandomize=True)
@given(
    st.dictionaries(
        st.sampled_from(PROJECTS),
        st.fixed_dictionaries(
            {
                "inbound_own": st.booleans(),
                "to": st.lists(st.sampled_from(PROJECTS), unique=True, max_size=3),
            }
        ),
        min_size=1,
    )
)
def test_collections_by_group_say_what_one_of_everything_says(facts: dict[str, Any]) -> None:
    """A token a top-level group, each blind for the others: together they see what one sees."""
    import tempfile

    numbers = {path: index for index, path in enumerate(PROJECTS, 100)}
    tops = sorted({path.partition("/")[0] for path in facts})
    groups = {top: index for index, top in enumerate(("acme", "beta", "corp"), 1)}

    def described(targets: list[str]) -> dict[str, Any]:
        here = {path: fact for path, fact in facts.items() if path.partition("/")[0] in targets}
        outside = {to for fact in here.values() for to in fact["to"] if to not in here}
        hidden = [{"project": to, "id": numbers[to], "visible": False} for to in outside]
        return {
            "targets": targets,
            "enforcement": "off",
            "groups": [{"path": top, "id": groups[top]} for top in targets],
            "projects": {
                path: {
                    "id": numbers[path],
                    "inbound_own": fact["inbound_own"],
                    "entries": [{"project": to, "id": numbers[to]} for to in fact["to"]],
                }
                for path, fact in here.items()
            },
            "resolved": hidden,
            "gaps": [
                {
                    "fact": "target",
                    "reason": "not_visible",
                    "project": each["project"],
                    "id": each["id"],
                }
                for each in hidden
            ],
        }

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(described(tops), folder / "whole")
        parts = [folder / top for top in tops]
        for top, path in zip(tops, parts, strict=True):
            write(described([top]), path)
        one, joined = judged([folder / "whole"]), judged(parts)
    assert list(joined.findings) == list(one.findings)
    assert joined.scan.gaps == one.scan.gaps
    assert joined.scan.projects == one.scan.projects
    assert joined.overview == one.overview
    assert isinstance(joined.scan.scan.finished_at, datetime)

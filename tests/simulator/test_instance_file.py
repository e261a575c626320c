"""Instance files: what they may hold, and that faults are named with their place."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scopelint.errors import ConfigError
from scopelint_simulator import load_instance
from tests.simulator.kit import INSTANCE

SMALL = "groups: [{path: a}]\nprojects:\n"


def faults(source: Any) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_instance(source)
    return [str(problem) for problem in caught.value.problems]


def test_numbers_paths_and_defaults() -> None:
    instance = load_instance(SMALL + "  - {path: a/b}\n  - {path: a/c, id: 7}\n")
    assert [project.path for project in instance.projects.values()] == ["a/b", "a/c"]
    assert instance.projects[8].scope.inbound
    assert instance.project_at("A/B") is instance.projects[8]
    assert instance.settings.version_text == "19.3.0"


@pytest.mark.parametrize(("version", "expected"), [("17.11.4", False), ("18.0.0", True)])
def test_enforcement_by_default_since_18_0(version: str, expected: bool) -> None:
    instance = load_instance({"gitlab": {"version": version}})
    assert instance.enforced() is expected


def test_enforcement_does_not_exist_below_17_6() -> None:
    assert not load_instance({"gitlab": {"version": "17.5.0", "enforce_inbound": True}}).enforced()


def test_unquoted_dates_are_utc() -> None:
    instance = load_instance(SMALL + "  - {path: a/b, created_at: 2025-01-02, "
                         "last_activity_at: 2025-01-02T03:04:05+02:00}\n")  # fmt: skip
    project = instance.projects[1]
    assert project.created_at == datetime(2025, 1, 2, tzinfo=UTC)
    assert project.last_activity_at == datetime(2025, 1, 2, 1, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize("days", [0, 1, 400, -3])
def test_dates_move_on_with_the_day_the_file_tells_of(days: int) -> None:
    """By whole days, so that a demo never grows old; a file without that day stays as it is."""
    today = datetime.now(UTC).date() - timedelta(days=days)
    text = f"gitlab: {{today: {today}}}\n" + SMALL
    made = datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)
    project = (
        "  - {path: a/b, created_at: 2025-01-02T03:04:05Z, marked_for_deletion_on: 2025-02-28}\n"
    )
    [moved] = load_instance(text + project).projects.values()
    [still] = load_instance(SMALL + project).projects.values()
    assert (moved.created_at, still.created_at) == (made + timedelta(days=days), made)
    assert moved.marked_for_deletion_on == date(2025, 2, 28) + timedelta(days=days)


@pytest.mark.parametrize("today", ["soon", "13", "[]"])
def test_a_day_that_is_none_is_a_fault_with_its_place(today: str) -> None:
    with pytest.raises(ConfigError, match=r"gitlab\.today"):
        load_instance(f"gitlab:\n  today: {today}\nprojects: []\n")


def test_parents_may_come_in_any_order() -> None:
    instance = load_instance({"groups": [{"path": "a/b/c"}, {"path": "a/b"}, {"path": "a"}]})
    deepest = instance.group_at("a/b/c")
    assert deepest is not None
    assert [group.path for group in instance.ancestors(deepest.id)] == ["a/b/c", "a/b", "a"]


def test_fault_names_file_line_and_column(tmp_path: Path) -> None:
    path = tmp_path / "e.yml"
    path.write_text(SMALL + "  - path: a/b\n    colour: red\n", encoding="utf-8")
    assert faults(path) == [f"{path}:4:5: projects[0].colour: unknown key"]


def test_unknown_target_is_named() -> None:
    text = SMALL + "  - path: a/b\n    scope:\n      allowlist:\n        - {project: a/x}\n"
    (fault,) = faults(text)
    assert fault.startswith(
        "instance:6:12: projects[0].scope.allowlist[0].project: unknown project"
    )


def test_all_faults_come_at_once() -> None:
    text = "users: [{username: u}, {username: u}]\nroles: [{user: v, on: zzz, role: owner}]\n"
    found = faults(text)
    assert len(found) == 3
    assert "unknown user 'v'" in "".join(found)
    assert "'zzz' is neither a group nor a project" in "".join(found)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("- 1\n- 2\n", "an instance is a mapping"),
        ("a: [\n", "not YAML"),
        ("a: !!python/object:os.system {}\n", "not YAML"),
        ("gitlab: {version: 19.3}\n", "gitlab.version"),
        ('gitlab: {version: "new"}\n', "is not a GitLab version"),
        ("groups: [{path: a/b}]\n", "its parent 'a' is no group"),
        ("groups: [{path: a}, {path: A}]\n", "is taken"),
        ("projects: [{path: x/y}]\n", "neither a group nor a personal namespace"),
        (SMALL + "  - {path: a/b, access_levels: {wiki: private}}\n", "no such feature"),
        (SMALL + "  - {path: a/b, scope: {allowlist: [{direction: inbound}]}}\n", "exactly one of"),
        (SMALL + "  - {path: a/b, scope: {allowlist: [{gone: group, direction: outbound}]}}\n", "outbound"),
        (SMALL + "  - {path: a/b, scope: {allowlist: [{group: a, permissions: [READ]}]}}\n", "no such job"),
        ("generate: [{under: nope, projects: 1}]\n", "unknown group 'nope'"),
        ("tokens: [{token: x, user: nobody}]\n", "unknown user 'nobody'"),
    ],
)  # fmt: skip
def test_faults(text: str, part: str) -> None:
    assert any(part in fault for fault in faults(text))


def test_policies_newer_than_the_version_are_a_fault() -> None:
    text = 'gitlab: {version: "18.5.0"}\n' + SMALL
    text += "  - {path: a/b, scope: {allowlist: [{group: a, permissions: [ADMIN_REPOSITORIES]}]}}\n"
    assert "ADMIN_REPOSITORIES does not exist in GitLab 18.5" in faults(text)[0]


def test_missing_file(tmp_path: Path) -> None:
    assert "cannot be read" in faults(tmp_path / "nothing.yml")[0]


def test_mapping_read_by_a_yaml_1_1_loader() -> None:
    instance = load_instance(
        {
            "users": [{"username": "u"}],
            "groups": [{"path": "a"}],
            "roles": [{"user": "u", True: "a", "role": "guest"}],
        }
    )
    assert instance.group_roles == {(1, 1): 10}


def test_outside_target_with_an_inside_id() -> None:
    text = SMALL + "  - {path: a/b, id: 5, scope: {allowlist: [{project: {id: 5, path: x/y}}]}}\n"
    assert "the project id 5 is taken" in faults(text)[0]


def test_the_example_and_the_tests_instance_load() -> None:
    from importlib.resources import as_file, files

    with as_file(files("scopelint_simulator") / "instances" / "example.yml") as path:
        assert len(load_instance(path).projects) == 8
    assert len(load_instance(INSTANCE.replace("{gitlab}", "{}")).projects) == 6

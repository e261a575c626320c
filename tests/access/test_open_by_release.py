"""What stays open to a token that is not let in: by release, by route, and past every token."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from scopelint.access import Answer, Decision, decide, decide_with_push
from scopelint.model import Project
from scopelint.versions import parse_version
from tests.access.instance_files import read

CASES = Path(__file__).parent / "cases"
DENIED, PARTIAL, UNKNOWN, GRANTED = Answer.DENIED, Answer.PARTIAL, Answer.UNKNOWN, Answer.GRANTED


def case(name: str) -> tuple[dict[str, Project], tuple[int, int]]:
    given: dict[str, Any] = yaml.safe_load((CASES / f"{name}.yml").read_text("utf-8"))
    return read(given), parse_version(given["gitlab"]["version"])


def asked(name: str, origin: str, target: str, *wanted: str) -> Decision:
    projects, version = case(name)
    return decide_with_push(projects[origin], projects[target], wanted, version=version)


def opened(decision: Decision) -> list[str]:
    return [part.name for part in decision.open_parts]


@pytest.mark.parametrize(
    ("wanted", "before", "after"),
    [
        ("READ_REPOSITORIES", DENIED, PARTIAL),
        ("READ_MERGE_REQUESTS", DENIED, PARTIAL),
        ("READ_DEPLOYMENTS", DENIED, PARTIAL),
        ("READ_WORK_ITEMS", DENIED, PARTIAL),
        ("READ_BADGES", DENIED, PARTIAL),
        ("READ_PIPELINES", PARTIAL, PARTIAL),
        ("READ_JOBS", PARTIAL, PARTIAL),
        ("READ_PACKAGES", PARTIAL, PARTIAL),
        ("READ_RELEASES", PARTIAL, PARTIAL),
        ("READ_ENVIRONMENTS", PARTIAL, PARTIAL),
        ("READ_SECURE_FILES", DENIED, DENIED),
        ("READ_TERRAFORM_STATE", DENIED, DENIED),
        ("ADMIN_PACKAGES", DENIED, DENIED),
    ],
)
def test_a_public_project_by_release(wanted: str, before: Answer, after: Answer) -> None:
    """18.9 opens less to a token without an entry than 19.1; between the two it is not known."""
    projects, _ = case("public")
    origin, target = projects["other/app"], projects["acme/lib"]
    versions = {(18, 9): before, (19, 1): after, (19, 3): after}
    versions |= dict.fromkeys([(18, 10), (19, 0), (0, 0)], before if before is after else UNKNOWN)
    for version, answer in versions.items():
        decision = decide(origin, target, [wanted], version=version)
        assert decision.answer is answer, version
        assert (answer is UNKNOWN) == bool(decision.missing)


def test_open_pipelines_of_a_package_are_no_list_of_pipelines() -> None:
    """A permission has several routes; which of them is open is said, by name and by route."""
    projects, _ = case("public")
    pair = projects["other/app"], projects["acme/lib"]
    assert opened(decide(*pair, ["READ_PIPELINES"], version=(18, 9))) == ["package_pipelines"]
    both = decide(*pair, ["READ_PIPELINES"], version=(19, 3))
    assert opened(both) == ["pipelines", "package_pipelines"]
    assert [part.data()["since"] for part in both.open_parts] == ["19.1", None]
    assert both.open_parts[0].data() == {
        "name": "pipelines",
        "text": "pipelines",
        "permission": "READ_PIPELINES",
        "features": ["builds", "repository"],
        "routes": ["GET /projects/:id/pipelines", "GET /projects/:id/pipelines/:pipeline_id"],
        "since": "19.1",
    }


def test_badges_are_open_on_public_projects_only() -> None:
    projects, _ = case("public")
    internal = replace(projects["acme/lib"], visibility="internal")
    decision = decide(projects["other/app"], internal, ["READ_BADGES"], version=(19, 3))
    assert decision.answer is DENIED


@pytest.mark.parametrize(
    ("target", "wanted", "recent", "older"),
    [
        ("a/links", "READ_RELEASES", ["release_links"], ["release_links"]),
        ("a/changelog", "READ_RELEASES", ["changelog"], []),
        ("a/pkgpipes", "READ_PIPELINES", ["package_pipelines"], ["package_pipelines"]),
        ("a/allopen", "READ_WORK_ITEMS", ["issues"], []),
        ("a/allopen", "READ_MERGE_REQUESTS", ["merge_requests"], []),
        ("a/anyone", "READ_PACKAGES", [], []),
    ],
)
def test_features_by_route(target: str, wanted: str, recent: list[str], older: list[str]) -> None:
    """A route is open where the features that it names are, whatever the permission's others."""
    for name, parts in (("visibility", recent), ("visibility-18.9", older)):
        decision = asked(name, "b/o", target, wanted)
        assert decision.answer is (PARTIAL if parts else DENIED)
        assert opened(decision) == parts


def test_a_listed_token_that_lacks_the_permission_finds_more_open_than_a_stranger() -> None:
    """On 18.9 an entry without the permission leaves open what no entry would close."""
    projects, _ = case("visibility-18.9")
    target = projects["a/allopen"]
    assert target.scope is not None
    pair = projects["b/o"], target
    for wanted in ("READ_REPOSITORIES", "READ_MERGE_REQUESTS", "READ_WORK_ITEMS"):
        assert decide(*pair, [wanted], version=(18, 9)).answer is DENIED
    entry = read(
        {
            "gitlab": {"version": "18.9.0", "enforce_inbound": False},
            "projects": [
                {"id": 10, "path": "b/o"},
                {
                    "id": 24,
                    "path": "a/allopen",
                    "visibility": "public",
                    "scope": {"allowlist": [{"project": "b/o", "permissions": []}]},
                },
            ],
        }
    )
    for wanted in ("READ_REPOSITORIES", "READ_MERGE_REQUESTS", "READ_WORK_ITEMS"):
        decision = decide(entry["b/o"], entry["a/allopen"], [wanted], version=(18, 9))
        assert decision.answer is PARTIAL


OPEN_REGISTRY = "open-registry-of-private-project"


def test_a_private_project_with_an_open_registry_is_refused_but_not_protected() -> None:
    """A job token is refused; anybody pulls the packages without one, and that is said."""
    decision = asked(OPEN_REGISTRY, "corp/apps/web", "corp/pkg/priv-pubreg", "READ_PACKAGES")
    assert decision.answer is DENIED
    assert decision.packages_without_token is True
    assert any("without any token" in note for note in decision.notes)
    projects, version = case(OPEN_REGISTRY)
    for levels, known in (({"package_registry": "private"}, False), (None, None), ({}, None)):
        target = replace(projects["corp/pkg/priv-pubreg"], access_levels=levels)
        decision = decide(projects["corp/apps/web"], target, version=version)
        assert decision.packages_without_token is known
        assert any("was not read" in note for note in decision.notes) == (known is None)


def test_package_routes_of_groups_are_named_wherever_the_limit_refuses() -> None:
    """They never ask the allowlist; a project without a registry, or a person's, has none."""
    projects, version = case(OPEN_REGISTRY)
    origin, target = projects["corp/apps/web"], projects["corp/pkg/fg"]
    said = "package routes of the groups above corp/pkg/fg never ask its allowlist"

    def notes(project: Project) -> str:
        return "; ".join(decide(origin, project, ["READ_JOBS"], version=version).notes)

    assert said not in notes(target)  # granted by its entry for the group
    closed = projects["corp/pkg/priv-pubreg"]
    said = "package routes of the groups above corp/pkg/priv-pubreg never ask its allowlist"
    assert said in notes(closed)
    assert "(where its package registry is on)" in notes(replace(closed, access_levels=None))
    assert said not in notes(replace(closed, access_levels={"package_registry": "disabled"}))
    assert said not in notes(replace(closed, personal=True))


def test_public_jobs_off_closes_jobs_to_strangers_before_19_1() -> None:
    """Since 19.1 a token of a Reporter of the target is let in, whatever the setting."""
    projects, version = case("public-jobs-off")
    pair = projects["corp/pub2"], projects["corp/pub"]
    assert decide(*pair, ["READ_JOBS"], version=version).answer is DENIED
    assert decide(pair[1], pair[0], ["READ_JOBS"], version=version).answer is PARTIAL
    assert decide(*pair, ["READ_JOBS"], version=(19, 0)).answer is UNKNOWN
    assert decide(*pair, ["READ_JOBS"], version=(19, 1)).answer is PARTIAL


PUSH = "ADMIN_REPOSITORIES"


@pytest.mark.parametrize(
    ("origin", "target", "answer", "said"),
    [
        ("corp/app", "corp/release-tool", GRANTED, ""),
        ("corp/docs", "corp/release-tool", GRANTED, ""),
        ("corp/ci", "corp/release-tool", DENIED, "not among them: ADMIN_REPOSITORIES"),
        ("corp/app", "corp/cross-only", DENIED, '"Allow Git push requests to the repository" is'),
        ("corp/app", "corp/cross-open", DENIED, "does not limit access"),
        ("corp/docs", "corp/docs", DENIED, '"Allow Git push requests to the repository" is off'),
        ("corp/release-tool", "corp/release-tool", GRANTED, ""),
    ],
)
def test_a_wanted_push_needs_the_switches_and_a_refusal_names_the_one(
    origin: str, target: str, answer: Answer, said: str
) -> None:
    """The permission alone lets nobody push; without another permission wanted nothing changes."""
    decision = asked("push-wanted-but-off", origin, target, PUSH)
    assert decision.answer is answer
    assert said in "; ".join(step.text for step in decision.steps)
    assert (decision.lacking == (PUSH,)) == (answer is DENIED)
    projects, version = case("push-wanted-but-off")
    plain = decide(projects[origin], projects[target], ["READ_JOBS"], version=version)
    assert asked("push-wanted-but-off", origin, target, "READ_JOBS") == plain


@pytest.mark.parametrize(
    ("version", "own", "cross"),
    [
        ((17, 1), DENIED, DENIED),
        ((17, 2), UNKNOWN, DENIED),
        ((18, 3), UNKNOWN, DENIED),
        ((18, 4), GRANTED, DENIED),
        ((19, 0), GRANTED, UNKNOWN),
        ((19, 1), GRANTED, GRANTED),
        ((0, 0), UNKNOWN, UNKNOWN),
    ],
)
def test_pushes_by_release(version: tuple[int, int], own: Answer, cross: Answer) -> None:
    """A feature flag decides about own pushes from 17.2 to 18.3, about others' in 19.0."""
    projects, _ = case("push-wanted-but-off")
    tool, app = projects["corp/release-tool"], projects["corp/app"]
    assert decide_with_push(tool, tool, [PUSH], version=version).answer is own
    decision = decide_with_push(app, tool, [PUSH], version=version)
    assert decision.answer is cross
    assert (cross is UNKNOWN) == bool(decision.missing)


def test_a_permission_to_administer_includes_reading_since_17_10() -> None:
    """In 17.7 to 17.9 the two are apart; where the version is not known, so is the answer."""
    instance = {
        "gitlab": {"version": "17.9.0", "enforce_inbound": False},
        "projects": [
            {"id": 1, "path": "a/o"},
            {
                "id": 2,
                "path": "a/t",
                "scope": {"allowlist": [{"project": "a/o", "permissions": ["ADMIN_JOBS"]}]},
            },
        ],
    }
    pair = read(instance)["a/o"], read(instance)["a/t"]
    answers = {(17, 9): DENIED, (17, 10): GRANTED, (18, 5): GRANTED, (0, 0): UNKNOWN}
    for version, answer in answers.items():
        decision = decide(*pair, ["READ_JOBS"], version=version, assume_fine_grained=True)
        assert decision.answer is answer, version


def test_a_permission_that_the_release_lacks_is_named() -> None:
    projects, _ = case("public")
    pair = projects["other/app"], projects["acme/lib"]
    for wanted, first in {
        "READ_PIPELINES": (17, 11),
        "ADMIN_REPOSITORIES": (19, 0),
        "READ_JOBS": (17, 7),
    }.items():
        before = (17, 4)
        said = f"has no permission {wanted}"
        assert any(said in note for note in decide(*pair, [wanted], version=before).notes)
        assert not any(said in note for note in decide(*pair, [wanted], version=first).notes)


def test_what_no_permission_governs_by_release() -> None:
    """The token exchange came with GitLab 19; group package routes hand out files, not only names."""
    projects, version = case(OPEN_REGISTRY)
    pair = projects["corp/apps/web"], projects["corp/pkg/fg"]
    for release, exchange in ((version, False), ((19, 3), True)):
        decision = decide(*pair, ["READ_JOBS"], version=release, assume_fine_grained=True)
        assert any("token exchange" in each for each in decision.ungoverned) == exchange
        assert any("PyPI" in each for each in decision.ungoverned)


def test_a_project_scheduled_for_deletion_starts_no_job_from_19_0() -> None:
    projects, _ = case("public")
    origin = replace(projects["other/app"], deletion="scheduled")
    for version, said in (((18, 9), False), ((19, 0), True)):
        decision = decide(origin, projects["acme/lib"], version=version)
        assert any("starts no job" in note for note in decision.notes) == said

"""`can-access` and `reach` of a GitLab: what the limit does not cover, for people and programs."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scopelint_simulator import Simulator, load_instance
from tests.cli.kit import call

INSTANCES = Path(__file__).parent / "instances"


@contextmanager
def served(name: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("GITLAB_TOKEN", "glpat-maint")
    with Simulator(load_instance(INSTANCES / f"{name}.yml")) as gitlab:
        yield gitlab.url


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("api", ["graphql", "rest"])
def test_a_private_project_with_an_open_registry(api: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The token is refused, but anybody pulls the packages without one."""
    pair = ("corp/apps/web", "corp/pkg/priv-pubreg")
    with served("open-registry-of-private-project", monkeypatch) as url:
        asked = (*pair, "--url", url, "--api", api)
        told = call("can-access", *asked).expect(1).out
        data = json.loads(call("can-access", *asked, "-f", "json").expect(1).out)
    assert "denied" in told
    assert "anybody may pull the packages of corp/pkg/priv-pubreg without any token" in told
    assert (data["answer"], data["open_parts"]) == ("denied", [])
    assert data["packages_without_token"] is True


@pytest.mark.usefixtures("place")
def test_reach_says_so_where_it_was_read_and_that_it_was_not_elsewhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with served("open-registry-of-private-project", monkeypatch) as url:
        call("collect", "corp", "--url", url, "--api", "rest", "-o", "known").expect(0)
        call("collect", "corp", "--url", url, "-o", "unknown").expect(0)
    for name, said, value in (
        ("known", "anybody may pull them without any token", True),
        ("unknown", "without any token was not read", None),
    ):
        asked = ("reach", "corp/pkg/priv-pubreg", "--from", name)
        assert said in call(*asked).out
        data = json.loads(call(*asked, "-f", "json").out)
        assert data["origins"]["packages_without_token"] is value


@pytest.mark.usefixtures("place")
def test_open_parts_are_data_by_route_and_permission(monkeypatch: pytest.MonkeyPatch) -> None:
    with served("open-registry-of-private-project", monkeypatch) as url:
        call("collect", "corp", "--url", url, "--api", "rest", "-o", "kept").expect(0)
    pair = ("corp/pkg/priv-pubreg", "corp/pkg/fg")
    denied = json.loads(call("can-access", *pair, "--from", "kept", "-f", "json").out)
    assert denied["open_parts"] == []
    reached = json.loads(call("reach", "corp/pkg/int", "--from", "kept", "-f", "json").out)
    names = {part["name"] for part in reached["origins"]["open_parts"]}
    assert "package_registry" not in names
    for part in reached["origins"]["open_parts"]:
        assert set(part) == {"name", "text", "permission", "features", "routes", "since"}


@pytest.mark.usefixtures("place")
def test_a_wanted_push_is_refused_naming_the_switch(monkeypatch: pytest.MonkeyPatch) -> None:
    with served("push-wanted-but-off", monkeypatch) as url:
        asked = ("--want", "ADMIN_REPOSITORIES", "--url", url)
        told = call("can-access", "corp/app", "corp/cross-only", *asked).expect(1).out
        assert '"Allow Git push requests to the repository" is off' in told
        own = call("can-access", "corp/docs", "corp/docs", *asked).expect(1).out
        assert '"Allow Git push requests to the repository" is off' in own
        call("can-access", "corp/app", "corp/release-tool", *asked).expect(0)

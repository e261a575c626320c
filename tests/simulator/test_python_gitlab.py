"""python-gitlab reads and writes the simulator as it is: a test for each of the seven routes."""

from collections.abc import Iterator

import gitlab
import pytest
from gitlab.v4.objects import Project

from tests.simulator import kit


@pytest.fixture
def world() -> Iterator[kit.World]:
    with kit.serve(enforce_inbound=False, root="/gitlab") as served:
        yield served


@pytest.fixture
def server(world: kit.World) -> Iterator[gitlab.Gitlab]:
    with gitlab.Gitlab(world.simulator.url, private_token="t-write") as server:
        yield server


@pytest.fixture
def shop(server: gitlab.Gitlab) -> Project:
    return server.projects.get(101, lazy=True)


def test_get_scope(shop: Project) -> None:
    """GET /projects/:id/job_token_scope (doc/api/project_job_token_scopes.md)."""
    scope = shop.job_token_scope.get()
    assert (scope.inbound_enabled, scope.outbound_enabled) == (True, False)


def test_patch_scope(shop: Project) -> None:
    """PATCH /projects/:id/job_token_scope."""
    scope = shop.job_token_scope.get()
    scope.enabled = False
    scope.save()
    scope.refresh()
    assert scope.inbound_enabled is False


def test_get_allowlist(shop: Project) -> None:
    """GET /projects/:id/job_token_scope/allowlist, page by page."""
    scope = shop.job_token_scope.get()
    listed = scope.allowlist.list(iterator=True, per_page=2)
    assert [row.get_id() for row in listed] == [101, 103, 201, 900]


def test_get_groups_allowlist(shop: Project) -> None:
    """GET /projects/:id/job_token_scope/groups_allowlist."""
    (row,) = shop.job_token_scope.get().groups_allowlist.list(get_all=True)
    assert (row.get_id(), row.name) == (11, "Web")


def test_post_allowlists(shop: Project) -> None:
    """POST …/allowlist and …/groups_allowlist."""
    scope = shop.job_token_scope.get()
    assert scope.allowlist.create({"target_project_id": 102}).get_id() == 102
    assert scope.groups_allowlist.create({"target_group_id": 12}).get_id() == 12
    with pytest.raises(
        gitlab.GitlabCreateError, match="already in the job token allowlist"
    ) as caught:
        scope.allowlist.create({"target_project_id": 102})
    assert caught.value.response_code == 400


def test_delete_allowlist(shop: Project) -> None:
    """DELETE …/allowlist/:target_project_id."""
    scope = shop.job_token_scope.get()
    scope.allowlist.delete(103)
    assert [row.id for row in scope.allowlist.list(get_all=True)] == [101, 201, 900]


def test_delete_groups_allowlist(shop: Project) -> None:
    """DELETE …/groups_allowlist/:target_group_id."""
    scope = shop.job_token_scope.get()
    scope.groups_allowlist.delete(11)
    assert scope.groups_allowlist.list(get_all=True) == []


def test_put_project(server: gitlab.Gitlab) -> None:
    """PUT /projects/:id (doc/api/projects.md)."""
    project = server.projects.get("acme/web/site")
    project.ci_push_repository_for_job_token_allowed = True
    project.save()
    again = server.projects.get(102)
    assert again.ci_push_repository_for_job_token_allowed is True


def test_groups_and_projects(server: gitlab.Gitlab) -> None:
    """doc/api/groups.md: a tree, its pages followed."""
    group = server.groups.get("acme")
    assert [item.full_path for item in group.descendant_groups.list(get_all=True)] == [
        "acme/lib",
        "acme/web",
    ]
    projects = group.projects.list(
        include_subgroups=True,
        with_shared=False,
        order_by="id",
        sort="asc",
        per_page=1,
        iterator=True,
    )
    assert [project.id for project in projects] == [101, 102, 103, 104]
    keyset = server.projects.list(
        iterator=True, pagination="keyset", order_by="id", sort="asc", per_page=2
    )
    assert [project.id for project in keyset] == [101, 102, 103, 104, 301]


def test_the_instance(server: gitlab.Gitlab) -> None:
    assert server.version() == ("19.3.0", "abc1234")
    server.auth()
    assert server.user is not None
    assert server.user.username == "bot"
    with pytest.raises(gitlab.GitlabGetError, match="403"):
        server.settings.get()


def test_errors(world: kit.World) -> None:
    with (
        gitlab.Gitlab(world.simulator.url, private_token="wrong") as server,
        pytest.raises(gitlab.GitlabAuthenticationError),
    ):
        server.projects.get(101)
    with gitlab.Gitlab(world.simulator.url, private_token="t-dev") as server:
        project = server.projects.get(101)
        with pytest.raises(gitlab.GitlabGetError) as caught:
            project.job_token_scope.get()
        assert caught.value.response_code == 403

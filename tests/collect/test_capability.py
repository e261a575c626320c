"""Capability is what the server lets through: told from answers, not from names and flags."""

from typing import Any

import pytest

from scopelint.collect.reader import TargetRef
from scopelint.collect.request import Api
from scopelint.collect.rest_decoding import group_path
from scopelint.errors import AuthenticationError, NothingScannedError, TargetNotFoundError
from scopelint.gitlab.own_token import OwnToken, own_token
from scopelint.model import Fact, Reason
from tests.collect.instances import ACME, APIS
from tests.collect.kit import ADMIN, PEOPLE, Scripted, collected, company, connect, head, serve

STRICT = (
    PEOPLE
    + head("19.3.0", enforce_inbound=False)
    + """
roles:
  - {user: bot, on: acme, role: maintainer}
groups:
  - {id: 10, path: acme}
  - {id: 11, path: acme/strict, requires_fine_grained: true}
projects:
  - {id: 101, path: acme/shop, scope: {allowlist: [{project: acme/tool, permissions: [READ_JOBS]}]}}
  - {id: 102, path: acme/tool}
  - {id: 103, path: acme/strict/app}
"""
)


# An administrator (A6)


@pytest.mark.parametrize("admin_mode", [False, True])
def test_an_administrator_over_rest_is_who_reads_the_settings(
    admin_mode: bool, caplog: pytest.LogCaptureFixture
) -> None:
    text = company(admin_mode=admin_mode).replace(
        "  - {user: dev, on: acme, role: developer}",
        "  - {user: dev, on: acme, role: developer}\n  - {user: root, on: acme/web, role: maintainer}",
    )
    with serve(text) as simulator:
        seen = collected(simulator.url, "instance", token=ADMIN, api="rest")
    assert seen.header.administrator is not admin_mode
    assert ("hidden/secret" in seen.projects) is not admin_mode
    assert ("admin_mode" in caplog.text) is admin_mode
    if admin_mode:
        assert set(seen.projects) == {path for path in ACME if path.startswith("acme/web/")}
        assert "only the projects it is a member of are read" in caplog.text


def test_an_administrator_held_back_who_is_no_member_reads_nothing_and_is_told() -> None:
    with serve(company(admin_mode=True)) as simulator, pytest.raises(NothingScannedError):
        collected(simulator.url, "instance", token=ADMIN, api="rest")


def test_admin_mode_does_not_hold_graphql_back() -> None:
    with serve(company(admin_mode=True, enforce_inbound=False)) as simulator:
        seen = collected(simulator.url, "instance", token=ADMIN)
    assert seen.header.administrator
    assert "hidden/secret" in seen.projects


# A fine-grained token (B3)


def test_one_project_that_wants_another_kind_of_token_is_that_projects_gap() -> None:
    with serve(STRICT) as simulator:
        seen = collected(simulator.url)
        rest = [kind for kind in simulator.counts if kind.startswith("rest:") and "scope" in kind]
    assert seen.header.api == "graphql"
    assert not [kind for kind in rest if "allowlist" in kind]
    [gap] = seen.gaps_of(Fact.SCOPE)
    assert (gap.subject_path, gap.reason) == ("acme/strict/app", Reason.FORBIDDEN)
    assert "requires a fine-grained personal access token" in gap.detail
    assert Fact.PERMISSIONS not in seen.header.unavailable
    scope = seen.projects["acme/shop"].scope
    assert scope is not None
    assert scope.entries[0].policies == ("READ_JOBS",)
    assert not seen.complete


def test_an_instance_that_wants_another_kind_of_token_is_a_gap_of_every_project() -> None:
    text = STRICT.replace("enforce_inbound: false", "enforce_inbound: false, requires_fine_grained: true")  # fmt: skip
    with serve(text) as simulator:
        seen = collected(simulator.url)
    assert seen.header.api == "graphql"
    assert {gap.reason for gap in seen.gaps_of(Fact.SCOPE)} == {Reason.FORBIDDEN}
    assert len(seen.gaps_of(Fact.SCOPE)) == 3
    assert not seen.complete


def test_the_token_is_asked_for_its_kind_only_where_something_refuses_it() -> None:
    asked = "rest:GET /personal_access_tokens/self"
    with serve(company()) as simulator:
        collected(simulator.url)
        assert simulator.counts[asked] == 0
    with serve(STRICT) as simulator:
        collected(simulator.url, page_size=1)
        assert simulator.counts[asked] == 1


SELF = b'{"scopes": ["granular"], "expires_at": "2027-01-31", "granular_scopes": [{"permissions": ["read_project"]}]}'
LACKS = b'{"error": "insufficient_granular_scope", "error_description": "Access denied"}'


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, SELF, OwnToken(("granular",), "2027-01-31", True, ("read_project",))),
        (200, b'{"scopes": ["read_api"], "expires_at": null}', OwnToken(("read_api",), None, False)),
        (200, b'{"scopes": "granular"}', OwnToken()),
        (200, b'{"scopes": [7]}', OwnToken()),
        (200, b"[]", OwnToken()),
        (403, LACKS, OwnToken(fine_grained=True)),
        (403, b'{"message": "403 Forbidden"}', OwnToken()),
        (404, b"{}", OwnToken()),
        (400, b'{"message": "Bad request"}', OwnToken()),
    ],
)  # fmt: skip
def test_what_a_token_says_of_itself(status: int, body: bytes, expected: OwnToken) -> None:
    with (
        Scripted(lambda *_: (status, {}, body)) as server,
        connect(server.url) as connection,
    ):
        assert own_token(connection) == expected


def test_a_token_that_is_refused_says_nothing_of_itself() -> None:
    def answer(*_: Any) -> tuple[int, dict[str, str], bytes]:
        return 401, {}, b'{"message": "401 Unauthorized"}'

    with (
        Scripted(answer) as server,
        connect(server.url) as connection,
        pytest.raises(AuthenticationError),
    ):
        own_token(connection)


# A user's namespace as target (D14)


@pytest.mark.parametrize("api", APIS)
def test_the_users_own_namespace_is_a_target_with_its_projects(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    with serve(company()) as simulator:
        seen = collected(simulator.url, "bot", api=api)
    assert set(seen.projects) == {"bot/own"}
    assert seen.header.targets == ("bot",)
    assert seen.complete
    assert not seen.groups
    assert not [record for record in caplog.records if record.levelname == "WARNING"]


@pytest.mark.parametrize("api", APIS)
def test_another_users_namespace_is_what_of_it_the_token_sees(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    text = company() + "  - {id: 303, path: mia/diary}\n"
    with serve(text) as simulator:
        seen = collected(simulator.url, "MIA", api=api)
        whole = collected(simulator.url, "mia", token=ADMIN, api=api)
    assert set(seen.projects) | {gap.subject_path for gap in seen.gaps} == {"mia/scratch"}
    assert "only those projects in it that this token sees" in caplog.text
    assert set(whole.projects) == {"mia/scratch", "mia/diary"}
    assert whole.complete


@pytest.mark.parametrize("api", APIS)
def test_a_users_namespace_that_was_called_a_group_is_named_for_what_it_is(api: Api) -> None:
    with serve(company()) as simulator:
        with pytest.raises(TargetNotFoundError, match="the namespace of a user, not a group") as e:
            collected(simulator.url, TargetRef("group", "mia"), api=api)
        assert "without --group" in e.value.hint
        with pytest.raises(TargetNotFoundError, match="not found or not visible"):
            collected(simulator.url, "nobody", api=api)


# Organizations


def test_projects_of_another_organization_are_read_through_their_group() -> None:
    text = (
        company(enforce_inbound=False)
        .replace("  - {id: 10, path: acme, name: Acme}", "  - {id: 10, path: acme, name: Acme, organization: other}")
    )  # fmt: skip
    with serve(company(enforce_inbound=False)) as simulator:
        plain = collected(simulator.url)
        once = simulator.counts["graphql:Scopes"]
    with serve(text) as simulator:
        seen = collected(simulator.url)
        groups = {path.rpartition("/")[0] for path in seen.projects}
        assert simulator.counts["graphql:Scopes"] == once + len(groups)
    assert seen.header.api == "graphql"
    assert set(seen.projects) == set(plain.projects)
    assert all(project.scope is not None for project in seen.projects.values())
    assert seen.complete


def test_further_pages_of_another_organizations_project_are_read_through_its_group() -> None:
    """A list of two pages: the second is asked for where the first was found."""
    origins = "".join(f"  - {{id: {2000 + i}, path: acme/p{i}}}\n" for i in range(130))
    entries = "".join(f"        - {{project: acme/p{i}}}\n" for i in range(130))
    text = f"""{PEOPLE}
{head("18.5.0", enforce_inbound=False)}
roles: [{{user: bot, on: acme, role: maintainer}}]
groups: [{{id: 10, path: acme, organization: other}}]
projects:
{origins}  - id: 9000
    path: acme/wide
    scope:
      allowlist:
{entries}"""
    with serve(text) as simulator:
        seen = collected(simulator.url, "acme/wide", api="graphql")
        assert simulator.counts["graphql:Rest"] == 2
    assert seen.entry_keys("acme/wide") == {f"project:{2000 + i}" for i in range(130)}
    assert seen.complete


def test_a_groups_address_may_name_its_organization() -> None:
    server = "https://gitlab.example.com/root"
    assert group_path(f"{server}/o/main/groups/acme/web", server) == "acme/web"
    assert group_path(f"{server}/groups/o/groups", server) == "o/groups"

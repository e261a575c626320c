"""A configuration as teams write it: variables, tfvars, locals, data sources, a module, for_each."""

from pathlib import Path

from scopelint.declared import DeclaredPolicy, DeclaredScope
from scopelint.terraform import read_sources

ESTATE = Path(__file__).parent / "estate"


def policy() -> DeclaredPolicy:
    return read_sources(ESTATE, "infra")


def scope(path: str) -> DeclaredScope:
    found = policy().scope(path)
    assert found is not None
    return found


def names(found: DeclaredScope) -> set[str]:
    return {name.key for name in (*(found.groups or ()), *(found.projects or ()))}


def test_a_team_with_groups_and_projects() -> None:
    shop = scope("acme/web/shop")
    assert shop.limit is True
    assert shop.enforce
    assert names(shop) == {"group:acme/web", "group:acme/platform", "project:42"}
    assert shop.unknown == ()


def test_defaults_of_optional_attributes_count() -> None:
    till = scope("acme/web/till")
    assert till.limit is False
    assert names(till) == {"group:acme/platform"}


def test_one_entry_leaves_the_rest_alone() -> None:
    deploy = scope("acme/platform/deploy")
    assert not deploy.enforce
    assert not deploy.says_limit
    assert names(deploy) == {"group:acme/platform"}


def test_what_only_terraform_knows_is_unknown_by_its_address() -> None:
    release = scope("acme/platform/release")
    assert names(release) == {"project:7"}
    [unknown] = release.unknown
    assert unknown.address == "gitlab_project_job_token_scopes.release.target_project_ids"
    assert unknown.why == "var.release_project_id has no default"
    assert (unknown.at.file, unknown.at.line) == ("infra/main.tf", 42)
    assert policy().unknowns() == (unknown,)


def test_findings_point_to_the_line_of_the_target() -> None:
    places = {name.key: str(name.at) for name in scope("acme/web/shop").projects or ()}
    assert places == {"project:42": "infra/terraform.tfvars:5"}


def test_nothing_is_wrong_with_it() -> None:
    assert policy().faults(()) == ()
    assert {str(each.name) for each in policy().subjects()} == {
        "acme/web/shop",
        "acme/web/till",
        "acme/platform/deploy",
        "acme/platform/release",
    }

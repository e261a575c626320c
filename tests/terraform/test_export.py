"""What `export terraform` writes is what the provider's documentation describes."""

from typing import Any

from hypothesis import given

from scopelint.export.policy_code import to_terraform
from scopelint.terraform import read_sources
from scopelint.testing import inventory
from tests.policy.inventories import inventories
from tests.terraform.written import blocks

SCHEMA = {
    "project": str,
    "enabled": bool,
    "target_group_ids": list,
    "target_project_ids": list,
}
"""docs/resources/project_job_token_scopes.md of release 19.1.0: the arguments and their types."""


@given(described=inventories())
def test_what_is_exported_fits_the_documented_schema(described: dict[str, Any]) -> None:
    with inventory(described) as observed:
        found = blocks(to_terraform(observed).text)
        numbers = {str(project.id) for project in observed.chosen_projects() if project.scope}
    resources = {labels: body for kind, labels, body in found if kind == "resource"}
    imports = [body for kind, _, body in found if kind == "import"]
    assert {kind for kind, _, _ in found} <= {"resource", "import"}
    assert len(resources) == len(imports)
    assert {body["project"] for body in resources.values()} <= numbers
    for (kind, name), body in resources.items():
        assert kind == "gitlab_project_job_token_scopes"
        assert {key: type(value) for key, value in body.items()} == SCHEMA
        assert body["project"].isdigit()
        ids = [*body["target_group_ids"], *body["target_project_ids"]]
        assert all(type(each) is int and each > 0 for each in ids)
        # An import names the resource, and the project as the provider's import does.
        assert {"to": f"{kind}.{name}", "id": body["project"]} in imports


def test_nothing_of_an_export_is_a_fault_or_unknown(tmp_path: Any) -> None:
    described = {
        "projects": {
            "acme/web/shop": {"entries": [{"group": "acme"}, {"project": "acme/x"}]},
            "acme/web/till": {"inbound_own": False, "inbound_effective": False},
        }
    }
    with inventory(described) as observed:
        (tmp_path / "scopes.tf").write_text(to_terraform(observed).text)
    policy = read_sources(tmp_path, "tf")
    assert len(policy.subjects()) == 2
    assert policy.faults(()) == ()
    assert policy.unknowns() == ()

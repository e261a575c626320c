"""A folder of sources: instances, variables, override files, modules, and what is refused."""

from pathlib import Path

import pytest

from scopelint.declared import DeclaredPolicy
from scopelint.errors import ConfigError
from scopelint.terraform import read_sources
from scopelint.yaml import MAX_BYTES

WHOLE = """resource "gitlab_project_job_token_scopes" "x" {
  project            = "acme/x"
  enabled            = true
  target_group_ids   = []
  target_project_ids = []
}
"""


def read(folder: Path, /, **files: str) -> DeclaredPolicy:
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_tf", ".tf").replace("_json", ".json")
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(text, encoding="utf-8")
    return read_sources(folder, "tf", within=folder)


def refused(folder: Path, /, **files: str) -> str:
    with pytest.raises(ConfigError) as caught:
        read(folder, **files)
    return str(caught.value)


def entry(head: str, project: str = '"acme/x"', target: str = "1") -> str:
    return (
        f'resource "gitlab_project_job_token_scope" "e" {{\n{head}\n'
        f"  project = {project}\n  target_group_id = {target}\n}}\n"
    )


def groups(policy: DeclaredPolicy, path: str = "acme/x") -> list[int | str]:
    found = policy.scope(path)
    return [] if found is None else [name.name for name in found.groups or ()]


def test_for_each_over_a_set_and_a_map(tmp_path: Path) -> None:
    head = "for_each = toset([5, 6])"
    assert groups(read(tmp_path, main_tf=entry(head, target="each.key"))) == [5, 6]
    head = '  for_each = { "acme/y" = 7, "acme/z" = 8 }'
    policy = read(tmp_path, main_tf=entry(head, "each.key", "each.value"))
    assert groups(policy, "acme/y") == [7]
    assert groups(policy, "ACME/z") == [8]


def test_count(tmp_path: Path) -> None:
    policy = read(tmp_path, main_tf=entry("  count = 3", target="count.index + 1"))
    assert groups(policy) == [1, 2, 3]
    assert read(tmp_path, main_tf=entry("  count = 0")).scope("acme/x") is None


@pytest.mark.parametrize("head", ["for_each = var.none", "count = var.none", 'for_each = "x"'])
def test_unknown_instances_are_the_resource_unknown(tmp_path: Path, head: str) -> None:
    policy = read(tmp_path, main_tf=entry(head))
    [unknown] = policy.unknowns()
    assert unknown.about == "resource"
    assert unknown.address == "gitlab_project_job_token_scope.e"
    assert unknown.at.line == 1


def test_one_key_that_is_not_known_leaves_the_others_known(tmp_path: Path) -> None:
    policy = read(tmp_path, main_tf=entry("for_each = toset([5, var.none])", target="each.key"))
    assert groups(policy) == [5]
    assert [each.about for each in policy.unknowns()] == ["resource"]


def test_a_project_by_number_by_path_and_by_what_terraform_makes(tmp_path: Path) -> None:
    made = (
        'resource "gitlab_project" "p" {\n  name = "P"\n  path = "p"\n'
        "  namespace_id = data.gitlab_group.g.id\n}\n"
        'data "gitlab_group" "g" { full_path = "acme/g" }\n'
    )
    assert groups(read(tmp_path, main_tf=entry("", "gitlab_project.p.id") + made), "acme/g/p") == [
        1
    ]
    assert groups(read(tmp_path, main_tf=entry("", '"acme%2Fq"')), "acme/q") == [1]
    policy = read(tmp_path, main_tf=entry("", "42"))
    found = policy.scope("any/path", 42)
    assert found is not None
    assert policy.scope("any/path", 43) is None


def test_a_project_that_is_not_known_is_the_resource_unknown(tmp_path: Path) -> None:
    policy = read(tmp_path, main_tf=entry("", "gitlab_project.none.id"))
    assert policy.subjects() == ()
    [unknown] = policy.unknowns()
    assert (unknown.about, unknown.why) == ("resource", "there is no such gitlab_project")


def test_what_is_not_given_is_unknown(tmp_path: Path) -> None:
    text = 'resource "gitlab_project_job_token_scopes" "x" { project = "acme/x" }\n'
    found = read(tmp_path, main_tf=text).scope("acme/x")
    assert found is not None
    assert {each.about for each in found.unknown} == {"limit", "group", "project"}
    assert found.limit is None
    assert not found.says_limit


def test_what_terraform_ignores_is_unknown(tmp_path: Path) -> None:
    inner = "  lifecycle {\n    ignore_changes = [target_group_ids]\n  }\n}\n"
    found = read(tmp_path, main_tf=WHOLE.removesuffix("}\n") + inner).scope("acme/x")
    assert found is not None
    [unknown] = found.unknown
    assert unknown.why == "lifecycle.ignore_changes leaves it as it is"
    assert found.limit is True


def test_variables_take_the_last_of_default_tfvars_and_auto_tfvars(tmp_path: Path) -> None:
    main = 'variable "g" { default = 1 }\n' + entry("", target="var.g")
    assert groups(read(tmp_path, main_tf=main)) == [1]
    (tmp_path / "terraform.tfvars").write_text("g = 2\n")
    assert groups(read(tmp_path, main_tf=main)) == [2]
    (tmp_path / "a.auto.tfvars.json").write_text('{"g": 3}')
    assert groups(read(tmp_path, main_tf=main)) == [3]
    (tmp_path / "b.auto.tfvars").write_text("g = 4\n")
    assert groups(read(tmp_path, main_tf=main)) == [4]


def test_an_override_file_takes_the_place_of_arguments(tmp_path: Path) -> None:
    over = 'resource "gitlab_project_job_token_scope" "e" { target_group_id = local.g }\n'
    main = entry("") + "locals { g = 3 }\n"
    policy = read(tmp_path, main_tf=main, override_tf=over, z_override_tf="locals { g = 9 }\n")
    assert groups(policy) == [9]


def test_two_resources_for_one_project_are_unknown_and_a_fault(tmp_path: Path) -> None:
    policy = read(tmp_path, main_tf=WHOLE + entry(""))
    found = policy.scope("acme/x")
    assert found is not None
    assert {each.about for each in found.unknown} == {"limit", "group", "project"}
    assert [fault.kind for fault in policy.faults(())] == ["conflict"]


def test_a_module_below_a_local_path(tmp_path: Path) -> None:
    call = 'module "m" {\n  source = "./m"\n  for_each = { y = 5 }\n  project = "acme/${each.key}"\n  g = each.value\n}\n'
    inner = 'variable "project" {}\nvariable "g" {}\n' + entry("", "var.project", "var.g")
    policy = read(tmp_path, main_tf=call, m__main_tf=inner)
    assert groups(policy, "acme/y") == [5]
    assert policy.entries()[0].at.file == "tf/main.tf"


def test_addresses_in_a_module(tmp_path: Path) -> None:
    call = 'module "m" {\n  source = "./m"\n  count = 1\n}\n'
    policy = read(tmp_path, main_tf=call, m__main_tf=entry("", target="var.none"))
    [unknown] = policy.unknowns()
    assert unknown.address == "module.m[0].gitlab_project_job_token_scope.e.target_group_id"
    assert unknown.at.file == "tf/m/main.tf"


@pytest.mark.parametrize("source", ['"acme/scope/gitlab"', '"git::https://x/y"', "var.s"])
def test_a_module_from_elsewhere_is_unknown(tmp_path: Path, source: str) -> None:
    policy = read(tmp_path, main_tf=f'module "m" {{ source = {source} }}\n')
    assert [(each.about, each.address) for each in policy.unknowns()] == [("resource", "module.m")]


def test_files_that_are_not_read_are_unknown(tmp_path: Path) -> None:
    policy = read(tmp_path, main_tf=WHOLE, more_tf_json="{}")
    [unknown] = policy.unknowns()
    assert (unknown.address, str(unknown.at.file)) == ("more.tf.json", "tf/more.tf.json")


def test_faults_of_arguments(tmp_path: Path) -> None:
    text = WHOLE.replace("enabled ", "enable  ").replace("= []", '= ["a"]', 1)
    policy = read(tmp_path, main_tf=text)
    faults = {fault.kind: fault for fault in policy.faults(())}
    assert set(faults) == {"unknown-key", "bad-value"}
    assert faults["unknown-key"].at.line == 3
    assert "enabled" in faults["unknown-key"].remediation
    assert faults["bad-value"].at.line == 4


def test_nothing_declared_is_said(tmp_path: Path) -> None:
    assert "nothing is declared" in read(tmp_path, main_tf="locals { a = 1 }\n").notes[0]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"main_tf": 'resource "x" {\n  a = = 1\n}\n'}, "tf/main.tf:2:7: this is not Terraform's"),
        ({"main_tf": "a = {\n"}, "tf/main.tf:"),
        ({"main_tf": "x = 1\x00\n"}, "tf/main.tf:1:6: character U+0000"),
        ({"main_tf": "a = " + "[" * 200 + "]" * 200}, "tf/main.tf:1:1: nested too deeply"),
        ({"readme": "x"}, "tf: there is no Terraform file"),
        ({"main_tf": 'module "m" { source = "../.." }\n'}, "tf/main.tf:1:1: ..: this leads out of"),
        ({"main_tf": 'module "m" { source = "./n" }\n'}, "tf/main.tf:1:1: tf/n: there is no such"),
        ({"main_tf": 'module "m" { source = "./" }\n'}, "there are too many modules"),
        ({"main_tf": "", "terraform.tfvars_json": "{"}, "tf/terraform.tfvars.json:1:2: this is no"),
        ({"main_tf": "", "terraform.tfvars_json": "[]"}, "are a JSON object"),
        ({"main_tf": "#" * (MAX_BYTES + 1)}, "tf/main.tf: the file is larger than 5 MB"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_refused(tmp_path: Path, files: dict[str, str], message: str) -> None:
    assert message in refused(tmp_path, **files)


@pytest.mark.slow
def test_values_that_grow_end(tmp_path: Path) -> None:
    """Each local doubles the one before."""
    lines = "\n".join(f"  l{n} = concat(local.l{n + 1}, local.l{n + 1})" for n in range(60))
    policy = read(
        tmp_path, main_tf=f"locals {{\n{lines}\n  l60 = [1]\n}}\n" + entry("", target="local.l0[0]")
    )
    assert [each.why for each in policy.unknowns()] == ["its value is too large"]
    loop = "[for a in range(9999) : [for b in range(9999) : b]]"
    assert "takes too much" in refused(tmp_path, main_tf=entry("", target=loop))


@pytest.mark.slow
def test_a_long_chain_of_values_ends(tmp_path: Path) -> None:
    lines = "\n".join(f"  l{n} = local.l{n + 1}" for n in range(3000))
    text = f"locals {{\n{lines}\n  l3000 = 1\n}}\n" + entry("", target="local.l0")
    assert "values refer to one another too deeply" in refused(tmp_path, main_tf=text)


def test_no_file_outside_is_read_by_a_link(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "out.tf").write_text(WHOLE)
    (root / "main.tf").symlink_to(tmp_path / "out.tf")
    assert "tf/main.tf: this leads out of" in refused(root)

"""What expressions of Terraform give, and what of them cannot be told."""

from pathlib import Path

import pytest

from scopelint.declared import DeclaredScope
from scopelint.terraform import read_sources

HEAD = 'resource "gitlab_project_job_token_scopes" "x" {\n  project = "acme/x"\n  enabled = true\n'


def read(folder: Path, groups: str, more: str = "") -> DeclaredScope:
    """Return what a resource declares whose list of groups is an expression."""
    text = f"{HEAD}  target_group_ids = {groups}\n  target_project_ids = []\n}}\n{more}\n"
    (folder / "main.tf").write_text(text, encoding="utf-8")
    found = read_sources(folder, "tf").scope("acme/x")
    assert found is not None
    return found


def values(found: DeclaredScope) -> list[int | str]:
    return [name.name for name in found.groups or ()]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("[1, 2,]", [1, 2]),
        ('["3"]', [3]),
        ("toset([1, 1, 2])", [1, 2]),
        ("[1 + 2 * 3]", [7]),
        ("[(1 + 2) * 3]", [9]),
        ("[9 - 2, 7 / 7, 9 % 5]", [7, 1, 4]),
        ("true ? [1] : [2]", [1]),
        ("!true || false ? [1] : [2]", [2]),
        ('1 < 2 && "a" != "b" ? [1] : [2]', [1]),
        ("[for n in [1, 2, 3] : n + 1 if n != 2]", [2, 4]),
        ("[for i, n in [5, 6] : n + i]", [5, 7]),
        ("values({ for n in [4, 5] : n => n * 2 })", [8, 10]),
        ('[length({ for n in ["a", "b"] : "k" => n... }.k)]', [2]),
        ("[local.m.a, local.m[\"b\"]]", [11, 12]),
        ("local.l[*].id", [21, 22]),
        ("local.l.*.id", [21, 22]),
        ("[local.l[1].id, local.l.0.id]", [22, 21]),
        ("concat(local.e, [1])", [1]),
        ("concat([[1], [2]]...)", [1, 2]),
        ("flatten([[1], [[2, 3]]])", [1, 2, 3]),
        ("setunion([1, 2], [2, 3])", [1, 2, 3]),
        ("setsubtract([1, 2], [2])", [1]),
        ("setintersection([1, 2], [2, 3])", [2]),
        ("[length([1, 2]), lookup({ a = 4 }, \"b\", 5)]", [2, 5]),
        ("[for p in setproduct([1, 2], [10]) : p[0] + p[1]]", [11, 12]),
        ("range(1, 4)", [1, 2, 3]),
        ("[element([1, 2], 3), one([7])]", [2, 7]),
        ('[tonumber("5"), coalesce(null, 6)]', [5, 6]),
        ('[for s in split(",", "1,2") : tonumber(trimspace(s))]', [1, 2]),
        ('contains(keys(local.m), "a") ? [1] : [2]', [1]),
        ("values(merge({ a = 1 }, { a = 2, b = 3 }))", [2, 3]),
        ("distinct(compact([\"1\", \"\", \"1\"]))", [1]),
        ('[data.gitlab_group.g.id, data.gitlab_group.n.id]', ["acme/g", 77]),
        ("[gitlab_group.made.id, gitlab_group.below.id]", ["acme", "acme/below"]),
        ('[for k in ["g"] : tonumber(data.gitlab_group.each[k].id)]', ["acme/g"]),
        ('["${data.gitlab_group.g.id}"]', ["acme/g"]),
        ("[module.m.number]", [99]),
    ],
)  # fmt: skip
def test_known(tmp_path: Path, expression: str, expected: list[int | str]) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "main.tf").write_text(
        'variable "n" { type = string }\noutput "number" { value = var.n + 1 }\n'
    )
    more = """
locals {
  m = { a = 11, "b" : 12 }
  l = [{ id = 21 }, { id = 22 }]
  e = []
}
data "gitlab_group" "g" { full_path = "acme/${lower("G")}" }
data "gitlab_group" "n" { group_id = 77 }
data "gitlab_group" "each" {
  for_each  = toset(["g"])
  full_path = "acme/${each.value}"
}
resource "gitlab_group" "made" {
  name = "Acme"
  path = "acme"
}
resource "gitlab_group" "below" {
  name      = "Below"
  path      = "below"
  parent_id = gitlab_group.made.id
}
module "m" {
  source = "./m"
  n      = 98
}
"""
    found = read(tmp_path, expression, more)
    assert found.unknown == ()
    assert values(found) == expected


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("var.none", "there is no variable none"),
        ("var.given", "var.given has no default"),
        ("var.secret", "var.secret is sensitive, so it is not read"),
        ("local.none", "there is no local.none"),
        ("local.a", "local.a refers to itself"),
        ("jsondecode(file(\"ids.json\"))", "the function jsondecode is not worked out here"),
        ("sensitive([1])", "the function sensitive is not worked out here"),
        ("concat([1], var.given)", "var.given has no default"),
        ("var.given == 1 ? [1] : [2]", "var.given has no default"),
        ("[for n in var.given : n]", "var.given has no default"),
        ("random_integer.x.result", "random_integer.x.result is known to Terraform alone"),
        ("[terraform.workspace]", "terraform.workspace is known to Terraform alone"),
        ("data.gitlab_group.n.full_path",
         "this attribute of the gitlab_group is known to GitLab alone"),
        ("module.far.ids", "module.far is not known: its source is no local folder"),
        ("[1, 2][5]", "it has no such attribute or item"),
        ("data.gitlab_group.n.id == 5 ? [1] : [2]", "two values cannot be compared"),
        ("[for n in range(1000000) : n]", "its value is too large"),
        ('"${local.l}x"', "Terraform refuses this expression"),
    ],
)  # fmt: skip
def test_unknown(tmp_path: Path, expression: str, why: str) -> None:
    more = """
variable "given" {}
variable "secret" {
  default   = [1]
  sensitive = true
}
locals {
  a = local.b
  b = local.a
  l = [1]
}
data "gitlab_group" "n" { group_id = 77 }
module "far" { source = "acme/ids/gitlab" }
"""
    found = read(tmp_path, expression, more)
    [unknown] = found.unknown
    assert unknown.about == "group"
    assert unknown.address == "gitlab_project_job_token_scopes.x.target_group_ids"
    assert why in unknown.why
    assert unknown.at.file == "tf/main.tf"


def test_one_item_that_is_not_known_leaves_the_others_known(tmp_path: Path) -> None:
    found = read(tmp_path, "[1, var.given, 3]", 'variable "given" {}')
    assert values(found) == [1, 3]
    assert len(found.unknown) == 1


def test_text_is_read_as_terraform_reads_it(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "[data.gitlab_group.a.id, data.gitlab_group.b.id]",
        'data "gitlab_group" "a" { full_path = "acme/\\u0061b" }\n'
        'data "gitlab_group" "b" { full_path = trimspace(<<-EOT\n    acme/h\n  EOT\n  ) }\n',
    )
    assert values(found) == ["acme/ab", "acme/h"]

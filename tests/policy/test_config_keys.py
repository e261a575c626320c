"""`policy:` and `declared:` of scopelint.yml: where the policy comes from, and what is refused."""

from pathlib import Path

import pytest

from scopelint.config import FoundConfig
from scopelint.config.load import load_config
from scopelint.declared import DeclaredAt
from scopelint.errors import ConfigError
from scopelint.yaml import MAX_BYTES

GITLABFORM = """\
config_version: 4
projects_and_groups:
  acme/*:
    job_token_scope:
      limit_access_to_this_project: false
"""


def write(folder: Path, text: str, name: str = "scopelint.yml") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def faults(folder: Path, text: str, *, found: bool = False) -> list[str]:
    path = write(folder, text)
    where = FoundConfig(path, folder, "scopelint.yml") if found else path
    with pytest.raises(ConfigError) as caught:
        load_config(where, [])
    return [f"{problem.line}: {problem.message}" for problem in caught.value.problems]


def test_gitlabform_config_is_named_from_the_file_that_names_it(tmp_path: Path) -> None:
    write(tmp_path, GITLABFORM, "sub/config.yml")
    write(tmp_path, "policy: {gitlabform: config.yml, archived: include}\n", "sub/base.yml")
    path = write(tmp_path, "extends: [sub/base.yml]\n")
    policy = load_config(FoundConfig(path, tmp_path, "scopelint.yml"), []).declared
    assert policy is not None
    assert policy.include_archived
    scope = policy.scope("acme/x")
    assert scope is not None
    assert scope.limit is False
    assert scope.limit_at == DeclaredAt("sub/config.yml", 5)


def test_own_section(tmp_path: Path) -> None:
    text = "declared:\n  projects_and_groups:\n    acme/*:\n      job_token_scope:\n        allowlist: {groups: [acme]}\n"
    policy = load_config(write(tmp_path, text), []).declared
    assert policy is not None
    assert not policy.include_archived
    scope = policy.scope("acme/x")
    assert scope is not None
    assert scope.groups is not None
    assert [str(name.at).rpartition("/")[2] for name in scope.groups] == ["scopelint.yml:5"]


def test_no_policy(tmp_path: Path) -> None:
    assert load_config(write(tmp_path, "profile: strict\n"), []).declared is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("policy: {gitlabform: ../config.yml}\n", "1: this leads out of"),
        ("policy: {gitlabform: /etc/config.yml}\n", "1: an absolute path is not allowed here"),
        ("policy: {gitlabform: link.yml}\n", "1: this leads out of"),
        ("policy: {gitlabform: none.yml}\n", "1: none.yml: there is no such file"),
        ("policy: {gitlabform: big.yml}\n", "1: big.yml: the file is larger than 5 MB"),
        ("policy: {gitlabform: .}\n", "this is a folder"),
        ("policy: {gitlabform: ''}\n", "1: this must not be empty"),
        ("policy: {gitlabfrom: config.yml}\n", '1: unknown key "gitlabfrom"'),
        ("declared: {}\n", "projects_and_groups"),
        ("declared: {projects_and_groups: {}}\n", "1: this must not be empty"),
        ("declared:\n", "1: there is no value here"),
    ],
)
def test_refused_in_a_found_config(tmp_path: Path, text: str, message: str) -> None:
    root = tmp_path / "root"
    root.mkdir()
    write(tmp_path, GITLABFORM, "config.yml")
    (root / "link.yml").symlink_to(tmp_path / "config.yml")
    write(root, "#" * (MAX_BYTES + 1), "big.yml")
    [first, *_] = faults(root, text, found=True)
    assert message in first


def test_a_config_named_by_the_user_may_name_any_file(tmp_path: Path) -> None:
    write(tmp_path, GITLABFORM, "config.yml")
    path = write(tmp_path, "policy: {gitlabform: ../config.yml}\n", "root/scopelint.yml")
    assert load_config(path, []).declared is not None


def test_faults_of_both_files_come_at_once(tmp_path: Path) -> None:
    write(tmp_path, "config_version: 2\nprojects_and_groups: {a/*: {}}\n", "config.yml")
    said = faults(tmp_path, "policy: {gitlabform: config.yml}\nprofil: strict\n")
    assert any("config_version: 4" in each for each in said)
    assert any("profil" in each for each in said)


def test_own_section_and_a_gitlabform_config_exclude_each_other(tmp_path: Path) -> None:
    write(tmp_path, GITLABFORM, "config.yml")
    text = "policy: {gitlabform: config.yml}\ndeclared: {projects_and_groups: {a/*: {}}}\n"
    assert faults(tmp_path, text) == ["1: policy.gitlabform and declared are both given"]


OWN = "declared: {projects_and_groups: {a/*: {job_token_scope: %s}}}\n"


@pytest.mark.parametrize(
    "section",
    [
        "{limit_acces: true}",
        "{limit_access_to_this_project: yes}",
        "{allowlist: }",
        "{allowlist: {enforce: no}}",
        "{allowlist: {groups: acme}}",
        "{allowlist: {groups: [1.5]}}",
        "{inherit: true}",
        "{allow_push_repository_for_job_token: yes}",
        "{allowlist: {groups: ['https://gitlab.example.com/groups/acme']}}",
    ],
)
def test_own_section_is_strict(tmp_path: Path, section: str) -> None:
    assert faults(tmp_path, OWN % section)

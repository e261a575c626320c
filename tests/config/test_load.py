import json
from collections.abc import Iterable
from datetime import date
from itertools import combinations
from pathlib import Path
from typing import Any, Self

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import field_validator, model_validator

from scopelint.config import CONFIG_NAMES, Config, FoundConfig, find_config
from scopelint.config.load import config_from, load_config
from scopelint.config.schema import config_schema
from scopelint.errors import ConfigError, ExitCode, PluginError
from scopelint.finding import Severity
from scopelint.globs import GlobSet
from scopelint.owners import Owner
from scopelint.project_pattern import ProjectPattern
from scopelint.rule import Boundary, RuleOptions
from scopelint.yaml import load, to_python
from tests.config.samples import BAD, GOOD, RULES, Broad, BroadOptions, SampleRule
from tests.examples import examples


def read(text: str) -> Config:
    return config_from(load(text, "scopelint.yml", partial=True), RULES)


def valid_by_schema(text: str) -> bool:
    schema = config_schema(RULES)
    return jsonschema.Draft202012Validator(schema).is_valid(to_python(load(text).root))


@pytest.mark.parametrize("name", GOOD)
def test_good_config_is_read_and_fits_the_schema(name: str) -> None:
    assert read(GOOD[name]).places
    assert valid_by_schema(GOOD[name])


@pytest.mark.parametrize("name", BAD)
def test_bad_config_is_refused_at_its_place_and_by_the_schema(name: str) -> None:
    text, expected = BAD[name]
    with pytest.raises(ConfigError) as caught:
        read(text)
    assert caught.value.exit_code is ExitCode.USAGE
    problems = caught.value.problems
    assert [(p.line, p.column) for p in problems] == [(e[0], e[1]) for e in expected]
    for problem, (line, _, message, hint) in zip(problems, expected, strict=True):
        assert message in problem.message
        assert hint in problem.hint
        assert problem.source == "scopelint.yml"
        assert str(problem).startswith(f"scopelint.yml:{line}:")
        assert len(problem.excerpt) <= 80
    assert not valid_by_schema(text)


def test_the_schema_is_valid_and_describes_the_options() -> None:
    schema = config_schema(RULES)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    options = schema["$defs"]["SL302-options"]["properties"]["max_projects"]
    assert options["default"] == 50
    assert options["description"] == "The most projects of one entry."
    by_name = schema["properties"]["rules"]["properties"]["group-entry-too-broad"]
    assert by_name == {"$ref": "#/$defs/SL302-options"}
    assert "default" not in schema["$defs"]["GitLabSection"]["properties"]["url"]
    assert json.loads(json.dumps(schema)) == schema
    for key, value in schema["properties"].items():
        assert value.get("description"), key


def test_the_schema_without_rules_is_valid() -> None:
    jsonschema.Draft202012Validator.check_schema(config_schema(()))


def test_all_faults_of_all_kinds_come_at_once_in_file_order() -> None:
    text = (
        "rules:\n  SL302: {max_projects: no}\n"
        "gate: {}\n"
        "gate: {}\n"
        "ignore: [SL777, !foo SL101]\n"
        "2: x\n"
        "<<: {}\n"
        "profil: x\n"
    )
    with pytest.raises(ConfigError) as caught:
        read(text)
    places = [(p.line, p.column) for p in caught.value.problems]
    assert places == [(2, 25), (4, 1), (5, 10), (5, 17), (6, 1), (7, 1), (8, 1)]
    assert "is given twice" in caught.value.problems[1].message
    assert "a key must be text" in caught.value.problems[4].message
    assert "merge keys" in caught.value.problems[5].message


def test_values_and_their_places() -> None:
    config = read(
        "gitlab:\n  url: https://gitlab.example.com\n  targets: [acme, 42]\n"
        "severity: {SL3: low, SL305: high}\n"
        "rules: {group-entry-too-broad: {max_projects: 7, names: [a, b], share: 1}}\n"
        "trusted: ['shared/**']\nselect: [SL]\nignore: [SL101]\ngate: {fail_on: low}\n"
    )
    assert config.url == "https://gitlab.example.com"
    assert config.targets == ("acme", "42")
    assert config.profile == "default"
    assert config.select == ("SL",)
    assert config.model.ignore == ("SL101",)
    assert config.trusted.matches("shared/x")
    assert config.fail_on == "low"
    assert config.options == {"SL302": BroadOptions(max_projects=7, names=("a", "b"), share=1.0)}
    assert Broad(config.options["SL302"]).options.max_projects == 7
    assert config.severity == {
        "SL302": Severity.LOW,
        "SL305": Severity.HIGH,
        "SL307": Severity.LOW,
    }
    assert str(config.place("gitlab", "targets", 1)) == "scopelint.yml:3:19"
    assert config.place("profile") is None


def test_what_no_api_shows_and_the_boundaries() -> None:
    config = read(GOOD["boundaries"] + "assume: {fine_grained: off}\n")
    assert config.assume_fine_grained is False
    assert read(GOOD["assume"]).assume_fine_grained is True
    assert read(GOOD["assume nothing"]).assume_fine_grained is None
    assert config.boundaries == (
        Boundary("production", GlobSet(["acme/prod/**"]), GlobSet(["acme/deploy/**"])),
        Boundary("vault", GlobSet(["acme/vault"]), GlobSet()),
    )
    assert str(config.place("boundaries", 1, "name")) == "scopelint.yml:3:12"


def test_two_boundaries_never_share_a_name() -> None:
    boundary = "{name: a, projects: [x], allow_from: []}"
    with pytest.raises(ConfigError, match=r'3:12: two boundaries are called "a"') as caught:
        read(f"boundaries:\n  - {boundary}\n  - {boundary}\n")
    assert "line 2" in caught.value.problems[0].hint


def test_overrides_by_code() -> None:
    first, second = read(GOOD["overrides"]).overrides
    assert first.projects == GlobSet(["acme/sandbox/**", "**/toys"])
    assert first.ignore == {"SL101", "SL302", "SL305", "SL307"}
    assert not first.select
    assert not first.severities
    assert not first.options
    assert second.select == frozenset({"SL307"})
    assert not second.ignore
    assert second.severities == {
        "SL302": Severity.LOW,
        "SL305": Severity.CRITICAL,
        "SL307": Severity.LOW,
    }
    assert second.options == {"SL302": {"max_projects": 3}}
    assert second.place == "scopelint.yml:4:5"


def test_an_override_holds_only_what_it_names_and_fits_what_holds_elsewhere() -> None:
    text = (
        "rules: {SL302: {max_projects: 3, names: [x]}}\n"
        "overrides: [{projects: [a], rules: {group-entry-too-broad: {names: [], exact: true}}}]\n"
    )
    [override] = read(text).overrides
    assert override.options == {"SL302": {"names": (), "exact": True}}


@pytest.mark.parametrize("outer", ["low: 5", "high: 5"])
def test_the_options_of_an_override_are_judged_with_those_of_all_projects(outer: str) -> None:
    class Ordered(RuleOptions):
        low: int = 1
        high: int = 9

        @model_validator(mode="after")
        def _in_order(self) -> Self:
            if self.low > self.high:
                raise ValueError("low is above high")
            return self

    class Range(SampleRule):
        code = "SL398"
        name = "in-range"
        Options = Ordered

    def overridden(inner: str) -> Config:
        text = f"rules: {{SL398: {{{outer}}}}}\noverrides: [{{projects: [a], rules: {{SL398: {{{inner}}}}}}}]\n"
        return config_from(load(text, "c.yml", partial=True), [Range])

    if outer == "low: 5":
        assert overridden("high: 6").overrides[0].options == {"SL398": {"high": 6}}
        with pytest.raises(ConfigError, match=r"c\.yml:2:44: low is above high"):
            overridden("high: 4")
    else:
        with pytest.raises(ConfigError, match=r"c\.yml:2:44: low is above high"):
            overridden("low: 6")


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "---\n"])
def test_an_empty_config_is_all_defaults(text: str) -> None:
    config = read(text)
    assert (config.url, config.targets, config.select, config.fail_on) == (None, (), None, "medium")
    assert not config.discovered
    assert config.model == Config().model


def test_yaml_11_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"1:1: scopelint.yml is read as YAML 1\.2"):
        read("%YAML 1.1\n---\nprofile: strict\n")


def test_a_value_of_a_rule_s_own_validator_is_placed() -> None:
    with pytest.raises(ConfigError, match=r":1:25: the name reserved is reserved") as caught:
        read("rules: {SL302: {names:  [reserved]}}\n")
    assert len(caught.value.problems) == 1


def test_a_secret_is_not_repeated() -> None:
    with pytest.raises(ConfigError) as caught:
        read("gitlab:\n  token: hunter2hunter2\nprofile: glpat-abcdefghijklmnop\n")
    told = str(caught.value) + repr(caught.value.problems)
    assert "hunter2" not in told
    assert "abcdefgh" not in told
    assert "[hidden]" in told


def test_a_crashing_option_validator_is_the_rule_s_fault() -> None:
    class Crashing(RuleOptions):
        x: int = 1

        @field_validator("x")
        @classmethod
        def _crash(cls, value: int) -> int:
            raise KeyError("boom")

    class Crasher(SampleRule):
        code = "SL399"
        name = "crasher"
        Options = Crashing

    document = load("rules: {SL399: {x: 2}}\n", "scopelint.yml")
    with pytest.raises(PluginError, match=r"SL399 \(crasher\).*KeyError"):
        config_from(document, [Crasher])


# Files -------------------------------------------------------------------------------------


def make(path: Path, text: str = "profile: strict\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_load_config_names_the_file(tmp_path: Path) -> None:
    path = make(tmp_path / "c.yml", "profile: strickt\n")
    with pytest.raises(ConfigError) as caught:
        load_config(path, RULES)
    assert str(caught.value).startswith(f"{path}:1:10: ")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32", "utf-8"])
def test_load_config_reads_by_the_byte_order_mark(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "c.yml"
    path.write_bytes("trusted: ['é/**']\n".encode(encoding))
    config = load_config(path, RULES)
    assert config.trusted.patterns == ("é/**",)
    assert config.source == path
    assert not config.discovered


def test_load_config_refuses_what_is_no_file(tmp_path: Path) -> None:
    for path, reason in ((tmp_path, "a folder"), (tmp_path / "x.yml", "no such file")):
        with pytest.raises(ConfigError, match=reason):
            load_config(path, RULES)


@pytest.mark.parametrize("marker", ["folder", "file"])
def test_find_config_goes_up_to_the_git_root_and_no_further(tmp_path: Path, marker: str) -> None:
    tmp_path = tmp_path.resolve()
    make(tmp_path / "scopelint.yml")
    repo = tmp_path / "repo"
    deep = repo / "a" / "b"
    deep.mkdir(parents=True)
    if marker == "folder":
        (repo / ".git").mkdir()
    else:
        make(repo / ".git", "gitdir: elsewhere")
    assert find_config(deep) is None
    path = make(repo / ".gitlab" / "scopelint.yml")
    found = find_config(deep)
    assert found == FoundConfig(path, repo, "../../.gitlab/scopelint.yml")
    nearer = make(repo / "a" / ".scopelint.yml")
    found = find_config(deep)
    assert found is not None
    assert found.path == nearer
    config = load_config(found, RULES)
    assert config.discovered
    assert config.root == repo
    assert config.place("profile") is not None


def test_find_config_outside_git_looks_at_the_start_alone(tmp_path: Path) -> None:
    make(tmp_path / "scopelint.yml")
    inner = tmp_path / "inner"
    inner.mkdir()
    assert find_config(inner) is None
    found = find_config(tmp_path)
    assert found is not None
    assert found.root == tmp_path.resolve()


@pytest.mark.parametrize("name", CONFIG_NAMES)
def test_each_name_of_a_config_is_found(tmp_path: Path, name: str) -> None:
    make(tmp_path / name)
    found = find_config(tmp_path)
    assert found is not None
    assert (found.name, found.path) == (name, tmp_path.resolve() / name)


@pytest.mark.parametrize(("one", "other"), list(combinations(CONFIG_NAMES, 2)))
def test_two_configs_in_one_folder_are_refused_and_both_named(
    tmp_path: Path, one: str, other: str
) -> None:
    make(tmp_path / one)
    make(tmp_path / other)
    with pytest.raises(ConfigError) as caught:
        find_config(tmp_path)
    message = str(caught.value)
    assert message == f"{one}: there is {other} too: which of them holds?"
    assert caught.value.exit_code == 2
    assert "--config" in caught.value.problems[0].hint


def test_find_config_never_passes_over_what_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "scopelint.yml").mkdir()
    found = find_config(tmp_path)
    assert found is not None
    with pytest.raises(ConfigError, match=r"scopelint\.yml: this is a folder"):
        load_config(found, RULES)
    (tmp_path / "scopelint.yml").rmdir()
    (tmp_path / "scopelint.yml").symlink_to(tmp_path / "gone.yml")
    found = find_config(tmp_path)
    assert found is not None
    with pytest.raises(ConfigError, match="no such file"):
        load_config(found, RULES)


def test_find_config_refuses_a_link_out_of_the_root(tmp_path: Path) -> None:
    outside = make(tmp_path / "outside.yml")
    repo = tmp_path / "repo"
    (repo / ".git").mkdir(parents=True)
    (repo / "scopelint.yml").symlink_to(outside)
    with pytest.raises(ConfigError, match="leads out of"):
        find_config(repo)


# Whatever stands in a config ------------------------------------------------------------------

_KEYS = st.sampled_from(
    [
        "gitlab",
        "profile",
        "select",
        "ignore",
        "severity",
        "rules",
        "trusted",
        "gate",
        "x",
        "url",
        "targets",
        "SL302",
        "SL101",
        "max_projects",
        "names",
        "window",
        "days",
        "fail_on",
        "overrides",
        "projects",
        "boundaries",
        "name",
        "allow_from",
        "assume",
        "fine_grained",
    ]
)
_DATA: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | _KEYS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=5),
    max_leaves=12,
)


@settings(max_examples=examples(150), deadline=None, derandomize=True)
@given(st.dictionaries(_KEYS, _DATA, max_size=5))
def test_any_data_is_a_config_or_a_config_error(data: dict[str, object]) -> None:
    text = json.dumps(data).replace("NaN", ".nan").replace("Infinity", ".inf")
    try:
        config = read(text)
    except ConfigError as error:
        problems: Iterable[Any] = error.problems
        assert all(p.line is not None and p.message for p in problems)
        places = [(p.line, p.column) for p in problems]
        assert places == sorted(set(places))
    else:
        assert valid_by_schema(text)
        assert config.fail_on


def test_owners_in_the_order_of_the_file() -> None:
    config = read(GOOD["owners"])
    assert [(rule.projects.globs.patterns, rule.owner) for rule in config.owners] == [
        (("acme/**",), Owner("acme")),
        (("acme/web/**",), Owner("web", "@acme/web-leads", "acme/web/security")),
        (("acme/web/old",), Owner("@web/old guard")),
    ]


def test_projects_are_chosen_by_kind_everywhere() -> None:
    config = read(GOOD["by kind"])
    (owner,) = config.owners
    assert owner.projects == ProjectPattern(GlobSet(["**"]), topics=frozenset({"pci"}))
    (override,) = config.overrides
    assert override.projects == GlobSet(["**"])
    assert override.kind.visibility == {"public", "internal"}
    (boundary,) = config.boundaries
    assert boundary.projects == GlobSet(["a/**"])
    assert boundary.kind.frameworks == {"sox"}
    assert boundary.kind.created_after == date(2026, 1, 1)
    (waiver,) = config.waivers
    assert waiver.project == "**"
    assert waiver.kind.topics == {"old"}

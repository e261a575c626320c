"""`extends`: several files as one, faults at their own place, and no way out of a repository."""

from pathlib import Path

import pytest

from scopelint.config import Config, find_config
from scopelint.config.load import load_config
from scopelint.errors import ConfigError
from scopelint.finding import Severity
from tests.config.samples import RULES


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a checkout."""
    here = tmp_path / "repository"
    (here / ".git").mkdir(parents=True)
    monkeypatch.chdir(here)
    return here


def write(name: str, text: str) -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def found() -> Config:
    where = find_config(Path.cwd())
    assert where is not None
    return load_config(where, RULES)


def faults(named: Path | None = None) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_config(named, RULES) if named else found()
    return [f"{problem} {problem.hint}" for problem in caught.value.problems]


def test_mappings_are_merged_and_some_lists_joined(place: Path) -> None:
    write(
        "company/base.yml",
        "profile: strict\n"
        "severity: {outside-project-allowed: low, SL101: info}\n"
        "rules: {group-entry-too-broad: {max_projects: 9, share: 0.1}}\n"
        "trusted: [shared/**]\n"
        "ignore: [SL104]\n"
        "gate: {fail_on: low, max: {low: 3, info: 9}}\n"
        "waivers:\n"
        "  - {rule: SL305, project: a/b, reason: first, expires: 2026-12-31}\n"
        "overrides:\n"
        "  - {projects: [a/**], ignore: [SL101]}\n",
    )
    write(
        "scopelint.yml",
        "extends: [company/base.yml]\n"
        "severity: {SL305: high}\n"
        "rules: {SL302: {max_projects: 30}}\n"
        "trusted: [mine/**]\n"
        "ignore: [SL307]\n"
        "gate: {max: {low: 5}}\n"
        "waivers:\n"
        "  - {rule: SL101, project: a/c, reason: second, expires: 2026-12-31}\n"
        "overrides:\n"
        "  - {projects: [a/b/**], select: [SL101]}\n",
    )
    config = found()
    assert config.profile == "strict"
    assert config.severity == {"SL101": Severity.INFO, "SL305": Severity.HIGH}
    options = config.options["SL302"].model_dump()
    assert (options["max_projects"], options["share"]) == (30, 0.1)
    assert config.trusted.patterns == ("shared/**", "mine/**")
    assert config.model.ignore == ("SL307",)
    assert (config.fail_on, config.gate_max) == ("low", {Severity.LOW: 5, Severity.INFO: 9})
    assert [waiver.reason for waiver in config.waivers] == ["first", "second"]
    assert [waiver.place for waiver in config.waivers] == [
        "company/base.yml:8:5",
        "scopelint.yml:8:5",
    ]
    assert [sorted(each.select | each.ignore) for each in config.overrides] == [["SL101"]] * 2
    assert str(config.place("profile")) == "company/base.yml:1:10"
    assert str(config.place("trusted", 0)) == "company/base.yml:4:11"
    assert str(config.place("trusted", 1)) == "scopelint.yml:4:11"
    assert str(config.place("gate", "fail_on")) == "company/base.yml:6:17"
    assert config.files == {
        "scopelint.yml": place / "scopelint.yml",
        "company/base.yml": place / "company/base.yml",
    }
    assert config.discovered


def test_the_later_of_several_wins_and_each_counts_once(place: Path) -> None:
    del place
    write("root.yml", "trusted: [root/**]\nprofile: default\n")
    write("one.yml", "extends: [root.yml]\ntrusted: [one/**]\nprofile: strict\n")
    write("two.yml", "extends: [root.yml]\ntrusted: [two/**]\n")
    write("scopelint.yml", "extends: [one.yml, two.yml, ./one.yml]\n")
    config = found()
    assert config.trusted.patterns == ("root/**", "one/**", "two/**")
    assert config.profile == "strict"


def test_files_are_named_relative_to_the_file_that_names_them(place: Path) -> None:
    write("a/b/deep.yml", "profile: strict\n")
    write("a/mid.yml", "extends: [b/deep.yml]\n")
    write("a/b/scopelint.yml", "extends: [../mid.yml]\n")
    config = load_config(Path("a/b/scopelint.yml"), RULES)
    assert config.profile == "strict"
    assert str(config.place("profile")) == "a/b/deep.yml:1:10"
    assert config.files["a/b/deep.yml"].resolve() == place / "a/b/deep.yml"


def test_a_circle_is_refused_with_its_chain(place: Path) -> None:
    del place
    write("scopelint.yml", "extends: [one.yml]\n")
    write("one.yml", "# one\nextends: [two.yml]\n")
    write("two.yml", "extends: [./one.yml]\n")
    [fault] = faults()
    assert fault.startswith("two.yml:1:11: this goes in a circle: ")
    assert "one.yml extends two.yml extends one.yml" in fault
    write("scopelint.yml", "extends: [scopelint.yml]\n")
    [fault] = faults()
    assert "scopelint.yml extends scopelint.yml" in fault


def test_faults_of_all_files_come_at_once_at_their_own_places(place: Path) -> None:
    del place
    write("base.yml", "profile: strickt\nunknwon: 1\nextends: base2.yml\n")
    write("twice.yml", "severity: {SL305: low, outside-project-allowed: high}\n")
    write("broken.yml", "a: [\n")
    write(
        "scopelint.yml",
        "extends: [base.yml, twice.yml, broken.yml, missing.yml]\ngate: {fail_on: hihg}\n",
    )
    said = faults()
    assert [line.split(" ")[0] for line in said] == [
        "base.yml:1:10:",
        "base.yml:2:1:",
        "base.yml:3:10:",
        "broken.yml:2:1:",
        "scopelint.yml:1:44:",
        "scopelint.yml:2:17:",
        "twice.yml:1:24:",
    ]
    assert "missing.yml: there is no such file" in said[4]
    assert "the same rule" in said[6]


@pytest.mark.parametrize(
    ("text", "column"), [("base.yml", 10), ("[1]", 11), ("[[a]]", 11), ('[""]', 11), ("{a: b}", 10)]
)
def test_what_is_no_list_of_names_is_refused(place: Path, text: str, column: int) -> None:
    del place
    write("scopelint.yml", f"extends: {text}\n")
    [fault] = faults()
    assert fault.startswith(f"scopelint.yml:1:{column}:")
    write("scopelint.yml", "extends: [other.yml]\n")
    write("other.yml", f"extends: {text}\n")
    [fault] = faults()
    assert fault.startswith(f"other.yml:1:{column}:")


@pytest.mark.parametrize(
    ("named", "words"),
    [
        ("../outside.yml", "leads out of"),
        ("sub/../../outside.yml", "leads out of"),
        ("link.yml", "leads out of"),
        ("folder/outside.yml", "leads out of"),
        ("ABSOLUTE", "an absolute path is not allowed"),
        ("https://example.com/base.yml", "only local files"),
        ("file:///etc/passwd", "only local files"),
        ('"a\\0b"', "is not the name of a file"),
        ("sub", "this is a folder"),
    ],
)
def test_a_config_that_was_found_stays_in_its_repository(
    place: Path, named: str, words: str
) -> None:
    outside = place.parent / "outside.yml"
    outside.write_text("profile: strict\n# secret-word\n")
    (place / "sub").mkdir()
    (place / "link.yml").symlink_to(outside)
    (place / "folder").symlink_to(place.parent)
    write("scopelint.yml", f"extends: [{named.replace('ABSOLUTE', str(outside))}]\n")
    [fault] = faults()
    assert fault.startswith("scopelint.yml:1:11:")
    assert words in fault
    assert "secret-word" not in fault


def test_a_file_that_is_extended_cannot_lead_out_either(place: Path) -> None:
    (place.parent / "outside.yml").write_text("profile: strict\n")
    write("scopelint.yml", "extends: [sub/base.yml]\n")
    write("sub/base.yml", "extends: [../../outside.yml]\n")
    [fault] = faults()
    assert fault.startswith("sub/base.yml:1:11: this leads out of")


def test_a_config_that_the_user_names_may_extend_any_file(place: Path) -> None:
    outside = place.parent / "outside.yml"
    outside.write_text("profile: strict\n")
    named = write("named.yml", f"extends: [../outside.yml, '{outside}']\n")
    assert load_config(named, RULES).profile == "strict"
    assert str(load_config(named, RULES).place("profile")) == "../outside.yml:1:10"


def test_too_large_and_too_many_files_are_refused(place: Path) -> None:
    del place
    write("large.yml", "# " + "x" * (5 * 1024 * 1024))
    write("scopelint.yml", "extends: [large.yml]\n")
    [fault] = faults()
    assert "large.yml: the file is larger than 5 MB" in fault
    for number in range(60):
        write(f"{number}.yml", f"extends: [{number + 1}.yml]\n")
    write("scopelint.yml", "extends: [0.yml]\n")
    [fault] = faults()
    assert "at most 50 files" in fault

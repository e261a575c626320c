"""Finding rules and reporters through entry points; what is broken is named."""

from importlib.metadata import EntryPoint, EntryPoints, entry_points
from pathlib import Path

import pytest

from scopelint import bundles
from scopelint.bundles import FINDERS, REPORTERS, RULES
from scopelint.errors import PluginError, UsageError
from scopelint.registry import (
    find_finders,
    find_reporters,
    find_rule,
    find_rules,
    get_reporter,
    get_rule,
)

RULE = """
from scopelint.finding import PASS, Severity
from scopelint.rule import ProjectRule

class Mine(ProjectRule):
    code = "{code}"
    name = "{name}"
    title = "Mine"
    requirement = "It is in order"
    severity = Severity.LOW

    def judge(self, context):
        yield PASS
"""


def written(folder: Path, code: str = "MINE001", name: str = "mine", *, page: bool = True) -> Path:
    file = folder / "mine.py"
    file.write_text(RULE.format(code=code, name=name))
    if page:
        file.with_suffix(".md").write_text("# MINE001 mine\n")
    return file


def test_our_own_come_through_entry_points_alone() -> None:
    """Ours are found the way a third party's are."""
    assert [entry.value for entry in entry_points(group=RULES)] == ["scopelint_rules"]
    assert [entry.value for entry in entry_points(group=REPORTERS)] == ["scopelint_reports"]
    assert [entry.value for entry in entry_points(group=FINDERS)] == ["scopelint_finders"]
    assert {"gitlab-ci", "git-submodules", "go-modules"} <= set(find_finders())
    assert list(find_rules()) == sorted(find_rules())
    assert {"console", "json", "sarif", "junit", "html"} <= set(find_reporters())
    assert {found.distribution for found in find_rules().values()} == {"scopelint"}


def test_a_rule_by_file(tmp_path: Path) -> None:
    """A file's rules join the others and are named by their file."""
    rules = find_rules([written(tmp_path)])
    assert rules["MINE001"].distribution.endswith("mine.py")
    assert rules["MINE001"].cls.page() == "# MINE001 mine\n"


def test_a_rule_without_a_page_has_its_docstring(tmp_path: Path) -> None:
    """The class's own, else its module's; never that of the base class."""
    file = written(tmp_path, page=False)
    text = file.read_text()
    file.write_text(f'"""Of the module."""\n{text}')
    assert find_rules([file])["MINE001"].cls.page() == "# MINE001 mine\n\nOf the module.\n"
    own = '(ProjectRule):\n    """Flags `it`.\n\n    Always.\n    """\n'
    file.write_text(file.read_text().replace("(ProjectRule):\n", own))
    page = find_rules([file])["MINE001"].cls.page()
    assert page == "# MINE001 mine\n\nFlags `it`.\n\nAlways.\n"


@pytest.mark.parametrize(
    ("code", "name", "page", "words"),
    [
        ("SL101", "mine", True, "two rules are called SL101"),
        ("MINE001", "inbound-limit-disabled", True, "two rules are called"),
        ("mine-1", "mine", True, "not like SL101"),
        ("MINE001", "Mine_Rule", True, "not kebab-case"),
        ("MINE001", "mine", False, "has no page"),
    ],
)
def test_a_rule_that_does_not_fit_is_named(
    tmp_path: Path, code: str, name: str, page: bool, words: str
) -> None:
    """Codes and names are unique and well-formed, and every rule has a page or a docstring."""
    file = written(tmp_path, code, name, page=page)
    with pytest.raises(PluginError, match=words):
        find_rules([file])


def test_a_file_that_crashes_or_is_not_there(tmp_path: Path) -> None:
    """A broken file is named with what broke; a missing one is a usage error."""
    file = tmp_path / "broken.py"
    file.write_text("1 / 0")
    with pytest.raises(PluginError, match=r"broken\.py cannot be loaded: ZeroDivisionError"):
        find_rules([file])
    with pytest.raises(UsageError, match="is not there"):
        find_rules([tmp_path / "none.py"])


@pytest.mark.parametrize(
    "text", ["SL302", "sl302", "group-entry-too-broad", "Group-Entry-Too-Broad"]
)
def test_one_rule_is_found_by_code_and_name(text: str) -> None:
    """Alone it is what it is among all."""
    assert find_rule(text) == find_rules()["SL302"]


def test_one_rule_of_a_file_is_found_and_one_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A page is only a hint: it may be missing a title, or name what its module does not hold."""
    file = written(tmp_path)
    file.with_suffix(".md").write_text("# SL101 inbound-limit-disabled\n")
    assert find_rule("MINE001", [file]).cls.name == "mine"
    assert find_rule("SL101", [file]).distribution == "scopelint"
    with pytest.raises(UsageError, match="unknown rule 'inbound'") as error:
        find_rule("inbound")
    assert "inbound-limit" in error.value.hint


def test_one_rule_is_found_where_no_page_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then all modules are imported, also one beside a page that names it wrongly."""
    bundle = tmp_path / "acme_titles"
    bundle.mkdir()
    (bundle / "__init__.py").write_text("")
    written(bundle, "ACME007", "acme-rule").with_suffix(".md").write_text("Without a title.\n")
    (bundle / "other.py").write_text("")
    (bundle / "other.md").write_text("# ACME007 acme-rule\n")
    monkeypatch.syspath_prepend(tmp_path)
    entry = EntryPoint("acme", "acme_titles", RULES)
    monkeypatch.setattr(bundles, "bundles", lambda group: EntryPoints([entry]))
    assert find_rule("ACME007").cls.__module__ == "acme_titles.mine"


def test_unknown_names_get_a_suggestion() -> None:
    """A typo is answered with what was meant."""
    with pytest.raises(UsageError) as error:
        get_reporter("sariff")
    assert "sarif" in error.value.hint
    with pytest.raises(UsageError) as error:
        get_rule("inbound-limit-disable", find_rules())
    assert "inbound-limit-disabled" in error.value.hint
    assert get_rule("sl101", find_rules()).cls.code == "SL101"


FINDER = """
from scopelint.finder import Finder

class Mine(Finder):
    \"\"\"Reads it.\"\"\"
    name = "{name}"
    title = "Mine"
    paths = ({path!r},)

    def find(self, file):
        return ()
"""


@pytest.mark.parametrize(
    ("name", "path", "words"),
    [
        ("acme-files", "deps/acme.lock", ""),
        ("gitlab-ci", "acme.lock", "two finders are called gitlab-ci"),
        ("Acme_Files", "acme.lock", "not kebab-case"),
        ("acme-files", "**/acme.lock", "no exact path"),
        ("acme-files", "/acme.lock", "no exact path"),
        ("acme-files", "../acme.lock", "no exact path"),
    ],
)
def test_a_finder_of_another_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, path: str, words: str
) -> None:
    """It is found beside ours; one that does not fit is named."""
    module = f"acme_finders_{abs(hash((name, path)))}"
    (tmp_path / f"{module}.py").write_text(FINDER.format(name=name, path=path))
    monkeypatch.syspath_prepend(tmp_path)
    entries = [EntryPoint("acme", module, FINDERS), EntryPoint("b", "scopelint_finders", FINDERS)]
    monkeypatch.setattr(bundles, "bundles", lambda group: EntryPoints(entries))
    if words:
        with pytest.raises(PluginError, match=words):
            find_finders()
    else:
        assert find_finders()["acme-files"].cls.page() == "# acme-files\n\nReads it.\n"

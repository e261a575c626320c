"""Problems of models that hold more than today's scopelint.yml: lists of sections, optional ones."""

from datetime import date
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, Field

from scopelint.config import find_config
from scopelint.config.load import config_from
from scopelint.config.validation import ordered, validate
from scopelint.errors import ConfigError
from scopelint.gitlab.origin import ConfigUrls
from scopelint.text import excerpt, shown
from scopelint.yaml import MappingNode, SourceText, load, to_python
from tests.config.samples import RULES


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    rule: str
    expires: date | None = None


class Whole(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    parts: tuple[Part, ...] = ()
    first: Part | None = None
    named: dict[str, Part] = Field(default_factory=dict)
    few: tuple[int, ...] = Field(default=(), max_length=2)


@pytest.mark.parametrize(
    ("text", "line", "column", "message", "hint"),
    [
        ("parts:\n  - rule: a\n    expirs: x\n", 3, 5, 'unknown key "expirs"', '"expires"'),
        ("first: {rule: a, rul: b}\n", 1, 18, 'unknown key "rul"', '"rule"'),
        ("named: {x: {rule: a, ruel: b}}\n", 1, 22, 'unknown key "ruel"', '"rule"'),
        ("first: {rule: a, zzzzzzz: b}\n", 1, 18, "unknown key", "known here: rule, expires"),
        ("parts: [{}]\n", 1, 9, 'the key "rule" is missing here', ""),
        ("parts: [{rule: a, expires: soon}]\n", 1, 28, "date", ""),
        ("first: [1]\n", 1, 8, "this must be a mapping, not a list", ""),
        ("few: [1, 2, 3]\n", 1, 6, "at most 2", ""),
        ("few: [true]\n", 1, 7, "a whole number, not true", ""),
        ("parts: {rule: a}\n", 1, 8, "this must be a list, not a mapping", ""),
    ],
)
def test_problem(text: str, line: int, column: int, message: str, hint: str) -> None:
    value, problems = validate(Whole, load(text, "f.yml").root)
    assert value is None
    assert [(p.line, p.column) for p in problems] == [(line, column)]
    assert message in problems[0].message
    assert hint in problems[0].hint


def test_values_are_read_as_json_is() -> None:
    value, problems = validate(Whole, load("parts: [{rule: a, expires: 2026-12-31}]\n").root)
    assert problems == []
    assert value is not None
    assert value.parts == (Part(rule="a", expires=date(2026, 12, 31)),)


def test_trees_of_two_files_keep_their_places() -> None:
    one, two = load("few: [x]\n", "one.yml").root, load("\nfirst: 3\n", "two.yml").root
    assert isinstance(one, MappingNode)
    assert isinstance(two, MappingNode)
    both = MappingNode(one.file, 1, 1, one.value + two.value)
    assert to_python(both) == {"few": ["x"], "first": 3}
    _, problems = validate(Whole, both)
    assert [(p.source, p.line, p.excerpt) for p in ordered(problems)] == [
        ("one.yml", 1, "few: [x]"),
        ("two.yml", 2, "first: 3"),
    ]


def test_what_the_origin_needs_of_a_config(tmp_path: Path) -> None:
    text = "gitlab: {url: https://h/gitlab, targets: [https://h/gitlab/acme, 42]}\n"
    config = config_from(load(text, "c.yml"), RULES, root=tmp_path)
    urls = config.urls(with_targets=True, known=["https://h/gitlab"])
    assert [str(target) for target in urls.targets] == ["acme", "42"]
    assert urls.targets[0].url_origin == "https://h/gitlab"
    assert config.urls(with_targets=False) == ConfigUrls("https://h/gitlab", (), True, "c.yml")


def test_a_folder_that_cannot_be_looked_into(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, **_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "exists", refuse)
    assert find_config(tmp_path) is None
    monkeypatch.setattr(Path, "lstat", refuse)
    with pytest.raises(ConfigError, match="cannot be looked at: Permission denied") as caught:
        find_config(tmp_path)
    assert "--no-config" in caught.value.hint


def test_text_that_is_shown() -> None:
    assert shown("a\x1b\u202eb") == '"a\ufffd\ufffdb"'
    assert shown("x" * 100) == '"' + "x" * 59 + '…"'
    assert (shown(None), shown(True), shown(1.5)) == ("null", "true", "1.5")
    for column in (1, 45, 100, 200, 500):
        line = excerpt("".join(chr(ord("a") + n % 26) for n in range(200)), column)
        assert len(line) <= 80
    assert SourceText("f", "a\nb").line(3) == ""

import json
import math
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scopelint.errors import ConfigError, ExitCode, Problem
from scopelint.yaml import (
    MAX_DEPTH,
    RUAMEL,
    MappingNode,
    ScalarNode,
    SequenceNode,
    load,
    locate,
    to_python,
    yaml_reader,
)
from tests.examples import examples


def data(text: str | bytes) -> object:
    return to_python(load(text, "f.yml").root)


def fault(text: str | bytes) -> Problem:
    with pytest.raises(ConfigError) as caught:
        load(text, "f.yml")
    assert caught.value.exit_code is ExitCode.USAGE
    return caught.value.problems[0]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"), ("no", "no"), ("on", "on"), ("off", "off"), ("y", "y"),
        ("true", True), ("True", True), ("TRUE", True), ("false", False), ("tRUE", "tRUE"),
        ("null", None), ("~", None), ("", None), ("Null", None), ("nULL", "nULL"),
        ("12", 12), ("012", 12), ("-7", -7), ("+7", 7), ("0o17", 15), ("0x1F", 31), ("0b1", "0b1"),
        ("0o8", "0o8"), ("-0x1", "-0x1"), ("1_000", "1_000"), ("190:20:30", "190:20:30"),
        ("1.5", 1.5), (".5", 0.5), ("5.", 5.0), ("1e3", 1000.0), ("-1.5E-2", -0.015), (".", "."),
        (".inf", math.inf), ("-.Inf", -math.inf), ("+.INF", math.inf), ("inf", "inf"),
        ("2026-12-31", "2026-12-31"), ("2026-12-31T10:00:00Z", "2026-12-31T10:00:00Z"),
        ("=", "="), ("'12'", "12"), ('"true"', "true"), ("!!str 12", "12"), ("!!int '12'", 12),
        ("!!float 1", 1.0), ("!!bool 'true'", True), ("!!null ''", None), ("!!seq [1]", [1]),
        ("!!map {a: 1}", {"a": 1}), ("'<<'", "<<"), ("- <<", ["<<"]),
    ],
)  # fmt: skip
def test_core_schema(text: str, value: object) -> None:
    read = data(text)
    assert read == value
    assert type(read) is type(value)


def test_not_a_number() -> None:
    assert all(math.isnan(float(str(data(text)))) for text in (".nan", ".NaN", ".NAN"))


def test_numbers_beyond_reason_are_refused() -> None:
    assert "at most 400" in fault("9" * 5000).message
    assert "at most 400" in fault("0x" + "9" * 5000).message
    assert data("9" * 400) == int("9" * 400)


def test_places_count_from_one() -> None:
    root = load("\ufeffa:\n  - b: é\n    'c': [1, 2]\n\nd: ~\n", "f.yml").root
    assert isinstance(root, MappingNode)
    places = {
        location: (node.line, node.column)
        for location, node in (
            (location, locate(root, location))
            for location in ((), ("a",), ("a", 0), ("a", 0, "b"), ("a", 0, "c", 1), ("d",))
        )
    }
    assert places == {
        (): (1, 1),
        ("a",): (2, 3),
        ("a", 0): (2, 5),
        ("a", 0, "b"): (2, 8),
        ("a", 0, "c", 1): (3, 14),
        ("d",): (5, 4),
    }
    key = locate(root, ("a", 0, "c"), key=True)
    assert (key.line, key.column) == (3, 5)


def test_line_ends_of_all_systems() -> None:
    root = load("a: 1\r\nb: 2\rc: 3\n", "f.yml").root
    assert isinstance(root, MappingNode)
    assert [key.line for key, _ in root.value] == [1, 2, 3]


def test_nodes_are_frozen_and_keep_the_text() -> None:
    root = load("{a: yes, b: 'yes'}").root
    assert isinstance(root, MappingNode)
    plain, quoted = root.get("a"), root.get("b")
    assert isinstance(plain, ScalarNode)
    assert isinstance(quoted, ScalarNode)
    assert (plain.text, plain.plain, quoted.plain) == ("yes", True, False)
    with pytest.raises(AttributeError):
        plain.value = "no"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("text", "line", "column", "message", "hint"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, 1, 'the key "a" is given twice', "line 1"),
        ("a: {b: 1, 'b': 2}\n", 1, 11, 'the key "b" is given twice', "line 1"),
        ("1: a\n1.0: b\n", 2, 1, "the key 1.0 is given twice", "line 1"),
        ("~: a\n'': b\nnull: c\n", 3, 1, "the key null is given twice", "line 1"),
        ("a: &x {b: 1}\nc:\n  <<: *x\n", 3, 3, "merge keys", "alias"),
        ("? [a]\n: 1\n", 1, 3, "single value", ""),
        ("a: !!python/object/apply:os.system [id]\n", 1, 4, "tag", "remove"),
        ("a: !!binary aGk=\n", 1, 4, '"!!binary"', "remove"),
        ("a: !!timestamp 2026-01-01\n", 1, 4, '"!!timestamp"', "remove"),
        ("a: !!set {x}\n", 1, 4, '"!!set"', "remove"),
        ("a: !mine x\n", 1, 4, '"!mine"', "remove"),
        ("a: ! x\n", 1, 4, '"!"', "quotes"),
        ("a: !<tag:example.com,2000:x> x\n", 1, 4, "tag:example.com", "remove"),
        ("a: !!int x\n", 1, 4, "not what its tag !!int says", ""),
        ("a: !!int [1]\n", 1, 4, '"!!int"', "remove"),
        ("a: !!bool yes\n", 1, 4, "!!bool", ""),
        ("a: !unknown!x y\n", 1, 4, "undefined tag handle", "remove the tag"),
        ("--- a\n--- b\n", 2, 1, "second YAML document", "one document"),
        ("a: 1\n...\n---\n", 3, 1, "second YAML document", "one document"),
        ("&a [*a]\n", 1, 5, "inside its own value", ""),
        ("- *x\n", 1, 3, "names no anchor", "quotes"),
        ("- **/x\n", 1, 4, "not valid YAML", "quotes"),
        ("a:\n\tb: 1\n", 2, 1, "not valid YAML", "tabs"),
        ("a: b: c\n", 1, 5, "mapping values", "quotes"),
        ("a: [1\n", 2, 1, "not valid YAML", "missing"),
        ("a: 'x\n", 2, 1, "not valid YAML", "quote is missing"),
        ("a: @x\n", 1, 4, "cannot start", "quotes"),
        ("%YAML 2.0\n---\na\n", 1, 1, "incompatible", "%YAML"),
        ('- x\n- "\\U00110000"\n', 2, 6, "out of range", ""),
        ('- "\\ud800"\n', 1, 3, "surrogate", ""),
        ("a: \x07\n", 1, 4, "U+0007", "escape"),
        ("a: b\x00\n", 1, 5, "U+0000", "UTF-8"),
        ("a\n \x85", 2, 2, "U+0085", "escape"),
        ("a: x\u2028y\n", 1, 5, "U+2028", "escape"),
        ("a: \ud800\n", 1, 4, "U+D800", ""),
        (b"a: 1\nb: \xff\n", 2, 4, "0xff is not valid UTF-8", "UTF-8"),
        (b"\xff\xfea\x00:\x00 \x00\x00\xd8", 1, 4, "not valid UTF-16-LE", "UTF-8"),
        ("a: 1\n".encode("utf-16-le"), 1, 2, "U+0000", "byte order mark"),
    ],
)  # fmt: skip
def test_refused(text: str | bytes, line: int, column: int, message: str, hint: str) -> None:
    problem = fault(text)
    assert message in problem.message
    assert hint in problem.hint
    assert (problem.source, problem.line, problem.column) == ("f.yml", line, column)


def test_several_faults_come_in_order() -> None:
    with pytest.raises(ConfigError) as caught:
        load("a: {x: 1, x: !foo 2}\na: 3\n<<: 4\n[", "f.yml")
    # The outer mapping is never finished, so only what was read to its end is judged.
    assert [(p.line, p.column) for p in caught.value.problems] == [(1, 11), (1, 14), (4, 1)]


def test_partial_gives_the_rest_of_a_faulty_file() -> None:
    document = load("a: 1\na: 2\nb: !foo 3\n", "f.yml", partial=True)
    assert to_python(document.root) == {"a": 1, "b": "3"}
    assert [problem.line for problem in document.problems] == [2, 3]


def test_too_many_faults_stop_the_reading() -> None:
    with pytest.raises(ConfigError) as caught:
        load("- !x y\n" * 1000)
    assert len(caught.value.problems) == yaml_reader.MAX_PROBLEMS
    assert "stopped" in caught.value.hint


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ("{a: ", "}"), ("- ", "")])
def test_depth_is_bounded(opening: str, closing: str) -> None:
    assert data(opening * MAX_DEPTH + "1" + closing * MAX_DEPTH)
    assert "deeper than 50" in fault(opening * (MAX_DEPTH + 1) + "1").message
    assert "deeper than 50" in fault(opening * 100_000).message


def test_depth_counts_through_aliases() -> None:
    half = "[" * 30 + "1" + "]" * 30
    assert "deeper than 50" in fault(f"a: &a {half}\nb: {'[' * 25}*a{']' * 25}\n").message
    assert data(f"a: &a {half}\nb: {'[' * 19}*a{']' * 19}\n")


def test_alias_bomb_is_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    problem = fault("\n".join(lines))
    assert "aliases stand for more than 10,000 values" in problem.message
    assert problem.line == 4


def test_aliases_within_the_bound() -> None:
    assert data("a: &a [1, 2]\nb: *a\nc: &a 3\nd: *a\n") == {
        "a": [1, 2],
        "b": [1, 2],
        "c": 3,
        "d": 3,
    }
    assert data("&k a: 1\nb: *k\n") == {"a": 1, "b": "a"}


def test_an_anchor_may_be_set_again_and_names_the_latest_value() -> None:
    assert data("- &a 1\n- *a\n- &a [2]\n- *a\n") == [1, 1, [2], [2]]
    assert data("- &a [&a 1, *a]\n- *a\n") == [[1, 1], 1]


def test_an_anchor_is_set_once_where_the_dialect_says_so() -> None:
    with pytest.raises(ConfigError) as caught:
        load("- &a 1\n- &a 2\n", "f.yml", dialect=RUAMEL)
    [problem] = caught.value.problems
    assert (problem.line, problem.column, problem.message) == (2, 3, "the anchor &a is set twice")


def test_merge_keys_of_ruamel() -> None:
    text = "a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc: {z: 3, <<: [*a, *b]}\n"
    root = to_python(load(text, dialect=RUAMEL).root)
    assert isinstance(root, dict)
    assert root["c"] == {"x": 1, "y": 1, "z": 3}
    with pytest.raises(ConfigError, match="takes a mapping or a list of mappings, not a number"):
        load("<<: 4\n", dialect=RUAMEL)


def test_number_of_values_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_reader, "MAX_NODES", 100)
    assert data("- x\n" * 99) == ["x"] * 99
    assert "more than 100 values" in fault("- x\n" * 100).message


@pytest.mark.parametrize("text", ["", "# a comment\n", "---\n", "\ufeff"])
def test_an_empty_file_is_null(text: str) -> None:
    document = load(text)
    assert to_python(document.root) is None
    assert (document.root.line, document.version) == (1, None) or text == "---\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_encodings_by_byte_order_mark(encoding: str) -> None:
    assert data("a: é😀\n".encode(encoding)) == {"a": "é😀"}


@pytest.mark.parametrize(
    ("mark", "encoding"), [(b"\xfe\xff", "utf-16-be"), (b"\0\0\xfe\xff", "utf-32-be")]
)
def test_big_endian(mark: bytes, encoding: str) -> None:
    assert data(mark + "a: é\n".encode(encoding)) == {"a": "é"}


def test_yaml_directive_is_told_and_changes_nothing() -> None:
    document = load("%YAML 1.1\n---\na: yes\n")
    assert document.version == (1, 1)
    assert to_python(document.root) == {"a": "yes"}
    assert load("%YAML 1.2\n---\na\n").version == (1, 2)


def test_surrogate_pairs_of_json_are_one_character() -> None:
    assert data('"\\ud83d\\ude00"') == "😀"


def test_excerpt_is_short_and_harmless() -> None:
    problem = fault("x: " + "é" * 200 + " \x1b[31m\u202e" + "z" * 200)
    assert len(problem.excerpt) <= 80
    assert problem.column == 205
    assert "[31m" in problem.excerpt
    assert not {"Cc", "Cf"} & {unicodedata.category(c) for c in problem.excerpt}


@pytest.mark.parametrize(
    "line",
    [
        "token: hunter2hunter2 @",
        "  'private_token' : hunter2hunter2",
        "url: https://me:hunter2@gitlab.com/",
        "x: glpat-hunter2hunter2",
        "GITLAB_PASSWORD=hunter2",
    ],
)
def test_excerpt_holds_no_secret(line: str) -> None:
    excerpt = fault(f"{line} \x07\n").excerpt
    assert "hunter2" not in excerpt
    assert "[hidden]" in excerpt


# Files -------------------------------------------------------------------------------------


def test_file_is_named_by_its_path_or_as_told(tmp_path: Path) -> None:
    path = tmp_path / "f.yml"
    path.write_text("a: !x 1\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=rf"^{path}:1:4: "):
        load(path)
    with pytest.raises(ConfigError, match=r"^here\.yml:1:4: "):
        load(path, "here.yml")


def test_file_that_is_none(tmp_path: Path) -> None:
    cases = {
        tmp_path: "this is a folder",
        tmp_path / "missing.yml": "no such file",
        tmp_path / "a" / "b": "no such file",
        Path("a\0b"): "cannot be read",
        tmp_path / ("x" * 300): "cannot be read",
    }
    for path, message in cases.items():
        with pytest.raises(ConfigError, match=message) as caught:
            load(path)
        assert "\0" not in str(caught.value)


def test_file_that_is_unreadable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, mode: str) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ConfigError, match="cannot be read: Permission denied"):
        load(tmp_path / "f.yml")


@pytest.mark.slow
def test_file_over_five_megabytes(tmp_path: Path) -> None:
    path = tmp_path / "f.yml"
    path.write_bytes(b"#" * (5 * 1024 * 1024 + 1))
    with pytest.raises(ConfigError, match="larger than 5 MB"):
        load(path)
    path.write_bytes(b"#" * (5 * 1024 * 1024))
    assert to_python(load(path).root) is None


# Against JSON, and against anything -----------------------------------------------------------

_TEXT = st.text(st.characters(exclude_categories=["Cs"]))
# Keys over 1,024 characters are beyond YAML's implicit keys; a number is bounded by the loader.
_JSON: Any = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | _TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(_TEXT.map(lambda t: t[:50]), inner),
    max_leaves=15,
)


@settings(max_examples=examples(200), deadline=None, derandomize=True)
@given(_JSON)
def test_json_is_yaml(value: object) -> None:
    assert data(json.dumps(value)) == value


@settings(max_examples=examples(300), deadline=None, derandomize=True)
@given(st.text() | st.text("abc:-[]{}&*!|>'\"%@#,? \n\t\\0x.~<é\ufeff\u2028") | st.binary())
def test_anything_is_a_tree_or_a_config_error(text: str | bytes) -> None:
    try:
        document = load(text, "f.yml")
    except ConfigError as error:
        for problem in error.problems:
            assert problem.message
            assert len(problem.excerpt) <= 80
            assert not any(unicodedata.category(c) in {"Cc", "Cf", "Cs"} for c in str(problem))
    else:
        assert isinstance(document.root, (MappingNode, SequenceNode, ScalarNode))
        to_python(document.root)

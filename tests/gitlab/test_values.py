"""GitLab's JSON within bounds, and fields that are read with their own type or not at all."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopelint.gitlab import values
from scopelint.gitlab.values import FormError

READERS: dict[str, tuple[Callable[[values.Node, str], Any], Any]] = {
    "boolean": (values.boolean, False),
    "integer": (values.integer, 0),
    "count": (values.count, 3),
    "text": (values.text, ""),
    "time": (values.time, "2026-01-02T03:04:05Z"),
    "child": (values.child, {}),
    "array": (values.array, []),
}
ODD = [False, True, 0, 1, 0.1, 1e300, "", "false", "0", "yes", [], [0], {}, {"a": 1}]


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("value", ODD, ids=repr)
def test_a_value_of_another_type_is_never_cast(name: str, value: Any) -> None:
    read, right = READERS[name]
    if type(value) is type(right) and name != "time":
        assert read({"x": value}, "x") == value
        return
    with pytest.raises(FormError, match=r"^x is "):
        read({"x": value}, "x")


@pytest.mark.parametrize("name", READERS)
def test_null_and_absent_are_not_read(name: str) -> None:
    read, _ = READERS[name]
    assert read({"x": None}, "x") is None
    assert read({}, "x") is None


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 10**400])
def test_a_number_of_more_than_64_bits_is_not_read(number: int) -> None:
    with pytest.raises(FormError, match="64 bits"):
        values.integer({"id": number}, "id")


def test_a_number_too_long_for_python_costs_only_its_field() -> None:
    found = values.decode(b'{"id": ' + b"9" * 5000 + b', "path": "acme", "count": 7}')
    assert (found["path"], found["count"]) == ("acme", 7)
    with pytest.raises(FormError, match="64 bits"):
        values.integer(found, "id")


@pytest.mark.parametrize("number", [0, -1, True, "7", 7.0, None])
def test_the_number_of_an_object_is_a_positive_whole_number(number: object) -> None:
    with pytest.raises(FormError):
        values.identifier({"id": number}, "id")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "7",
        "gid://gitlab/Project/",
        "gid://gitlab/Project/x",
        "gid://gitlab/Project/0",
        "gid://gitlab/Project/-1",
        "gid://gitlab/Project/\u0663",
        f"gid://gitlab/Project/{2**63}",
        "gid://gitlab/Project/" + "9" * 5000,
        "/7",
        7,
        None,
    ],
)
def test_only_a_global_id_is_one(text: object) -> None:
    with pytest.raises(FormError):
        values.global_id({"id": text}, "id")
    assert values.global_id({"id": "gid://gitlab/Project/42"}, "id") == 42


@pytest.mark.parametrize("body", [rb'"a\u0000b"', rb'"a\ud800b"', b'"a\xffb"', rb'"\udcff"'])
def test_text_that_cannot_be_kept_costs_only_its_field(body: bytes) -> None:
    found = values.decode(b'{"bad": ' + body + rb', "good": "\ud83d\ude00"}')
    assert values.text(found, "good") == "\U0001f600"
    with pytest.raises(FormError, match="NUL or half a character"):
        values.text(found, "bad")
    made = values.made_fit(found["bad"])
    assert values.is_fit(made)
    assert made.encode()


@pytest.mark.parametrize("time", ["", "today", "2026-13-01T00:00:00Z", "2026-01-01T00:00:00"])
def test_a_time_is_one_with_its_offset(time: str) -> None:
    with pytest.raises(FormError, match="no time"):
        values.time({"at": time}, "at")


def test_a_word_that_is_not_known_is_no_value() -> None:
    assert values.choice({"v": "public"}, "v", ("private", "public")) == "public"
    with pytest.raises(FormError, match="not known here"):
        values.choice({"v": "secret"}, "v", ("private", "public"))


@pytest.mark.parametrize("text", ['["]"]', '{"a[{": "\\"[[["}', r'{"a\\": "]\\\"}"}', '"[[[["'])
def test_brackets_within_texts_are_no_depth(text: str) -> None:
    assert json.loads(text)
    assert not values.is_deep(text.encode() + b" " * 10)
    inside = "[" * 98 + text + "]" * 98
    assert not values.is_deep(inside.encode())


@pytest.mark.parametrize("depth", [1, 99, 100, 101, 5000, 1_000_000])
@pytest.mark.parametrize(("start", "end"), [(b"[", b"]"), (b'{"a":', b"}"), (b"[{},[],", b"]")])
def test_depth_is_bounded_before_a_parser_meets_it(depth: int, start: bytes, end: bytes) -> None:
    body = start * depth + b"1" + end * depth
    if depth <= (99 if start == b"[{},[]," else 100):
        assert values.decode(body)
        return
    if depth == 100:
        return
    with pytest.raises(FormError, match="100 levels"):
        values.decode(body)


def _depth(value: Any) -> int:
    if isinstance(value, dict):
        value = list(value.values())
    return 1 + max(map(_depth, value), default=0) if isinstance(value, list) else 0


@pytest.mark.slow
@given(
    st.recursive(
        st.text(st.sampled_from('[]{}"\\a'), max_size=4) | st.none(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner),
        max_leaves=20,
    ),
    st.integers(85, 101),
)
def test_depth_is_that_of_the_document(value: Any, around: int) -> None:
    body = b"[" * around + json.dumps(value).encode() + b"]" * around
    assert values.is_deep(body) is (around + _depth(value) > values.MAX_DEPTH)


@pytest.mark.parametrize("path", ["", "/", "/acme", "acme/", "acme//web", 7, None])
def test_a_full_path_has_no_empty_part(path: object) -> None:
    with pytest.raises(FormError):
        values.full_path({"path": path}, "path")


def test_a_project_stands_in_a_namespace() -> None:
    assert values.project_path({"path": "acme/web"}, "path") == "acme/web"
    with pytest.raises(FormError, match="of a project"):
        values.project_path({"path": "web"}, "path")


@pytest.mark.parametrize("text", ["9" * 101, "19.3.0\x1b[31m", "19.3.0\n", "\u202e19.3.0"])
def test_a_version_that_no_snapshot_keeps_is_not_read(text: str) -> None:
    assert values.version_text({"version": "19.3.0-pre"}, "version") == "19.3.0-pre"
    with pytest.raises(FormError, match=r"^version is '"):
        values.version_text({"version": text}, "version")


@pytest.mark.parametrize("path", ["acme/a\nb", "acme/\x1b[31m", "acme/\u202eb"])
def test_a_path_with_control_characters_is_not_read(path: str) -> None:
    with pytest.raises(FormError, match="no full path"):
        values.full_path({"path": path}, "path")

"""Projects chosen by kind: what was not read neither matches nor fails to match in silence."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopelint.globs import GlobSet
from scopelint.project_pattern import ANY_KIND, ProjectKind, ProjectPattern

MADE = datetime(2026, 1, 15, 8, 0, tzinfo=UTC)
KIND = ProjectKind.of(["PCI", "web"], ["SOX"], "internal", MADE)


def pattern(**given: Any) -> ProjectPattern:
    globs = GlobSet(given.pop("globs", ()))
    keys: dict[str, Any] = {k: frozenset(v) if isinstance(v, list) else v for k, v in given.items()}
    return ProjectPattern(**keys, globs=globs)


@pytest.mark.parametrize(
    ("chosen", "answer"),
    [
        (pattern(), True),
        (pattern(globs=["acme/**"]), True),
        (pattern(globs=["else/**"], topics=["pci"]), False),
        (pattern(topics=["pci"]), True),
        (pattern(topics=["hr", "web"]), True),
        (pattern(topics=["hr"]), False),
        (pattern(frameworks=["sox"]), True),
        (pattern(frameworks=["gdpr"]), False),
        (pattern(visibility=["public", "internal"]), True),
        (pattern(visibility=["private"]), False),
        (pattern(created_after=date(2026, 1, 15)), True),
        (pattern(created_after=date(2026, 1, 16)), False),
        (pattern(topics=["pci"], visibility=["private"]), False),
    ],
)
def test_a_project_must_meet_every_key_by_any_word(chosen: ProjectPattern, answer: bool) -> None:
    assert chosen.matches("acme/web/shop", KIND) is answer


KEYS = ("topics", "frameworks", "visibility", "created_after")
_NAMES = st.frozensets(st.sampled_from("abc"))


@given(
    st.builds(
        ProjectPattern,
        topics=_NAMES,
        frameworks=_NAMES,
        visibility=st.frozensets(st.sampled_from(["private", "public"])),
        created_after=st.none() | st.just(date(2026, 1, 1)),
    ),
    st.builds(
        ProjectKind,
        topics=st.none() | _NAMES,
        frameworks=st.none() | _NAMES,
        visibility=st.none() | st.sampled_from(["private", "public"]),
        created_at=st.none() | st.sampled_from([MADE, datetime(2020, 1, 1, tzinfo=UTC)]),
    ),
)
def test_an_answer_holds_whatever_was_not_read(chosen: ProjectPattern, kind: ProjectKind) -> None:
    """Sure where every way to fill the gaps gives the same answer, unknown where two differ."""
    fills: list[ProjectKind] = [kind]
    for name, values in (
        ("topics", (frozenset("abc"), frozenset())),
        ("frameworks", (frozenset("abc"), frozenset())),
        ("visibility", ("private", "public", "internal")),
        ("created_at", (MADE, datetime(2020, 1, 1, tzinfo=UTC))),
    ):
        fills = [
            each
            if getattr(each, name) is not None
            else ProjectKind(
                **{
                    f: getattr(each, f)
                    for f in ("topics", "frameworks", "visibility", "created_at")
                }
                | {name: value}
            )
            for each in fills
            for value in (values if getattr(each, name) is None else values[:1])
        ]
    answers = {chosen.matches("a", each) for each in fills}
    assert None not in answers
    found = chosen.matches("a", kind)
    assert found == (answers.pop() if len(answers) == 1 else None)
    assert bool(chosen.unread(kind)) or found is not None


def test_it_is_told_what_was_not_read_and_asked() -> None:
    chosen = pattern(topics=["pci"], frameworks=["sox"], visibility=["public"])
    assert chosen.unread(ProjectKind(visibility="private")) == ["topics", "frameworks"]
    assert list(chosen.kind_words()) == ["topics pci", "frameworks sox", "visibility public"]
    assert ANY_KIND.matches("any/thing", None) is True

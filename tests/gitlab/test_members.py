"""Maintainers of a project: those that the list shows; another form is not known."""

from types import SimpleNamespace
from typing import Any

import pytest

from scopelint.gitlab.members import Maintainers, Member, maintainers


def _asked(answer: Any) -> Maintainers | None:
    rest = SimpleNamespace(http_list=lambda *_, **__: answer)
    return maintainers(SimpleNamespace(rest=rest), 7)  # type: ignore[arg-type]


def test_maintainers_and_owners_are_named() -> None:
    people = [
        {"username": "zoe", "access_level": 50, "state": "active"},
        {"username": "ann", "access_level": 40},
        {"username": "dev", "access_level": 30},
        {"username": "gone", "access_level": 40, "state": "blocked"},
    ]
    found = (Member("ann", "Maintainer"), Member("zoe", "Owner"))
    assert _asked(people) == Maintainers(found, whole=True)
    assert _asked(people * 25) == Maintainers(found, whole=False)


@pytest.mark.parametrize(
    "answer",
    [{}, None, ["mia"], [{"username": "mia", "access_level": True}], [{"access_level": 40}]],
)
def test_another_form_is_not_known(answer: Any) -> None:
    assert _asked(answer) is None

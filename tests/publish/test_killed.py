"""A run that is killed between any two requests is gone on with: nothing is made twice."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from requests.adapters import HTTPAdapter

from scopelint_simulator import Faults, Simulator
from tests.cli.kit import call
from tests.publish.kit import CLOSED, OPEN, issues, report

pytestmark = pytest.mark.slow

TREE: Mapping[str, Mapping[str, Any]] = {
    "acme/web/shop": OPEN,
    "acme/web/till": OPEN,
    "acme/lib/core": OPEN,
}
FIXED = {**TREE, "acme/web/shop": CLOSED, "acme/web/till": CLOSED}


def run(gitlab: Simulator, path: Path) -> int:
    given = ("--project", "acme/security", "--yes", "--url", gitlab.url, "--no-config", "-q")
    return call("publish", "issues", path, *given).code


def state(gitlab: Simulator) -> list[tuple[str, bool, list[str], str]]:
    """Everything that was delivered, without the mark, which tells when it was written."""
    return [
        (issue.title, issue.closed, [note.body for note in issue.notes], issue.description)
        for project in ("acme/web/issues", "acme/security")
        for issue in issues(gitlab, project)
    ]


@pytest.mark.parametrize("answered", [False, True], ids=["before", "after"])
def test_killed_between_any_two_requests(
    gitlab: Simulator, place: Path, monkeypatch: pytest.MonkeyPatch, answered: bool
) -> None:
    """Making, changing, closing and opening again: whenever it is killed, the end is the same."""
    days = [
        report(gitlab, place, 1, TREE),
        report(gitlab, place, 2, FIXED),
        report(gitlab, place, 3, TREE),
    ]
    for path in days:
        assert run(gitlab, path) == 0
    expected = state(gitlab)
    send, left = HTTPAdapter.send, 0

    def killed(self: HTTPAdapter, *words: Any, **options: Any) -> Any:
        nonlocal left
        left -= 1
        if left == 0 and not answered:
            raise KeyboardInterrupt
        found = send(self, *words, **options)
        if left == 0:
            raise KeyboardInterrupt
        return found

    monkeypatch.setattr(HTTPAdapter, "send", killed)
    kills = 0
    for moment in range(1, 40):
        gitlab.instance.delivery.issues.clear()
        gitlab.instance.delivery.last = 0
        codes = []
        for path in days:
            left = moment
            codes.append(run(gitlab, path))
            left = 0
            assert run(gitlab, path) == 0
        kills += codes.count(130)
        assert state(gitlab) == expected, moment
        if 130 not in codes:
            break
    assert kills >= 15


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    "fault", [{"truncate_rate": 0.3}, {"drop_rate": 0.3}, {"error_rate": 0.3, "error_status": 503}]
)
def test_lost_answers_make_nothing_twice(
    gitlab: Simulator, place: Path, fault: dict[str, float], seed: int
) -> None:
    days = [report(gitlab, place, 1, TREE), report(gitlab, place, 2, FIXED)]
    for path in days:
        gitlab.faults = Faults(only="/issues", seed=seed, **fault)  # type: ignore[arg-type]
        run(gitlab, path)
        gitlab.faults = Faults()
        assert run(gitlab, path) == 0
    found = [(title, closed, len(notes)) for title, closed, notes, _ in state(gitlab)]
    assert found == [
        ("CI/CD job token scopes: findings for web", True, 1),
        ("CI/CD job token scopes: findings for lib", False, 0),
    ]

"""How many projects a request asks for: less where the server cannot, more again where it can."""

from pathlib import Path

import pytest

from scopelint.collect.batches import FORGET, SLOW, STREAK, PageSize
from scopelint_simulator import Simulator, graphql_api, load_instance
from tests.faults.kit import instance, scan


def test_a_quick_and_cheap_first_page_keeps_the_size() -> None:
    size = PageSize(100)
    size.answered(100, 0.2)
    assert size.value == 100


@pytest.mark.parametrize(("seconds", "tight"), [(SLOW + 0.1, False), (0.2, True)])
def test_a_slow_or_costly_first_page_is_followed_by_half(seconds: float, tight: bool) -> None:
    size = PageSize(100)
    size.answered(100, seconds, near_limit=tight)
    assert size.value == 50
    # Only the first one tells; later ones are judged by their own failures.
    size.answered(50, SLOW + 1, near_limit=True)
    assert size.value == 50


def test_a_refused_page_halves_and_quick_answers_grow_it_again() -> None:
    size = PageSize(100)
    size.refused(100)
    assert size.value == 50
    size.refused(50)
    assert size.value == 25
    for _ in range(STREAK):
        size.answered(25, 0.1)
    # Never to what failed, until that is long ago.
    assert 25 < size.value < 50
    for _ in range(FORGET + 4 * STREAK):
        size.answered(size.value, 0.1)
    assert size.value == 100


def test_slow_answers_grow_nothing() -> None:
    size = PageSize(100)
    size.refused(100)
    for _ in range(3 * STREAK):
        size.answered(50, SLOW - 0.5)
    assert size.value == 50


@pytest.mark.parametrize("limit", [110, 95, 80])
def test_a_server_with_a_lower_limit_of_complexity_is_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    """GitLab counts a page's cost by `first`: asking for fewer ids must ask for a shorter page."""
    limits = {"admin": 300, "authenticated": limit, "anonymous": 200}
    with Simulator(load_instance(instance(300))) as gitlab:
        calm = scan(gitlab.url, tmp_path)
        monkeypatch.setattr(graphql_api, "MAX_COMPLEXITY", limits)
        gitlab.reset_counts()
        found = scan(gitlab.url, tmp_path)
        pages = gitlab.counts["graphql:Scopes"]
    assert found.gaps == []
    assert found.found() == calm.found()
    assert 3 < pages <= 30

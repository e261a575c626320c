"""How many projects a request asks for: less where it is too much, and not for one bad project."""

from scopelint.collect.batches import FORGET, STREAK, PageSize


def isolate(size: PageSize, pages: int) -> None:
    """Halve a page down to the one project in it that always fails; its siblings are answered."""
    count = pages
    while count > 1:
        size.refused(count)
        half = (count + 1) // 2
        size.answered(count - half, 0.1)
        count = half


def test_one_bad_project_does_not_shrink_the_pages_of_others() -> None:
    size = PageSize(100)
    size.answered(100, 0.1)
    isolate(size, 100)
    assert size.value == 100


def test_one_bad_project_on_the_first_page_costs_one_halving() -> None:
    size = PageSize(100)
    isolate(size, 100)
    assert size.value == 50


def test_a_server_that_became_slow_shrinks_the_pages_all_the_same() -> None:
    size = PageSize(100)
    size.answered(100, 0.1)
    size.refused(100)
    size.refused(100)
    assert size.value == 50


def test_a_server_that_manages_few_is_asked_for_few() -> None:
    size = PageSize(100)
    for count in (100, 50, 25, 13):
        size.refused(count)
    assert size.value == 6
    for _ in range(FORGET - 1):
        size.answered(6, 0.1)
        size.answered(12, 0.1)
        assert size.value <= 12


def test_quick_answers_bring_the_size_back() -> None:
    size = PageSize(40)
    size.refused(40)
    assert size.value == 20
    for _ in range(FORGET + STREAK):
        size.answered(size.value, 0.1)
    assert size.value == 40


def test_a_slow_first_page_is_followed_by_smaller_ones() -> None:
    size = PageSize(100)
    size.answered(100, 6.0)
    assert size.value == 50
    size.answered(50, 6.0)
    assert size.value == 50


def test_a_page_is_never_empty() -> None:
    size = PageSize(1)
    size.refused(1)
    assert size.value == 1

"""Threads that work, and the one that waits for them."""

import threading
import time
from typing import Any

import pytest

from scopelint.collect.run import Workers


def test_results_come_to_the_thread_that_waits() -> None:
    workers, seen = Workers(3), list[Any]()
    here = threading.get_ident()
    for number in range(20):
        workers.submit(
            lambda number=number: (number, threading.get_ident()),  # type: ignore[misc]
            lambda result: seen.append((result, threading.get_ident())),
        )
    workers.run(lambda: None)
    workers.close()
    assert sorted(result[0] for result, _ in seen) == list(range(20))
    assert {handler for _, handler in seen} == {here}
    assert here not in {worker for (_, worker), _ in seen}


def test_no_more_threads_than_asked_for_work_at_once() -> None:
    workers, running, most = Workers(2), set[int](), 0
    lock = threading.Lock()

    def job() -> None:
        nonlocal most
        with lock:
            running.add(threading.get_ident())
            most = max(most, len(running))
        time.sleep(0.005)
        with lock:
            running.discard(threading.get_ident())

    for _ in range(10):
        workers.submit(job, lambda result: None)
    workers.run(lambda: None)
    workers.close()
    assert most == 2


def test_a_result_may_bring_more_jobs() -> None:
    workers, seen = Workers(2), list[int]()

    def then(depth: int) -> None:
        seen.append(depth)
        if depth < 5:
            workers.submit(lambda: depth + 1, then)

    workers.submit(lambda: 0, then)
    workers.run(lambda: None)
    workers.close()
    assert seen == [0, 1, 2, 3, 4, 5]


def test_first_goes_before_those_that_wait() -> None:
    workers, seen = Workers(1), list[object]()
    workers.submit(lambda: "waits", seen.append)
    workers.submit(lambda: "first", seen.append, first=True)
    workers.run(lambda: None)
    workers.close()
    assert seen == ["first", "waits"]


def test_what_a_job_raises_is_raised_where_one_waits() -> None:
    workers = Workers(2)

    def job() -> None:
        raise KeyError("lost")

    workers.submit(job, lambda result: None)
    with pytest.raises(KeyError, match="lost"):
        workers.run(lambda: None)
    workers.close()


def test_what_a_then_raises_is_raised_too() -> None:
    workers = Workers(2)

    def then(result: object) -> None:
        raise ValueError("no")

    workers.submit(lambda: 1, then)
    with pytest.raises(ValueError, match="no"):
        workers.run(lambda: None)
    workers.close()


def test_threads_end_after_close_and_are_daemons() -> None:
    before = set(threading.enumerate())
    workers = Workers(4)
    for _ in range(8):
        workers.submit(lambda: time.sleep(0.002), lambda result: None)
    workers.run(lambda: None)
    made = set(threading.enumerate()) - before
    assert made
    assert all(thread.daemon for thread in made)
    workers.close()
    for thread in made:
        thread.join(timeout=5)
    assert not any(thread.is_alive() for thread in made)


def test_closing_drops_what_waits() -> None:
    workers, seen = Workers(1), list[object]()
    workers.submit(lambda: 1, seen.append)
    workers.close()
    workers.run(lambda: None)
    assert seen == []


def test_the_one_that_waits_hears_that_nothing_came() -> None:
    workers, ticks = Workers(1), list[float]()
    workers.submit(lambda: time.sleep(1.1), lambda result: None)
    workers.run(lambda: ticks.append(time.monotonic()))
    workers.close()
    assert len(ticks) == 1

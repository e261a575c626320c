"""Whatever happens on the way, a scan finds what a calm one finds, and says what it could not read.

The waits are the real ones; only what the simulated GitLab calls a minute is shorter
(`rate_window`), so that its limit is reached many times in a test of seconds.
"""

import re
from pathlib import Path

import pytest

from scopelint_simulator import Faults, Simulator, load_instance
from tests.faults.kit import FAILING, instance, scan

pytestmark = pytest.mark.slow


def test_trouble_of_every_kind_leaves_one_gap(tmp_path: Path) -> None:
    made = load_instance(instance(5000, failing=True))
    failing = next(project for project in made.projects.values() if project.path == FAILING)
    with Simulator(made) as gitlab:
        failing.fails = False
        calm = scan(gitlab.url, tmp_path)
        failing.fails = True
        gitlab.faults = Faults(
            error_rate=0.05,
            drop_rate=0.02,
            truncate_rate=0.01,
            rate_limit=25,
            rate_window=1.0,
            latency=0.005,
            jitter=0.05,
            seed=1,
        )
        gitlab.reset_counts()
        troubled = scan(gitlab.url, tmp_path)
        assert troubled.requests == gitlab.counts["graphql"] + gitlab.counts["rest"]
    assert gitlab.crashes == []
    assert calm.gaps == []
    assert calm.report["scan"]["complete"] is True
    # What went wrong is counted and told.
    said = re.search(r"(\d+) requests, (\d+) retried, (\d+) s waited", troubled.result.err)
    assert said is not None, troubled.result.err
    assert int(said[1]) == troubled.requests
    assert int(said[2]) >= 5
    assert int(said[3]) >= 2
    assert ", 1 gap, " in troubled.result.err
    assert [(gap["fact"], gap["project"]["path"]) for gap in troubled.gaps] == [("scope", FAILING)]
    assert troubled.report["scan"]["complete"] is False
    assert troubled.report["scan"]["projects"] == {"total": 5000, "read": 4999, "unreadable": 1}
    assert troubled.projects_of("SL901") == [FAILING]
    others = {finding for finding in calm.found() if finding[1] != FAILING}
    assert len(others) > 500
    assert troubled.found(without=("SL901", "SL902")) == others


def test_no_page_is_given_up_at_six_requests_a_second(tmp_path: Path) -> None:
    with Simulator(load_instance(instance(1000))) as gitlab:
        calm = scan(gitlab.url, tmp_path)
        gitlab.faults = Faults(error_rate=0.2, rate_limit=6, rate_window=1.0, seed=4)
        troubled = scan(gitlab.url, tmp_path)
    assert gitlab.crashes == []
    assert troubled.gaps == []
    assert troubled.report["scan"]["complete"] is True
    assert troubled.found() == calm.found()
    assert troubled.requests > calm.requests


def test_no_page_is_given_up_where_the_limit_is_not_announced(tmp_path: Path) -> None:
    """Refusals without a header, as a gateway makes them."""
    with Simulator(load_instance(instance(600))) as gitlab:
        calm = scan(gitlab.url, tmp_path)
        gitlab.faults = Faults(
            error_rate=0.2, rate_limit=6, rate_window=1.0, rate_limit_headers=False, seed=4
        )
        troubled = scan(gitlab.url, tmp_path)
    assert troubled.gaps == []
    assert troubled.found() == calm.found()


def test_pages_shrink_until_the_server_can_answer_them(tmp_path: Path) -> None:
    with Simulator(load_instance(instance(1200))) as gitlab:
        calm = scan(gitlab.url, tmp_path)
        gitlab.faults = Faults(max_page=12)
        gitlab.reset_counts()
        slow = scan(gitlab.url, tmp_path)
        pages = gitlab.counts["graphql:Scopes"]
    assert gitlab.crashes == []
    assert slow.gaps == []
    assert slow.found() == calm.found()
    # 1,200 projects by twelve are 100 pages; finding the size may cost as many again, not more.
    assert 100 <= pages <= 250

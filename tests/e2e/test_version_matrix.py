"""Every release and both ways of reading, against an independent second reading of the instance.

Random instances from seeds. `SCOPELINT_MATRIX_SEEDS=200` tries that many a release and API, for a
long run by hand; each failure names its seed.
"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from scopelint_simulator import Simulator, load_instance
from tests.cli.kit import call
from tests.conftest import ORIGINAL
from tests.e2e.random_instances import ADMIN, BOT, instance
from tests.e2e.reference import Reading, Release
from tests.e2e.reference_rules import CODES, CONFIG, Expected, expect

RELEASES = [
    Release(*numbers)
    for numbers in ((16, 11), (17, 4), (17, 10), (18, 2), (18, 5), (18, 9), (19, 3))
]
SEEDS = int(ORIGINAL.get("SCOPELINT_MATRIX_SEEDS", "3"))


TOKENS = {"root": ADMIN, "bot": BOT}


def case(seed: int, release: Release, now: datetime) -> tuple[dict[str, Any], str, str]:
    """Give the instance of a seed, who scans it, and what is scanned."""
    user = "root" if seed % 2 else "bot"
    target = "acme/lib" if seed % 3 == 2 else "acme"
    return instance(seed, release, now), user, target


def scan(file: dict[str, Any], api: str, token: str, target: str) -> tuple[int, dict[str, Any]]:
    """Scan an instance over HTTP as a user would; return the exit code and the JSON report."""
    Path("scopelint.yml").write_text(yaml.safe_dump(CONFIG), encoding="utf-8")
    Path("token").write_text(token, encoding="utf-8")
    with Simulator(load_instance(file)) as gitlab:
        done = call(
            *("scan", target, "--url", gitlab.url, "--token-file", "token", "--api", api, "-q"),
            *("--usage", "--select", ",".join(CODES), "-f", "json"),
        )
        assert gitlab.crashes == []
    assert done.code in {0, 1, 3}, done.text
    report: dict[str, Any] = json.loads(done.raw)
    return done.code, report


def found(report: dict[str, Any]) -> Expected:
    """Bring a report into the form of the reference."""
    lines = set()
    for finding in report["findings"]:
        project, entry = finding["project"], finding["entry"]
        words = [finding["rule"], finding["verdict"], project["path"] if project else "-"]
        lines.add(" ".join([*words, f"{entry['kind']}:{entry['id']}"] if entry else words))
    return Expected(
        lines=lines,
        not_judged={rule["code"] for rule in report["rules"] if rule["not_judged"]},
        enforcement=report["scan"]["enforcement"],
        unread=report["scan"]["projects"]["unreadable"],
    )


def undisputed(lines: set[str], expected: Expected) -> set[str]:
    """Leave out the lines about which the sources settle nothing."""
    return {line for line in lines if tuple(line.split()[::2][:2]) not in expected.open}


@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.parametrize("api", ["graphql", "rest"])
@pytest.mark.parametrize("release", RELEASES, ids=str)
def test_a_scan_gives_what_an_independent_reading_says(
    release: Release, api: str, seed: int
) -> None:
    now = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1)
    file, user, target = case(seed, release, now)
    expected = expect(Reading(file, api, user, target, now))

    code, report = scan(file, api, TOKENS[user], target)

    seen = found(report)
    missing = undisputed(expected.lines - seen.lines, expected)
    unexpected = undisputed(seen.lines - expected.lines, expected)
    assert (sorted(missing), sorted(unexpected)) == ([], []), "missing, and not expected"
    assert seen.not_judged == expected.not_judged
    assert (seen.enforcement, seen.unread) == (expected.enforcement, expected.unread)
    assert code == expected.exit_code
    assert report["scan"]["complete"] is (expected.unread == 0)


def test_the_matrix_holds_a_finding_of_every_rule() -> None:
    """Keep the instances from running dry: each rule fails somewhere, and two are unknown too."""
    now = datetime.now(UTC)
    readings = [
        Reading(file, api, user, target, now)
        for release in RELEASES
        for file, user, target in (case(seed, release, now) for seed in range(SEEDS))
        for api in ("graphql", "rest")
    ]
    lines = [line.split() for reading in readings for line in expect(reading).lines]
    assert {code for code, *_ in lines} == set(CODES)
    assert {code for code, verdict, *_ in lines if verdict == "unknown"} == {
        "SL104",
        "SL701",
        "SL901",
        "SL902",
    }
    assert {expect(reading).exit_code for reading in readings} == {0, 1, 3}

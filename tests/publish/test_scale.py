"""How often is written for many projects and owners: not at all where nothing changed.

`SCOPELINT_PUBLISH_PROJECTS=10000 SCOPELINT_PUBLISH_OWNERS=200 pytest -n 0 -s tests/publish/test_scale.py`
measures the size that the contract names.
"""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scopelint_simulator import Simulator, load_instance
from tests.cli.kit import call
from tests.conftest import ORIGINAL
from tests.publish.kit import PUBLISHER, SECRET, report

pytestmark = pytest.mark.slow

PROJECTS = int(ORIGINAL.get("SCOPELINT_PUBLISH_PROJECTS", "240"))
OWNERS = int(ORIGINAL.get("SCOPELINT_PUBLISH_OWNERS", "12"))
CHANGED = PROJECTS // 20
PATHS = [f"acme/team-{number % OWNERS}/p{number}" for number in range(PROJECTS)]
OWNED = "owners:\n" + "".join(
    f"  - {{projects: ['acme/team-{number}/**'], owner: team-{number},"
    f" issues: acme/team-{number}/p{number}}}\n"
    for number in range(OWNERS)
)
IDS = {path: 1000 + number for number, path in enumerate(PATHS)}


@pytest.fixture
def gitlab(place: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    del place
    monkeypatch.setenv("SCOPELINT_TOKEN", PUBLISHER)
    monkeypatch.setenv("SCOPELINT_CONTROL_SECRET", SECRET)
    instance = {
        "users": [{"username": "bot"}],
        "tokens": [{"token": PUBLISHER, "user": "bot", "scopes": ["api"]}],
        "roles": [{"user": "bot", "on": "acme", "role": "reporter"}],
        "groups": [
            {"path": "acme"},
            *({"path": f"acme/team-{number}"} for number in range(OWNERS)),
        ],
        "projects": [{"path": path, "id": number} for path, number in IDS.items()],
        "controls": [{"id": 5, "secret": SECRET, "projects": PATHS}],
    }
    with Simulator(load_instance(instance)) as simulator:
        yield simulator


def tree(changed: int) -> dict[str, dict[str, Any]]:
    """Every third project of an owner is open; of the first `changed` ones the others are."""
    return {
        path: {"id": IDS[path]}
        | (
            {"inbound_own": False, "inbound_effective": False}
            if (number // OWNERS % 3 == 0) != (number < changed)
            else {}
        )
        for number, path in enumerate(PATHS)
    }


def published(gitlab: Simulator, path: Path) -> dict[str, int]:
    """Publish both kinds; return the writes of each, requests in all, and the seconds."""
    most = ("--max-writes", str(2 * PROJECTS), "--yes", "--url", gitlab.url, "--no-config")
    found: dict[str, int] = {}
    for kind, options in (
        ("issues", ()),
        ("controls", ("--control", "5", "--state", "state.jsonl")),
    ):
        gitlab.reset_counts()
        began = time.perf_counter()
        told = call("publish", kind, path, *options, *most, "-f", "json").expect(0)
        found[kind] = gitlab.counts["writes"]
        assert json.loads(told.out)["writes"] == found[kind]
        requests = gitlab.counts["rest"] + gitlab.counts["graphql"]
        print(f"{kind}: {found[kind]} writes of {requests} requests,", end=" ")
        print(f"{time.perf_counter() - began:.1f} s")
    return found


def test_writes_by_what_changed(gitlab: Simulator, place: Path) -> None:
    first = report(gitlab, place, 1, tree(0), config=OWNED)
    assert published(gitlab, first) == {"issues": OWNERS, "controls": PROJECTS}
    again = report(gitlab, place, 2, tree(0), config=OWNED)
    assert published(gitlab, again) == {"issues": 0, "controls": 0}
    changed = report(gitlab, place, 3, tree(CHANGED), config=OWNED)
    owners = len({path.split("/")[1] for path in PATHS[:CHANGED]})
    assert published(gitlab, changed) == {"issues": owners, "controls": CHANGED}

"""How far the authentication log is known to reach back: the oldest last use anywhere."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from scopelint.snapshot import Snapshot
from scopelint.snapshot.inventory import Inventory
from scopelint.testing import inventory, write


def test_oldest_use_of_any_project() -> None:
    with inventory("""
projects:
  acme/a: {uses: [{origin: acme/x, at: 2026-05-01T00:00:00Z}, {origin: acme/y, at: 2026-03-01T00:00:00Z}]}
  acme/b: {uses: [{origin: acme/x, at: 2026-04-01T00:00:00Z}]}
""") as observed:
        assert observed.log_since == datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize("uses", ["null", "[]"])
def test_no_use_tells_nothing(uses: str) -> None:
    with inventory(f"projects: {{acme/a: {{uses: {uses}}}}}") as observed:
        assert observed.log_since is None


def test_time_zones_and_fractions_are_compared_as_moments(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    write(
        """
projects:
  acme/a:
    uses:
      - {origin: acme/x, at: "2026-03-01T01:30:00+02:00"}
      - {origin: acme/y, at: "2026-03-01T00:00:00.250+00:00"}
      - {origin: acme/z, at: "2026-02-28T23:59:00+00:00"}
""",
        path,
    )
    with Snapshot(path) as snapshot:
        assert Inventory(snapshot).log_since == datetime(2026, 2, 28, 23, 30, tzinfo=UTC)

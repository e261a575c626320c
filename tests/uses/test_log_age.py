"""How far the authentication log is known to reach back: the oldest last use anywhere."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from scopelint.engine.evaluation import verdicts
from scopelint.finding import Outcome
from scopelint.repair.allowlist import AllowlistOptions
from scopelint.repair.suggest import suggest
from scopelint.rule import Rule
from scopelint.snapshot import Snapshot
from scopelint.snapshot.inventory import Inventory
from scopelint.testing import inventory, write
from scopelint.uses.log import reach_back
from scopelint.uses.unused import Thresholds
from scopelint_rules.group_entry_wider_than_use import GroupEntryWiderThanUse
from scopelint_rules.unused_entry import UnusedEntry


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


RESUMED = """
started_at: 2026-05-01T00:00:00Z
finished_at: 2026-08-01T00:00:00Z
projects:
  acme/shop:
    inbound_own: false
    entries:
      - {group: acme/lib, created_at: 2024-01-01T00:00:00Z}
      - {project: acme/tool, created_at: 2024-01-01T00:00:00Z}
      - {project: acme/late, created_at: 2024-01-01T00:00:00Z}
    uses:
      - {origin: acme/tool, at: 2026-04-20T00:00:00Z}
      - {origin: acme/lib/a, at: 2026-04-20T00:00:00Z}
      - {origin: acme/late, at: LATE}
  acme/old: {uses: [{origin: acme/tool, at: 2025-01-01T00:00:00Z}]}
  acme/tool: {}
  acme/late: {}
  acme/lib/a: {}
  acme/lib/b: {}
"""


def flagged(description: str, rule: Rule) -> set[str]:
    with inventory(description) as observed:
        assert rule.not_judged(observed) is None
        return {
            verdict.entry.target_path or ""
            for _, verdict in verdicts(rule, observed)
            if verdict.outcome is Outcome.FAIL and verdict.entry is not None
        }


def test_a_log_read_before_a_collection_was_resumed_makes_no_entry_unused() -> None:
    """Each entry was used within 90 days of when its log was read; the collection ended later."""
    text = RESUMED.replace("LATE", "2026-02-15T00:00:00Z")
    assert flagged(text, UnusedEntry()) == set()
    assert flagged(text, GroupEntryWiderThanUse({"max_share": 50, "min_projects": 2})) == {
        "acme/lib"
    }


def test_an_entry_was_only_as_old_as_when_its_log_was_read() -> None:
    """Added 162 days before the collection ended, and 70 before the log was read."""
    text = RESUMED.replace("inbound_own: false", "").replace(
        "project: acme/late, created_at: 2024-01-01", "project: acme/late, created_at: 2026-02-20"
    )
    # All of the group uses it, so that only the entry for acme/late is in question.
    text = text.replace("acme/late, at: LATE", "acme/lib/b, at: 2026-04-20T00:00:00Z")
    with inventory(text) as observed:
        stays = suggest(observed, AllowlistOptions(min_log_days=90))
        assert [each.reason for each in stays.skipped if each.path == "acme/shop"] == [
            "the project entry acme/late stays: it is younger than 90 days"
        ]
        [plan] = suggest(observed, thresholds=lambda _: Thresholds(60, 60)).projects
        assert [each.operation for each in plan.actions] == ["remove-entry"]


def test_an_entry_unused_for_long_when_its_log_was_read_is_flagged() -> None:
    text = RESUMED.replace("LATE", "2026-01-30T00:00:00Z")
    assert flagged(text, UnusedEntry()) == {"acme/late"}


def test_a_log_is_no_older_than_it_was_when_it_was_read() -> None:
    """The oldest use lies 91 days before the end and 1 day before the log was read."""
    text = """
started_at: 2026-05-03T00:00:00Z
finished_at: 2026-08-01T00:00:00Z
projects: {acme/a: {uses: [{origin: acme/b, at: 2026-05-02T00:00:00Z}]}}
"""
    with inventory(text) as observed:
        reason = UnusedEntry().not_judged(observed)
        assert reason == "the authentication log is known to reach back 1 days, 90 are needed"
        assert reach_back(observed).startswith("the log is known to reach back 1 day ")


def test_a_log_younger_than_the_start_reaches_back_no_day() -> None:
    text = """
started_at: 2026-05-03T00:00:00Z
finished_at: 2026-08-01T00:00:00Z
projects: {acme/a: {uses: [{origin: acme/b, at: 2026-06-02T00:00:00Z}]}}
"""
    with inventory(text) as observed:
        assert "reach back 0 days" in str(UnusedEntry().not_judged(observed))

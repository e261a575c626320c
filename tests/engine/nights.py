"""Nightly runs over one small tree, in process: what is there, and what each night could see of it."""

import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, Literal

from scopelint import engine
from scopelint.engine.previous import Previous
from scopelint.registry import find_rules
from scopelint.report import Report
from scopelint.report_file.reading import load_report
from scopelint.rule import Policy, Rule
from scopelint.testing import inventory, rendered
from scopelint.testing.specs import FINISHED, STARTED
from scopelint_reports.json_report import JsonReporter

RULES = ("SL101", "SL304", "SL305", "SL403", "SL901", "SL902")
"""A rule about projects, two about entries by their paths, one that is silent about an entry whose
target it does not see, and those about what was not read."""

Sight = Literal["read", "unreadable", "partly", "flagless", "excluded", "archived", "hidden"]
"""How a night sees a project: `partly` without all of its entries, `flagless` without its flags,
`excluded` and `archived` left out by a filter, `hidden` not even listed."""


@dataclass(frozen=True)
class Fact:
    """What is true of a project."""

    path: str
    open: bool = False
    group: bool = False
    """A group from outside is allowed."""
    sdk: bool = False
    """An archived project from outside is allowed."""


@dataclass(frozen=True)
class Night:
    """The projects that there are, by id, and what the run sees and does."""

    facts: Mapping[int, Fact]
    sight: Mapping[int, Sight] = field(default_factory=dict)
    """`read` where it is not said."""
    rules: tuple[str, ...] = RULES
    listed: bool = True
    """Whether the list of projects is whole."""
    sees_sdk: bool = True
    """Whether the token sees the project from outside."""

    def seen(self, number: int) -> Sight:
        return self.sight.get(number, "read")


WHOLE: dict[int, Fact] = {
    1: Fact("acme/web/shop", open=True, group=True),
    2: Fact("acme/web/site", sdk=True),
    3: Fact("acme/ops", open=True, sdk=True),
}


@cache
def _classes() -> dict[str, type[Rule]]:
    return {code: found.cls for code, found in find_rules().items()}


def _entries(fact: Fact) -> list[dict[str, Any]]:
    group = [{"group": "partner", "id": 900}] if fact.group else []
    return group + ([{"project": "beta/sdk", "id": 901}] if fact.sdk else [])


def _project(number: int, fact: Fact, sight: Sight) -> dict[str, Any]:
    data: dict[str, Any] = {"id": number, "inbound_own": not fact.open, "entries": _entries(fact)}
    if sight == "unreadable":
        return {"id": number, "unreadable": "forbidden"}
    if sight == "partly":
        return data | {"entries": [], "missing": ["entries"]}
    if sight == "flagless":
        return data | {"inbound_own": None, "missing": ["own_flag"]}
    return data


def description(night: Night, day: int) -> dict[str, Any]:
    """Describe what the collection of a night holds; `day` is its number."""
    left_out = ("excluded", "archived")
    shown = {n: f for n, f in night.facts.items() if night.seen(n) not in (*left_out, "hidden")}
    outside = {n: f for n, f in night.facts.items() if night.seen(n) in left_out}
    excluded = [f.path for n, f in outside.items() if night.seen(n) == "excluded"]
    archived = "exclude" if any(night.seen(n) == "archived" for n in outside) else "include"
    unread = [(n, f) for n, f in shown.items() if night.seen(n) in {"partly", "flagless"}]
    gaps = [
        {
            "fact": "entries" if night.seen(number) == "partly" else "own_flag",
            "reason": "timed_out",
            "project": fact.path,
            "id": number,
        }
        for number, fact in unread
    ]
    gaps += [] if night.listed else [{"fact": "enumeration", "reason": "timed_out"}]
    gaps += (
        []
        if night.sees_sdk
        else [{"fact": "target", "reason": "not_visible", "project": "beta/sdk", "id": 901}]
    )
    sdk = {"project": "beta/sdk", "id": 901, "archived": True, "personal": False}
    return {
        "targets": ["acme"],
        "enforcement": "off",
        "started_at": STARTED + timedelta(days=day),
        "finished_at": FINISHED + timedelta(days=day),
        "projects": {fact.path: _project(n, fact, night.seen(n)) for n, fact in shown.items()},
        "excluded": [fact.path for fact in outside.values()],
        "filters": {"exclude": excluded, "archived": archived},
        "resolved": [
            {"group": "partner", "id": 900, "projects": 3},
            sdk if night.sees_sdk else {"project": "beta/sdk", "id": 901, "visible": False},
            *({"project": fact.path, "id": number} for number, fact in outside.items()),
        ],
        "gaps": gaps,
    }


def run(
    night: Night,
    day: int = 0,
    previous: Report | None = None,
    *,
    days: int = 90,
    **settings: Any,
) -> Report:
    """Judge a night; the last report goes through its file."""
    before = Previous(reread(previous), days=days) if previous else None
    policy = Policy(selected=night.rules, of_instance=frozenset({"SL902"}))
    rules = [_classes()[code](None, policy) for code in night.rules]
    with inventory(description(night, day)) as observed:
        return engine.run(observed, rules, engine.Settings(previous=before, **settings))


def reread(report: Report) -> Report:
    """Return a report as its JSON file gives it back."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.json"
        path.write_bytes(rendered(JsonReporter(), report))
        return load_report(path)


def truth(night: Night, day: int) -> Report:
    """Judge what is there, as a run would that sees all of it."""
    return run(Night(night.facts), day)


def keys(findings: Iterable[Any]) -> list[tuple[str, int]]:
    """Name findings by rule and project id, sorted."""
    return sorted((each.rule, each.project.id if each.project else 0) for each in findings)


def carried(report: Report) -> list[tuple[str, int]]:
    """Name what was carried over."""
    return keys(each for each in report.findings if each.carried)

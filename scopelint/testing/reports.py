"""Reports for the authors of reporters: real ones, from described inventories and real rules."""

import io
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from scopelint import engine
from scopelint.globs import GlobSet
from scopelint.report import Report, Reporter
from scopelint.rule import Policy, Rule
from scopelint.testing.inventories import inventory


def report(
    description: str | Mapping[str, Any],
    rules: Iterable[type[Rule]],
    settings: engine.Settings | None = None,
    *,
    trusted: Iterable[str] = (),
) -> Report:
    """Judge a described inventory with these rules, default options, and return the report."""
    classes = sorted(rules, key=lambda rule: rule.code)
    policy = Policy(
        trusted=GlobSet(trusted),
        selected=tuple(rule.code for rule in classes),
        of_instance=frozenset(rule.code for rule in classes if rule.once),
    )
    with inventory(description) as observed:
        report = engine.run(observed, [rule(None, policy) for rule in classes], settings)
        return replace(report, allowlists=tuple(report.allowlists or ()))


def rendered(reporter: Reporter, what: Report) -> bytes:
    """Return the document a reporter writes; raise AssertionError if a second one differs.

    The contract of a reporter: the same bytes for the same report.
    """
    first, second = io.BytesIO(), io.BytesIO()
    reporter.render(what, first)
    reporter.render(what, second)
    if first.getvalue() != second.getvalue():
        raise AssertionError(f"{reporter.name}: two documents of one report differ")
    return first.getvalue()

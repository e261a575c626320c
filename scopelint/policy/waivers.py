"""Waivers: findings that somebody accepted, with a reason and an end, and never in silence.

A waiver names a rule and projects, and may name an entry. The day it expires still counts (UTC).
An expired one hides nothing any more and is named, one that ends soon is warned about, and one
that matches nothing is reported: a list that nobody prunes would lapse unseen.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from scopelint.finding import Finding, State
from scopelint.finding import Waiver as ShownWaiver
from scopelint.globs import matches

SOON = timedelta(days=30)
"""How long before its end a waiver is warned about."""


@dataclass(frozen=True, slots=True)
class Waiver:
    """One waiver of the configuration.

    `rules` are the codes it covers. `project` is a glob over full paths, None for findings of the
    whole instance. `entry` is a glob over the entry's path (or its key, `group:42`), None for
    every entry. `expires` None never ends, where the configuration permits that. `place` says
    where it was written (`scopelint.yml:12:5`), `rule` how the rules were named there.
    """

    rules: frozenset[str]
    project: str | None
    reason: str
    expires: date | None
    entry: str | None = None
    owner: str | None = None
    ticket: str | None = None
    place: str = ""
    rule: str = ""

    def covers(self, finding: Finding) -> bool:
        """Tell whether the waiver is about this finding, whatever the date."""
        return finding.rule in self.rules and self._at(finding) and self._entry(finding)

    def _at(self, finding: Finding) -> bool:
        if self.project is None or finding.project is None:
            return self.project is None and finding.project is None
        return matches(self.project, finding.project.path)

    def _entry(self, finding: Finding) -> bool:
        if self.entry is None:
            return True
        if finding.entry is None:
            return False
        names = (finding.entry.path, f"{finding.entry.kind}:{finding.entry.id}")
        return any(name is not None and matches(self.entry, name) for name in names)

    def expired(self, today: date) -> bool:
        """Tell whether its last day has passed."""
        return self.expires is not None and today > self.expires

    def ends_soon(self, today: date) -> bool:
        """Tell whether it still holds and ends within `SOON`."""
        return self.expires is not None and today <= self.expires <= today + SOON

    def shown(self) -> ShownWaiver:
        """Return what a report shows of it."""
        return ShownWaiver(
            reason=self.reason if self.ticket is None else f"{self.reason} ({self.ticket})",
            expires=self.expires.isoformat() if self.expires else None,
            owner=self.owner,
        )


@dataclass(frozen=True, slots=True)
class Waived:
    """What became of the findings, and what is to be said of the waivers.

    `expired` still match something that is no longer hidden; `ending` hold and end soon;
    `unmatched` cover nothing.
    """

    findings: tuple[Finding, ...]
    expired: tuple[Waiver, ...] = ()
    ending: tuple[Waiver, ...] = ()
    unmatched: tuple[Waiver, ...] = ()


def apply(findings: Iterable[Finding], waivers: Sequence[Waiver], today: date) -> Waived:
    """Mark the findings that a waiver covers today.

    Where several cover one, the one that ends last is shown. Order and number of the findings
    stay as they are.
    """
    matched: set[int] = set()
    by_rule: dict[str, list[tuple[int, Waiver]]] = {}
    for index, waiver in enumerate(waivers):
        for code in waiver.rules:
            by_rule.setdefault(code, []).append((index, waiver))
    marked = []
    for finding in findings:
        covering = [
            (index, waiver)
            for index, waiver in by_rule.get(finding.rule, ())
            if waiver.covers(finding)
        ]
        matched.update(index for index, _ in covering)
        holding = [waiver for _, waiver in covering if not waiver.expired(today)]
        if holding:
            best = max(holding, key=lambda waiver: waiver.expires or date.max)
            finding = replace(finding, state=State.WAIVED, waiver=best.shown())
        marked.append(finding)
    used = [waiver for index, waiver in enumerate(waivers) if index in matched]
    return Waived(
        findings=tuple(marked),
        expired=tuple(waiver for waiver in used if waiver.expired(today)),
        ending=tuple(waiver for waiver in used if waiver.ends_soon(today)),
        unmatched=tuple(waiver for index, waiver in enumerate(waivers) if index not in matched),
    )

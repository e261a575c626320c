"""Waivers: findings that somebody accepted, with a reason and an end, and never in silence.

A waiver names a rule and projects, and may name an entry and how much it accepts. The day it expires still counts (UTC).
An expired one hides nothing any more and is named, one that ends soon is warned about, and one
that matches nothing is reported, so that the list can be kept short.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import takewhile

from scopelint.engine.acceptance import Bounds, growths
from scopelint.extent import Growth, Outgrown
from scopelint.finding import Finding, State, Waiver
from scopelint.globs import matches
from scopelint.paths import is_inside
from scopelint.project_pattern import ANY_KIND, ProjectKind, ProjectPattern
from scopelint.snapshot.inventory import Inventory

SOON = timedelta(days=30)
"""How long before its end a waiver is warned about."""


@dataclass(frozen=True, slots=True)
class WaiverRule:
    """One waiver of the configuration."""

    rules: frozenset[str]
    """The codes it covers."""
    project: str | None
    """A glob over full paths; None for findings of the whole instance."""
    reason: str
    """Why the finding is accepted."""
    expires: date | None
    """The last day on which it holds; None never ends, where the configuration permits that."""
    entry: str | None = None
    """A glob over the entry's path or its key (`group:42`); None for every entry."""
    owner: str | None = None
    """The person or team that answers for it."""
    ticket: str | None = None
    """Where it was decided."""
    place: str = ""
    """Where it is written (`scopelint.yml:12:5`)."""
    rule: str = ""
    """The rules as they are named there."""
    kind: ProjectPattern = ANY_KIND
    """What a project must be besides."""
    accepts: Bounds | None = None
    """How much of a finding is accepted; None accepts whatever it becomes."""

    def covers(
        self, finding: Finding, kinds: Mapping[str, ProjectKind] | None = None
    ) -> bool | None:
        """Tell whether the waiver is about this finding, whatever the date.

        `kinds` are those of projects by full path. None where what would tell was not read.
        """
        if not (finding.rule in self.rules and self._at(finding) and self._entry(finding)):
            return False
        if self.kind.by_path or finding.project is None:
            return True
        path = finding.project.path
        return self.kind.matches(path, (kinds or {}).get(path))

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

    def growths(self, finding: Finding) -> tuple[Growth, ...]:
        """Return in what a finding is more than it accepts."""
        if self.accepts is None or finding.extent is None:
            return ()
        return tuple(growths(self.accepts, finding.extent))

    def expired(self, today: date) -> bool:
        """Tell whether its last day has passed."""
        return self.expires is not None and today > self.expires

    def ends_soon(self, today: date) -> bool:
        """Tell whether it still holds and ends within `SOON`."""
        return self.expires is not None and today <= self.expires <= today + SOON

    def shown(self) -> Waiver:
        """Return what a report shows of it."""
        return Waiver(
            reason=self.reason if self.ticket is None else f"{self.reason} ({self.ticket})",
            expires=self.expires.isoformat() if self.expires else None,
            owner=self.owner,
        )


class WaiverBook:
    """The waivers of a run: marks finding after finding, and remembers which waivers were used.

    A part of a run that another process does has a book of its own; `used` of it is added here.
    """

    def __init__(
        self,
        waivers: Sequence[WaiverRule],
        today: date,
        kinds: Callable[[], Mapping[str, ProjectKind]] = dict,
    ) -> None:
        """`kinds` gives what projects are, by full path; asked only where a waiver needs it."""
        self._waivers = tuple(waivers)
        self._kinds = {} if all(one.kind.by_path for one in waivers) else kinds()
        self.unsure: Counter[int] = Counter()
        """Findings of which it is not known whether a waiver covers them, by its place in the list."""
        self._today = today
        self._by_rule: dict[str, list[tuple[int, WaiverRule]]] = {}
        for index, waiver in enumerate(waivers):
            for code in waiver.rules:
                self._by_rule.setdefault(code, []).append((index, waiver))
        self.used: set[int] = set()
        """Those that cover a finding, by their place in the list."""
        self.unbounded: dict[int, Bounds] = {}
        """Those that do not say how much they accept, with how much they hide."""

    def include(
        self, used: Set[int], unbounded: Mapping[int, Bounds], unsure: Counter[int]
    ) -> None:
        """Add what the book of another part remembers."""
        self.used |= used
        self.unsure.update(unsure)
        for index, bounds in unbounded.items():
            self._note(index, bounds)

    def _note(self, index: int, bounds: Bounds) -> None:
        before = self.unbounded.get(index)
        self.unbounded[index] = bounds if before is None else before.joined(bounds)

    def mark(self, finding: Finding) -> Finding:
        """Return the finding, marked as waived where a waiver covers it today.

        Where several cover one, the one that ends last is shown. One that accepts less than the
        finding is now does not hold for it.
        """
        waivers = self._by_rule.get(finding.rule)
        if waivers is None:
            return finding
        answers = [(each, each[1].covers(finding, self._kinds)) for each in waivers]
        self.unsure.update(index for (index, _), answer in answers if answer is None)
        covering = [each for each, answer in answers if answer]
        self.used.update(index for index, _ in covering)
        valid = [(index, waiver) for index, waiver in covering if not waiver.expired(self._today)]
        holding = [(index, waiver) for index, waiver in valid if not waiver.growths(finding)]
        if not holding:
            grown = tuple(dict.fromkeys(each for _, one in valid for each in one.growths(finding)))
            return finding.outgrows(Outgrown("waiver", grown)) if grown else finding
        for index, waiver in holding:
            bounds = Bounds.of(finding.extent)
            if waiver.accepts is None and bounds is not None:
                self._note(index, bounds)
        best = max((waiver for _, waiver in holding), key=lambda one: one.expires or date.max)
        return replace(finding, state=State.WAIVED, waiver=best.shown())

    @property
    def expired(self) -> tuple[WaiverRule, ...]:
        """Those that still match something, which is no longer hidden."""
        return tuple(waiver for waiver in self._matching if waiver.expired(self._today))

    @property
    def ending(self) -> tuple[WaiverRule, ...]:
        """Those that hold, match something and end soon."""
        return tuple(waiver for waiver in self._matching if waiver.ends_soon(self._today))

    @property
    def unmatched(self) -> tuple[WaiverRule, ...]:
        """Those that cover nothing."""
        known = self.used | self.unsure.keys()
        return tuple(w for index, w in enumerate(self._waivers) if index not in known)

    @property
    def undecided(self) -> list[tuple[WaiverRule, int]]:
        """Those that may cover findings of projects that too little was read of, with how many."""
        return [(self._waivers[index], self.unsure[index]) for index in sorted(self.unsure)]

    @property
    def without_bounds(self) -> list[tuple[WaiverRule, Bounds]]:
        """Those that do not say how much they accept, with how much they hide, in their order."""
        return [(self._waivers[index], self.unbounded[index]) for index in sorted(self.unbounded)]

    @property
    def _matching(self) -> list[WaiverRule]:
        return [waiver for index, waiver in enumerate(self._waivers) if index in self.used]


def waiver_warnings(
    book: WaiverBook, inventory: Inventory, codes: Collection[str]
) -> Iterator[str]:
    """Yield a sentence for each waiver that somebody should look at.

    `codes` are the rules of the run. A waiver that matches nothing is passed over where this run
    could not match it: its rules did not run, its project lies outside the targets, or all that it
    is about was left out by a filter.
    """
    for waiver in book.expired:
        yield f"{_name(waiver)} expired on {waiver.expires}: what it covered counts again"
    for waiver in book.ending:
        yield f"{_name(waiver)} ends on {waiver.expires}"
    for waiver in book.unmatched:
        if waiver.rules.intersection(codes) and _within(waiver, inventory):
            yield f"{_name(waiver)} matches no finding{_why(waiver)}"
    for waiver, number in book.undecided:
        findings = "a finding" if number == 1 else f"{number} findings"
        yield (
            f"{_name(waiver)} does not hold for {findings} of which it is not known whether they are"
            f" meant: {', '.join(waiver.kind.kind_words())} was not read"
        )
    yield from _unbounded(book)


def _unbounded(book: WaiverBook) -> Iterator[str]:
    """Yield one sentence about all waivers that do not say how much they accept."""
    without = book.without_bounds
    if without:
        first, bounds = without[0]
        more = f", and so do {len(without) - 1} more" if len(without) > 1 else ""
        yield (
            f"{_name(first)} accepts whatever its findings become{more}; to accept what is there"
            f" today, give it `accepts: {bounds.text}`"
        )


def _name(waiver: WaiverRule) -> str:
    rule = waiver.rule or ", ".join(sorted(waiver.rules))
    where = waiver.project or "the instance"
    entry = f" with the entry {waiver.entry}" if waiver.entry else ""
    place = f" ({waiver.place})" if waiver.place else ""
    return f"the waiver of {rule} for {where}{entry}{place}"


def _why(waiver: WaiverRule) -> str:
    if waiver.project is None:
        return "; it names no project, so it is only about findings of the whole instance"
    return ": is it still needed?"


def _within(waiver: WaiverRule, inventory: Inventory) -> bool:
    """Tell whether projects that a waiver is about may lie in what was read."""
    if waiver.project is None:
        return True
    if inventory.left_out and not _meets_judged(waiver.project, inventory):
        return False
    if inventory.scan.whole_instance:
        return True
    segments = waiver.project.lower().split("/")
    fixed = "/".join(takewhile(lambda segment: not {"*", "?"} & set(segment), segments))
    roots = [root.lower() for root in inventory.scan.targets]
    return not fixed or any(is_inside(fixed, root) or is_inside(root, fixed) for root in roots)


def _meets_judged(pattern: str, inventory: Inventory) -> bool:
    """Tell whether a glob matches a project that no filter left out, or none that is listed."""
    found = [state for _, path, state in inventory.states() if matches(pattern, path)]
    return not found or any(state != "excluded" for state in found)

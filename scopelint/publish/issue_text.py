"""The description of an owner's issue: what was found, what changed, how to repair it.

It has a part that is the same as long as the findings are, and a part that tells what changed when
it was written, between two comments: who compares two descriptions leaves that part out.
"""

import re
import shlex
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from scopelint.finding import Finding, Severity
from scopelint.gitlab.delivery import MAX_DESCRIPTION
from scopelint.owners import UNKNOWN_OWNER
from scopelint.paths import SETTINGS_PAGE
from scopelint.publish.marker import ListedFinding, Marker, without_markers
from scopelint.text import (
    code,
    counted,
    fenced,
    hide_secrets,
    issue_title,
    link,
    mentions,
    shorten,
    table_cell,
    utc,
    visible,
)

_BEGIN: Final = "<!-- scopelint:changes -->"
_END: Final = "<!-- /scopelint:changes -->"
_CHANGES: Final = re.compile(f"{re.escape(_BEGIN)}.*?{re.escape(_END)}", re.DOTALL)
MOST_ROWS: Final = 1_000
"""Findings in the table, whatever their length."""
MOST_LISTED: Final = 20_000
"""Findings that the hidden comment names."""
_CHANGED: Final = 20
"""IssueChanges that are named; the others are counted."""
_COMMANDS: Final = 10
"""Projects that a command names."""
_TEXT: Final = 400
_ROOM: Final = 200


@dataclass(frozen=True, slots=True)
class IssueChanges:
    """What changed since the issue was written last."""

    at: datetime
    """The end of the scan that it is written from."""
    before: datetime | None = None
    """That of the report that it was written from last; None the first time."""
    new: tuple[ListedFinding, ...] = ()
    fixed: tuple[ListedFinding, ...] = ()
    accepted: tuple[ListedFinding, ...] = ()
    """Those that a waiver or the baseline accepts by now."""
    moved: tuple[ListedFinding, ...] = ()
    """Those whose project is another owner's by now."""


@dataclass(frozen=True, slots=True)
class IssueText:
    """All that an owner's issue tells."""

    owner: str | None
    """None for what nobody owns."""
    contact: str | None
    instance: str
    findings: Sequence[Finding]
    """The new ones that fail, the severest first."""
    unknown: Sequence[Finding] = ()
    """What could not be told of the owner's projects."""
    kept: Sequence[ListedFinding] = ()
    """What was listed before and was not looked at this time, or whose owner is unknown."""
    key: str = ""
    ownerless: Collection[str] = ()
    """Full paths of the projects whose owner cannot be told this time."""

    def title(self) -> str:
        """Return the title of a new issue."""
        whose = f"for {self.owner}"
        if self.owner is None or self.owner == UNKNOWN_OWNER:
            whose = "without an owner" if self.owner is None else "whose owner cannot be told"
        return issue_title(f"CI/CD job token scopes: findings {whose}")

    def render(self, changes: IssueChanges) -> str:
        """Return the description, within the length that GitLab takes.

        Where not all fits, the least severe findings are left out and counted.
        """
        listed = [listed_finding(each) for each in self.findings]
        every = [*listed, *self.kept]
        marker = Marker(
            self.key, changes.at, tuple(every[:MOST_LISTED]), len(every) <= MOST_LISTED
        ).text("issue")
        head = [*self._head(), "", _BEGIN, *_changes(changes), _END]
        tail = ["", *self._unknown(), *self._repair(), "", marker]
        used = sum(len(line) + 1 for line in (*head, *tail)) + _ROOM
        rows = list(self._rows(MAX_DESCRIPTION - used))
        return hide_secrets("\n".join((*head, "", *rows, *tail)))

    def _head(self) -> Iterator[str]:
        number = len(self.findings) + len(self.kept)
        if not number:
            yield f"Nothing is found any more in {self._whose}."
        else:
            yield (
                f"**{counted(number, 'finding')}** ({_levels(self.findings, self.kept)}) in"
                f" {self._where()}: CI/CD job tokens may do more here than policy allows."
            )
        if self.contact:
            yield ""
            yield f"Owner: {mentions(self.contact)}"
        yield ""
        yield (
            "scopelint writes this text anew when the findings change, and closes the issue when"
            " they are gone: answer below instead of editing it."
        )

    @property
    def _whose(self) -> str:
        if self.owner is None:
            return "projects that nobody owns"
        if self.owner == UNKNOWN_OWNER:
            return "projects whose owner cannot be told"
        return f"projects of {_name(self.owner)}"

    def _where(self) -> str:
        projects = {each.project.path for each in self.findings if each.project}
        projects |= {each.project for each in self.kept if each.project}
        number = len(projects)
        if not number:
            return "the instance"
        return f"{number:,} of the {self._whose}" if number > 1 else f"one of the {self._whose}"

    def _rows(self, room: int) -> Iterator[str]:
        if not self.findings and not self.kept:
            return
        lines = [
            "| severity | rule | project | finding |",
            "| --- | --- | --- | --- |",
        ]
        room -= sum(len(line) + 1 for line in lines)
        total = len(self.findings) + len(self.kept)
        shown = 0
        for line in (*map(_row, self.findings), *map(self._kept_row, self.kept)):
            room -= len(line) + 1
            if room < 0 or shown == MOST_ROWS:
                break
            lines.append(line)
            shown += 1
        yield from lines
        if shown < total:
            yield ""
            yield f"{counted(total - shown, 'finding')} more, the least severe, in the report alone."

    def _kept_row(self, each: ListedFinding) -> str:
        told = "not looked at in the last report"
        if each.project in self.ownerless:
            told = "the last report cannot tell whose project it is"
        where = _name(each.project or "the instance")
        cells = (each.severity.value, _name(each.rule), where, told)
        return f"| {' | '.join(map(table_cell, cells))} |"

    def _unknown(self) -> Iterator[str]:
        if not self.unknown:
            return
        yield f"**Not known**, so neither found nor fixed: {counted(len(self.unknown), 'check')}."
        yield ""
        for each in self.unknown[:_CHANGED]:
            where = each.project.path if each.project else "the instance"
            yield f"- {_name(each.rule)} {_name(where)}: {_span(each.message)}"
        if len(self.unknown) > _CHANGED:
            yield f"- and {len(self.unknown) - _CHANGED} more"
        yield ""

    def _repair(self) -> Iterator[str]:
        paths = list(dict.fromkeys(each.project.path for each in self.findings if each.project))
        if not paths:
            return
        some = paths[:_COMMANDS]
        of = "" if len(paths) <= _COMMANDS else f", here of the first {_COMMANDS} projects"
        yield f"**To repair it** (token: Maintainer of the projects, scope `api`){of}:"
        yield ""
        collect = ["collect", *some, "--usage", "--url", self.instance, "-o", "now.snapshot"]
        yield from fenced(
            "sh",
            [
                _command("explain", self.findings[0].rule),
                _command(*collect),
                _command("plan", "now.snapshot", "-o", "now.plan.json"),
                _command("apply", "now.plan.json", "--url", self.instance),
            ],
        )
        yield ""
        undo = code(_command("undo", "now.plan.json.journal", "--url", self.instance))
        yield (
            "`plan` changes nothing, and says what it leaves out and why; `apply` asks before it"
            f" changes anything, and {undo} takes it back."
        )


def listed_finding(finding: Finding) -> ListedFinding:
    """Return a finding as the hidden comment names it."""
    path = finding.project.path if finding.project else None
    return ListedFinding(finding.fingerprint[:16], finding.rule, finding.severity, path)


def is_same(one: str, other: str) -> bool:
    """Tell whether two descriptions differ in what changed when they were written alone."""
    return _lasting(one) == _lasting(other)


def _lasting(text: str) -> str:
    text = without_markers(_CHANGES.sub("", text.replace("\r\n", "\n")))
    return "\n".join(line.rstrip() for line in text.strip().split("\n"))


def _changes(changes: IssueChanges) -> Iterator[str]:
    counts = [
        f"{len(some)} {word}"
        for some, word in (
            (changes.new, "new"),
            (changes.fixed, "fixed"),
            (changes.accepted, "accepted by a waiver or the baseline"),
            (changes.moved, "another owner's by now"),
        )
        if some
    ]
    if changes.before is None:
        yield f"From the report of {utc(changes.at)}."
        return
    told = f": {', '.join(counts)} since the report of {utc(changes.before)}" if counts else ""
    yield f"From the report of {utc(changes.at)}{told}."
    yield ""
    for some, word in ((changes.new, "new"), (changes.fixed, "fixed")):
        for each in some[:_CHANGED]:
            yield f"- {word}: {_name(each.rule)} {_name(each.project or 'the instance')}"
        if len(some) > _CHANGED:
            yield f"- {word}: {len(some) - _CHANGED} more"


def _row(finding: Finding) -> str:
    project = finding.project
    url = project.web_url + SETTINGS_PAGE if project and project.web_url else None
    where = link(project.path if project else "the instance", url)
    told = _span(finding.message or finding.name)
    if finding.carried is not None:
        told += f" (not looked at since {utc(finding.carried.last_seen)})"
    cells = (finding.severity.value, _name(finding.rule), where, told)
    return f"| {' | '.join(map(table_cell, cells))} |"


def _levels(findings: Iterable[Finding], kept: Iterable[ListedFinding]) -> str:
    counts = Counter([*(f.severity for f in findings), *(k.severity for k in kept)])
    return ", ".join(f"{counts[level]} {level.value}" for level in Severity if counts[level])


def _name(text: str) -> str:
    return code(shorten(visible(text), _TEXT))


def _span(text: str) -> str:
    return code(shorten(visible(text), _TEXT))


def _command(*words: str) -> str:
    return visible(shlex.join(["scopelint", *words]))

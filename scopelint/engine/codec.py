"""How what a collector keeps is stored: findings, and what passed where."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from scopelint.engine.spill import Codec, Scratch, Spill, Written
from scopelint.extent import Extent
from scopelint.finding import EntryRef, Finding, Outcome, ProjectRef
from scopelint.report import ProjectOutcome

if TYPE_CHECKING:
    from scopelint.engine.acceptance import Bounds
    from scopelint.engine.carry import Changes
    from scopelint.engine.counts import FindingCounts
    from scopelint.engine.overview import OverviewPart


class JudgedProject(NamedTuple):
    """What is kept of a judged project: the bits of the rules that passed,
    and the number of its rule set."""

    project: ProjectRef
    readable: bool
    passed: int
    rule_set: int


class Outcomes:
    """What passed where, by project path; most projects share one of a few sets of codes."""

    def __init__(self, judged: Spill[JudgedProject], bits: Mapping[str, int]) -> None:
        self._judged = judged
        self._bits = bits

    def __iter__(self) -> Iterator[ProjectOutcome]:
        sets: dict[int, tuple[str, ...]] = {}
        for each in self._judged:
            if each.passed not in sets:
                sets[each.passed] = tuple(c for c, bit in self._bits.items() if each.passed & bit)
            yield ProjectOutcome(each.project, sets[each.passed])


class JudgedPaths:
    """The full paths of the judged projects, the unreadable ones among them, in order."""

    def __init__(self, judged: Spill[JudgedProject]) -> None:
        self._judged = judged

    def __iter__(self) -> Iterator[str]:
        return (each.project.path for each in self._judged)


@dataclass(frozen=True, slots=True)
class PartFiles:
    """Where a part's findings and judged projects are written."""

    findings: Scratch
    judged: Scratch


@dataclass(frozen=True, slots=True)
class CollectedPart:
    """What one process found; its findings and projects lie in its files."""

    findings: Written
    judged: Written
    finding_counts: "FindingCounts"
    counts: Counter[tuple[str, Outcome]]
    used_waivers: set[int]
    unbounded_waivers: "dict[int, Bounds]"
    unbounded: int
    used_rule_sets: set[int]
    perhaps: Counter[int]
    unsure_waivers: Counter[int]
    seen: "OverviewPart"
    changes: "Changes | None"
    """Since the last report, None where there is none."""


def _place(finding: Finding) -> str:
    return finding.project.path if finding.project else "the instance"


def _pack_finding(finding: Finding) -> list[Any]:
    """Take a finding apart: pickling plain values takes a fifth of the time that objects take."""
    packed = list(_VALUES(finding))
    project, entry = finding.project, finding.entry
    packed[_PROJECT] = project and (project.id, project.path, project.web_url)
    packed[_ENTRY] = entry and (entry.kind, entry.id, entry.path)
    packed[_EXTENT] = finding.extent and _EXTENT_VALUES(finding.extent)
    return packed


def _unpack_finding(packed: list[Any]) -> Finding:
    project, entry = packed[_PROJECT], packed[_ENTRY]
    packed[_PROJECT] = project and ProjectRef(*project)
    packed[_ENTRY] = entry and EntryRef(*entry)
    packed[_EXTENT] = packed[_EXTENT] and Extent(*packed[_EXTENT])
    return Finding(*packed)


_NAMES = tuple(each.name for each in fields(Finding))
_VALUES = attrgetter(*_NAMES)
_PROJECT, _ENTRY, _EXTENT = map(_NAMES.index, ("project", "entry", "extent"))
_EXTENT_VALUES = attrgetter(*(each.name for each in fields(Extent)))
FINDINGS: Codec[Finding] = Codec(
    lambda finding: finding.sort_key,
    _pack_finding,
    _unpack_finding,
    lambda finding: f"what rule {finding.rule} ({finding.name}) says of {_place(finding)}",
)
JUDGED: Codec[JudgedProject] = Codec(
    lambda each: (each.project.path, each.project.id),
    lambda each: (
        (each.project.id, each.project.path, each.project.web_url),
        (each.readable, each.passed, each.rule_set),
    ),
    lambda packed: JudgedProject(ProjectRef(*packed[0]), *packed[1]),
    lambda each: each.project.path,
)

"""The baseline: what was already there when somebody began to look.

A baseline holds fingerprints, and beside each what a person needs to read it. Fingerprints stand
on GitLab's numbers, so a baseline survives renames, order, and the way the data was read. A
finding whose severity has risen above the baselined one is new again; so is one that was unknown
and fails now, the sum of what a scan could not read once it holds more than it did, and an entry
that grants more, lets in many more projects, or was removed and added again.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal, Protocol

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from scopelint.engine.acceptance import Bounds, growths, moment, read_moment
from scopelint.errors import UsageError
from scopelint.extent import Extent, Growth, Outgrown
from scopelint.finding import Finding, Outcome, Severity, State
from scopelint.model import Fact

SCHEMA = "scopelint-baseline/1"
"""Name and version of the file's form."""
MAX_BYTES = 500_000_000
"""The largest baseline that is read."""
MAX_NAMED_BYTES = 5 * 1024 * 1024
"""The largest one that a config which was found may name."""

_OF_PROJECTS = frozenset({Fact.SCOPE, Fact.ENTRIES})
"""Gaps that findings of their own stand for."""


def _checked(text: str) -> str:
    read_moment(text)
    return text


class BoundsRecord(BaseModel):
    """`Bounds` in a file; what is not known is left out."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)

    permissions: tuple[str, ...] | None = Field(default=None, strict=False)
    created_at: Annotated[str, AfterValidator(_checked)] | None = None
    projects: Annotated[int, Field(ge=0)] | None = None
    reach: Annotated[int, Field(ge=0)] | None = None

    @classmethod
    def of(cls, bounds: Bounds | None) -> "BoundsRecord | None":
        """Return the record of bounds, None where there are none."""
        if bounds is None or bounds == Bounds():
            return None
        made = None if bounds.created_at is None else moment(bounds.created_at)
        return cls(
            permissions=bounds.permissions,
            created_at=made,
            projects=bounds.projects,
            reach=bounds.reach,
        )

    def bounds(self) -> Bounds:
        """Return the bounds."""
        made = None if self.created_at is None else read_moment(self.created_at)
        return Bounds(self.permissions, made, self.projects, self.reach)


class Known(BaseModel):
    """One accepted finding; `fingerprint`, `severity`, `gaps` and `accepts` decide, nothing else."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)

    fingerprint: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    rule: str
    severity: Literal["critical", "high", "medium", "low", "info", "unknown"]
    """`unknown` for a finding of that verdict."""
    project: str | None = None
    entry: str | None = None
    message: str = ""
    gaps: dict[str, int] | None = None
    """How many gaps of each fact a scan had beside projects; only a finding that sums that up has
    it."""
    accepts: BoundsRecord | None = None
    """How much of it is accepted; None where it is about nothing that can grow, and in files of
    earlier versions."""

    @property
    def bounds(self) -> Bounds:
        """How much of it is accepted."""
        return self.accepts.bounds() if self.accepts else Bounds()

    def growths(self, finding: Finding) -> Iterator[Growth]:
        """Yield in what a finding is more than what was accepted."""
        now = _level(finding)
        if now.rank < Severity(self.severity).rank:
            yield Growth("severity", self.severity, now)
        before, gaps = self.gaps or {}, _gaps(finding) or {}
        if any(count > before.get(fact, 0) for fact, count in gaps.items()):
            yield Growth("gaps", _counted(before), _counted(gaps))
        if finding.extent is not None:
            yield from growths(self.bounds, finding.extent)

    def within(self, before: "Known", finding: Finding) -> "Known":
        """Return this record of a finding, accepted no further than `before` where that holds it."""
        if any(before.growths(finding)):
            return self
        bounds = before.bounds.narrowed(finding.extent or Extent())
        return self.model_copy(update={"accepts": BoundsRecord.of(bounds)})


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, defer_build=True)

    schema_: Annotated[str, Field(alias="schema")]
    instance: str
    findings: list[Known]


class Marks(Protocol):
    """What marks findings that were there before: a baseline, or the like of one."""

    def mark(self, finding: Finding) -> Finding:
        """Return the finding, marked where it was there."""

    def accepts_any_extent(self, finding: Finding) -> bool:
        """Tell whether it is a marked one of which nobody said how much was accepted."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """The accepted findings of one instance, by fingerprint."""

    instance: str
    known: Mapping[str, Known]

    def mark(self, finding: Finding) -> Finding:
        """Return the finding, marked where the baseline accepts all of it.

        A waived finding stays waived. One that is more than what was accepted says in what.
        """
        known = self.known.get(finding.fingerprint)
        if known is None or finding.state is not State.NEW:
            return finding
        grown = tuple(known.growths(finding))
        if not grown:
            message = finding.rule_message
            return replace(finding, state=State.BASELINED, outgrown=None, message=message)
        return finding if finding.outgrown else finding.outgrows(Outgrown("baseline", grown))

    def accepts_any_extent(self, finding: Finding) -> bool:
        """Tell whether it holds a finding of which it does not say how much was accepted."""
        if finding.state is not State.BASELINED or finding.extent is None:
            return False
        return self.known[finding.fingerprint].bounds.missing(finding.extent)

    def updated(
        self, findings: Iterable[Finding], not_judged: Callable[[Known], bool] = lambda _: False
    ) -> "Baseline":
        """Return a baseline of what is there now: gone ones dropped, new ones taken in.

        What was accepted and has not outgrown that is accepted no further than before.
        `not_judged` says of one that is not there whether the report cannot show that it is fixed;
        it is kept then.
        """
        found = {finding.fingerprint: finding for finding in findings}
        missing = {
            key: known
            for key, known in self.known.items()
            if key not in found and not_judged(known)
        }
        made = {
            key: now.within(self.known[key], found[key]) if key in self.known else now
            for key, now in create(self.instance, found.values()).known.items()
        }
        return Baseline(self.instance, {**missing, **made})

    def widened(self, findings: Iterable[Finding]) -> Iterator[tuple[Finding, tuple[Growth, ...]]]:
        """Yield each finding of which `updated` accepts more than this baseline, with in what."""
        for finding in findings:
            known = self.known.get(finding.fingerprint)
            if known is not None and finding.state is not State.WAIVED:
                grown = tuple(known.growths(finding))
                if grown:
                    yield finding, grown

    def pruned(
        self, findings: Iterable[Finding], not_judged: Callable[[Known], bool] = lambda _: False
    ) -> "Baseline":
        """Return this baseline without what is no longer there; nothing new is taken in."""
        there = {finding.fingerprint for finding in findings}
        kept = {
            key: known for key, known in self.known.items() if key in there or not_judged(known)
        }
        return Baseline(self.instance, kept)

    def text(self) -> str:
        """Return the file's text: a finding a line, in a stable order, fit for review and merge."""
        ordered = sorted(
            self.known.values(),
            key=lambda k: (k.project or "", k.rule, k.entry or "", k.fingerprint),
        )
        lines = ",\n".join(
            "    " + json.dumps(_line(known), ensure_ascii=False) for known in ordered
        )
        body = f"[\n{lines}\n  ]" if lines else "[]"
        return (
            "{\n"
            f'  "schema": {json.dumps(SCHEMA)},\n'
            f'  "instance": {json.dumps(self.instance, ensure_ascii=False)},\n'
            f'  "findings": {body}\n'
            "}\n"
        )


def _line(known: Known) -> dict[str, object]:
    data = known.model_dump(exclude={"gaps", "accepts"})
    if known.gaps is not None:
        data["gaps"] = known.gaps
    if known.accepts is not None:
        data["accepts"] = known.accepts.model_dump(exclude_none=True)
    return data


def _counted(gaps: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {fact}" for fact, count in sorted(gaps.items())) or "none"


def _level(finding: Finding) -> Severity:
    return Severity.UNKNOWN if finding.verdict is Outcome.UNKNOWN else finding.severity


def _gaps(finding: Finding) -> dict[str, int] | None:
    """Return how many gaps a finding about the whole scan sums up, those of projects left out."""
    summed = finding.evidence.get("gaps")
    if finding.project or not isinstance(summed, Mapping):
        return None
    return {
        fact: count
        for fact, count in summed.items()
        if isinstance(count, int) and fact not in _OF_PROJECTS
    }


def create(instance: str, findings: Iterable[Finding]) -> Baseline:
    """Make a baseline of all findings that are not waived."""
    known = {
        finding.fingerprint: Known(
            fingerprint=finding.fingerprint,
            rule=finding.rule,
            severity=_level(finding).value,
            project=finding.project.path if finding.project else None,
            entry=finding.entry.path if finding.entry else None,
            message=finding.rule_message,
            gaps=_gaps(finding),
            accepts=BoundsRecord.of(Bounds.of(finding.extent)),
        )
        for finding in findings
        if finding.state is not State.WAIVED
    }
    return Baseline(instance, known)


def load(path: Path, *, limit: int = MAX_BYTES) -> Baseline:
    """Read a baseline; raise UsageError where it is none, too large, or of another version."""
    hint = "Make one with: scopelint baseline create REPORT.json -o FILE"
    try:
        if path.stat().st_size > limit:
            raise UsageError(f"baseline {path} is larger than {limit:,} bytes", hint=hint)
        data = json.loads(path.read_text(encoding="utf-8-sig"))
        file = _File.model_validate(data)
    except OSError as error:
        raise UsageError(f"baseline {path} cannot be read: {error.strerror}", hint=hint) from None
    except (ValueError, ValidationError, RecursionError) as error:
        first = str(error).splitlines()[0]
        raise UsageError(f"{path} is not a scopelint baseline: {first:.200}", hint=hint) from None
    if file.schema_ != SCHEMA:
        raise UsageError(
            f"{path} is a baseline of form {file.schema_:.60}; this scopelint reads {SCHEMA}",
            hint=hint,
        )
    return Baseline(file.instance, {known.fingerprint: known for known in file.findings})

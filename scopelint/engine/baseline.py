"""The baseline: what was already there when somebody began to look.

A baseline holds fingerprints, and beside each what a person needs to read it. Fingerprints stand
on GitLab's numbers, so a baseline survives renames, order, and the way the data was read. A
finding whose severity has risen above the baselined one is new again; so is one that was unknown
and fails now, and the sum of what a scan could not read once it holds more than it did.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from scopelint.errors import UsageError
from scopelint.finding import Finding, Outcome, Severity, State
from scopelint.model import Fact

SCHEMA = "scopelint-baseline/1"
"""Name and version of the file's form."""
MAX_BYTES = 500_000_000
"""The largest baseline that is read."""

_OF_PROJECTS = frozenset({Fact.SCOPE, Fact.ENTRIES})
"""Gaps that findings of their own stand for."""


class Known(BaseModel):
    """One accepted finding; only `fingerprint`, `severity` and `gaps` decide anything."""

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


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, defer_build=True)

    schema_: Annotated[str, Field(alias="schema")]
    instance: str
    findings: list[Known]


@dataclass(frozen=True, slots=True)
class Baseline:
    """The accepted findings of one instance, by fingerprint."""

    instance: str
    known: Mapping[str, Known]

    def mark(self, finding: Finding) -> Finding:
        """Return the finding, marked where it is in the baseline and has not become severer.

        A waived finding stays waived.
        """
        if finding.state is State.NEW and self._holds(finding):
            return replace(finding, state=State.BASELINED)
        return finding

    def _holds(self, finding: Finding) -> bool:
        known = self.known.get(finding.fingerprint)
        if known is None or _level(finding).rank < Severity(known.severity).rank:
            return False
        before, now = known.gaps or {}, _gaps(finding) or {}
        return all(count <= before.get(fact, 0) for fact, count in now.items())

    def updated(
        self, findings: Iterable[Finding], not_judged: Callable[[Known], bool] = lambda _: False
    ) -> "Baseline":
        """Return a baseline of what is there now: gone ones dropped, new ones taken in.

        `not_judged` says of one that is not there whether the report cannot show that it is fixed;
        it is kept then.
        """
        found = {finding.fingerprint: finding for finding in findings}
        missing = {
            key: known
            for key, known in self.known.items()
            if key not in found and not_judged(known)
        }
        return Baseline(self.instance, {**missing, **create(self.instance, found.values()).known})

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
    return {
        key: value for key, value in known.model_dump().items() if (key, value) != ("gaps", None)
    }


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
            message=finding.message,
            gaps=_gaps(finding),
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

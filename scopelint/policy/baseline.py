"""The baseline: what was already there when somebody began to look.

A baseline holds fingerprints, and beside each what a person needs to read it. Fingerprints stand
on GitLab's numbers, so a baseline survives renames, order, and the way the data was read. A
finding whose severity has risen above the baselined one is new again.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from scopelint.errors import UsageError
from scopelint.finding import Finding, Severity, State

SCHEMA = "scopelint-baseline/1"
"""Name and version of the file's form."""
MAX_BYTES = 5_000_000
"""A baseline that a discovered configuration names may be no larger (outside contract, section 7)."""
MAX_BYTES_NAMED = 500_000_000
"""One that the user named on the command line may be."""


class Known(BaseModel):
    """One accepted finding; only `fingerprint` and `severity` decide anything."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    fingerprint: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    rule: str
    severity: Literal["critical", "high", "medium", "low", "info", "unknown"]
    project: str | None = None
    entry: str | None = None
    message: str = ""


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    schema_: Annotated[str, Field(alias="schema")]
    instance: str
    findings: list[Known]


@dataclass(frozen=True, slots=True)
class Baseline:
    """The accepted findings of one instance, by fingerprint."""

    instance: str
    known: Mapping[str, Known]

    def apply(self, findings: Iterable[Finding]) -> tuple[Finding, ...]:
        """Mark the findings that are in the baseline and have not become severer.

        A waived finding stays waived.
        """
        return tuple(
            replace(finding, state=State.BASELINED)
            if finding.state is State.NEW and self._holds(finding)
            else finding
            for finding in findings
        )

    def _holds(self, finding: Finding) -> bool:
        known = self.known.get(finding.fingerprint)
        return known is not None and finding.severity.rank >= Severity(known.severity).rank

    def updated(self, findings: Iterable[Finding]) -> "Baseline":
        """Return a baseline of what is there now: gone ones dropped, new ones taken in."""
        return create(self.instance, findings)

    def pruned(self, findings: Iterable[Finding]) -> "Baseline":
        """Return this baseline without what is no longer there; nothing new is taken in."""
        there = {finding.fingerprint for finding in findings}
        kept = {key: known for key, known in self.known.items() if key in there}
        return Baseline(self.instance, kept)

    def text(self) -> str:
        """Return the file's text: a finding a line, in a stable order, fit for review and merge."""
        ordered = sorted(
            self.known.values(),
            key=lambda k: (k.project or "", k.rule, k.entry or "", k.fingerprint),
        )
        lines = ",\n".join(
            "    " + json.dumps(known.model_dump(), ensure_ascii=False) for known in ordered
        )
        body = f"[\n{lines}\n  ]" if lines else "[]"
        return (
            "{\n"
            f'  "schema": {json.dumps(SCHEMA)},\n'
            f'  "instance": {json.dumps(self.instance, ensure_ascii=False)},\n'
            f'  "findings": {body}\n'
            "}\n"
        )


def create(instance: str, findings: Iterable[Finding]) -> Baseline:
    """Make a baseline of all findings that are not waived."""
    known = {
        finding.fingerprint: Known(
            fingerprint=finding.fingerprint,
            rule=finding.rule,
            severity=finding.severity.value,
            project=finding.project.path if finding.project else None,
            entry=finding.entry.path if finding.entry else None,
            message=finding.message,
        )
        for finding in findings
        if finding.state is not State.WAIVED
    }
    return Baseline(instance, known)


def load(path: Path, *, limit: int = MAX_BYTES_NAMED) -> Baseline:
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

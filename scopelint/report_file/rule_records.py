"""The records of a rule: what it is, what fixes its findings, and how often it said what."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from scopelint.finding import Outcome, Role, Severity
from scopelint.remedy import Change
from scopelint.report import RuleSummary
from scopelint.report_file.record import Count, JsonRecord, RuleCode, SomeText, without_default


class OutcomesRecord(JsonRecord):
    """How often a rule said what."""

    passed: Count = Field(alias="pass")
    fail: Count
    unknown: Count

    @classmethod
    def to_data(cls, source: Mapping[Outcome, int]) -> dict[str, Any]:
        """Return the JSON data of counted outcomes."""
        return {outcome.value: source.get(outcome, 0) for outcome in Outcome}

    def to_core(self) -> dict[Outcome, int]:
        """Return the counted outcomes."""
        return dict(zip(Outcome, (self.passed, self.fail, self.unknown), strict=True))


class ChangeRecord(JsonRecord):
    """What a rule's remedy changes."""

    core = Change

    kind: Literal["remove-entry", "switch-setting", "restrict-project", "remove-outbound-entries"]
    setting: Literal["inbound", "outbound", "push", "cross-project-push"] | None = None
    switch: Literal["on", "off"] | None = None
    unsafe: bool = Field(
        default=False, description="Only `plan --unsafe` plans it: it takes access from somebody."
    )


class RuleRecord(JsonRecord):
    """A rule of the run: its identity and what it said."""

    code: RuleCode
    name: SomeText
    title: str
    severity: Severity
    help_uri: str
    requirement: str = Field(
        default="", description="What holds where the rule passes; not there where none is known."
    )
    remedy: str = Field(
        default="",
        description="What `scopelint plan` does about a finding; not there where none is known.",
    )
    role: Role | SkipJsonSchema[None] = Field(
        default=None,
        json_schema_extra=without_default,
        description="What the rule's findings stand for; not there for nearly all rules.",
    )
    own_severity: Severity | SkipJsonSchema[None] = Field(
        default=None,
        json_schema_extra=without_default,
        description="The rule's own severity, where the configuration gives it another one.",
    )
    tags: tuple[str, ...] = Field(default=(), description="Words to find the rule by.")
    subject: Literal["", "instance", "project", "entry", "declared"] = Field(
        default="", description="What `outcomes` counts; not there where that is not known."
    )
    change: ChangeRecord | SkipJsonSchema[None] = Field(
        default=None,
        json_schema_extra=without_default,
        description="What fixes a finding; not there where `scopelint plan` changes nothing.",
    )
    outcomes: OutcomesRecord
    not_judged: str | None

    def to_core(self) -> RuleSummary:
        """Return the rule; its page is not in the file."""
        return RuleSummary(page="", **self.attributes())

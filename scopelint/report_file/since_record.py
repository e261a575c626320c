"""The record of what changed since the previous report."""

from typing import Annotated

from pydantic import Field

from scopelint.report import SincePrevious
from scopelint.report_file.finding_records import FixedRecord
from scopelint.report_file.record import Count, JsonRecord, Moment

_Fingerprints = tuple[Annotated[str, Field(pattern="^[0-9a-f]{64}$")], ...]


class SinceRecord(JsonRecord):
    """What changed since the previous report, among findings that fail.

    The findings that were carried over from it are those of `findings` that have `carried`.
    """

    core = SincePrevious

    finished_at: Moment = Field(description="The end of the previous report's scan.")
    new: _Fingerprints = Field(
        default=(), description="Findings that it had looked for and did not have."
    )
    first_judged: _Fingerprints = Field(
        default=(),
        description="Findings that it could not have had: not read, not judged or not listed there.",
    )
    fixed: tuple[FixedRecord, ...] = ()
    expired: Count = Field(
        default=0, description="Findings not carried over again: not seen for too long."
    )

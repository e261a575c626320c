"""Reads a JSON report back (`gate REPORT.json`, `check --from-report`, baselines).

A report file is untrusted: its size is bounded, its schema version compared, and every value's
type and shape checked before use. What the file does not hold (rules' pages, tags and references,
projects without a finding) is empty in the report that comes back.
"""

import codecs
from itertools import islice
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from scopelint.errors import UsageError
from scopelint.report import Report
from scopelint.report_file.contradictions import contradictions
from scopelint.report_file.report_records import SCHEMA, ReportRecord

MAX_BYTES = 1 << 30
"""The largest report file that is read, in bytes."""

_SHOWN_ERRORS = 3
_SHOWN_KEY = 60
_HINT = "Give a file that `scopelint scan -f json -o FILE` wrote."
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class _Head(BaseModel):
    model_config = ConfigDict(defer_build=True)  # needed only where a file is refused

    version: Any = Field(default=None, alias="schema")


def load_report(path: Path) -> Report:
    """Read the JSON report in file `path`.

    Rules' pages are empty and `outcomes` is None in what comes back; findings are sorted again.
    Raise UsageError where the file cannot be read, is larger than `MAX_BYTES`, is no JSON report,
    is one of another schema version, or contradicts itself.
    """
    data = _content(path)
    try:
        report = ReportRecord.model_validate_json(data).to_core()
    except ValidationError as error:
        raise UsageError(_why(path, data, error), hint=_HINT) from None
    found = list(islice(contradictions(report), _SHOWN_ERRORS))
    if found:
        raise UsageError(f"{path}: the report contradicts itself: {'; '.join(found)}", hint=_HINT)
    return report


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}", hint=_HINT) from error
    if len(data) > MAX_BYTES:
        raise UsageError(f"{path}: larger than {MAX_BYTES} bytes, not read", hint=_HINT)
    if data.startswith(_UTF16):
        hint = "Let scopelint write the file (`-o FILE`); a shell's redirection may re-encode it."
        raise UsageError(f"{path}: encoded in UTF-16, a report is UTF-8", hint=hint)
    return data.removeprefix(codecs.BOM_UTF8)


def _why(path: Path, data: bytes, error: ValidationError) -> str:
    try:
        version = _Head.model_validate_json(data).version
    except ValidationError as unread:
        first = unread.errors(include_url=False, include_input=False)[0]["msg"]
        return f"{path}: not a scopelint JSON report: {first}"
    if version == SCHEMA:
        return f"{path}: not a valid {SCHEMA} file: {_details(error)}"
    if isinstance(version, str) and version.startswith("scopelint-report/"):
        other = version[:_SHOWN_KEY]
        return f"{path}: a report of schema {other!r}; this scopelint reads {SCHEMA!r}"
    return f"{path}: not a scopelint JSON report: its `schema` is not {SCHEMA!r}"


def _details(error: ValidationError) -> str:
    errors = error.errors(include_url=False, include_input=False)
    shown = [f"{_where(item['loc'])}: {item['msg']}" for item in errors[:_SHOWN_ERRORS]]
    if len(errors) > _SHOWN_ERRORS:
        shown.append(f"and {len(errors) - _SHOWN_ERRORS} more")
    return "; ".join(shown)


def _where(place: tuple[int | str, ...]) -> str:
    """Name a place as `findings[3].entry.kind`; a key that is no identifier is quoted."""
    named = ""
    for part in place:
        if isinstance(part, int):
            named += f"[{part}]"
        elif part.isidentifier() and len(part) <= _SHOWN_KEY:
            named += f".{part}" if named else part
        else:
            named += f"[{part[:_SHOWN_KEY]!r}]"
    return named

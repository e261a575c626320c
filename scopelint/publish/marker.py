"""The hidden comment in what was published: by which report it was written, and what it listed.

It is foreign text once it was published: anybody who may edit the issue may change it. So it decides
nothing but which of the published issues is which, and what became of the findings it names; what
cannot be read is unknown.
"""

import base64
import binascii
import hashlib
import json
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

from scopelint.finding import Severity

Kind = Literal["issue", "note"]
_COMMENT: Final = re.compile(r"<!-- scopelint:(issue|note) ([0-9a-f]{32}) ([A-Za-z0-9+/=]+) -->")
_SKEW: Final = timedelta(hours=1)
_LONGEST: Final = 8 * 2**20
"""Bytes that a marker may hold once it is unpacked."""


@dataclass(frozen=True, slots=True)
class ListedFinding:
    """A finding that was listed, in short."""

    fingerprint: str
    """Its first 16 digits."""
    rule: str
    severity: Severity
    project: str | None
    """The full path; None for the instance."""


@dataclass(frozen=True, slots=True)
class Marker:
    """What a hidden comment says."""

    key: str
    """Tells what it is: 32 digits in hex, see `key_of`."""
    at: datetime
    """The end of the scan whose report wrote it."""
    findings: tuple[ListedFinding, ...] = ()
    whole: bool = True
    """False where the list had to be cut."""

    def text(self, kind: Kind) -> str:
        """Return the comment."""
        data = {
            "at": self.at.astimezone(UTC).isoformat(),
            "whole": self.whole,
            "findings": [
                [each.fingerprint, each.rule, each.severity.value, each.project]
                for each in self.findings
            ],
        }
        packed = zlib.compress(json.dumps(data, separators=(",", ":")).encode(), 9)
        return f"<!-- scopelint:{kind} {self.key} {base64.b64encode(packed).decode()} -->"


def key_of(kind: Kind, *parts: str) -> str:
    """Return the key of one thing that is published, by what it is about."""
    text = "\n".join((f"scopelint/{kind}/1", *parts))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def holds(text: str, kind: Kind, key: str) -> bool:
    """Tell whether a text has the comment with a key, whatever else stands in it."""
    return any(found == key for found in keys(text, kind))


def keys(text: str, kind: Kind) -> Iterator[str]:
    """Yield the keys of the comments in a text."""
    return (match[2] for match in _COMMENT.finditer(text) if match[1] == kind)


def without_markers(text: str) -> str:
    """Return a text without such comments."""
    return _COMMENT.sub("", text)


def read_marker(text: str, kind: Kind, key: str) -> Marker | None:
    """Return the last comment with a key; None where there is none that can be believed."""
    found = [m for m in _COMMENT.finditer(text) if m[1] == kind and m[2] == key]
    if not found:
        return None
    try:
        unpack = zlib.decompressobj()
        raw = unpack.decompress(base64.b64decode(found[-1][3], validate=True), _LONGEST)
        if unpack.unconsumed_tail or not unpack.eof:
            return None
        marker = _from_data(key, json.loads(raw))
    except (binascii.Error, zlib.error, ValueError, TypeError, KeyError, RecursionError):
        return None
    # Nobody's clock is that wrong: a later time would keep every report from writing.
    return marker if marker.at <= datetime.now(UTC) + _SKEW else None


def _from_data(key: str, data: Any) -> Marker:
    moment = datetime.fromisoformat(data["at"])
    if moment.tzinfo is None or not isinstance(data["whole"], bool):
        raise ValueError("not a marker of ours")
    return Marker(key, moment, tuple(_findings(data["findings"])), data["whole"])


def _findings(rows: Iterable[Any]) -> Iterator[ListedFinding]:
    for fingerprint, rule, severity, project in rows:
        texts = (fingerprint, rule, *(() if project is None else (project,)))
        if not all(isinstance(text, str) for text in texts):
            raise ValueError("not a finding of ours")
        yield ListedFinding(fingerprint, rule, Severity(severity), project)

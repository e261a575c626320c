"""What was sent to an external control, in a file: GitLab has no way to ask for it by REST.

One line a status, written as soon as GitLab took it; of several for a project the last one counts.
A line that a kill cut off is passed over: what it was about is sent again.
"""

import json
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from scopelint.errors import UsageError

SCHEMA: Final = "scopelint-controls/1"
ABSENT: Final = "absent"
"""Stands for a project without the control's framework."""
_KNOWN: Final = frozenset({"pass", "fail", ABSENT})


@dataclass(frozen=True, slots=True)
class Sent:
    """The last status of a project."""

    status: str
    """`pass`, `fail` or ABSENT."""
    at: datetime
    """When it was sent."""
    report_at: datetime
    """The end of the scan of the report that it is of."""


class ControlState:
    """What was sent to one control; without a file it is known for this run alone.

    Threads may use it at the same time.
    """

    def __init__(self, path: Path | None, instance: str, control: int) -> None:
        """Read the file, which need not be there yet.

        Raise UsageError where it is another control's, or no such file.
        """
        self._path, self._lock = path, threading.Lock()
        self._head = {"schema": SCHEMA, "instance": instance, "control": control}
        self._sent: dict[int, Sent] = {}
        self._ends_in_the_middle = False
        if path is not None and path.exists():
            self._sent = dict(self._read(path))

    def get(self, number: int) -> Sent | None:
        """Return what was sent of a project last."""
        return self._sent.get(number)

    def add(self, number: int, sent: Sent, project: str) -> None:
        """Note what GitLab took, in the file too."""
        with self._lock:
            self._sent[number] = sent
            if self._path is None:
                return
            begins = not self._path.exists() or not self._path.stat().st_size
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
            with os.fdopen(os.open(self._path, flags, 0o600), "a", encoding="utf-8") as file:
                if begins:
                    file.write(json.dumps(self._head) + "\n")
                elif self._ends_in_the_middle:
                    file.write("\n")
                self._ends_in_the_middle = False
                file.write(json.dumps(_data(number, sent, project)) + "\n")

    def _read(self, path: Path) -> Iterator[tuple[int, Sent]]:
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"the state file {path} cannot be read: {error}") from None
        if not text:
            return
        lines = text.split("\n")
        self._ends_in_the_middle = lines[-1] != ""
        if _parsed(lines[0]) != self._head:
            raise UsageError(
                f"{path} is not the state of control {self._head['control']} on"
                f" {self._head['instance']}",
                hint="Each control has a file of its own; name another one with --state.",
            )
        for line in lines[1:]:
            found = _sent(_parsed(line))
            if found is not None:
                yield found


def _data(number: int, sent: Sent, project: str) -> dict[str, Any]:
    return {
        "project": {"id": number, "path": project},
        "status": sent.status,
        "at": sent.at.isoformat(),
        "report_at": sent.report_at.isoformat(),
    }


def _parsed(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None


def _sent(data: Any) -> tuple[int, Sent] | None:
    try:
        number, status = data["project"]["id"], data["status"]
        at, report_at = (datetime.fromisoformat(data[name]) for name in ("at", "report_at"))
    except (KeyError, TypeError, ValueError):
        return None
    known = isinstance(number, int) and not isinstance(number, bool) and status in _KNOWN
    return (
        (number, Sent(status, at, report_at)) if known and at.tzinfo and report_at.tzinfo else None
    )

"""What others leave in a project beside its scope: issues, merge requests with notes, controls.

Source: `doc/api/issues.md`, `doc/api/notes.md`, `doc/api/external_controls.md`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

MAX_DESCRIPTION = 1_048_576
"""Characters that a description takes."""
MAX_NOTE = 1_000_000
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
_SPAN = re.compile(r"(?<!\\)(`+)(?!`).*?(?<!`)\1(?!`)", re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_MENTION = re.compile(r"(?<![\w\\/`.@-])@([A-Za-z0-9_][\w./-]*)")
_ACTION = re.compile(r"^/([a-z_]+)\b")


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote something."""

    id: int
    username: str


@dataclass(slots=True)
class Note:
    """A comment."""

    id: int
    author: Author
    body: str
    created_at: datetime
    updated_at: datetime


@dataclass(slots=True)
class Issue:
    """An issue of a project."""

    id: int
    iid: int
    author: Author
    title: str
    description: str
    labels: list[str]
    confidential: bool
    created_at: datetime
    updated_at: datetime
    closed: bool = False
    notes: list[Note] = field(default_factory=list)


@dataclass(slots=True)
class Control:
    """An external control of a compliance framework, with the projects that have the framework."""

    id: int
    secret: str
    projects: frozenset[int]
    statuses: dict[int, str] = field(default_factory=dict)
    """`pass` or `fail` by project."""
    nonces: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Delivery:
    """Everything that was delivered to an instance."""

    issues: dict[int, list[Issue]] = field(default_factory=dict)
    """By project."""
    notes: dict[tuple[int, int], list[Note]] = field(default_factory=dict)
    """By project and number of the merge request; the keys are the merge requests there are."""
    controls: dict[int, Control] = field(default_factory=dict)
    actions: list[str] = field(default_factory=list)
    """The quick actions that were run, as they were written."""
    mentions: set[str] = field(default_factory=set)
    """Who was told because a text mentions them."""
    last: int = 0
    """The number given out last."""

    def number(self) -> int:
        """Give out a number."""
        self.last += 1
        return self.last

    def take_text(self, text: str) -> str:
        """Take a text as GitLab does: quick actions are run and taken out, mentioned people told."""
        kept = list(self._without_actions(text))
        outside = "\n".join(line for line, in_code in kept if not in_code)
        self.mentions |= set(_MENTION.findall(_SPAN.sub("", _COMMENT.sub("", outside))))
        return "\n".join(line for line, _ in kept)

    def _without_actions(self, text: str) -> Iterator[tuple[str, bool]]:
        """Yield each line that stays, and whether it stands in a code block."""
        fence = ""
        for line in text.replace("\r\n", "\n").split("\n"):
            opened = _FENCE.match(line)
            if fence:
                yield line, True
                if opened and line.strip().startswith(fence) and not line.strip().strip(fence[0]):
                    fence = ""
            elif opened:
                fence = opened[1]
                yield line, True
            elif _ACTION.match(line):
                self.actions.append(line)
            else:
                yield line, False


def now() -> datetime:
    """Return the time, as notes and issues carry it."""
    return datetime.now(UTC)

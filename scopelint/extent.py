"""How much a finding is about, and in what it is more than what somebody accepted.

A waiver or a baseline accepts a finding as it was. An entry that got more permissions, whose group
came to hold many more projects, or that was removed and added again, was never accepted.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

ALL_PERMISSIONS: Final = "all"
"""Stands in a list of permissions for default ones, which leave nothing out."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How much a finding is about. None is what was not read, or what it is not about."""

    permissions: tuple[str, ...] | None = None
    """What the entry grants, sorted, with what that includes; `all` alone for default ones."""
    created_at: datetime | None = None
    """When the entry was added."""
    projects: int | None = None
    """How many projects the group of the entry holds, at least."""
    projects_at_most: int | None = None
    """The most they can be, the same number where all were counted; None where nothing tells."""
    reach: int | None = None
    """How many projects are let in by all that the finding names together, at least."""
    reach_at_most: int | None = None
    """The most they can be, as above."""


What = Literal["severity", "gaps", "permissions", "projects", "reach", "created_at"]


@dataclass(frozen=True, slots=True)
class Growth:
    """One thing in which a finding is more than what was accepted."""

    what: What
    accepted: str
    now: str

    @property
    def text(self) -> str:
        """It in words, such as `60 projects, now 600`."""
        return _WORDS[self.what].format(self.accepted, self.now)


_WORDS: Final[dict[What, str]] = {
    "severity": "severity {}, now {}",
    "gaps": "gaps {}, now {}",
    "permissions": "permissions {}, now {}",
    "projects": "{} projects, now {}",
    "reach": "{} projects let in, now {}",
    "created_at": "the entry added on {}, added again on {}",
}


@dataclass(frozen=True, slots=True)
class Outgrown:
    """Why a finding that was accepted is new again: it is more than what was accepted."""

    by: Literal["waiver", "baseline"]
    """What accepted less."""
    growths: tuple[Growth, ...]

    @property
    def text(self) -> str:
        """It as a sentence that names what was accepted and what is there now."""
        return f"The {self.by} accepts {'; '.join(each.text for each in self.growths)}."

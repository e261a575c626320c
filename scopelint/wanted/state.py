"""A wanted state: what a plan, or a declared policy, makes of the scopes of projects.

It is a change of what there is, not a whole state: what it does not name stays. A value, a list or
a target that its file does not tell is a value of its own (`NotKnown`), by its address.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from scopelint.declared import DeclaredAt
from scopelint.model import EntryKind, Fact, Reason

Setting = Literal["inbound_own", "outbound", "push", "cross_project_push"]
"""A setting that can be wanted, by its name in `scopelint.model.Scope`."""
FACT_OF: Final[Mapping[Setting, Fact]] = {
    "inbound_own": Fact.OWN_FLAG,
    "outbound": Fact.OUTBOUND,
    "push": Fact.PUSH,
    "cross_project_push": Fact.CROSS_PUSH,
}
"""The fact that is missing where a wanted setting is not known."""


@dataclass(frozen=True, slots=True)
class NotKnown:
    """Something that is wanted, and whose value its file does not tell."""

    address: str
    """What is not known, as its file names it: an entry's path, or Terraform's address."""
    why: str
    """Why it is not known, as a part of a sentence."""
    at: DeclaredAt
    """Where it is wanted."""
    reason: Reason = Reason.UNAVAILABLE
    """The same as a gap's reason: `NOT_FOUND` for a target that the snapshot does not know."""

    @property
    def place(self) -> str:
        """File and line; Terraform's address besides where `address` does not hold it."""
        told = self.at.address in self.address
        return f"{self.at.file}:{self.at.line}" if told else str(self.at)


@dataclass(frozen=True, slots=True)
class WantedSetting:
    """The value that a setting gets."""

    value: bool | NotKnown
    """On or off; `NotKnown` leaves open whether it stays, goes on or goes off."""
    at: DeclaredAt
    """Where it is wanted."""


Permissions = tuple[bool, tuple[str, ...]]
"""Whether an entry has default permissions, else its fine-grained ones."""


@dataclass(frozen=True, slots=True)
class WantedEntry:
    """An entry that is there afterwards, or one that is not."""

    kind: EntryKind
    """What its target is."""
    id: int
    """GitLab's number of the target."""
    path: str
    """The target's full path."""
    at: DeclaredAt
    """Where it is wanted, or its removal."""
    permissions: Permissions | None = None
    """What it permits; None keeps what it permits today, and gives a new one default permissions."""

    @property
    def key(self) -> str:
        """`group:ID` or `project:ID`, as `AllowlistEntry.key`."""
        return f"{self.kind}:{self.id}"


@dataclass(frozen=True, slots=True)
class WantedProject:
    """What is wanted of one project."""

    id: int
    """GitLab's number."""
    path: str
    """Its full path."""
    at: DeclaredAt
    """Where the first of it is wanted."""
    settings: Mapping[Setting, WantedSetting] = field(default_factory=dict)
    """The settings that it names."""
    entries: tuple[WantedEntry, ...] = ()
    """Inbound entries that are there afterwards."""
    removed: tuple[WantedEntry, ...] = ()
    """Inbound entries that are not there afterwards."""
    exact: bool = False
    """Whether every inbound entry that is not in `entries` goes, but the project's own."""
    removed_outbound: tuple[WantedEntry, ...] = ()
    """Entries of direction outbound that are not there afterwards."""
    unknown: tuple[NotKnown, ...] = ()
    """What its lists hold besides and nobody can tell; with one, `exact` removes nothing."""


@dataclass(frozen=True, slots=True)
class LeftAlone:
    """A project that the file names and that stays as it is."""

    path: str
    """Its full path."""
    reason: str
    """Why it stays, as a sentence without a full stop."""


@dataclass(frozen=True, slots=True)
class WantedState:
    """What one file wants of the projects of a snapshot."""

    kind: Literal["plan", "policy"]
    """A scopelint plan; or a declared policy: a gitlabform config, Terraform, or `declared:`."""
    source: str
    """The file, as messages name it."""
    projects: Mapping[int, WantedProject] = field(default_factory=dict)
    """By id; only projects that were read."""
    left_alone: tuple[LeftAlone, ...] = ()
    """Projects that the file names and that it will not change."""
    unknown: tuple[NotKnown, ...] = ()
    """What the file wants and of which the project, or what it is today, is not known."""
    outside: tuple[str, ...] = ()
    """Groups and projects, as the file names them, that it is for and that the snapshot is not of."""

    def unknowns(self) -> Iterator[NotKnown]:
        """Yield all that is not known, each once: of the file, of projects, of their settings."""
        yield from dict.fromkeys(self._unknowns())

    def _unknowns(self) -> Iterator[NotKnown]:
        yield from self.unknown
        for project in self.projects.values():
            yield from project.unknown
            for setting in project.settings.values():
                if isinstance(setting.value, NotKnown):
                    yield setting.value

    @property
    def is_for_nothing(self) -> bool:
        """Whether it wants nothing of any project, known or not."""
        return not (self.projects or self.left_alone or self.unknown)

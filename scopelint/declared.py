"""Declared policy: what the settings and allowlists of projects are meant to be, and who says so.

What a file declares is the same whoever reads it: scopelint's own `declared:` section and a
gitlabform config have the same keys and the same meaning. The readers are in `scopelint.policy`.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass

from scopelint.model import EntryKind, Project


@dataclass(frozen=True, slots=True, order=True)
class DeclaredAt:
    """Where something is declared: the file as messages name it, and the line from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"

    def evidence(self) -> dict[str, object]:
        """Return it as a verdict's evidence holds it under `declared_at`."""
        return {"file": self.file, "line": self.line}


@dataclass(frozen=True, slots=True)
class DeclaredName:
    """A group or project that the policy names: by number, or by full path in any case."""

    kind: EntryKind
    name: int | str
    at: DeclaredAt

    @property
    def key(self) -> str:
        """The same for every spelling of one name: `group:acme/web`, `project:42`."""
        return f"{self.kind}:{str(self.name).lower()}"


@dataclass(frozen=True, slots=True)
class DeclaredScope:
    """What is declared for one project, all levels of the policy together.

    `limit` is the inbound limit, None where what is declared is no boolean. `groups` and
    `projects` are the entries declared; None where the list cannot be read. Entries beyond them
    are forbidden only with `enforce`; `listed` says that a list is written there, even an empty one.
    The places are those that had the last word.
    """

    at: DeclaredAt
    limit: bool | None
    limit_at: DeclaredAt
    enforce: bool
    enforce_at: DeclaredAt
    listed: bool
    groups: tuple[DeclaredName, ...] | None
    projects: tuple[DeclaredName, ...] | None

    def names(self, kind: EntryKind) -> tuple[DeclaredName, ...] | None:
        """Return the declared entries of a kind, None where they cannot be read."""
        return self.groups if kind == "group" else self.projects


@dataclass(frozen=True, slots=True)
class DeclaredFault:
    """Something in the policy file that does not do what it seems to.

    `kind` names the sort of fault, `key` tells it from every other one of the file and holds no
    line number. `about` is more data for a verdict's evidence, as pairs of a name and a text.
    """

    kind: str
    message: str
    remediation: str
    key: str
    at: DeclaredAt
    about: tuple[tuple[str, str], ...] = ()


class DeclaredPolicy(ABC):
    """What a run declares for projects: read from a file, asked by the rules.

    `source` is the file as messages name it. With `include_archived` archived projects and those
    scheduled for deletion are held to it too; gitlabform leaves them alone unless told otherwise.
    """

    source: str
    include_archived: bool = False

    def covers(self, project: Project) -> bool:
        """Tell whether a project is held to the policy, whatever that declares for it."""
        gone = bool(project.archived) or project.deletion in ("scheduled", "in_progress")
        return self.include_archived or not gone

    @abstractmethod
    def scope(self, path: str) -> DeclaredScope | None:
        """Return what is declared for the project at a full path, None where nothing is."""

    @abstractmethod
    def faults(self, paths: Iterable[str]) -> tuple[DeclaredFault, ...]:
        """Return the faults of the file, and those that show for the projects at `paths`."""

    @abstractmethod
    def entries(self) -> tuple[DeclaredName, ...]:
        """Return every group and project that some allowlist of the policy names, in its order."""

    @abstractmethod
    def subjects(self) -> tuple[DeclaredName, ...]:
        """Return every group and project that the policy declares something for, by name."""

"""Declared policy: what settings and allowlists are meant to be, and where that is said.

This is what rules ask. scopelint's own `declared:` section and a gitlabform config have the same
keys and the same meaning, which `scopelint.policy` reads; `scopelint.terraform` reads Terraform.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from scopelint.model import EntryKind, Project


@dataclass(frozen=True, slots=True, order=True)
class DeclaredAt:
    """Where something is declared."""

    file: str
    """As messages name it."""
    line: int
    """From 1."""
    address: str = ""
    """Terraform's address of what declares it, empty elsewhere; a plan has but one line."""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}"
        return f"{place} ({self.address})" if self.address else place

    def evidence(self) -> dict[str, object]:
        """Return it as a verdict's evidence holds it under `declared_at`."""
        address = {"address": self.address} if self.address else {}
        return {"file": self.file, "line": self.line, **address}


@dataclass(frozen=True, slots=True)
class DeclaredName:
    """A group or project that the policy names."""

    kind: EntryKind
    name: int | str
    """GitLab's number, or a full path in upper or lower case."""
    at: DeclaredAt

    @property
    def key(self) -> str:
        """The same for every spelling of one name: `group:acme/web`, `project:42`."""
        return f"{self.kind}:{str(self.name).lower()}"


@dataclass(frozen=True, slots=True)
class DeclaredUnknown:
    """Something that the policy declares, and whose value cannot be told from it."""

    about: Literal["limit", "group", "project", "resource"]
    """The limit, one of the two lists, or a resource of which even the project is not known."""
    address: str
    """Where it stands in the policy: `gitlab_project_job_token_scopes.web.target_group_ids`."""
    why: str
    """Why it is not known, as a part of a sentence."""
    at: DeclaredAt

    def evidence(self) -> dict[str, object]:
        """Return it as a verdict's evidence holds it."""
        return {"address": self.address, "why": self.why, "declared_at": self.at.evidence()}


@dataclass(frozen=True, slots=True)
class DeclaredScope:
    """What is declared for one project, all levels of the policy together."""

    at: DeclaredAt
    """The place that decided, as the other places are."""
    limit: bool | None
    """Whether the inbound limit is to be on; None where that is not declared, or by no boolean."""
    limit_at: DeclaredAt
    enforce: bool
    """Whether entries that are not declared are wrong."""
    enforce_at: DeclaredAt
    listed: bool
    """Whether a list of entries is written down, even an empty one."""
    groups: tuple[DeclaredName, ...] | None
    """The declared group entries; None where the list cannot be read."""
    projects: tuple[DeclaredName, ...] | None
    """The declared project entries; None where the list cannot be read."""
    push: bool | None = None
    """Whether the project's own jobs may push to it; None where nothing readable is declared."""
    push_at: DeclaredAt | None = None
    says_limit: bool = True
    """Whether anything that can be read is said of the limit."""
    removed: tuple[DeclaredName, ...] = ()
    """Entries that are to be removed, whether others that are not declared are wrong or not."""
    unknown: tuple[DeclaredUnknown, ...] = ()
    """What is declared and not known; `groups` and `projects` hold the names that are."""

    def unknown_of(self, about: str) -> tuple[DeclaredUnknown, ...]:
        """Return what is not known about the limit or about one list."""
        return tuple(each for each in self.unknown if each.about == about)

    def names(self, kind: EntryKind) -> tuple[DeclaredName, ...] | None:
        """Return the declared entries of a kind, None where they cannot be read."""
        return self.groups if kind == "group" else self.projects


@dataclass(frozen=True, slots=True)
class DeclaredFault:
    """Something in the policy file that does not do what it seems to."""

    kind: str
    """The sort of fault, such as `unknown-key`."""
    message: str
    remediation: str
    key: str
    """Tells it from every other fault of the file; holds no line number."""
    at: DeclaredAt
    about: tuple[tuple[str, str], ...] = ()
    """More for a verdict's evidence, as pairs of a name and a text."""


class DeclaredPolicy(ABC):
    """What a run declares for projects: read from a file, asked by the rules."""

    source: str
    """The file, as messages name it."""
    include_archived: bool = False
    """Whether projects that are archived or scheduled for deletion are held to it too; gitlabform
    leaves them alone by default."""
    notes: tuple[str, ...] = ()
    """Sentences about how the file was read, for who runs it."""

    def covers(self, project: Project) -> bool:
        """Tell whether a project is held to the policy, whatever that declares for it."""
        gone = bool(project.archived) or project.deletion in ("scheduled", "in_progress")
        return self.include_archived or not gone

    @abstractmethod
    def scope(self, path: str, number: int | None = None) -> DeclaredScope | None:
        """Return what is declared for a project, None where nothing is.

        `path` is its full path, `number` the one that GitLab gave it, None where that is not known.
        """

    @abstractmethod
    def faults(self, paths: Iterable[str]) -> tuple[DeclaredFault, ...]:
        """Return the faults of the file, and those that show for the projects at `paths`."""

    @abstractmethod
    def entries(self) -> tuple[DeclaredName, ...]:
        """Return every group and project that some allowlist of the policy names, in its order."""

    @abstractmethod
    def subjects(self) -> tuple[DeclaredName, ...]:
        """Return every group and project that the policy declares something for, by name."""

    def unknowns(self) -> tuple[DeclaredUnknown, ...]:
        """Return all that is declared and not known, of every project."""
        return ()

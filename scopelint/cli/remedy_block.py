"""What would let a refused job in, in every way there is to do it, and a text to ask for it.

`can-access` and `why` end with it.
"""

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scopelint.access import SmallestEntry
from scopelint.export.policy_code import resource_name, yaml_path
from scopelint.joblog import NamedProject
from scopelint.model import Project
from scopelint.paths import SETTINGS_PAGE

if TYPE_CHECKING:
    from scopelint.gitlab.members import Maintainers

_PLACEHOLDER = "https://gitlab.example.com"
_WHERE = "Settings > CI/CD > Job token permissions > CI/CD job token allowlist"


@dataclass(frozen=True, slots=True)
class Remedy:
    """An entry that would do, between two projects of one instance."""

    instance: str | None
    """The address of the GitLab that was asked; None where none was. Never one of a log: the command
    for the API sends the reader's token there."""
    origin: Project | NamedProject
    target: Project | NamedProject
    entry: SmallestEntry
    purpose: str
    """What the job wanted, in words."""
    maintainers: "Maintainers | None" = None
    """Who can make it; None where nobody was asked, or GitLab does not show them."""
    seen: bool = True
    """Whether the allowlist was read; else the entry follows from what GitLab said alone."""

    @property
    def settings(self) -> str | None:
        """The address of the settings page where the entry is made; None where it is not known."""
        base = self.target.web_url if isinstance(self.target, Project) else None
        if base is None and self.instance is not None:
            base = f"{self.instance}/{self.target.path}"
        return None if base is None else base.rstrip("/") + SETTINGS_PAGE

    @property
    def _address(self) -> str:
        return self.instance or _PLACEHOLDER

    def data(self) -> dict[str, Any]:
        """Return it as JSON data."""
        chosen = self.entry.permissions
        return {
            "operation": self.entry.operation,
            "in": self.target.path,
            "entry": {"kind": "project", "id": self.origin.id, "path": self.origin.path},
            "permissions": None if chosen is None else list(chosen),
            "who": _WHO,
            "maintainers": None
            if self.maintainers is None
            else [
                {"username": each.username, "role": each.role} for each in self.maintainers.people
            ],
            "settings_url": self.settings,
            "api": self.api(),
            "gitlabform": "\n".join(self.gitlabform()) if self._as_code else None,
            "terraform": ("\n".join(self.terraform()) or None) if self._as_code else None,
            "allowlist_seen": self.seen,
            "message": self.message(),
        }

    def lines(self) -> Iterator[str]:
        """Yield it as a person at a terminal reads it."""
        all_of_them = "" if self.entry.permissions is None else " (grants all permissions)"
        yield f"What would do: {self._entry_words()}."
        yield f"  {_WHO} of {self.target.path} can do it{named_people(self.maintainers)}:"
        yield f"  {self.settings or _WHERE}"
        yield "  API:"
        yield f"    {self.api()}"
        if self._as_code:
            yield f"  gitlabform{all_of_them}:"
            yield from (f"    {line}" for line in self.gitlabform())
        if self._as_code and (resource := list(self.terraform())):
            yield f"  Terraform{all_of_them}:"
            yield from (f"    {line}" for line in resource)
        yield "Text to send them:"
        yield from (f"  {line}" for line in self.message().splitlines())

    @property
    def _as_code(self) -> bool:
        """Whether gitlabform and Terraform can do it: they leave an entry that is there alone."""
        return self.entry.operation == "add"

    def _entry_words(self) -> str:
        chosen = self.entry.permissions
        named = f"the entry of {self.origin.path} in the allowlist of {self.target.path}"
        if self.entry.operation == "widen":
            more = "" if self.seen else " besides those that it has"
            if chosen is None:
                return f"give {named} default permissions"
            return f"give {named} the permissions {_listed(chosen)}{more}"
        if chosen is None:
            return f"add {self.origin.path} to the allowlist of {self.target.path}"
        with_what = f"with {_listed(chosen)}" if chosen else "with no permission chosen"
        return f"add {self.origin.path} to the allowlist of {self.target.path}, {with_what}"

    def api(self) -> str:
        """Return the call for a shell: GraphQL, for REST cannot choose permissions."""
        query = self.entry.mutation(self.target.path or "", self.origin.path or "")
        body = json.dumps({"query": query})
        return (
            'curl --header "PRIVATE-TOKEN: $GITLAB_TOKEN" --header "Content-Type: application/json"'
            f" --data {shlex.quote(body)} {shlex.quote(f'{self._address}/api/graphql')}"
        )

    def gitlabform(self) -> Iterator[str]:
        """Yield the lines of a gitlabform configuration that add the entry."""
        yield "projects_and_groups:"
        yield f"  {yaml_path(self.target.path or '')}:"
        yield "    job_token_scope:"
        yield "      allowlist:"
        yield f"        projects: [{yaml_path(self.origin.path or '')}]"

    def terraform(self) -> Iterator[str]:
        """Yield the resource that adds the entry; nothing where the projects' ids are not known."""
        if self.origin.id is None or self.target.id is None:
            return
        name = resource_name(self.origin.path or "")
        yield f'resource "gitlab_project_job_token_scope" "{name}" {{'
        yield f'  project           = "{self.target.id}" # {self.target.path}'
        yield f"  target_project_id = {self.origin.id}"
        yield "}"

    def message(self) -> str:
        """Return a text to send to those who can do it."""
        return (
            f"Jobs of {self.origin.path} need access to {self.target.path} ({self.purpose}), and"
            " GitLab refuses their job token.\n"
            f"Please {self._entry_words()}:\n"
            f"{self.settings or _WHERE}\n"
            "The user who starts the pipeline needs a role in that project too."
        )


_SHOWN = 5
"""Maintainers that a person is told of."""
_WHO = "A Maintainer or Owner"


def named_people(maintainers: "Maintainers | None") -> str:
    """Name some Maintainers, in brackets; empty where none are known."""
    if maintainers is None or not maintainers.people:
        return ""
    names = [each.username for each in maintainers.people]
    more = len(names) > _SHOWN or not maintainers.whole
    return f" ({', '.join(names[:_SHOWN])}{' and others' if more else ''})"


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names) or "none"

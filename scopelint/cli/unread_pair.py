"""What `can-access` says where a project could not be read: why, whom to ask, and a text to send."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from scopelint.cli.console import Console
from scopelint.cli.next_steps import command
from scopelint.cli.option_groups import ServerOptions, TargetOptions
from scopelint.cli.pair import find_project, read_inventory, who_can
from scopelint.cli.remedy_block import named_people
from scopelint.errors import NotVisibleError
from scopelint.gitlab.targets import parse_targets
from scopelint.joblog import NamedProject
from scopelint.model import Project
from scopelint.paths import SETTINGS_PAGE

if TYPE_CHECKING:
    from scopelint.cli.settings import RunSettings
    from scopelint.gitlab.members import Maintainers

_WHO = "a Maintainer or Owner"


@dataclass(frozen=True, slots=True)
class Side:
    """One project of a pair."""

    role: Literal["origin", "target"]
    project: Project | NamedProject
    """As GitLab names it, or as the user did where GitLab shows none."""
    reason: str | None
    """Why it could not be read; None where it was."""
    maintainers: "Maintainers | None" = None
    """Who could; None where they are not shown."""

    @property
    def name(self) -> str:
        """What to call it: its path, else its number."""
        one = self.project
        return str(one) if isinstance(one, NamedProject) else one.path


@dataclass(frozen=True, slots=True)
class UnreadPair:
    """A pair of which nobody can tell with this token whether one may reach the other."""

    instance: str
    origin: Side
    target: Side
    missing: tuple[str, ...] = ()
    """The facts that the answer hangs on, where both projects are shown."""

    @property
    def unread(self) -> tuple[Side, ...]:
        """The projects that could not be read."""
        return tuple(side for side in (self.origin, self.target) if side.reason is not None)

    def data(self) -> list[dict[str, Any]]:
        """Return what could not be read as JSON data."""
        return [
            {
                "role": side.role,
                "project": {"id": side.project.id, "path": side.project.path},
                "reason": side.reason,
                "maintainers": side.maintainers
                and [
                    {"username": each.username, "role": each.role}
                    for each in side.maintainers.people
                ],
            }
            for side in self.unread
        ]

    def lines(self) -> Iterator[str]:
        """Yield why it is unknown, whom to ask, and the text to send."""
        for side in self.unread:
            yield f"  Not read: {side.name}: {side.reason}."
        asked = self.unread or (self.target,)
        names = " and of ".join(
            f"{side.name}{named_people(side.maintainers)}"
            for side in {side.name: side for side in asked}.values()
        )
        yield f"Text to send to {_WHO} of {names}:"
        yield from (f"  {line}" for line in self.message().splitlines())

    def message(self) -> str:
        """Return a text to send to those who can read what this token cannot."""
        one, other = self.origin.name, self.target.name
        reasons = [f"{side.name}: {side.reason}" for side in self.unread] or list(self.missing)
        lines = [
            f"May jobs of {one} use their CI/CD job token on {other}?"
            f" My token cannot tell ({'; '.join(reasons)})."
        ]
        if self.target.reason is not None or not self.unread:
            lines += [
                f"Please look whether {other} limits access, and has {one} or a group above it on"
                " its allowlist:",
                self._settings(),
            ]
        lines += [
            "Or run this with a token that is Maintainer of both projects:",
            command("can-access", _word(self.origin), _word(self.target), "--url", self.instance),
        ]
        return "\n".join(lines)

    def _settings(self) -> str:
        """Return the address of the target's settings; GitLab leads on from that of a number."""
        path = self.target.project.path
        if path is None:
            return f"{self.instance}/projects/{self.target.project.id}"
        return f"{self.instance}/{path}{SETTINGS_PAGE}"


def _word(side: Side) -> str:
    return side.project.path or str(side.project.id)


def hidden_pair(
    names: tuple[str, str], server: ServerOptions, settings: "RunSettings", console: Console
) -> UnreadPair:
    """Ask for each of two projects alone, of which GitLab does not show both to this token."""
    from scopelint.cli.session import resolve_server

    found = resolve_server(TargetOptions(projects=names), server, settings.config)
    instance = found.url.value
    quiet = Console(quiet=True, verbose=console.verbose, color=console.color)

    def side(role: Literal["origin", "target"], name: str) -> Side:
        with ExitStack() as stack:
            try:
                read = stack.enter_context(read_inventory((name,), (), server, settings, quiet))
            except NotVisibleError as error:
                [spec] = parse_targets(projects=[name], known=(instance,))
                return Side(role, NamedProject(path=spec.path, id=spec.id), error.reason)
            return side_of(role, find_project(read.inventory, name), server, settings, quiet)

    return UnreadPair(instance, side("origin", names[0]), side("target", names[1]))


def side_of(
    role: Literal["origin", "target"],
    project: Project,
    server: ServerOptions | None,
    settings: "RunSettings",
    console: Console,
) -> Side:
    """Return a project that GitLab shows; who could read it is asked where it could not be read.

    `server` None asks nobody.
    """
    reason = None
    if project.scope is None:
        reason = (project.gap and project.gap.detail) or "its scope was not read"
    asked = server is not None and (reason is not None or role == "target")
    people = who_can(project, server, settings, console) if asked and server else None
    return Side(role, project, reason, people)

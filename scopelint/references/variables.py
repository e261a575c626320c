"""Variables in a text: what they hold where a file or GitLab says it, and their names elsewhere.

A variable becomes a *mark* first, its name between two characters of Unicode's private use, so that
whatever shells, Maven, npm and GitLab write (`$X`, `${X}`, `${env.X}`, `%X%`, `$[[ inputs.x ]]`,
`$(command)`) is read once. A mark that stays stands for a value that is not known.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from scopelint.finder import GitLabSite

OPEN: Final = "\ue000"
CLOSE: Final = "\ue001"
MARK: Final = re.compile(f"{OPEN}([^{OPEN}{CLOSE}]*){CLOSE}")
COMMAND: Final = "command"
"""The name of a mark that stands for what a command prints."""
CREDENTIALS: Final = frozenset(
    {
        "CI_JOB_TOKEN",
        "CI_REGISTRY_PASSWORD",
        "CI_REGISTRY_USER",
        "CI_DEPENDENCY_PROXY_PASSWORD",
        "CI_DEPENDENCY_PROXY_USER",
    }
)
"""Variables that hold a user or a token, never a target."""

PROXY: Final = "dependency_proxy/containers"
"""Below a group: images of other registries, which no project's allowlist is asked for."""

_VARIABLE: Final = re.compile(
    r"\$\[\[\s*(?P<input>[\w.-]{1,200})[^\]\n]{0,500}\]\]"
    r"|\$\((?P<command>[^()\n]{0,500})\)|`(?P<tick>[^`\n]{0,500})`"
    r"|\$\{(?:env[.:])?(?P<braced>\w[\w.-]{0,200})(?P<more>[^{}\n]{0,500})\}"
    r"|\$env:(?P<power>[A-Za-z_]\w{0,200})"
    r"|\$(?P<plain>[A-Za-z_]\w{0,200})"
    r"|%(?P<windows>[A-Z_][A-Z0-9_]{2,200})%"
)
_WHOLE: Final = re.compile(r":?[-=?].*|,,|//\\//%2[Ff]|#https?:(?://)?")
"""What may stand after a name in braces and leaves the value whole: a default, slashes encoded."""
_PART: Final = "~"
"""At the end of a mark's name: it is a part of the value, as in `${X%/*}`."""
_PRIVATE: Final = re.compile(f"[{OPEN}{CLOSE}]")
_NAMES: Final = ("input", "braced", "power", "plain", "windows")
_LONGEST_VALUE: Final = 1_000
_LONGEST_LINE: Final = 20_000
_DEPTH: Final = 5


class Variables:
    """What the variables of one job, or of one file, hold."""

    def __init__(self, project: str, site: GitLabSite) -> None:
        """`project` is the full path of the project whose pipeline it is."""
        self.project = project
        self.site = site
        namespace, _, name = project.rpartition("/")
        self._values: dict[str, str] = {
            "CI_API_GRAPHQL_URL": f"{site.url}/api/graphql",
            "CI_API_V4_URL": f"{site.url}/api/v4",
            "CI_DEPENDENCY_PROXY_DIRECT_GROUP_IMAGE_PREFIX": f"{site.authority}/{namespace}/{PROXY}",
            "CI_DEPENDENCY_PROXY_GROUP_IMAGE_PREFIX": f"{site.authority}/{namespace}/{PROXY}",
            "CI_PROJECT_ID": project,
            "CI_PROJECT_NAME": name,
            "CI_PROJECT_NAMESPACE": namespace,
            "CI_PROJECT_NAMESPACE_ID": namespace,
            "CI_PROJECT_PATH": project,
            "CI_PROJECT_ROOT_NAMESPACE": project.partition("/")[0],
            "CI_PROJECT_URL": f"{site.url}/{project}",
            "CI_REGISTRY": site.image_host,
            "CI_REGISTRY_IMAGE": f"{site.image_host}/{project}",
            "CI_REPOSITORY_URL": f"{site.url}/{project}.git",
            "CI_SERVER_FQDN": site.authority,
            "CI_SERVER_HOST": site.host,
            "CI_SERVER_NAME": "GitLab",
            "CI_SERVER_PORT": str(site.port or {"http": 80}.get(site.scheme, 443)),
            "CI_SERVER_PROTOCOL": site.scheme,
            "CI_SERVER_URL": site.url,
            "CI_TEMPLATE_REGISTRY_HOST": "registry.gitlab.com",
        }

    def with_values(self, literal: Mapping[str, str], unsure: Iterable[str] = ()) -> "Variables":
        """Return these and those that a file sets; `unsure` are those that it sets in several ways.

        A value may name other variables, as GitLab allows it; one that is too long is not known.
        """
        made = Variables(self.project, self.site)
        made._values = dict(self._values)
        known = {
            name: mark(value) for name, value in literal.items() if len(value) <= _LONGEST_VALUE
        }
        made._values |= known
        for name in unsure:
            made._values.pop(name, None)
        for _ in range(_DEPTH):
            made._values |= {
                name: made.fill(made._values[name], _LONGEST_VALUE)
                for name in known
                if name in made._values
            }
        return made

    def fill(self, marked: str, longest: int = _LONGEST_LINE) -> str:
        """Return a marked text with what is known in the place of its marks.

        A value below `projects/` or `groups/` of the API is written as GitLab wants it there, with
        its slashes encoded. Past `longest` characters marks stay.
        """
        room = longest - len(marked)

        def value(match: re.Match[str]) -> str:
            nonlocal room
            found = self._values.get(match[1])
            if found is None or len(found) > room:
                return match[0]
            room -= len(found)
            if marked[max(0, match.start() - 9) : match.start()].endswith(("projects/", "groups/")):
                return found.replace("/", "%2F")
            return found

        return MARK.sub(value, marked)

    def unknown(self, marked: str) -> str | None:
        """Return the name of the first mark that stands for something that is not known."""
        names = (match[1] for match in MARK.finditer(marked))
        found = next((name for name in names if name not in self._values), None)
        return None if found is None else found.removesuffix(_PART)


def mark(text: str) -> str:
    """Return a text with a mark in the place of each variable."""
    return _VARIABLE.sub(_marked, _PRIVATE.sub("?", text))


def _marked(match: re.Match[str]) -> str:
    name = next((match[group] for group in _NAMES if match[group]), COMMAND)
    more = match["more"]
    part = _PART if more and _WHOLE.fullmatch(more) is None else ""
    return f"{OPEN}{name}{part}{CLOSE}"


def unmark(marked: str) -> str:
    """Return a marked text as somebody reads it: `$NAME` for a variable, `$(…)` for a command."""
    return MARK.sub(
        lambda match: "$(…)" if match[1] == COMMAND else f"${match[1].removesuffix(_PART)}", marked
    )


def first_mark(text: str) -> str | None:
    """Return the name of the first mark of a text, None where it has none."""
    match = MARK.search(text)
    return match[1].removesuffix(_PART) if match is not None else None

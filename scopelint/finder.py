"""The interface of a finder, for ours and for third parties'.

A finder reads one kind of file of a repository (`.gitlab-ci.yml`, `go.mod`) and says which projects
of the same GitLab its pipelines use by their job token. It is pure: it is given the text of one
file, the project that it is of and the address of GitLab, and answers with references. It asks
nobody and reads no other file. One module a finder, and its page beside it.

    class JsonnetBundle(Finder):
        name = "jsonnet-bundle"
        title = "Jsonnet's bundle of libraries"
        paths = ("jsonnetfile.json",)

        def find(self, file: RepositoryFile) -> Iterable[Reference]:
            for line in file.lines():
                yield from scan_addresses(line, file, subject="clone")

`scopelint.references` has what most finders need: variables, addresses, commands.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import ClassVar, Final, Literal
from urllib.parse import urlsplit

from scopelint.access.token_requests import NamedProject, Subject
from scopelint.access.token_routes import TokenRoute
from scopelint.bundles import page_of
from scopelint.errors import ConfigError
from scopelint.text import clean, hide_secrets, shorten

MAX_BYTES: Final = 1024 * 1024
"""The largest file that is read."""
MAX_LINES: Final = 100_000
MAX_REFERENCES: Final = 1_000
"""References of one file; a file with more counts as not read."""
MAX_SHOWN: Final = 255
"""Characters of a target, as GitLab has them in a path."""

FileOutcome = Literal["names", "uses", "none", "not read"]


class UnreadableFileError(Exception):
    """A finder cannot read a file; its text says why, without anything of the file."""


@dataclass(frozen=True, slots=True)
class GitLabSite:
    """A GitLab as the files of its repositories write its address."""

    host: str
    """In lower case, without the port."""
    port: int | None = None
    """None for the scheme's own."""
    root: str = ""
    """The relative root, such as `/gitlab`."""
    scheme: str = "https"
    registry: str | None = None
    """Host and port of its container registry. None where they are not known: then the instance's
    own host at any port, and that host behind `registry.`, are taken for it."""

    @classmethod
    def from_url(cls, url: str, registry: str | None = None) -> "GitLabSite":
        """Return the site at an address like `https://example.com:8443/gitlab`."""
        parts = urlsplit(url)
        standard = {"http": 80, "https": 443}.get(parts.scheme)
        port = None if parts.port == standard else parts.port
        root = parts.path.rstrip("/")
        return cls((parts.hostname or "").lower(), port, root, parts.scheme, registry)

    @property
    def authority(self) -> str:
        """Host and port."""
        return self.host if self.port is None else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """The address, without a slash at its end."""
        return f"{self.scheme}://{self.authority}{self.root}"

    @property
    def image_host(self) -> str:
        """The host of the registry, a likely one where it is not known."""
        return self.registry or f"registry.{self.host}"

    def has_registry(self, host: str) -> bool:
        """Tell whether images below this host (and port) are of this GitLab."""
        host = host.lower()
        if self.registry is not None:
            return host == self.registry.lower()
        return host == f"registry.{self.host}" or host.partition(":")[0] == self.host


@dataclass(frozen=True, slots=True)
class Reference:
    """One place of a file that makes a pipeline use another project."""

    line: int
    """From 1."""
    subject: Subject
    """What for."""
    targets: tuple[NamedProject, ...] = ()
    """The project: one where the text names it; several where it is one of these, the likeliest
    first; empty where the text names none."""
    written: str = ""
    """How the file writes the target, or what stands in its place."""
    variable: str | None = None
    """The variable that names the target, where that cannot be known from the file."""
    group: str | None = None
    """The group (path or number) that is asked instead of a project."""
    route: TokenRoute | None = None
    """The REST route that is asked, as far as one is known."""
    package: str = ""
    """The kind of packages, in GitLab's word: `npm`, `maven`, `generic`."""
    sends_token: bool = True
    """Whether the file shows that the job token is sent; False where other places decide it."""
    note: str = ""
    """What has to be so that it is a use, or why it names none: a sentence without its full stop."""

    @property
    def names(self) -> bool:
        """Whether it names a target."""
        return bool(self.targets)

    @property
    def permissions(self) -> tuple[str, ...] | None:
        """The permissions that the use needs, none for Git and images; None where not known."""
        if self.route is not None:
            return self.route.permissions
        free = self.subject in {"clone", "push", "read_registry", "write_registry"}
        return () if free else None

    @property
    def needs_entry(self) -> bool:
        """Whether the target's allowlist is asked at all: not for most addresses of a group."""
        return self.route is None or self.route.governed


@dataclass(frozen=True, slots=True)
class FileReading:
    """What one finder says of one file."""

    references: tuple[Reference, ...] = ()
    """By line."""
    read_next: tuple[str, ...] = ()
    """Paths of other files of the same repository that belong to this one."""
    fetches_submodules: bool = False
    """Whether the file makes pipelines fetch submodules: `.gitmodules` says which."""
    not_read: str | None = None
    """Why the file could not be read; it says nothing then, not even that it uses nobody."""

    @property
    def outcome(self) -> FileOutcome:
        """`names` where every use names its target, `uses` where one does not, `none`, `not read`."""
        if self.not_read is not None:
            return "not read"
        if not self.references:
            return "none"
        return "names" if all(each.names for each in self.references) else "uses"


@dataclass(frozen=True, slots=True)
class RepositoryFile:
    """One file of the default branch of a project."""

    path: str
    """From the repository's root."""
    text: str
    """With `\\n` at the ends of its lines, without a byte order mark."""
    project: str
    """The full path of the project."""
    site: GitLabSite

    def lines(self) -> Iterator[tuple[int, str]]:
        """Yield the lines with their numbers, from 1."""
        return enumerate(self.text.split("\n"), 1)


class Finder(ABC):
    """One kind of file: which projects it makes a pipeline use."""

    name: ClassVar[str]
    """In kebab-case, as its module: `gitlab-ci`."""
    title: ClassVar[str]
    """One line on what it reads."""
    paths: ClassVar[tuple[str, ...]]
    """The files that it reads, from the repository's root: exact names, no patterns."""
    max_bytes: ClassVar[int] = MAX_BYTES
    """The largest file that it reads."""
    ci_configuration: ClassVar[bool] = False
    """Whether it also reads the file that the project names as its CI/CD configuration."""

    @classmethod
    def page(cls) -> str:
        """Return the finder's page, as `scopelint.bundles.page_of` does."""
        return page_of(cls, f"# {cls.name}")

    @abstractmethod
    def find(self, file: RepositoryFile) -> Iterable[Reference]:
        """Yield the file's references, in any order; those to the project itself may be among them.

        Raise UnreadableFileError where the file is not what its name says.
        """

    def others(self, file: RepositoryFile) -> Iterable[str]:
        """Yield the paths of other files of the repository that belong to this one."""
        del file
        return ()

    def fetches_submodules(self, file: RepositoryFile) -> bool:
        """Tell whether the file makes pipelines fetch the submodules of the repository."""
        del file
        return False

    def read(
        self, content: bytes | str, *, path: str, project: str, site: GitLabSite
    ) -> FileReading:
        """Read a file, whatever it holds: what cannot be read is said, and is never "none".

        `project` is the full path of the project that the file is of.
        """
        try:
            file = RepositoryFile(path, _decoded(content, self.max_bytes), project, site)
            found = _kept(self.find(file), project)
            others = tuple(dict.fromkeys(self.others(file)))
            submodules = self.fetches_submodules(file)
        except UnreadableFileError as error:
            return FileReading(not_read=str(error))
        except ConfigError as error:
            # Its message may hold an excerpt of the file: the place and the fault are enough.
            line = error.problems[0].line or 1
            return FileReading(not_read=f"line {line} is not what this kind of file has")
        except RecursionError:
            return FileReading(not_read="it is nested too deeply")
        return FileReading(tuple(found), others, submodules)


def _decoded(content: bytes | str, most: int) -> str:
    size = len(content) if isinstance(content, bytes) else len(content.encode("utf-8", "replace"))
    if size > most:
        raise UnreadableFileError(f"it is larger than {most // 1024:,} KiB")
    try:
        text = content.decode("utf-8-sig") if isinstance(content, bytes) else content
        text.encode()
    except UnicodeError:
        raise UnreadableFileError("it is not UTF-8") from None
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        raise UnreadableFileError("it is not text")
    if text.count("\n") >= MAX_LINES:
        raise UnreadableFileError(f"it has more than {MAX_LINES:,} lines")
    return text


def _kept(references: Iterable[Reference], project: str) -> list[Reference]:
    """Return the references by line, each once, without those to the project itself."""
    found = {_fit(each): None for each in references if not _is_own(each, project)}
    if len(found) > MAX_REFERENCES:
        raise UnreadableFileError(f"it has more than {MAX_REFERENCES:,} references")
    return sorted(found, key=lambda each: each.line)


def _is_own(reference: Reference, project: str) -> bool:
    """Tell whether the target is the project itself: it is always let in."""
    own = project.lower()
    return any(each.path is not None and each.path.lower() == own for each in reference.targets)


def _fit(reference: Reference) -> Reference:
    """Return the reference fit to be kept: short, and without a secret that stands in a path."""
    told = "".join(str(each) for each in reference.targets) + (reference.group or "")
    shown = shorten(clean(hide_secrets(reference.written)), MAX_SHOWN)
    if hide_secrets(told) != told:
        return replace(
            reference, targets=(), group=None, written="", note="a token stands in its place"
        )
    return replace(reference, written=shown)

"""The commands of a script: which address of the GitLab each one asks, for what, by which token."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from scopelint.access.token_requests import JOB_TOKEN, OTHER_TOKEN, URL, Subject, methods_of
from scopelint.finder import Reference
from scopelint.references.site_addresses import (
    SiteAddress,
    address_reference,
    image_reference,
    site_addresses,
    words,
)
from scopelint.references.variables import (
    CLOSE,
    COMMAND,
    CREDENTIALS,
    OPEN,
    Variables,
    first_mark,
    mark,
    unmark,
)

_GIT: Final = re.compile(
    r"\bgit\s+(?:-\S+\s+(?:[\w.]+=\S+\s+)?){0,6}(?:clone|fetch|pull|push|ls-remote|remote|submodule|archive|lfs)\b"
)
_PUSH: Final = re.compile(r"\bgit\s+(?:-\S+\s+(?:[\w.]+=\S+\s+)?){0,6}push\b")
_GIT_CLIENTS: Final = re.compile(
    r"\bgo\s+(?:get|install|mod)\b|\bpip3?\s|\buv\s|\bpoetry\s|\bnpm\s|\byarn\s|\bpnpm\s|\bcargo\s|\bcomposer\s"
)
_REWRITES: Final = re.compile(r"\binsteadOf\b|git-credentials\b|credential\.helper", re.IGNORECASE)
_NETRC: Final = re.compile(r"\bmachine\s+(?P<host>\S+)", re.IGNORECASE)
_IMAGES: Final = re.compile(
    r"\b(?:docker|podman|nerdctl|buildah|crane|skopeo|kaniko|executor|img|cosign|trivy|grype|syft|helm|oras|regctl)\b"
)
_IMAGE_PUSH: Final = re.compile(
    r"\b(?:docker|podman|buildah|nerdctl|crane|helm|oras|img)\s+(?:\w+\s+)?push\b|--destination\b|--push\b"
)
_LOGIN: Final = re.compile(r"\blogin\b")
_FETCH: Final = re.compile(
    r"\b(?:curl|wget|Invoke-(?:WebRequest|RestMethod)|iwr|aria2c)\b|(?:^|\s)https?\s"
)
_SHOWS: Final = re.compile(r"^\s*(?:-\s+)?(?:echo|printf|Write-(?:Host|Output)|#)")
_WRITES_FILE: Final = re.compile(r">|\|\s*tee\b")
_PUBLISH: Final = re.compile(
    r"\b(?:npm|yarn|pnpm|poetry|uv|flit|cargo|lerna|hatch)\s+(?:\S+\s+){0,8}?publish\b|\btwine\s|\bmvnw?\b.{0,300}\bdeploy\b"
    r"|\bnuget\s+(?:\S+\s+){0,8}?push\b|\bgradlew?\b.{0,300}\bpublish|\bconan\s+upload\b|\bgem\s+push\b|\bhelm\s+(?:cm-push|push)\b"
)
_NETRC_OPTION: Final = re.compile(r"\s(?:-n|--netrc\S*|-K|--config)\b")
_JOB_TOKEN_ITSELF: Final = re.compile(r"JOB[-_]TOKEN|CI_REGISTRY_PASSWORD", re.IGNORECASE)
_SUBSTITUTED: Final = re.compile(r"\$\(([^()`\n]{1,2000})\)|`([^`\n]{1,2000})`")
_LEVELS: Final = 3
"""How deep one command stands in another."""
_FOR_GIT: Final = "the token is set up for Git; which projects it asks for is not said here"
_COMMENT: Final = re.compile(r"^\s*#")


@dataclass(frozen=True, slots=True)
class Script:
    """The commands of one job, or of one image, in their order."""

    lines: Sequence[tuple[int, str]]
    """Each command with its line; a command that goes on in the next line is one text."""
    variables: Variables
    by_variables: bool = False
    """Whether variables, and no command, hold the texts."""

    @property
    def text(self) -> str:
        """All of it."""
        return "\n".join(text for _, text in self.lines)


def joined(first: int, text: str) -> Iterator[tuple[int, str]]:
    """Yield the commands of a text with their lines; `first` is the line of the text's first one.

    A backslash (or, in PowerShell, a backtick) at the end of a line goes on in the next one.
    """
    held: list[str] = []
    begun = first
    for number, line in enumerate(text.split("\n"), first):
        begun = begun if held else number
        more = line.endswith(("\\", " `"))
        held.append(line[:-1] if more else line)
        if not more:
            yield begun, " ".join(held)
            held = []
    if held:
        yield begun, " ".join(held)


def scan_commands(script: Script) -> Iterator[Reference]:
    """Yield what the commands of a script use by the job token.

    A command that is sent with other credentials is no use. One that shows none is one all the same
    where it is a client that may have been given the token before: `Reference.sends_token` is False
    then, unless the script gives the token to clients of its kind.
    """
    whole = script.text
    handed = JOB_TOKEN.search(whole) is not None
    pushes = _PUSH.search(whole) is not None
    for number, text in script.lines:
        if not _COMMENT.match(text):
            for part in _parts(text):
                yield from _Command(number, part, script, handed, pushes).references()


def _parts(text: str) -> list[str]:
    """Return the commands that stand in one, such as `$(curl ...)`, and what is left of it."""
    inner: list[str] = []
    for _ in range(_LEVELS):
        found = [match[1] or match[2] for match in _SUBSTITUTED.finditer(text)]
        if not found:
            break
        inner += found
        text = _SUBSTITUTED.sub(f"${{{COMMAND}}}", text)
    return [*inner, text]


class _Command:
    def __init__(self, line: int, text: str, script: Script, handed: bool, pushes: bool) -> None:
        self.line, self.text, self.script = line, text, script
        self.marked = mark(text)
        self.handed, self.pushes = handed, pushes
        self.job_token = JOB_TOKEN.search(text) is not None
        self.other_token = OTHER_TOKEN.search(text) is not None

    def references(self) -> Iterator[Reference]:
        """Yield what the command uses, and what it hands the token on to."""
        # The user gitlab-ci-token alone proves nothing beside another token.
        if self.other_token and _JOB_TOKEN_ITSELF.search(self.text) is None:
            return
        if self._only_shows():
            return
        held = [
            (word, address)
            for word in words(self.marked)
            for address in site_addresses(word, self.script.variables, any_host=self.job_token)
        ]
        if self.job_token and self._is_set_up():
            yield from self._credentials(held)
            return
        found = False
        for word, address in held:
            found = True
            reference = self._of_address(word, address)
            if reference is not None:
                yield reference
        for reference in self._images():
            found = True
            yield reference
        if self.job_token and not found:
            yield from self._handed_on()

    def _only_shows(self) -> bool:
        return (
            not self.job_token
            and _SHOWS.match(self.text) is not None
            and _WRITES_FILE.search(self.text) is None
        )

    def _is_set_up(self) -> bool:
        return _REWRITES.search(self.text) is not None or _NETRC.search(self.text) is not None

    def _credentials(self, held: Sequence[tuple[str, SiteAddress]]) -> Iterator[Reference]:
        """Yield that Git (or curl) is given the token for whatever it asks later."""
        netrc = _NETRC.search(self.marked)
        host = self.script.variables.fill(netrc["host"]) if netrc is not None else ""
        if any(each.token is False for _, each in held) or (
            netrc is not None
            and not host.startswith(OPEN)
            and host != self.script.variables.site.host
        ):
            return
        if netrc is None and not held and URL.search(self.script.variables.fill(self.marked)):
            return
        group = None
        for _, address in held:
            path = address.path.strip("/")
            if path and not address.api and OPEN not in path:
                group = path
        yield Reference(self.line, "clone", group=group, note=_FOR_GIT)

    def _of_address(self, word: str, address: SiteAddress) -> Reference | None:
        if address.token is False:
            return None
        if address.token and not address.path.strip("/"):
            # The beginning of addresses that are put together elsewhere.
            return Reference(self.line, "clone", note=_FOR_GIT)
        sends = self.job_token or address.token is True
        fetches = _FETCH.search(self.text) is not None
        if not sends and fetches and not self._hidden_credentials():
            return None
        is_git = _GIT.search(self.text) is not None or _GIT_CLIENTS.search(self.text) is not None
        if not (address.api or address.is_repository or address.token or is_git):
            return None
        reference = address_reference(
            address,
            word,
            self.line,
            subject=self._subject(api=address.api),
            methods=methods_of(self.text, self.text, writes=self._publishes()),
            sends_token=sends or (self.handed and not fetches),
        )
        return None if reference is None else self._by_its_client(reference)

    def _hidden_credentials(self) -> bool:
        """Tell whether a command may send what it does not show: a file, or options in a variable."""
        if _NETRC_OPTION.search(self.text) is not None:
            return True
        return any(
            word.startswith(OPEN) and "/" not in word and self.script.variables.unknown(word)
            for word in words(self.marked)
        )

    def _publishes(self) -> bool:
        return _PUBLISH.search(self.text) is not None

    def _subject(self, *, api: bool) -> Subject:
        if not api:
            remote = re.search(r"\bgit\s+remote\b", self.text) is not None and self.pushes
            return "push" if _PUSH.search(self.text) or remote else "clone"
        return "write_packages" if self._publishes() else "read_packages"

    def _by_its_client(self, reference: Reference) -> Reference:
        if reference.subject == "read_packages" and self._publishes():
            return replace(reference, subject="write_packages")
        return reference

    def _images(self) -> Iterator[Reference]:
        if _IMAGES.search(self.text) is None or _LOGIN.search(self.text):
            return
        writes = _IMAGE_PUSH.search(self.text) is not None
        subject: Subject = "write_registry" if writes else "read_registry"
        for word in words(self.marked):
            for part in word.split("="):
                found = image_reference(part, self.script.variables, self.line, subject=subject)
                if found is not None:
                    yield replace(found, sends_token=self.handed)

    def _handed_on(self) -> Iterator[Reference]:
        """Yield that the token goes where the text does not say: a program, a variable."""
        if _LOGIN.search(self.text) is not None and _IMAGES.search(self.text) is not None:
            return
        # Only the registry takes the others, and it has been looked for images.
        if "CI_JOB_TOKEN" not in self.text or "auths" in self.text:
            return
        if URL.search(self.script.variables.fill(self.marked)) is not None:
            return
        if re.search(r"\bexport\s+CI_JOB_TOKEN\b|^\s*(?:if|test|\[)", self.text):
            return
        asks = _FETCH.search(self.text) is not None or _GIT.search(self.text) is not None
        names = [
            name
            for name in map(first_mark, words(self.marked))
            if name is not None and name not in CREDENTIALS
        ]
        unknown = [name for name in names if self.script.variables.unknown(f"{OPEN}{name}{CLOSE}")]
        if asks and unknown:
            yield Reference(
                self.line,
                "push"
                if _PUSH.search(self.text)
                else ("api" if not _GIT.search(self.text) else "clone"),
                written=unmark(f"{OPEN}{unknown[-1]}{CLOSE}"),
                variable=unknown[-1],
            )
        elif not asks or not names:
            note = "the token is handed on; which projects it asks is not said here"
            yield Reference(self.line, "other", note=note)


def scan_values(
    values: Iterable[tuple[int, str, str]], variables: Variables
) -> Iterator[Reference]:
    """Yield what variables hold: addresses that a client takes from its environment.

    `values` are line, name and value of each.
    """
    for number, name, value in values:
        marked = mark(value)
        found = False
        for word in words(marked):
            for address in site_addresses(word, variables, any_host=bool(JOB_TOKEN.search(value))):
                found = True
                if address.token is False or not (address.api or address.token):
                    continue
                writes = "PUBLISH" in name or name.startswith("TWINE_")
                reference = address_reference(
                    address,
                    word,
                    number,
                    subject="write_packages"
                    if writes
                    else ("read_packages" if address.api else "clone"),
                    methods=("PUT", "POST") if writes else ("GET",),
                    sends_token=address.token is True,
                )
                if reference is not None:
                    yield reference
        if not found and first_mark(marked) == "CI_JOB_TOKEN" and name != "CI_JOB_TOKEN":
            yield Reference(
                number,
                "other",
                note=f"the token is handed on as {name}; which projects it asks is not said here",
            )

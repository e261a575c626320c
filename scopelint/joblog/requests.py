"""What the job asked for when it was refused: the program, the address, the kind of access."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from scopelint.access.token_requests import (
    JOB_TOKEN,
    OTHER_TOKEN,
    Address,
    Subject,
    api_subject,
    methods_of,
)
from scopelint.joblog.addresses import addresses
from scopelint.text import token_kinds

_EARLIER_TOKEN: Final = re.compile(r"JOB[-_]TOKEN|gitlab-ci-token|CI_REGISTRY_PASSWORD")
_GIT: Final = re.compile(
    r"(?:^|\W)remote: |fatal: (?:unable to access|Authentication failed|repository)"
)
_WRITES: Final = re.compile(
    r"\b(?:push|publish\w*|upload\w*|deploy(?!-token))\b|\bPUT\b|twine|DeployMojo|PublishTo",
    re.IGNORECASE,
)

_CLIENTS: Final = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        ("gitlab", r"could not retrieve the needed artifacts|downstream |upstream project"),
        ("renovate", r"\brenovate\b|\(repository=|Dependency lookup failure"),
        ("semantic-release", r"\bsemantic-release\b"),
        ("bundler", r"\bbundle (?:install|update|config)|\bgem (?:install|push)|Bundler::"),
        ("git", r"\bgit (?:-c \S+ )*(?:clone|fetch|pull|push|submodule|ls-remote|lfs)\b"),
        ("pnpm", r"\bpnpm\b|ERR_PNPM"),
        ("yarn", r"\byarn\b|YN00"),
        ("npm", r"\b(?:npm|npx)\b"),
        ("twine", r"\btwine\b"),
        ("poetry", r"\bpoetry\b"),
        ("uv", r"\buv\b"),
        ("pip", r"\bpip3?\b"),
        ("gradle", r"\bgradlew?\b|Could not (?:GET|PUT|HEAD) '"),
        ("maven", r"\bmvnw?\b|\bmaven\b"),
        ("nuget", r"\b(?:dotnet|nuget)\b|NU1301"),
        ("composer", r"\bcomposer\b"),
        ("go", r"\bgo (?:get|mod|build|install|run|test|vet)\b|^go: "),
        ("helm", r"\bhelm\b"),
        ("runner", r"(?:failed to|image) pull (?:image|failed)|Uploading artifacts as"),
        ("kaniko", r"kaniko|checking push permission"),
        ("skopeo", r"\bskopeo\b"),
        ("docker", r"\bdocker\b|\bcrane\b"),
        ("podman", r"\bpodman\b"),
        ("buildah", r"\bbuildah\b"),
        ("terraform", r"\b(?:terraform|tofu|gitlab-terraform)\b|remote state"),
        ("cargo", r"\bcargo\b"),
        ("conan", r"\bconan\b"),
        ("apt", r"\bapt(?:-get)?\b"),
        ("python-gitlab", r"\bgitlab\.Gitlab\b|gitlab\.exceptions"),
        ("gitbeaker", r"\bgitbeaker\b"),
        ("release-cli", r"\brelease-cli\b"),
        ("glab", r"\bglab\b"),
        ("curl", r"\bcurl\b"),
        ("wget", r"\bwget\b"),
        ("git", r"(?:^|\W)(?:fatal|remote): |git-upload-pack|\.git/?'"),
    )
)
_PACKAGE_CLIENTS: Final = frozenset(
    [
        "npm",
        "pnpm",
        "yarn",
        "pip",
        "twine",
        "poetry",
        "uv",
        "maven",
        "gradle",
        "nuget",
        "composer",
        "conan",
        "helm",
        "cargo",
        "apt",
        "bundler",
        "renovate",
    ]
)
_IMAGE_CLIENTS: Final = frozenset({"docker", "podman", "buildah", "kaniko", "skopeo", "runner"})
_OF_CLIENTS: Final[dict[str, tuple[Subject, Subject]]] = {
    **dict.fromkeys(_PACKAGE_CLIENTS, ("read_packages", "write_packages")),
    **dict.fromkeys(_IMAGE_CLIENTS, ("read_registry", "write_registry")),
    "release-cli": ("release", "release"),
    "semantic-release": ("release", "release"),
    "glab": ("release", "release"),
    "python-gitlab": ("api", "api"),
    "gitbeaker": ("api", "api"),
}
_PUSHES: Final = re.compile(r"\bgit push\b|failed to push|Cannot push")


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked, as far as the lines around the refusal tell."""

    client: str | None
    subject: Subject
    job_token: bool | None
    """Whether it was sent with the job token; None where nothing says it."""
    addresses: tuple[Address, ...]
    """The likeliest first."""

    @property
    def of_packages(self) -> bool:
        """Whether a package manager asked: its addresses may be those of other registries."""
        return self.client in _PACKAGE_CLIENTS

    @property
    def elsewhere(self) -> bool:
        """Whether packages were asked for at addresses that are none of GitLab's API."""
        found = [each for each in self.addresses if each.instance is not None]
        return self.of_packages and bool(found) and not any(each.api or each.git for each in found)


def asked(
    command: str | None, around: Sequence[str], earlier: Sequence[str], subject: Subject | None
) -> Request:
    """Tell what was asked.

    `command` is the command that ran, as the runner printed it; `around` are the lines at the
    refusal, `earlier` the commands of the job before. `subject` is what the refusal itself says it
    was about.
    """
    lines = [*around, *([command] if command else [])]
    text = "\n".join(lines)
    writes = _WRITES.search(text) is not None
    methods = methods_of(text, command, writes=writes)
    found = tuple(address for line in lines for address in addresses(line, methods))
    if not any(each.api or each.git or each.project for each in found):
        # Where a registry was set up by a command of its own, its address stands there.
        found += tuple(
            each for line in earlier[-20:] for each in addresses(line, methods) if each.api
        )
    client = _client(command, around)
    kind = subject or _subject(client, text, methods, writes=writes)
    return Request(client, kind, _job_token(text, found, earlier), found)


def _client(command: str | None, around: Sequence[str]) -> str | None:
    first = re.sub(r"^(?:\w+=\S+ +|sudo +)+", "", command or "").partition(" ")[0]
    for text in (first, command or "", "\n".join(around)):
        for name, pattern in _CLIENTS:
            if pattern.search(text):
                return name
    return None


def _job_token(text: str, found: Sequence[Address], earlier: Sequence[str]) -> bool | None:
    users = {address.user for address in found if address.user}
    kinds = token_kinds(text)
    if "gitlab-ci-token" in users or "cbt" in kinds or JOB_TOKEN.search(text):
        return True
    if users or kinds or OTHER_TOKEN.search(text):
        return False
    before = "\n".join(earlier)
    sent = _EARLIER_TOKEN.search(before) and not OTHER_TOKEN.search(before)
    return True if sent else None


def _subject(client: str | None, text: str, methods: tuple[str, ...], *, writes: bool) -> Subject:
    api = "\n".join(re.findall(r"/api/v4(\S*)", text))
    wanted = writes or methods[0] in ("PUT", "POST")
    by_route = api_subject(api, writes=wanted)
    by_client = _OF_CLIENTS.get(client or "")
    found: tuple[Subject, Subject] = ("api", "api") if api else ("other", "other")
    if _GIT.search(text) or client in ("git", "go"):
        return "push" if _PUSHES.search(text) else "clone"
    if re.search(r"downloading module|module versions|terraform/modules/", text, re.IGNORECASE):
        return "terraform_module"
    if by_route is not None:
        return by_route
    if by_client is not None:
        found = by_client
    elif "package" in text:
        found = ("read_packages", "write_packages")
    return found[1] if wanted else found[0]

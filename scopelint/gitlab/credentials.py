"""Where the token comes from: a file, the environment, or python-gitlab's config."""

import configparser
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from gitlab.config import GitlabConfigParser
from gitlab.exceptions import GitlabError

from scopelint.errors import AuthenticationError, UsageError
from scopelint.gitlab.address import same_origin
from scopelint.gitlab.answers import JOB_TOKEN_HINT, TOKEN_HINT
from scopelint.gitlab.origin import TokenSource
from scopelint.text import Secret

VARIABLES: Final = ("SCOPELINT_TOKEN", "GITLAB_TOKEN", "GITLAB_PRIVATE_TOKEN", "GITLAB_OAUTH_TOKEN")
"""Environment variables that may hold a token, in their order."""
JOB_TOKEN_PREFIX: Final = "glcbt-"
"""GitLab's prefix of CI/CD job tokens (doc/security/tokens, "Token prefixes")."""
_TOKEN_FILE_LIMIT: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Credentials:
    """A token, where it comes from, and, from python-gitlab's config, the URL it belongs to."""

    token: Secret
    source: TokenSource
    given_by: str = ""
    oauth: bool = False
    section_url: str | None = None


def is_job_token(token: Secret) -> bool:
    """Tell whether a token has GitLab's prefix of CI/CD job tokens."""
    return token.reveal().startswith(JOB_TOKEN_PREFIX)


def find_credentials(
    token_file: Path | None, environment: Mapping[str, str], urls: tuple[str, ...]
) -> Credentials:
    """Return the token to use; an empty one where there is none.

    `urls` are the addresses that the user named, most trusted first: a section of
    python-gitlab's config is chosen by them, its default section where there is none.
    Raises UsageError for a token file that cannot be read, AuthenticationError for a job token.
    """
    found = _from_file(token_file) or _from_environment(environment)
    found = found or _from_python_gitlab(environment, urls)
    if found is None:
        if environment.get("CI_JOB_TOKEN"):
            raise AuthenticationError(
                "there is only the job's own CI_JOB_TOKEN, and a CI/CD job token cannot read job"
                " token scopes",
                hint=JOB_TOKEN_HINT,
            )
        return Credentials(Secret(""), TokenSource.NONE)
    token = found.token.reveal()
    # An instance may have a prefix of its own for tokens; then only the comparison tells.
    if is_job_token(found.token) or token == environment.get("CI_JOB_TOKEN"):
        raise AuthenticationError(
            f"{found.given_by} holds a CI/CD job token ({JOB_TOKEN_PREFIX}), which cannot read job token scopes",
            hint=JOB_TOKEN_HINT,
        )
    return found


def require_token(credentials: Credentials) -> None:
    """Raise AuthenticationError where there is no token: no scope is readable without one."""
    if not credentials.token:
        raise AuthenticationError(
            f"there is no token: set {VARIABLES[0]} or GITLAB_TOKEN, or use --token-file",
            hint=TOKEN_HINT,
        )


def _from_file(path: Path | None) -> Credentials | None:
    if path is None:
        return None
    try:
        if path.is_dir():
            raise UsageError(f"--token-file {path} is a folder")
        with path.open(encoding="utf-8") as file:
            text = file.read(_TOKEN_FILE_LIMIT).strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise UsageError(f"--token-file {path} cannot be read: {reason}") from None
    return _checked(text, TokenSource.FILE, f"--token-file {path}")


def _from_environment(environment: Mapping[str, str]) -> Credentials | None:
    for name in VARIABLES:
        text = environment.get(name, "").strip()
        if text:
            oauth = name == "GITLAB_OAUTH_TOKEN"
            return _checked(text, TokenSource.ENVIRONMENT, name, oauth=oauth)
    return None


def _checked(text: str, source: TokenSource, given_by: str, *, oauth: bool = False) -> Credentials:
    # Anything else cannot stand in an HTTP header, and an error about it would show the token.
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise UsageError(
            f"{given_by} does not hold one token: it is empty, or has spaces, line ends or"
            " characters that no token has"
        )
    return Credentials(Secret(text), source, given_by, oauth)


def _from_python_gitlab(
    environment: Mapping[str, str], urls: tuple[str, ...]
) -> Credentials | None:
    files = _config_files(environment)
    sections = configparser.ConfigParser(interpolation=None)
    try:
        sections.read(files, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError) as error:
        raise UsageError(f"python-gitlab's config cannot be read: {_fault(error)}") from None
    name = _section(sections, urls)
    if name is None:
        return None
    try:
        section = GitlabConfigParser(name, files)
    except (GitlabError, configparser.Error, ValueError, TypeError, OSError) as error:
        raise UsageError(f"python-gitlab's config, section {name}: {_fault(error)}") from None
    token = section.private_token or section.oauth_token
    if not token or not section.url:
        return None
    given_by = f"python-gitlab's config, section {name}"
    oauth = not section.private_token
    found = _checked(token, TokenSource.PYTHON_GITLAB, given_by, oauth=oauth)
    return replace(found, section_url=section.url)


def _fault(error: Exception) -> str:
    """Name a fault by its kind and line; the texts of configparser's errors may show a token."""
    if isinstance(error, GitlabError):
        return str(error)[:200]
    lines = [line for line, _ in getattr(error, "errors", ())] or [getattr(error, "lineno", None)]
    place = f" in line {lines[0]}" if lines[0] else ""
    return f"{type(error).__name__}{place}"


def _section(sections: configparser.ConfigParser, urls: tuple[str, ...]) -> str | None:
    for url in urls:
        for name in sections.sections():
            if name != "global" and same_origin(sections.get(name, "url", fallback=""), url):
                return name
    if urls:
        return None
    default = sections.get("global", "default", fallback=None)
    return default if default and sections.has_section(default) else None


def _config_files(environment: Mapping[str, str]) -> list[str]:
    named = environment.get("PYTHON_GITLAB_CFG")
    if named:
        return [named]
    home = environment.get("HOME")
    places = [Path("/etc/python-gitlab.cfg")]
    if home:
        places.append(Path(home) / ".python-gitlab.cfg")
    return [str(place) for place in places if place.is_file()]

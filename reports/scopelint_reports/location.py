"""Synthetic, stable locations for formats that want a file (outside contract, section 4).

A job token scope is no file, but code scanning formats reject or merge results without one. Each
finding gets a relative URI of its own, made of what identifies it:

    <host>[/<root>]/<full path>/job_token/<code>[/<entry kind>/<entry id>][/<more>]

Every segment is percent-encoded (RFC 3986), so it is a valid `uri-reference` whatever the names
hold. Findings about the instance have `admin`, a name that GitLab reserves, for a path.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, urlsplit, urlunsplit

from scopelint.finding import Finding, fingerprint
from scopelint.paths import SETTINGS_PAGE
from scopelint.text import plain_line

_AREA = "job_token"
_MORE = 16
_URL_SAFE = ":/?@!$&'()*+,;=%~"
_LINK = re.compile(r"https?://[^\s\\<>\"'`]+", re.IGNORECASE)
# Addresses that `web_address` returns as they are, which nearly all do: quicker than to parse them.
_USUAL_ADDRESS = re.compile(r"https?://[a-z0-9][a-z0-9.-]*(?::[1-9][0-9]{0,3})?/[A-Za-z0-9_.~/-]*")
_UNRESERVED = re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9_.~-]*")
_USUAL_PATH = re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9_.~-]*(?:/[A-Za-z0-9_~-][A-Za-z0-9_.~-]*)*")
_STRAY_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class FileLocation:
    """Where a finding is."""

    uri: str
    """Relative and percent-encoded."""
    subject: str
    """The project's path, or `instance`."""
    parts: tuple[str, ...]
    """What tells it from the others of its subject, the rule's code first."""

    @property
    def name(self) -> str:
        """The same place as a qualified name."""
        return "::".join((self.subject, "job_token", *(plain_line(part) for part in self.parts)))


def place(finding: Finding, instance: str) -> FileLocation:
    """Return the location of a finding of `instance` (its URL).

    It depends only on what the JSON report holds, so a report that was read back has the same.
    """
    original = finding.project.path if finding.project else ""
    usual = _USUAL_PATH.fullmatch(original) is not None
    path = original if usual else plain_line(original)
    segments = path if usual else _subject(path)
    if finding.project is None:
        segments = "admin"
    parts = [finding.rule]
    if finding.entry and finding.entry.id is not None:
        parts += [finding.entry.kind, str(finding.entry.id)]
    more = _more(finding, instance)
    if finding.project and not usual and _unfaithful(original, path):
        more = finding.fingerprint[:_MORE]
    if more:
        parts.append(more)
    tail = "/".join(_segment(part) for part in parts)
    uri = f"{_prefix(instance)}/{segments}/{_AREA}/{tail}"
    return FileLocation(uri, path or "instance", tuple(parts))


def settings_url(finding: Finding) -> str | None:
    """Return the address of the project's settings page, None where its web URL is no http URL."""
    url = web_address(finding.project.web_url) if finding.project else None
    return None if url is None or "#" in url else url.rstrip("/") + SETTINGS_PAGE


def web_address(url: str | None) -> str | None:
    """Return `url` as a valid absolute http address, None for anything else.

    Characters that no URI may hold are percent-encoded; user names and passwords are left out.
    """
    if url and _USUAL_ADDRESS.fullmatch(url):
        return url
    return _web_address(url or "")


def web_link(address: str | None) -> str | None:
    """Return the address as it is where it is plain http or https, None for anything else."""
    return address if address and _LINK.fullmatch(address) else None


@lru_cache(maxsize=1024)
def _web_address(url: str) -> str | None:
    try:
        parsed = urlsplit(plain_line(url))
        port = parsed.port
    except ValueError:
        return None
    if parsed.scheme not in {"http", "https"} or not parsed.hostname:
        return None
    host = f"[{parsed.hostname}]" if ":" in parsed.hostname else _segment(parsed.hostname)
    rest = urlunsplit(("", "", parsed.path, parsed.query, parsed.fragment))
    tail, mark, fragment = rest.partition("#")
    quoted = quote(tail, safe=_URL_SAFE) + mark + quote(fragment, safe=_URL_SAFE)
    netloc = host if port is None else f"{host}:{port}"
    return f"{parsed.scheme}://{netloc}{_STRAY_PERCENT.sub('%25', quoted)}"


@lru_cache(maxsize=8)
def _prefix(instance: str) -> str:
    _, _, rest = instance.partition("://")
    return "/".join(_segment(plain_line(part)) for part in rest.strip("/").split("/"))


@lru_cache(maxsize=1024)
def _subject(path: str) -> str:
    return "/".join(_segment(part) for part in path.split("/"))


def _segment(text: str) -> str:
    if _UNRESERVED.fullmatch(text):
        return text
    # A segment that is empty or only dots would be resolved away. GitLab allows no `~` in paths.
    text = text if text.strip(".") else f"{text}~"
    return quote(text, safe="")


def _unfaithful(original: str, shown: str) -> bool:
    return original != shown or not all(part.strip(".") for part in original.split("/"))


def _more(finding: Finding, instance: str) -> str:
    """Tell apart the findings of a rule that are made unique by a key of the rule's own."""
    entry = finding.entry
    subject = finding.project.id if finding.project else None
    if entry and entry.id is not None:
        usual = {f"{entry.kind}:{entry.id}": ""}
    else:
        usual = {"": "", "outbound": "outbound"}
    for key, segment in usual.items():
        if finding.fingerprint == fingerprint(finding.rule, instance, subject, key):
            return segment
    return finding.fingerprint[:_MORE]

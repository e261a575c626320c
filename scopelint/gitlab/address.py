"""Addresses of a GitLab instance, brought into one form so that they can be compared.

The form is that of fingerprints (outside contract, section 4): scheme, lower-case host,
non-default port, relative root, no trailing slash. Nothing here asks the network.
"""

import ipaddress
import re
import unicodedata
from urllib.parse import SplitResult, urlsplit

from scopelint.text import holds_control, shown

GITLAB_COM = "https://gitlab.com"

_DEFAULT_PORTS = {"http": 80, "https": 443}
_SEGMENT = re.compile(r"[A-Za-z0-9._~-]+")
_UPPER = {ord(letter): letter.lower() for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
_API = "/api/v4"


class AddressError(ValueError):
    """An address cannot be used; `hint` says how to write it."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def split_address(text: str) -> tuple[str, str]:
    """Split a URL into its origin (scheme, host, port; normalised) and its raw path.

    Query and fragment are dropped; `normalise_url` refuses them first where they do not belong.
    Raise AddressError for anything but http and https, for credentials, and for a host or port
    that is none.
    """
    parts = _split(text)
    if parts.scheme not in _DEFAULT_PORTS:
        raise AddressError(
            f"{shown(text)} is not an http or https address",
            f"write it with its scheme, such as {GITLAB_COM}",
        )
    if "@" in parts.netloc:
        raise AddressError(
            f"{shown(text)} holds credentials",
            "take them out of the address; the token comes from SCOPELINT_TOKEN or --token-file",
        )
    port = _port(parts, text)
    suffix = "" if port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{port}"
    return f"{parts.scheme}://{_host(parts, text)}{suffix}", parts.path


def normalise_url(text: str) -> str:
    """Return an instance's address in the one form; `/api/v4` at its end is dropped.

    Raise AddressError for what `split_address` refuses, for a query or fragment, and for a path
    that is no relative root.
    """
    text = text.strip()
    origin, path = split_address(text)
    if "?" in text or "#" in text:
        raise AddressError(
            f"{shown(text)} holds a query or a fragment", "give the address of GitLab alone"
        )
    root = path.rstrip("/")
    root = root.removesuffix(_API).rstrip("/")
    for segment in root.split("/")[1:]:
        if not _SEGMENT.fullmatch(segment) or segment in {".", ".."}:
            raise AddressError(
                f"{shown(text)} has a path that is no relative root",
                f"give the address of GitLab alone, such as {GITLAB_COM}",
            )
    return origin + root


def is_cleartext(url: str) -> bool:
    """Tell whether a token sent to this normalised address would leave the machine unencrypted."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "http" or host == "localhost" or host.endswith(".localhost"):
        return False
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return True


def _split(text: str) -> SplitResult:
    # urlsplit drops tabs and line ends silently, and a backslash is a slash to some readers.
    if holds_control(text) or any(c.isspace() or c == "\\" for c in text):
        raise AddressError(f"{shown(text)} holds a character that no address has")
    try:
        return urlsplit(text)
    except ValueError:
        raise AddressError(f"{shown(text)} is not an address") from None


def _host(parts: SplitResult, text: str) -> str:
    host, bracket, rest = parts.netloc.rpartition("]")
    host += bracket
    if rest and not rest.startswith(":") and host:
        raise AddressError(f"{shown(text)} names no host", f"such as {GITLAB_COM}")
    if host:
        try:
            address = ipaddress.IPv6Address(host[1:-1])
        except ValueError:
            raise AddressError(f"{shown(text)} has no valid IPv6 address") from None
        if address.scope_id is not None:
            raise AddressError(f"{shown(text)} has an IPv6 zone, which no address of a host has")
        return f"[{address.compressed}]"
    host = parts.netloc.partition(":")[0].translate(_UPPER)
    labels = host.removesuffix(".").split(".")
    if not all(label and _is_label(label) for label in labels):
        raise AddressError(f"{shown(text)} names no host", f"such as {GITLAB_COM}")
    return host


def _is_label(label: str) -> bool:
    return all(c in "-_" or unicodedata.category(c)[0] in "LMN" for c in label)


def _port(parts: SplitResult, text: str) -> int | None:
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise AddressError(f"{shown(text)} has no valid port", "a port is 1 to 65535")
    return port


def origin_of(url: str) -> tuple[str, str, int | None] | None:
    """Return scheme, lower-case host and port of a URL; the port is the scheme's own if unnamed.

    None for a text that is no URL with a scheme and a host.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return None
    return (parts.scheme, parts.hostname.lower(), port) if parts.scheme and parts.hostname else None


def same_origin(one: str, other: str) -> bool:
    """Tell whether two URLs have the same scheme, host and port; a text that is no URL has none."""
    origin = origin_of(one)
    return origin is not None and origin == origin_of(other)


def is_loopback(url: str) -> bool:
    """Tell whether a URL names this machine itself."""
    host = (urlsplit(url).hostname or "").lower()
    return host in {"localhost", "::1"} or host.startswith("127.")

"""The one origin a token may be sent to, and how it is kept there."""

from urllib.parse import urlsplit


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

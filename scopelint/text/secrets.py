"""Tokens and passwords, which no text shows: not output, log, snapshot or traceback."""

import re
from typing import ClassVar, NoReturn
from urllib.parse import quote

_HIDDEN = "[hidden]"
# GitLab's token prefixes (docs.gitlab.com, "Token prefixes"), and the older runner registration
# token. What stands before one is not looked at: it may be the rest of an escape, as in `%2Fglpat-`.
_TOKEN = re.compile(
    r"gl(?:pat|oas|dt|rtr?|cbt|ptt|ft|imt|agent|wt|soat|ffct)-[\w.=-]{6,}|GR1348941[\w-]{6,}",
    re.IGNORECASE,
)
_SHORTEST_SECRET = 8
"""Characters; no token is shorter, and hiding less would hide the words of messages."""
_SECRET_KEY = re.compile(
    r"(?P<key>(?:token(?!_scope)|password|passwd|secret|api[_-]?key)\w{0,100}[\"']?\s*[:=]\s*).*",
    re.IGNORECASE,
)
_QUERY = re.compile(r"(https?://[^\s'\"?]+\?)[^\s'\"]+", re.IGNORECASE)
_USERINFO = re.compile(r"(?<=://)[^\s/?#]*@")


class Secret:
    """Holds a token. Its text forms are stars; only `reveal()` gives the token itself.

    A token that is held once is hidden by `hide_secrets` as long as the process lives.
    """

    known: ClassVar[set[str]] = set()
    """The tokens of this process, as they are and as they are in a URL: `hide_secrets` hides them."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value
        if len(value) >= _SHORTEST_SECRET:
            self.known.update((value, quote(value, safe="")))

    def reveal(self) -> str:
        """Return the token, for the one header it is sent in."""
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __str__(self) -> str:
        return "********"

    def __repr__(self) -> str:
        return "Secret(********)"

    def __format__(self, spec: str) -> str:
        return "********"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not written to disk")

    def redact(self, text: str) -> str:
        """Return `text` with every occurrence of the token replaced by stars."""
        return text.replace(self._value, "********") if self._value else text


def hide_secrets(text: str) -> str:
    """Return `text` without any `Secret`, anything of a token's form, or a URL's credentials."""
    for secret in Secret.known:
        text = text.replace(secret, _HIDDEN)
    return _TOKEN.sub(_HIDDEN, _USERINFO.sub(f"{_HIDDEN}@", text))


def redact(text: str) -> str:
    """Return `text`, of a file, as `hide_secrets` does, and without what a key calls a secret."""
    return _SECRET_KEY.sub(lambda match: match["key"] + _HIDDEN, hide_secrets(text))


def token_kinds(text: str) -> frozenset[str]:
    """Return the kinds of GitLab's tokens in `text`, by their prefixes: `cbt` is a job token's."""
    return frozenset(match.group()[2:].partition("-")[0].lower() for match in _TOKEN.finditer(text))


def hide_queries(text: str) -> str:
    """Return `text` with the queries of its URLs hidden: a signed address is a secret itself."""
    return _QUERY.sub(rf"\1{_HIDDEN}", text)

"""GitLab's JSON, within bounds, and its fields: each of its documented type, or not read at all.

`"false"`, 0 and `[]` are not false, text is no number, and `{}` is no empty list: a reader that
meets one raises FormError, and its caller records a gap. Null and absent are None everywhere:
not read.
"""

import json
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final, TypeVar

from scopelint.text import holds_control
from scopelint.versions import LONGEST_TEXT

_T = TypeVar("_T")

Node = Mapping[str, Any]
"""A JSON object as GitLab sent it: nothing in it has been checked."""

MAX_BYTES: Final = 64 * 2**20
"""The largest body that is read, in bytes after decompression."""
MAX_DEPTH: Final = 100
"""How deep arrays and objects may stand in each other: GitLab's own answers stay below 20."""
MAX_INTEGER: Final = 2**63 - 1
"""The largest number that is read: GitLab's ids and counts have 64 bits, as SQLite's have."""

_DIGITS: Final = len(str(MAX_INTEGER))
_NO_MARK: Final = bytes(set(range(256)) - set(b'[]{}"\\'))
_TO_SQUARE: Final = bytes.maketrans(b"{}", b"[]")
_DEEP: Final = b"[" * (MAX_DEPTH + 1)


class FormError(ValueError):
    """A part of an answer has another form than GitLab's API documents; the text says which."""


def decode(body: bytes) -> Any:
    """Return the JSON of a body.

    Raises FormError where it is nested deeper than `MAX_DEPTH`, json.JSONDecodeError where it is
    not whole. Bytes that are not UTF-8 become lone surrogates and numbers that are too long
    become ones outside 64 bits: no field is read from either, and the others are.
    """
    if is_deep(body):
        raise FormError(f"it is nested more than {MAX_DEPTH} levels deep")
    text = body.decode("utf-8", "surrogateescape")
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise
    except ValueError:
        # Python converts no number of more than 4,300 digits.
        return json.loads(text, parse_int=_number)


def _number(text: str) -> int:
    return int(text) if len(text) <= _DIGITS + 1 else MAX_INTEGER + 1


def is_deep(body: bytes) -> bool:
    """Tell whether arrays and objects stand more than `MAX_DEPTH` deep in each other.

    Without recursion, and with a few calls a body: all that counts are the brackets outside of
    texts, and each pass takes the innermost pairs away.
    """
    marks = body.translate(None, _NO_MARK)
    if b"\\" in marks:
        # An escaped quotation mark ends no text; an escaped backslash escapes nothing.
        escapes = body.replace(rb"\\", b"").replace(rb"\"", b"")
        marks = escapes.translate(None, _NO_MARK + b"\\")
    brackets = b"".join(marks.split(b'"')[::2]).translate(_TO_SQUARE)
    for _ in range(MAX_DEPTH):
        if b"[]" not in brackets or _DEEP in brackets:
            break
        brackets = brackets.replace(b"[]", b"")
    # What is left is deeper, or not whole.
    return b"[]" in brackets or _DEEP in brackets


def is_fit(text: str) -> bool:
    """Tell whether a text can be kept: no NUL, no lone surrogate."""
    if "\0" in text:
        return False
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def made_fit(text: str) -> str:
    """Return a text for a message, with U+FFFD for what cannot be kept."""
    if is_fit(text):
        return text
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def required(value: _T | None, name: str) -> _T:
    """Return a value; raise FormError where it is null or absent."""
    if value is None:
        raise FormError(f"{name} is missing")
    return value


def boolean(node: Node, name: str) -> bool | None:
    """Read true or false."""
    value = node.get(name)
    if value is None or value is True or value is False:
        return value
    raise _misfit(name, value, "true or false")


def integer(node: Node, name: str) -> int | None:
    """Read a whole number of 64 bits."""
    value = node.get(name)
    if value is None:
        return None
    if type(value) is not int:
        raise _misfit(name, value, "a whole number")
    if not -MAX_INTEGER <= value <= MAX_INTEGER:
        raise FormError(f"{name} is a number of more than 64 bits")
    return value


def count(node: Node, name: str) -> int | None:
    """Read a number of things, zero or more."""
    value = integer(node, name)
    if value is not None and value < 0:
        raise FormError(f"{name} is a count below zero")
    return value


def identifier(node: Node, name: str) -> int:
    """Read the number of a group, project or user."""
    value = required(integer(node, name), name)
    if value <= 0:
        raise FormError(f"{name} is no number of an object")
    return value


def global_id(node: Node, name: str) -> int:
    """Read the number out of a global id such as `gid://gitlab/Project/42`."""
    value = required(text(node, name), name)
    head, _, digits = value.rpartition("/")
    well_formed = head.startswith("gid://") and digits.isascii() and digits.isdigit()
    if not well_formed or len(digits) > _DIGITS or not 0 < int(digits) <= MAX_INTEGER:
        raise FormError(f"{name} is no global id")
    return int(digits)


def text(node: Node, name: str) -> str | None:
    """Read a text without NUL and lone surrogates."""
    value = node.get(name)
    if value is None:
        return None
    if type(value) is not str:
        raise _misfit(name, value, "text")
    if not is_fit(value):
        raise FormError(f"{name} holds NUL or half a character")
    return value


def full_path(node: Node, name: str) -> str:
    """Read the full path of a group or project."""
    value = required(text(node, name), name)
    if "" in value.split("/") or (not value.isprintable() and holds_control(value)):
        raise FormError(f"{name} is {value:.40}, which is no full path")
    return value


def project_path(node: Node, name: str) -> str:
    """Read the full path of a project, which stands in a namespace."""
    value = full_path(node, name)
    if "/" not in value:
        raise FormError(f"{name} is {value:.40}, which is no full path of a project")
    return value


def version_text(node: Node, name: str) -> str | None:
    """Read GitLab's version: a short text on one line, as a snapshot keeps it."""
    value = text(node, name)
    if value is not None and (len(value) > LONGEST_TEXT or holds_control(value)):
        raise FormError(f"{name} is {made_fit(value)!r:.40}, which is no version")
    return value


def choice(node: Node, name: str, known: Collection[str]) -> str | None:
    """Read one of some words; one that is not among them says nothing that is understood."""
    value = text(node, name)
    if value is not None and value not in known:
        raise FormError(f"{name} is {value:.40}, which is not known here")
    return value


def time(node: Node, name: str) -> datetime | None:
    """Read an ISO 8601 time with its offset from UTC."""
    value = text(node, name)
    if value is None:
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise FormError(f"{name} is {value:.40}, which is no time")
    return found


def child(node: Node, name: str) -> Node | None:
    """Read an object within an object."""
    value = node.get(name)
    if value is None or type(value) is dict:
        return value
    raise _misfit(name, value, "an object")


def array(node: Node, name: str) -> list[Any] | None:
    """Read a list; its items are not checked."""
    value = node.get(name)
    if value is None or type(value) is list:
        return value
    raise _misfit(name, value, "a list")


def objects(items: list[Any], name: str) -> list[Node]:
    """Return the items of a list of objects; raise FormError where one is something else."""
    for item in items:
        if type(item) is not dict:
            raise _misfit(f"a row of {name}", item, "an object")
    return items


def names(node: Node, name: str) -> list[str]:
    """Return the names in a list of GraphQL's fields or types, null being an empty list."""
    return [
        required(text(found, "name"), f"a name in {name}")
        for found in objects(array(node, name) or [], name)
    ]


def _misfit(name: str, value: object, due: str) -> FormError:
    kinds = {bool: "true or false", str: "text", list: "a list", dict: "an object"}
    found = "null" if value is None else kinds.get(type(value), "a number")
    return FormError(f"{name} is {found} where {due} was due")

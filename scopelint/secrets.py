"""A token that no text shows: not in output, log, snapshot or traceback."""

from typing import NoReturn


class Secret:
    """Holds a token. Its text forms are stars; only `reveal()` gives the token itself."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

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

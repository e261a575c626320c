"""XML read as a stream of elements, each with its line, without what XML lets a file do.

Entities that a file declares are refused, so it can neither grow when it is read nor name another
file; nothing is kept but the way down to an element, so depth costs nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from xml.parsers import expat

from scopelint.finder import RepositoryFile, UnreadableFileError


@dataclass(frozen=True, slots=True)
class XmlElement:
    """One element that has ended."""

    way: tuple[str, ...]
    """The names of the elements around it, the outermost first, and its own at the end."""
    line: int
    """Where its text begins."""
    text: str
    """What stands directly in it, without blanks around it."""
    attributes: dict[str, str]


class _ElementReader:
    def __init__(self) -> None:
        self.parser: Any = expat.ParserCreate(namespace_separator=" ")
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.EntityDeclHandler = self._refuse
        self.parser.buffer_text = False
        self.way: list[str] = []
        self.open: list[tuple[int, dict[str, str], list[str]]] = []
        self.found: list[XmlElement] = []

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.way.append(name.rpartition(" ")[2])
        self.open.append((self.parser.CurrentLineNumber, attributes, []))

    def _text(self, text: str) -> None:
        if self.open:
            _, attributes, texts = self.open[-1]
            if not texts and text.strip():
                self.open[-1] = (self.parser.CurrentLineNumber, attributes, texts)
            if texts or text.strip():
                texts.append(text)

    def _end(self, _: str) -> None:
        line, attributes, texts = self.open.pop()
        text = "".join(texts).strip()
        # Deep files would make the ways together longer than the file.
        self.found.append(XmlElement(tuple(self.way[-8:]), line, text, attributes))
        self.way.pop()

    def _refuse(self, *_: object) -> None:
        raise UnreadableFileError("it declares entities")


def xml_elements(file: RepositoryFile) -> Iterator[XmlElement]:
    """Yield the elements of a file as they end; `way` has the last eight names.

    Raise UnreadableFileError for what is no XML, and for declared entities.
    """
    reader = _ElementReader()
    try:
        reader.parser.Parse(file.text.encode(), True)
    except expat.ExpatError as error:
        raise UnreadableFileError(f"line {error.lineno} is no XML") from None
    yield from reader.found

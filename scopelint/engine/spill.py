"""A collection in order that may be larger than memory.

What a run finds in a million projects is millions of findings, made in the order of project ids; a
report wants them by severity and path, and several times over. So they are sorted a bufferful at a
time, written to a temporary file, and merged whenever somebody walks them: an external merge sort.
Fewer than a bufferful never touch the disk.
"""

import heapq
import os
import pickle
import tempfile
import weakref
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from operator import itemgetter
from typing import Any, Final, Generic, NamedTuple, TypeVar

from scopelint.errors import PluginError, ScratchError

BUFFER: Final = 20_000
"""Items that are kept in memory before they are sorted and written away."""
_BLOCK: Final = 250
"""Items that are read back at once, for each run."""
_LEVEL: Final = 1
"""zlib's quickest level: texts that resemble each other take a fifth of their size."""

_T = TypeVar("_T")


class Codec(NamedTuple, Generic[_T]):
    """How items are ordered and stored."""

    key: Callable[[_T], Any]
    """Gives what they are sorted by, no two alike."""
    pack: Callable[[_T], Any]
    """Gives what is stored; plain tuples are the quickest."""
    unpack: Callable[[Any], _T]
    """Makes the item of what was stored."""
    name: Callable[[_T], str] = str
    """Names an item that cannot be stored, in the error."""


class SpillBlock(NamedTuple):
    """Where in the file some items of a run lie."""

    offset: int
    """In bytes."""
    length: int
    """In bytes."""


class Written(NamedTuple):
    """What is in a file."""

    items: int
    """How many."""
    runs: Sequence[Sequence[SpillBlock]]
    """The blocks of each sorted run."""


class Scratch:
    """A temporary file of blocks. It has no name: nobody else reads it, and nothing is left of it.

    A process that is forked later shares it; only one of the two may write.
    """

    def __init__(self) -> None:
        with _disk():
            # Without a buffer nothing is left to be written, and to fail, when it is closed.
            self._file = tempfile.TemporaryFile(prefix="scopelint-", buffering=0)  # noqa: SIM115
        weakref.finalize(self, self._file.close)

    def write(self, data: bytes) -> SpillBlock:
        """Add a block; raise ScratchError where the disk is full."""
        with _disk():
            block = SpillBlock(self._file.seek(0, os.SEEK_END), len(data))
            rest = memoryview(data)
            while rest:
                rest = rest[self._file.write(rest) :]
        return block

    def read(self, block: SpillBlock) -> bytes:
        """Return a block."""
        with _disk():
            self._file.seek(block.offset)
            return self._file.read(block.length)


@contextmanager
def _disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ScratchError(error.strerror or str(error), tempfile.gettempdir()) from error


class SpillWriter(Generic[_T]):
    """Takes items in any order, then gives them back in theirs.

    `file` is where they go, which another process may read after `flush`; without one, a file is
    made when the first bufferful is there. Raises ScratchError where the disk is full, and
    PluginError where an item cannot be stored: what plug-ins give is to be JSON data.
    """

    def __init__(
        self, form: Codec[_T], file: Scratch | None = None, *, buffer: int | None = None
    ) -> None:
        self._form = form
        self._file = file
        self._limit = buffer or BUFFER
        self._held: list[_T] = []
        self._runs: list[Sequence[SpillBlock]] = []
        self._count = 0

    def add(self, item: _T) -> None:
        """Take one item in."""
        self._held.append(item)
        if len(self._held) >= self._limit:
            self._write()

    def flush(self) -> Written:
        """Write away what is still held, for a reader in another process."""
        if self._held:
            self._write()
        return Written(self._count, self._runs)

    def collected(self, others: Iterable[tuple[Scratch, Written]] = ()) -> "Spill[_T]":
        """Return everything taken in, together with what others wrote to their files."""
        held = sorted(self._held, key=self._form.key)
        parts = list(others)
        if self._file is not None:
            parts.append((self._file, Written(self._count, self._runs)))
        return Spill(self._form, parts, held)

    def _write(self) -> None:
        if self._file is None:
            self._file = Scratch()
        key, pack = self._form.key, self._form.pack
        rows = sorted(((key(item), pack(item)) for item in self._held), key=itemgetter(0))
        blocks = []
        for start in range(0, len(rows), _BLOCK):
            try:
                data = zlib.compress(pickle.dumps(rows[start : start + _BLOCK]), _LEVEL)
            except (pickle.PicklingError, TypeError, AttributeError) as error:
                raise self._unstorable(error) from error
            blocks.append(self._file.write(data))
        self._runs.append(blocks)
        self._count += len(rows)
        self._held = []

    def _unstorable(self, error: Exception) -> PluginError:
        named = "an item"
        for item in self._held:
            try:
                pickle.dumps(self._form.pack(item))
            except (pickle.PicklingError, TypeError, AttributeError):
                named = self._form.name(item)
                break
        return PluginError(
            f"{named} cannot be stored: {error}",
            hint="The evidence of a verdict is JSON data: texts, numbers, lists and mappings.",
        )


class Spill(Collection[_T]):
    """Items in order, to be walked any number of times: those in files, and those still held."""

    def __init__(
        self, form: Codec[_T], parts: Sequence[tuple[Scratch, Written]], held: Sequence[_T]
    ) -> None:
        self._form = form
        self._parts = parts
        self._held = held

    def __len__(self) -> int:
        return len(self._held) + sum(written.items for _, written in self._parts)

    def __contains__(self, item: object) -> bool:
        return any(each == item for each in self)

    def __iter__(self) -> Iterator[_T]:
        runs = [self._read(file, run) for file, written in self._parts for run in written.runs]
        if not runs:
            return iter(self._held)
        held = ((self._form.key(item), item) for item in self._held)
        merged = heapq.merge(held, *runs, key=itemgetter(0))
        return map(itemgetter(1), merged)

    def _read(self, file: Scratch, run: Sequence[SpillBlock]) -> Iterator[tuple[Any, _T]]:
        unpack = self._form.unpack
        for block in run:
            data = zlib.decompress(file.read(block))
            for key, packed in pickle.loads(data):  # noqa: S301 - our own, in a file without a name
                yield key, unpack(packed)

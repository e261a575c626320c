"""The spill: what is put in is read in order, any number of times, from memory and from files."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopelint.engine import spill
from scopelint.engine.spill import Codec, Scratch, SpillWriter

Item = tuple[int, str]
_ITEMS = st.lists(
    st.tuples(st.integers(), st.text(max_size=4)), max_size=60, unique_by=lambda i: i[0]
)


def form(pack: Callable[[Item], Any] = tuple) -> Codec[Item]:
    return Codec(lambda item: item[0], pack, tuple)


@given(_ITEMS, st.integers(1, 20), st.integers(1, 4))
def test_everything_comes_out_in_order_whoever_wrote_it(
    items: list[Item], buffer: int, writers: int
) -> None:
    """Runs of one writer, those of others in files of theirs, and what is still held."""
    own = SpillWriter(form(), buffer=buffer)
    others = [(file, SpillWriter(form(), file, buffer=buffer)) for file in _files(writers - 1)]
    for index, item in enumerate(items):
        at = index % writers
        (own if at == 0 else others[at - 1][1]).add(item)
    whole = own.collected((file, writer.flush()) for file, writer in others)
    assert list(whole) == sorted(items)
    assert list(whole) == sorted(items)
    assert len(whole) == len(items)
    assert all(item in whole for item in items)
    assert (0, "not there") not in whole


def _files(number: int) -> list[Scratch]:
    return [Scratch() for _ in range(number)]


def test_several_may_walk_at_once() -> None:
    """Nobody moves the place in the file under another's feet."""
    writer = SpillWriter(form(), buffer=300)
    for number in range(1000):
        writer.add((number * 7919 % 1000, "x"))
    whole = writer.collected()
    assert [a for a, _ in zip(whole, whole, strict=True)] == list(whole)
    pairs = list(zip(whole, whole, strict=True))
    assert [one for one, _ in pairs] == [other for _, other in pairs]


def test_it_can_be_collected_and_then_grow() -> None:
    """The engine looks through what is there, and finds more."""
    writer = SpillWriter(form(), buffer=2)
    for number in (3, 1, 2):
        writer.add((number, ""))
    assert [number for number, _ in writer.collected()] == [1, 2, 3]
    writer.add((0, ""))
    assert [number for number, _ in writer.collected()] == [0, 1, 2, 3]


def test_few_items_never_touch_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> Any:
        raise AssertionError("a file was opened")

    monkeypatch.setattr(spill, "Scratch", none)
    writer = SpillWriter(form(), buffer=4)
    for number in (3, 1, 2):
        writer.add((number, ""))
    assert len(list(writer.collected())) == 3
    with pytest.raises(AssertionError):
        writer.add((0, ""))


def test_memory_holds_a_bufferful_and_no_more() -> None:
    """What was written away is packed once, and a walk unpacks a block of each run at a time."""
    packed: list[Item] = []
    unpacked: list[Item] = []

    def noted(where: list[Item]) -> Callable[[Item], Item]:
        def note(item: Item) -> Item:
            where.append(item)
            return item

        return note

    noting = Codec(lambda item: item[0], noted(packed), noted(unpacked))
    writer = SpillWriter(noting, buffer=1000)
    for number in range(5000):
        writer.add((number, ""))
    assert len(packed) == 5000
    assert next(iter(writer.collected())) == (0, "")
    assert len(unpacked) <= 10

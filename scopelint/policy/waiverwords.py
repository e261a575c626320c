"""What a run says of its waivers: which expired, which end soon, which match nothing."""

from collections.abc import Collection, Iterator
from itertools import takewhile

from scopelint.estate import Estate
from scopelint.paths import is_inside
from scopelint.policy.waivers import Waiver, WaiverBook


def waiver_warnings(book: WaiverBook, estate: Estate, codes: Collection[str]) -> Iterator[str]:
    """Yield a sentence for each waiver that somebody should look at.

    `codes` are the rules of the run. A waiver that matches nothing is passed over where this run
    could not match it: its rules did not run, or its project lies outside the targets.
    """
    for waiver in book.expired:
        yield f"{_name(waiver)} expired on {waiver.expires}: what it covered counts again"
    for waiver in book.ending:
        yield f"{_name(waiver)} ends on {waiver.expires}"
    for waiver in book.unmatched:
        if waiver.rules.intersection(codes) and _within(waiver, estate):
            yield f"{_name(waiver)} matches no finding{_why(waiver)}"


def _name(waiver: Waiver) -> str:
    rule = waiver.rule or ", ".join(sorted(waiver.rules))
    where = waiver.project or "the instance"
    entry = f" with the entry {waiver.entry}" if waiver.entry else ""
    place = f" ({waiver.place})" if waiver.place else ""
    return f"the waiver of {rule} for {where}{entry}{place}"


def _why(waiver: Waiver) -> str:
    if waiver.project is None:
        return "; it names no project, so it is only about findings of the whole instance"
    return ": is it still needed?"


def _within(waiver: Waiver, estate: Estate) -> bool:
    """Tell whether projects that a waiver is about may lie in what was read."""
    if waiver.project is None or estate.scan.whole_instance:
        return True
    segments = waiver.project.lower().split("/")
    fixed = "/".join(takewhile(lambda segment: not {"*", "?"} & set(segment), segments))
    roots = [root.lower() for root in estate.scan.targets]
    return not fixed or any(is_inside(fixed, root) or is_inside(root, fixed) for root in roots)

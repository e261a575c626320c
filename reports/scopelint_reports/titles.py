"""What tells a finding apart in a list that shows one line of it, and the sentences beside it.

Dashboards show a title or the beginning of a message, and neither the project nor the entry that
it is about: so both stand in these texts. All of them are plain text; a format that reads Markdown
escapes them.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from scopelint.finding import Finding, State
from scopelint.report import RuleSummary
from scopelint.text import plain, plain_line, shorten, shorten_middle, utc

_FACTS = 12
_ITEMS = 5
_FACT_CHARS = 120
_OF_THE_RUN = frozenset({"enforcement", "gitlab_version"})
_IN_PATH = re.compile(r"[\w./-]")
_GOES_ON = re.compile(r"[\w/-]|\.\w")
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?")


def entry_words(finding: Finding) -> str:
    """Name the allowlist entry: `group entry acme`; empty where the finding is about none."""
    entry = finding.entry
    if entry is None:
        return ""
    gone = "that is gone" if entry.id is None else str(entry.id)
    return f"{entry.kind} entry {plain_line(entry.path) if entry.path else gone}"


def title(finding: Finding, rule: RuleSummary | None, room: int) -> str:
    """Return the rule's title, the project and the entry, in at most `room` characters.

    Long paths lose their middle, so that what tells two findings apart is left.
    """
    said = (plain_line(rule.title).strip() if rule else "") or plain_line(finding.name)
    said = shorten(said, room)
    parts = [plain_line(finding.project.path)] if finding.project else []
    parts += [words] if (words := entry_words(finding)) else []
    joined = ", ".join(parts)
    left = room - len(said) - len(": ")
    if len(joined) > left and parts:
        each = max(left // len(parts) - len(", "), 1)
        joined = shorten(", ".join(shorten_middle(part, each) for part in parts), max(left, 1))
    return f"{said}: {joined}" if parts and left > 1 else said


def named_message(finding: Finding, *, project: bool = True) -> str:
    """Return the message, with the project and the entry before it where it does not name them.

    Without `project` only the entry is named.
    """
    said = plain(finding.message).strip() or plain_line(finding.name)
    named = []
    if project and finding.project and not _names(said, path := plain_line(finding.project.path)):
        named.append(path)
    entry = finding.entry
    if entry and not (entry.path and _names(said, plain_line(entry.path))):
        named.append(entry_words(finding))
    return f"{', '.join(named)}: {said}" if named else said


def _names(text: str, path: str) -> bool:
    """Tell whether a text names a path itself, not a longer one that begins or ends like it."""
    at = text.find(path)
    while at >= 0:
        before, after = text[at - 1 : at] if at else "", text[at + len(path) :][:2]
        if not _IN_PATH.match(before) and not _GOES_ON.match(after):
            return True
        at = text.find(path, at + 1)
    return False


def state_sentences(finding: Finding) -> Iterator[str]:
    """Yield what a reader must know of a finding that is not simply new."""
    if finding.carried is not None:
        seen = utc(finding.carried.last_seen)
        yield f"Not read in this scan; last seen on {seen[:10]} at {seen[11:16]} UTC."
    if finding.state is State.BASELINED:
        yield "Known from a baseline."
    if finding.state is State.WAIVED:
        waiver = finding.waiver
        until = f" until {plain_line(waiver.expires)}" if waiver and waiver.expires else ""
        yield f"Waived{until}: {plain(waiver.reason).strip() if waiver else 'no reason is given'}"


def owner_sentences(finding: Finding) -> Iterator[str]:
    """Yield whose the project is, nothing where nobody owns it."""
    if finding.owner is not None:
        yield f"Owner: {plain_line(finding.owner)}."


def facts(finding: Finding) -> str:
    """Return what was observed and stands in no other text, such as `added by mia; projects: 15`.

    Only names, dates, numbers and short lists: what is true or false the message says, what is
    nested is for the JSON report, and what is the same for all findings stands in the scan.
    """
    said = plain(finding.message)
    known = {plain_line(text) for path in _paths(finding) for text in (path, *_above(path))}
    found = []
    for key, value in finding.evidence.items():
        if key in _OF_THE_RUN:
            continue
        words = _words(value)
        if words and words not in known and not _names(said, words):
            found.append(f"{_label(key)}: {words}")
    more = f"; {len(found) - _FACTS} more in the JSON report" if len(found) > _FACTS else ""
    return "; ".join(found[:_FACTS]) + more


@lru_cache(maxsize=1_024)
def _label(key: str) -> str:
    return plain_line(key).replace("_", " ")


def _paths(finding: Finding) -> Iterator[str]:
    if finding.project:
        yield finding.project.path
    if finding.entry and finding.entry.path:
        yield finding.entry.path


def _above(path: str) -> Iterator[str]:
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def _words(value: Any) -> str:
    """Return a value as people write it; empty for one that has no short form."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str):
        moment = _MOMENT.fullmatch(value)
        return moment[1] if moment else shorten(plain_line(value).strip(), _FACT_CHARS)
    if isinstance(value, list | tuple):
        items = [words for item in value if (words := _words(_name(item)))]
        more = f" and {len(items) - _ITEMS} more" if len(items) > _ITEMS else ""
        return ", ".join(items[:_ITEMS]) + more
    return ""


def _name(item: Any) -> Any:
    return item.get("path") if isinstance(item, Mapping) else item

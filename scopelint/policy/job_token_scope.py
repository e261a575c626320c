"""A `job_token_scope` section, read as gitlabform's processor reads it, and what is odd about it.

The defaults and the order are those of gitlabform's `job_token_scope_processor.py`: the limit is
on unless the section says otherwise, entries are only added unless `enforce` is true in Python's
sense, groups come before projects, and one item that cannot be read leaves its list undone.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from scopelint.declared import DeclaredAt, DeclaredFault, DeclaredName, DeclaredScope
from scopelint.globs import path_in_url
from scopelint.model import EntryKind
from scopelint.policy.merge import Branch, Item, Value, node_of, truthy
from scopelint.policy.precedence import SECTION
from scopelint.text import shown, suggestion
from scopelint.yaml import AnyNode, ScalarNode, SequenceNode, Timestamp, kind_of

LIMIT, ALLOWLIST, ENFORCE = "limit_access_to_this_project", "allowlist", "enforce"
PUSH = "allow_push_repository_for_job_token"
"""Known to gitlabform after 6.3.0; an earlier one passes over it (gitlabform's documentation)."""
SECTION_KEYS = (LIMIT, PUSH, ALLOWLIST, "inherit", "skip")
ALLOWLIST_KEYS = (ENFORCE, "projects", "groups", "inherit")
LISTS: tuple[tuple[str, EntryKind], ...] = (("groups", "group"), ("projects", "project"))

_WORDS = frozenset({"yes", "no", "on", "off", "y", "n", "true", "false"})


def at(node: AnyNode) -> DeclaredAt:
    """Return where a node stands."""
    return DeclaredAt(node.file.name, node.line)


def scope_of(config: Branch) -> DeclaredScope | None:
    """Return what a project's merged config declares, None where it declares nothing readable."""
    item = config.items.get(SECTION)
    if item is None or _archived(config.value("project")):
        return None
    section = item.value
    if not isinstance(section, Branch) or truthy(section.value("skip")):
        return None
    limit = section.items.get(LIMIT)
    allowlist = section.items.get(ALLOWLIST)
    lists = allowlist.value if allowlist else Branch()
    enforce = lists.items.get(ENFORCE) if isinstance(lists, Branch) else None
    groups, projects = _lists(lists)
    push = section.items.get(PUSH)
    here = at(item.key)
    return DeclaredScope(
        at=here,
        limit=True if limit is None else _boolean(limit.value),
        limit_at=here if limit is None else at(limit.key),
        enforce=enforce is not None and truthy(enforce.value),
        enforce_at=here if enforce is None else at(enforce.key),
        listed=isinstance(lists, Branch) and any(name in lists.items for name, _ in LISTS),
        groups=groups,
        projects=projects,
        push=None if push is None else _boolean(push.value),
        push_at=None if push is None else at(push.key),
    )


def _archived(project: Value | None) -> bool:
    return isinstance(project, Branch) and truthy(project.value("archive"))


def _boolean(value: Value) -> bool | None:
    # In Python 1 and 1.0 equal True, and gitlabform compares with ==.
    if isinstance(value, ScalarNode) and value.value in (True, False):
        return bool(value.value)
    return None


_Names = tuple[DeclaredName, ...] | None


def _lists(lists: Value) -> tuple[_Names, _Names]:
    if not isinstance(lists, Branch):
        return None, None
    groups = names_of(lists.items.get("groups"), "group")
    # Groups come first; where they fail, gitlabform does not come to the projects.
    return groups, None if groups is None else names_of(lists.items.get("projects"), "project")


def names_of(item: Item | None, kind: EntryKind) -> _Names:
    """Return the names in a list, None where gitlabform cannot use it."""
    if item is None:
        return ()
    nodes = _items(item.value)
    if nodes is None or not all(_usable(node) for node in nodes):
        return None
    return tuple(
        DeclaredName(kind, _name(node.value), at(node))
        for node in nodes
        if isinstance(node, ScalarNode)
    )


def _items(value: Value) -> list[AnyNode] | None:
    if isinstance(value, SequenceNode):
        return list(value.value)
    # Python goes through a mapping by its keys, and through an empty text without a step.
    if isinstance(value, Branch):
        return [item.key for item in value.items.values()]
    return [] if value.value == "" else None


def _usable(node: AnyNode) -> bool:
    return (
        isinstance(node, ScalarNode)
        and isinstance(node.value, str | int)
        and not isinstance(node.value, bool | Timestamp)
        and node.value != ""
        and "://" not in str(node.value)
    )


def _is_url(node: AnyNode) -> bool:
    return isinstance(node, ScalarNode) and "://" in str(node.value)


def _name(value: object) -> int | str:
    # GitLab's API takes a path of digits for a number.
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() else text


@dataclass(frozen=True, slots=True)
class Lint:
    """Finds what is odd about the sections of one level; `level` is its key in the file."""

    level: str

    def faults(self, config: Branch) -> Iterator[DeclaredFault]:
        """Yield the faults of the level's own section, before anything is inherited."""
        project = config.items.get("project")
        if project is not None and isinstance(project.value, Branch):
            yield from self._flag(project.value, "archive", "project.archive")
        item = config.items.get(SECTION)
        if item is None:
            return
        if not isinstance(item.value, Branch):
            yield self._no_value(item, SECTION, "a mapping")
            return
        section = item.value
        yield from self._unknown(section, SECTION_KEYS, SECTION)
        yield from self._flag(section, LIMIT, LIMIT)
        yield from self._flag(section, PUSH, PUSH)
        yield from self._flag(section, "skip", "skip")
        yield from self._flag(section, "inherit", "inherit")
        allowlist = section.items.get(ALLOWLIST)
        if allowlist is None:
            return
        if not isinstance(allowlist.value, Branch):
            yield self._no_value(allowlist, ALLOWLIST, "a mapping")
            return
        yield from self._unknown(allowlist.value, ALLOWLIST_KEYS, ALLOWLIST)
        yield from self._flag(allowlist.value, ENFORCE, ENFORCE)
        yield from self._flag(allowlist.value, "inherit", "allowlist.inherit")
        for name, _ in LISTS:
            found = allowlist.value.items.get(name)
            if found is not None:
                yield from self._list(found, name)

    def _fault(
        self, kind: str, name: str, node: AnyNode, message: str, remediation: str
    ) -> DeclaredFault:
        key = f"{kind}:{self.level}:{name}"
        return DeclaredFault(kind, message, remediation, key, at(node), (("level", self.level),))

    def _no_value(self, item: Item, name: str, wanted: str) -> DeclaredFault:
        node = node_of(item.value, item.key)
        return self._fault(
            "no-value",
            name,
            item.key,
            f"{name} of {shown(self.level)} is {kind_of(node)}, not {wanted}: gitlabform fails on"
            " the projects that get it, and may have changed half of them by then.",
            f"Give {name} a value, or remove the key.",
        )

    def _unknown(
        self, config: Branch, known: tuple[str, ...], where: str
    ) -> Iterator[DeclaredFault]:
        for key, item in config.items.items():
            if key not in known:
                near = suggestion(str(key), known)
                yield self._fault(
                    "unknown-key",
                    f"{where}.{key}",
                    item.key,
                    f"{where} of {shown(self.level)} has the unknown key {shown(key)}, which"
                    " gitlabform passes over in silence.",
                    f"{near[0].upper()}{near[1:]}" if near else f"Known are {', '.join(known)}.",
                )

    def _flag(self, config: Branch, key: str, name: str) -> Iterator[DeclaredFault]:
        item = config.items.get(key)
        if item is None:
            return
        value = item.value
        if isinstance(value, ScalarNode) and isinstance(value.value, bool):
            return
        text = value.value if isinstance(value, ScalarNode) else None
        if isinstance(text, str) and text.lower() in _WORDS:
            what = f"the text {shown(text)}, for in YAML 1.2 only true and false are booleans"
        else:
            what = (
                shown(text) if isinstance(value, ScalarNode) else kind_of(node_of(value, item.key))
            )
        taken = "true" if truthy(value) else "false"
        effect = (
            "gitlabform sends it to GitLab as it is"
            if name in {LIMIT, PUSH}
            else f"gitlabform takes it for {taken}"
        )
        yield self._fault(
            "no-boolean",
            name,
            item.key,
            f"{name} of {shown(self.level)} is {what}; {effect}.",
            "Write true or false, without quotes.",
        )

    def _url(self, node: AnyNode, name: str) -> DeclaredFault:
        text = str(node.value)
        return self._fault(
            "bad-item",
            f"{name}.{text}",
            node,
            f"{name} of {shown(self.level)} holds the URL {shown(text)}, which is no path:"
            " gitlabform fails there, and nothing of the list is done.",
            f"Write {path_in_url(text) or 'its full path'}.",
        )

    def _list(self, item: Item, name: str) -> Iterator[DeclaredFault]:
        nodes = _items(item.value)
        if nodes is None:
            yield self._no_value(item, name, "a list")
            return
        if isinstance(item.value, Branch):
            yield self._fault(
                "no-value",
                name,
                item.key,
                f"{name} of {shown(self.level)} is a mapping, not a list; gitlabform takes its"
                " keys for the items.",
                "Write each item on a line of its own, after a dash.",
            )
        for node in nodes:
            if _is_url(node):
                yield self._url(node, name)
            elif not _usable(node):
                what = shown(node.value) if isinstance(node, ScalarNode) else kind_of(node)
                yield self._fault(
                    "bad-item",
                    f"{name}.{what}",
                    node,
                    f"{name} of {shown(self.level)} holds {what}, which is no id and no path:"
                    " gitlabform fails there, and nothing of the list is done.",
                    "Write a number or a full path; quote what looks like a date.",
                )

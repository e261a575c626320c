"""Terraform's resources as a declared policy, by the project that each names."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import chain

from scopelint.declared import (
    DeclaredAt,
    DeclaredFault,
    DeclaredName,
    DeclaredPolicy,
    DeclaredScope,
    DeclaredUnknown,
)
from scopelint.terraform.resources import SCOPES, Read, Resource, Subject


class TerraformPolicy(DeclaredPolicy):
    """What the resources of a plan, or of a folder of sources, declare."""

    def __init__(
        self,
        source: str,
        found: Iterable[Read],
        *,
        include_archived: bool = False,
        notes: tuple[str, ...] = (),
    ) -> None:
        self.source = source
        self.include_archived = include_archived
        self.notes = notes
        self._of: dict[Subject, list[Resource]] = defaultdict(list)
        self._unknown: list[DeclaredUnknown] = []
        self._faults: list[DeclaredFault] = []
        for each in found:
            self._unknown += each.unknown
            self._faults += each.faults
            for resource in each.resources:
                self._of[resource.project].append(resource)
                self._unknown += resource.unknown
        for resources in self._of.values():
            if (fault := _conflict(resources)) is not None:
                self._faults.append(fault)

    def scope(self, path: str, number: int | None = None) -> DeclaredScope | None:
        """Return what all resources for a project declare together."""
        found = [*self._of.get(path.lower(), ())]
        if number is not None:
            found += self._of.get(number, ())
        return _together(found) if found else None

    def faults(self, paths: Iterable[str]) -> tuple[DeclaredFault, ...]:  # noqa: ARG002
        """Return the faults of the resources; none of them needs a project to show."""
        return tuple(sorted(self._faults, key=lambda fault: (fault.at, fault.key)))

    def entries(self) -> tuple[DeclaredName, ...]:
        """Return every name in a list, each spelling once."""
        found: dict[str, DeclaredName] = {}
        for resource in chain.from_iterable(self._of.values()):
            for name in resource.names:
                found.setdefault(name.key, name)
        return tuple(found.values())

    def subjects(self) -> tuple[DeclaredName, ...]:
        """Return the projects that resources name."""
        return tuple(
            DeclaredName("project", subject, found[0].at) for subject, found in self._of.items()
        )

    def unknowns(self) -> tuple[DeclaredUnknown, ...]:
        """Return all that is not known, in the order in which it was read."""
        return _each_once(self._unknown)


def _each_once(unknown: Iterable[DeclaredUnknown]) -> tuple[DeclaredUnknown, ...]:
    """Return the first of what is not known about one address."""
    found: dict[tuple[str, str], DeclaredUnknown] = {}
    for each in unknown:
        found.setdefault((each.about, each.address), each)
    return tuple(found.values())


def _conflict(resources: Sequence[Resource]) -> DeclaredFault | None:
    """Return the fault of resources that undo one another's work on one project."""
    others = _others(resources)
    if not others:
        return None
    first, second = others[0], others[1]
    return DeclaredFault(
        "conflict",
        f"{second.address} and {first.address} are for one project, and each undoes what the other"
        " does.",
        f"Keep one {SCOPES} for the project, and no other resource of its scope.",
        f"conflict:{first.address}:{second.address}",
        second.at,
    )


def _others(resources: Sequence[Resource]) -> Sequence[Resource]:
    """Return resources of one project of which one is for the whole allowlist; () for none."""
    whole = any(each.type == SCOPES for each in resources)
    return resources if whole and len({each.address for each in resources}) > 1 else ()


def _together(resources: Sequence[Resource]) -> DeclaredScope:
    # What is destroyed and made again counts as it is made.
    last = resources[-1]
    conflict = _others(resources)
    unknown = [each for resource in resources for each in resource.unknown]
    if conflict:
        why = f"{conflict[0].address} and {conflict[1].address} undo one another's work"
        place = DeclaredAt(last.at.file, last.at.line, last.address)
        unknown.append(DeclaredUnknown("limit", last.address, why, place))
        unknown.append(DeclaredUnknown("group", last.address, why, place))
        unknown.append(DeclaredUnknown("project", last.address, why, place))
    whole = next((each for each in reversed(resources) if each.type == SCOPES), None)
    made = [whole] if whole is not None and not conflict else resources
    names = list(dict.fromkeys(name for each in made for name in each.names))
    keys = {name.key for name in names}
    main = whole or last
    return DeclaredScope(
        at=main.at,
        limit=None if conflict or whole is None else whole.enabled,
        limit_at=main.enabled_at or main.at,
        says_limit=whole is not None and whole.enabled is not None and not conflict,
        enforce=whole is not None,
        enforce_at=main.at,
        listed=True,
        groups=tuple(name for name in names if name.kind == "group"),
        projects=tuple(name for name in names if name.kind == "project"),
        removed=tuple(name for each in resources for name in each.removed if name.key not in keys),
        unknown=_each_once(unknown),
    )

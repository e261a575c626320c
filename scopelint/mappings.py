"""Which items of standards and benchmarks each rule supports: data files of installed packages.

Every `*.yml` in the folder `mappings` of a package that an entry point of the group
`scopelint.rules` names is read. A team adds a standard by such a folder in a package of its own; the
file may name any rule, built in or not:

    name: ACME secure build standard
    version: "7"
    relation: supports            # the rule helps with it; it is not the control itself
    items: {B-12: Tokens are scoped}
    rules: {SL101: [B-12]}
"""

import importlib.util
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from scopelint.bundles import RULES, bundles
from scopelint.errors import PluginError

if TYPE_CHECKING:
    from scopelint.report import Report

FOLDER = "mappings"
References = Mapping[str, tuple[str, ...]]
"""Of one rule: items such as `2.1.5 Access is limited`, by standard and version."""

_Text = Annotated[str, Field(min_length=1), BeforeValidator(lambda value: _as_text(value))]


def _as_text(value: object) -> object:
    """Take a number as it is written: `7.2` is an item, not a quantity."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


class StandardMapping(BaseModel):
    """One data file: a standard, its items, and the rules that support them."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    name: _Text
    version: _Text
    relation: Literal["supports"] = "supports"
    items: dict[_Text, _Text]
    """The title of each item, in the author's own words."""
    rules: dict[_Text, tuple[_Text, ...]]
    """The items that each rule supports, by the rule's code."""

    @model_validator(mode="after")
    def _items_are_there(self) -> "StandardMapping":
        lost = {item for items in self.rules.values() for item in items} - self.items.keys()
        if lost:
            raise ValueError(f"rules name items that are not listed: {', '.join(sorted(lost))}")
        return self

    def of(self, code: str) -> tuple[str, ...]:
        """Return the items that a rule supports, each with its title."""
        return tuple(f"{item} {self.items[item]}" for item in self.rules.get(code, ()))


def find_mappings() -> tuple[StandardMapping, ...]:
    """Return every installed mapping, sorted by name and version; raise PluginError for a bad file."""
    found = [_read(file) for folder in _folders() for file in sorted(folder.glob("*.yml"))]
    return tuple(sorted(found, key=lambda mapping: (mapping.name, mapping.version)))


def references(code: str, mappings: tuple[StandardMapping, ...]) -> References:
    """Return the items that a rule supports, by `name version` of the standard."""
    found: dict[str, tuple[str, ...]] = {}
    for mapping in mappings:
        items = mapping.of(code)
        if items:
            key = f"{mapping.name} {mapping.version}"
            found[key] = tuple(dict.fromkeys((*found.get(key, ()), *items)))
    return found


def with_references(report: "Report") -> "Report":
    """Return the report, its rules with the items that they support.

    The data files are read when somebody looks at one, because few formats show them; that raises
    what `find_mappings` raises.
    """
    rules, carried = (
        tuple(replace(rule, references=_Supported(rule.code)) for rule in some)
        for some in (report.rules, report.carried_rules)
    )
    return replace(report, rules=rules, carried_rules=carried)


class _Supported(References):
    """The items that a rule supports."""

    def __init__(self, code: str) -> None:
        self._code = code

    def __getitem__(self, standard: str) -> tuple[str, ...]:
        return supported(self._code)[standard]

    def __iter__(self) -> Iterator[str]:
        return iter(supported(self._code))

    def __len__(self) -> int:
        return len(supported(self._code))


def supported(code: str) -> References:
    """Return the items of the installed standards that a rule supports, by standard."""
    return references(code, _installed())


@cache
def _installed() -> tuple[StandardMapping, ...]:
    return find_mappings()


def _folders() -> Iterator[Path]:
    modules = dict.fromkeys(entry.module for entry in bundles(RULES))
    for module in sorted(modules):
        spec = importlib.util.find_spec(module)
        for place in (spec.submodule_search_locations or ()) if spec else ():
            yield Path(place) / FOLDER


def _read(file: Path) -> StandardMapping:
    import yaml

    try:
        return StandardMapping.model_validate(_data(file))
    except (OSError, ValueError, yaml.YAMLError) as error:
        problem = _first(error) if isinstance(error, ValidationError) else str(error)
        raise PluginError(
            f"the mapping {file} cannot be read: {problem}",
            hint="Correct the file, or uninstall the package that it is part of.",
        ) from None


def _data(file: Path) -> object:
    import yaml

    # LibYAML's loader, where PyYAML has it, is as safe and ten times as fast.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(file.read_text(encoding="utf-8"), loader)  # noqa: S506 - a safe one


def _first(error: ValidationError) -> str:
    one = error.errors(include_url=False)[0]
    return f"{'.'.join(map(str, one['loc'])) or 'file'}: {one['msg']}"

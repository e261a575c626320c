"""A folder of Terraform sources as a declared policy, module by module, without running Terraform.

Sources: developer.hashicorp.com/terraform/language/values (variables, locals, outputs),
language/meta-arguments/for_each and count, language/modules/sources (local paths), and the
provider's documentation for `gitlab_project`, `gitlab_group` and the data sources of these names.
"""

import json
import posixpath
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from scopelint.declared import DeclaredAt, DeclaredPolicy, DeclaredUnknown
from scopelint.errors import ConfigError, Problem
from scopelint.model import EntryKind
from scopelint.terraform.expressions import ExpressionEvaluator, Names, Resolver, Steps
from scopelint.terraform.folders import Folder, FolderReader
from scopelint.terraform.policy import TerraformPolicy
from scopelint.terraform.resources import META_ARGUMENTS, TYPES, Read, as_id, read_resource
from scopelint.terraform.syntax import Block, identifiers
from scopelint.terraform.typed_values import Data, KnownAttributes, Named, Unknown, Value
from scopelint.terraform.variable_types import convert
from scopelint.text import clean

MAX_MODULES: Final = 10_000
"""Instances of modules in one configuration, and MAX_NESTED of them in one another."""
MAX_NESTED: Final = 20
_READABLE: Final = frozenset({"gitlab_project", "gitlab_group"})


@dataclass(slots=True)
class Configuration:
    """What all modules of a configuration share."""

    reader: FolderReader
    steps: Steps
    modules: int = 0


@dataclass(frozen=True, slots=True)
class BlockInstance:
    """One of the instances that `for_each` or `count` makes of a block."""

    key: str | int | None
    suffix: str
    """What its address ends with: `["web"]`, `[0]`, or nothing."""
    names: Names


def read_sources(
    path: Path, source: str = "", *, within: Path | None = None, include_archived: bool = False
) -> DeclaredPolicy:
    """Read the root module in a folder, and the modules below local paths that it calls.

    `source` names the folder in messages. `within` is the folder below which every file must lie,
    None for anywhere. Values are those of literals, locals, arguments, terraform.tfvars,
    *.auto.tfvars and defaults; environment variables and `-var` are not read.

    Raise ConfigError for what cannot be read, with file, line and reason; raise UsageError where
    python-hcl2 is not installed.
    """
    name = source or clean(str(path))
    reader = FolderReader(within)
    try:
        shared = Configuration(reader, Steps())
        reads = list(Module(shared, reader.folder(path, name)).reads())
    except RecursionError:
        raise ConfigError([Problem(name, "values refer to one another too deeply")]) from None
    made = TerraformPolicy(name, reads, include_archived=include_archived)
    if not made.subjects() and not made.unknowns():
        made.notes = (f"{name}: no resource of a job token scope is in it, so nothing is declared",)
    return made


class Module(Resolver):
    """A module with the values that its caller gives it."""

    def __init__(
        self,
        shared: Configuration,
        folder: Folder,
        address: str = "",
        arguments: Mapping[str, Value] | None = None,
        nested: int = 0,
    ) -> None:
        """`arguments` is None for the root module, whose variables the tfvars files give."""
        self._shared = shared
        self._folder = folder
        self._prefix = f"{address}." if address else ""
        self._arguments = arguments
        self._nested = nested
        self._evaluator = ExpressionEvaluator(self, shared.steps)
        self._found: dict[tuple[str, ...], Value] = {}
        self._under_way: set[tuple[str, ...]] = set()
        self._called: dict[str, list[tuple[BlockInstance, Module]] | Unknown] = {}
        shared.modules += 1

    def reads(self) -> Iterator[Read]:
        """Yield what each of the two resources declares, in this module and all below it."""
        for at in self._folder.not_read:
            why = "this kind of file is not read"
            place = DeclaredAt(at.file, at.line, f"{self._prefix}{at.file.rpartition('/')[2]}")
            yield Read((), (DeclaredUnknown("resource", place.address, why, place),))
        for block in self._folder.of("resource"):
            if len(block.labels) == 2 and block.labels[0] in TYPES:
                yield from self._resource(block)
        for block in self._folder.of("module"):
            yield from self._module(block)

    def _resource(self, block: Block) -> Iterator[Read]:
        kind, address = block.labels[0], self._prefix + clean(".".join(block.labels))
        instances, unknown = self._instances(block)
        if unknown is not None:
            yield _whole(address, unknown.why, block.at)
        ignored = _ignored(block)
        for instance in instances:
            given = {
                key: self._evaluator.value(value, instance.names)
                for key, value in block.attributes.items()
                if key not in META_ARGUMENTS
            }
            for key in given:
                if key in ignored or "all" in ignored:
                    why = "lifecycle.ignore_changes leaves it as it is"
                    if key not in {"project", "project_id"}:
                        given[key] = Value(Unknown(why), given[key].at)
            yield read_resource(kind, address + instance.suffix, block.at, given)

    def _module(self, block: Block) -> Iterator[Read]:
        if len(block.labels) != 1:
            return
        name = block.labels[0]
        called = self._calls(name)
        if isinstance(called, Unknown):
            yield _whole(f"{self._prefix}module.{name}", called.why, block.at)
            return
        for _, module in called:
            yield from module.reads()

    def _calls(self, name: str) -> list[tuple[BlockInstance, "Module"]] | Unknown:
        """Return the instances of a module that is called, an Unknown where it cannot be read."""
        if name not in self._called:
            block = self._folder.find("module", name)
            self._called[name] = (
                Unknown(f"there is no module {name}") if block is None else self._call(block, name)
            )
        return self._called[name]

    def _call(self, block: Block, name: str) -> list[tuple[BlockInstance, "Module"]] | Unknown:
        source = block.attributes.get("source")
        text = self._evaluator.value(source).data if source is not None else None
        if not isinstance(text, str) or source is None:
            return Unknown("its source is not known")
        if not text.startswith(("./", "../")):
            return Unknown("its source is no local folder, so it is not read")
        instances, unknown = self._instances(block)
        if unknown is not None:
            return unknown
        shown = posixpath.normpath(posixpath.join(self._folder.name, text))
        try:
            folder = self._shared.reader.folder(self._folder.path / text, shown)
        except ConfigError as error:
            # A folder that cannot be read is a fault of the line that names it.
            problems = [
                each
                if each.line is not None
                else source.problem(f"{each.source}: {each.message}", each.hint)
                for each in error.problems
            ]
            raise ConfigError(problems) from None
        made = []
        for instance in instances:
            arguments = {
                key: self._evaluator.value(value, instance.names)
                for key, value in block.attributes.items()
                if key not in {"source", "version", "providers", *META_ARGUMENTS}
            }
            address = f"{self._prefix}module.{name}{instance.suffix}"
            if self._nested >= MAX_NESTED or self._shared.modules >= MAX_MODULES:
                raise ConfigError(
                    [source.problem("there are too many modules, or one calls itself")]
                )
            made.append(
                (instance, Module(self._shared, folder, address, arguments, self._nested + 1))
            )
        return made

    def _instances(self, block: Block) -> tuple[list[BlockInstance], Unknown | None]:
        """Return the instances of a block that are known, and why there may be others."""
        if (each := block.attributes.get("for_each")) is not None:
            return _for_each(self._evaluator.value(each))
        if (count := block.attributes.get("count")) is None:
            return [BlockInstance(None, "", {})], None
        value = self._evaluator.value(count)
        if isinstance(value.data, Unknown):
            return [], value.data
        number = as_id(value.data) or (0 if value.data == 0 else None)
        if number is None or number > MAX_MODULES * 10:
            return [], Unknown("count is no number that can be used")
        return [
            BlockInstance(
                index,
                f"[{index}]",
                {"count": Value(KnownAttributes({"index": Value(index, value.at)}, ""), value.at)},
            )
            for index in range(number)
        ], None

    def resolve(self, names: Sequence[str], at: DeclaredAt) -> tuple[Value, int]:
        """Return what a name of the module stands for; see `Resolver`."""
        kind, rest = names[0], tuple(names[1:])
        if kind in {"var", "local", "module"} and rest:
            key: tuple[str, ...] = (kind, rest[0])
        elif kind == "data" and len(rest) > 1:
            key = (kind, *rest[:2])
        elif kind in _READABLE and rest:
            key = (kind, rest[0])
        else:
            shown = ".".join(names)
            return Value(Unknown(f"{shown} is known to Terraform alone"), at), len(names)
        return self._value(key, at), len(key)

    def _value(self, key: tuple[str, ...], at: DeclaredAt) -> Value:
        if key not in self._found:
            if key in self._under_way:
                return Value(Unknown(f"{'.'.join(key)} refers to itself"), at)
            self._under_way.add(key)
            self._found[key] = self._worked_out(key, at)
            self._under_way.discard(key)
        return self._found[key]

    def _worked_out(self, key: tuple[str, ...], at: DeclaredAt) -> Value:
        match key:
            case ("var", name):
                return self._variable(name, at)
            case ("local", name):
                return self._local(name, at)
            case ("module", name):
                return self._outputs(name, at)
            case ("data", kind, name):
                block = self._folder.find("data", kind, name)
                return self._referred(block, kind, at, _data_source)
            case (kind, name):
                return self._referred(self._folder.find("resource", kind, name), kind, at, _managed)
            case _:
                return Value(Unknown(f"{'.'.join(key)} is not known"), at)

    def _variable(self, name: str, at: DeclaredAt) -> Value:
        block = self._folder.find("variable", name)
        if block is None:
            return Value(Unknown(f"there is no variable {name}"), at)
        sensitive = block.attributes.get("sensitive")
        if sensitive is not None and self._evaluator.value(sensitive).data is not False:
            return Value(Unknown(f"var.{name} is sensitive, so it is not read"), at)
        given = self._folder.given if self._arguments is None else self._arguments
        value = given.get(name)
        if value is None or (isinstance(value, Value) and value.data is None):
            value = block.attributes.get("default") or value
        if value is None:
            return Value(Unknown(f"var.{name} has no default"), at)
        found = value if isinstance(value, Value) else self._evaluator.value(value)
        wanted = block.attributes.get("type")
        return found if wanted is None else convert(found, wanted, self._evaluator)

    def _local(self, name: str, at: DeclaredAt) -> Value:
        for block in self._folder.of("locals"):
            if (expression := block.attributes.get(name)) is not None:
                return self._evaluator.value(expression)
        return Value(Unknown(f"there is no local.{name}"), at)

    def _outputs(self, name: str, at: DeclaredAt) -> Value:
        called = self._calls(name)
        if isinstance(called, Unknown):
            return Value(Unknown(f"module.{name} is not known: {called.why}"), at)
        return _collected([(each, module._output_values(at)) for each, module in called], at)

    def _output_values(self, at: DeclaredAt) -> Value:
        made = {
            block.labels[0]: self._evaluator.value(block.attributes["value"])
            for block in self._folder.of("output")
            if block.labels and "value" in block.attributes
        }
        return Value(KnownAttributes(made, "there is no such output"), at)

    def _referred(
        self,
        block: Block | None,
        kind: str,
        at: DeclaredAt,
        read: Callable[[str, Mapping[str, Data]], dict[str, Data]],
    ) -> Value:
        why = f"this attribute of the {kind} is known to GitLab alone"
        if block is None:
            return Value(Unknown(f"there is no such {kind}"), at)
        instances, unknown = self._instances(block)
        if unknown is not None:
            return Value(unknown, at)
        made = []
        for instance in instances:
            given = {
                key: self._evaluator.value(value, instance.names).data
                for key, value in block.attributes.items()
                if key not in META_ARGUMENTS
            }
            attributes = {
                key: Value(data, block.at) for key, data in {**given, **read(kind, given)}.items()
            }
            made.append((instance, Value(KnownAttributes(attributes, why), block.at)))
        return _collected(made, at)


def _collected(made: Sequence[tuple[BlockInstance, Value]], at: DeclaredAt) -> Value:
    """Return the instances of one block as an expression sees them."""
    if made and made[0][0].key is None:
        return made[0][1]
    if made and isinstance(made[0][0].key, int):
        return Value([value for _, value in made], at)
    return Value({str(instance.key): value for instance, value in made}, at)


def _for_each(value: Value) -> tuple[list[BlockInstance], Unknown | None]:
    data = value.data
    if isinstance(data, Unknown):
        return [], data
    pairs: list[tuple[Data, Value]]
    if isinstance(data, dict):
        pairs = [(key, item) for key, item in data.items()]
    elif isinstance(data, list):
        pairs = [(item.data, item) for item in data]
    else:
        return [], Unknown("for_each takes a map or a set")
    made: list[BlockInstance] = []
    unknown = None
    for key, item in pairs:
        if isinstance(key, bool) or not isinstance(key, str | int | float | Named):
            unknown = key if isinstance(key, Unknown) else Unknown("for_each takes texts as keys")
            continue
        name = f"the id of {key.name}" if isinstance(key, Named) else str(key)
        each = KnownAttributes(
            {"key": Value(key, item.at), "value": item}, "each has no such attribute"
        )
        suffix = f"[{clean(json.dumps(name, ensure_ascii=False))}]"
        made.append(BlockInstance(name, suffix, {"each": Value(each, item.at)}))
    return made, unknown


def _ignored(block: Block) -> frozenset[str]:
    """Return what `lifecycle.ignore_changes` names."""
    return frozenset(
        name
        for inner in block.of("lifecycle")
        if (value := inner.attributes.get("ignore_changes")) is not None
        for name in identifiers(value.node)
    )


def _data_source(kind: str, given: Mapping[str, Data]) -> dict[str, Data]:
    """Return what is known of a data source by what it is looked up with."""
    if kind == "gitlab_project":
        return _named("project", given.get("path_with_namespace"), given.get("id"))
    if kind == "gitlab_group":
        return _named("group", given.get("full_path"), given.get("group_id"))
    return {}


def _named(kind: EntryKind, path: Data, number: Data) -> dict[str, Data]:
    key = "full_path" if kind == "group" else "path_with_namespace"
    if isinstance(path, str) and path:
        return {"id": Named(kind, path), "group_id": Named(kind, path), key: path}
    if (found := as_id(number)) is not None:
        return {"id": Named(kind, found)}
    if isinstance(number, Named):
        return {"id": number}
    return {}


def _managed(kind: str, given: Mapping[str, Data]) -> dict[str, Data]:
    """Return what is known of a project or group that Terraform itself makes."""
    parent = given.get("namespace_id" if kind == "gitlab_project" else "parent_id")
    path = given.get("path")
    if not isinstance(path, str) or not path:
        return {}
    if isinstance(parent, Named) and isinstance(parent.name, str):
        path = f"{parent.name}/{path}"
    elif kind == "gitlab_project" or parent is not None:
        return {}  # without one it is in the namespace of the user who runs Terraform
    return _named("project" if kind == "gitlab_project" else "group", path, None)


def _whole(address: str, why: str, at: DeclaredAt) -> Read:
    place = DeclaredAt(at.file, at.line, address)
    return Read((), (DeclaredUnknown("resource", address, why, place),))

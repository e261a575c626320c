"""The files of one Terraform folder, read as Terraform reads them.

Source: developer.hashicorp.com/terraform/language/files (which files are read),
language/files/override (override files are merged last, in the order of their names) and
language/values/variables, "Variable Definitions Precedence".
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from scopelint.declared import DeclaredAt
from scopelint.errors import ConfigError, Problem
from scopelint.terraform.syntax import Block, Expression, parse
from scopelint.terraform.typed_values import Data, Value
from scopelint.text import clean
from scopelint.yaml import SourceText, read_source

MAX_FILES: Final = 1000
"""Files that one configuration may be made of, its modules' files together."""
MAX_BYTES: Final = 20 * 1024 * 1024
"""Characters of all of them together."""
_NAMED_TWICE: Final = frozenset({"resource", "data", "variable", "output", "module"})


@dataclass(slots=True)
class Folder:
    """What the files of one folder hold."""

    path: Path
    name: str
    """As messages name it."""
    blocks: list[Block] = field(default_factory=list)
    given: dict[str, Expression | Value] = field(default_factory=dict)
    """The values of variables that terraform.tfvars and *.auto.tfvars give."""
    not_read: list[DeclaredAt] = field(default_factory=list)
    """Files that Terraform reads and scopelint does not."""

    def of(self, kind: str, *labels: str) -> Iterator[Block]:
        """Yield the blocks of a type whose first labels are these."""
        return (
            block
            for block in self.blocks
            if block.type == kind and block.labels[: len(labels)] == labels
        )

    def find(self, kind: str, *labels: str) -> Block | None:
        """Return the first such block."""
        return next(self.of(kind, *labels), None)


class FolderReader:
    """Reads folders, each once, within bounds."""

    def __init__(self, within: Path | None) -> None:
        """`within` is the folder below which every file must lie, None for anywhere."""
        self._within = within.resolve() if within is not None else None
        self._folders: dict[Path, Folder] = {}
        self._files = 0
        self._characters = 0

    def folder(self, path: Path, name: str) -> Folder:
        """Return a folder; raise ConfigError where it, or a file in it, cannot be read."""
        real = self._checked(path, name)
        found = self._folders.get(real)
        if found is None:
            found = self._folders[real] = self._read(path, name)
        return found

    def _checked(self, path: Path, name: str) -> Path:
        try:
            real = path.resolve()
        except (OSError, RuntimeError, ValueError):
            raise _fault(name, "this is not the name of a file") from None
        if self._within is not None and not real.is_relative_to(self._within):
            raise _fault(name, f"this leads out of {clean(str(self._within))}")
        return real

    def _read(self, path: Path, name: str) -> Folder:
        folder = Folder(path, name)
        names = _names(path, name)
        sources = [each for each in names if each.endswith(".tf") and not _is_hidden(each)]
        overrides = [
            each for each in sources if each[:-3].endswith("_override") or each == "override.tf"
        ]
        for each in sources:
            if each not in overrides:
                folder.blocks += self._parsed(folder, each).blocks
        for each in overrides:
            _override(folder, self._parsed(folder, each).blocks)
        folder.not_read += (
            DeclaredAt(f"{name}/{clean(each)}", 1)
            for each in names
            if each.endswith((".tf.json", ".tofu", ".tofu.json")) and not _is_hidden(each)
        )
        for each in _variable_files(names):
            self._values(folder, each)
        if not sources and not folder.not_read:
            raise _fault(name, "there is no Terraform file (.tf) in this folder")
        return folder

    def _text(self, folder: Folder, file: str, language: str = "Terraform") -> SourceText:
        name, path = f"{folder.name}/{clean(file)}", folder.path / file
        self._checked(path, name)
        if not path.is_file():
            raise _fault(name, "this is no file that can be read")
        text = read_source(path, name, language=language)
        self._files += 1
        self._characters += len(text.text)
        if self._files > MAX_FILES:
            raise _fault(name, f"there are more than {MAX_FILES} Terraform files")
        if self._characters > MAX_BYTES:
            raise _fault(name, f"the Terraform files are larger than {MAX_BYTES // 1024**2} MB")
        return text

    def _parsed(self, folder: Folder, file: str) -> Block:
        return parse(self._text(folder, file))

    def _values(self, folder: Folder, file: str) -> None:
        if not file.endswith(".json"):
            folder.given |= self._parsed(folder, file).attributes
            return
        text = self._text(folder, file, "JSON")
        try:
            found = json.loads(text.text)
        except json.JSONDecodeError as error:
            line, column = text.place(error.pos)
            raise ConfigError(
                [text.problem(line, column, f"this is no JSON: {error.msg}")]
            ) from None
        except (ValueError, RecursionError):
            raise ConfigError([text.problem(1, 1, "this JSON cannot be read")]) from None
        if not isinstance(found, dict):
            raise ConfigError([text.problem(1, 1, "values of variables are a JSON object")])
        at = DeclaredAt(text.name, 1)
        folder.given |= {key: from_json(value, at) for key, value in found.items()}


def from_json(data: Any, at: DeclaredAt) -> Value:
    """Return JSON data as a value."""
    made: Data
    if isinstance(data, list):
        made = [from_json(item, at) for item in data]
    elif isinstance(data, dict):
        made = {key: from_json(item, at) for key, item in data.items()}
    else:
        made = data
    return Value(made, at)


def _names(path: Path, name: str) -> list[str]:
    try:
        if not path.exists():
            raise _fault(name, "there is no such folder")
        if not path.is_dir():
            hint = "name the folder, or the .json file of a plan"
            raise _fault(name, "this is no folder of Terraform sources", hint)
        return sorted(each.name for each in path.iterdir())
    except OSError as error:
        raise _fault(name, f"the folder cannot be read: {error.strerror}") from error


def _is_hidden(name: str) -> bool:
    """Tell whether Terraform passes a file over: hidden files, and what editors leave behind."""
    return name.startswith((".", "#")) or name.endswith("~")


def _variable_files(names: Iterable[str]) -> Iterator[str]:
    """Yield the files of variables' values, the one that counts most last."""
    there = set(names)
    yield from (name for name in ("terraform.tfvars", "terraform.tfvars.json") if name in there)
    for name in names:
        if name.endswith((".auto.tfvars", ".auto.tfvars.json")) and not _is_hidden(name):
            yield name


def _override(folder: Folder, blocks: Iterable[Block]) -> None:
    for block in blocks:
        if block.type in _NAMED_TWICE:
            found = folder.find(block.type, *block.labels)
            if found is not None:
                found.override(block)
                continue
        if block.type == "locals":
            for name, value in block.attributes.items():
                for old in folder.of("locals"):
                    if name in old.attributes:
                        old.attributes[name] = value
        folder.blocks.append(block)


def _fault(name: str, message: str, hint: str = "") -> ConfigError:
    return ConfigError([Problem(name, message, hint=hint)])

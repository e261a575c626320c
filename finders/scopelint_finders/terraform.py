"""terraform: the modules that Terraform or OpenTofu loads, and the state that it reads."""

import re
from collections.abc import Iterator
from typing import Final

from scopelint.errors import ConfigError, UsageError
from scopelint.finder import Finder, Reference, RepositoryFile, UnreadableFileError
from scopelint.references import Variables, scan_addresses
from scopelint.terraform import Block, parse
from scopelint.yaml import decode

_LITERAL: Final = re.compile(r"\"(?P<text>[^\"\n]*)\"")
_ADDRESSES: Final = ("address", "lock_address", "unlock_address")
_REGISTRY: Final = re.compile(r"(?P<host>[\w.-]+(?::[0-9]+)?)/(?P<group>[\w.-]+)/[\w.-]+/[\w.-]+")
_COMMENT: Final = re.compile(r"^\s*(?:#|//)")


class Terraform(Finder):
    """Reads module sources, `http` backends and remote states."""

    name = "terraform"
    title = "modules and state of Terraform and OpenTofu"
    paths = ("main.tf", "versions.tf", "backend.tf", "providers.tf", "modules.tf", "terraform.tf")
    max_bytes = 256 * 1024

    def find(self, file: RepositoryFile) -> Iterator[Reference]:
        """Yield what the blocks of the file load."""
        try:
            whole = parse(decode(file.text, file.path, language="Terraform"))
        except ConfigError:
            raise
        except UsageError:
            raise UnreadableFileError("it needs the extra 'terraform'") from None
        lines = file.text.split("\n")
        for block in whole.blocks:
            if block.type == "module":
                yield from _module(block, lines, file)
            elif block.type == "terraform":
                for backend in (*block.of("backend"), *block.of("cloud")):
                    yield from _state(backend, lines, file, _ADDRESSES, writes=True)
            elif block.type == "data" and block.labels[:1] == ("terraform_remote_state",):
                yield from _state(block, lines, file, ("config",), writes=False)


def _module(block: Block, lines: list[str], file: RepositoryFile) -> Iterator[Reference]:
    source = block.attributes.get("source")
    if source is None:
        return
    line = source.at.line
    match = _LITERAL.search(lines[line - 1].partition("=")[2])
    if match is None:
        return
    text = match["text"]
    registry = _REGISTRY.fullmatch(text)
    if registry is not None and registry["host"].lower() == file.site.authority:
        note = "the registry finds the module in any project of the group"
        yield Reference(
            line,
            "terraform_module",
            group=registry["group"],
            written=text,
            sends_token=False,
            note=note,
        )
        return
    # `//` parts the repository from the folder in it.
    head, scheme, rest = text.removeprefix("git::").rpartition("://")
    address = f"{head}{scheme}{rest.partition('//')[0]}"
    git = text.startswith("git::") or address.partition("?")[0].endswith(".git")
    yield from scan_addresses((line, address), file, subject="clone", repositories=git)


def _state(
    block: Block, lines: list[str], file: RepositoryFile, names: tuple[str, ...], *, writes: bool
) -> Iterator[Reference]:
    """Yield the states that the attributes of a block name."""
    variables = Variables(file.project, file.site)
    for name in names:
        value = block.attributes.get(name)
        if value is None:
            continue
        for number in _lines_of(value.at.line, lines):
            text = lines[number - 1]
            if not _COMMENT.match(text):
                yield from scan_addresses(
                    (number, text),
                    file,
                    subject="terraform_state",
                    variables=variables,
                    writes=writes,
                )


def _lines_of(first: int, lines: list[str]) -> Iterator[int]:
    """Yield the lines of a value: up to where the brackets that it opens are closed."""
    depth = 0
    for number in range(first, len(lines) + 1):
        code = _LITERAL.sub("", lines[number - 1])
        depth += code.count("{") + code.count("(") - code.count("}") - code.count(")")
        yield number
        if depth <= 0:
            return

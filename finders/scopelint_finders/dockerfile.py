"""dockerfile: the images that an image is built from, and what its build commands fetch."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from scopelint.finder import Finder, Reference, RepositoryFile
from scopelint.references import Script, Variables, image_reference, scan_commands
from scopelint.references.variables import OPEN, first_mark, mark, unmark

_INSTRUCTION: Final = re.compile(r"\s*(?P<name>[A-Za-z]+)\s+(?P<rest>.*)$", re.DOTALL)
_FROM: Final = re.compile(r"(?:--\S+\s+)*(?P<image>\S+)(?:\s+[Aa][Ss]\s+(?P<stage>\S+))?")
_COPY_FROM: Final = re.compile(r"--from=(?P<image>\S+)")
_MOUNT_FROM: Final = re.compile(r"--mount=\S*\bfrom=(?P<image>[^,\s]+)")
_HERE: Final = re.compile(r"<<-?[\"']?(?P<end>[A-Za-z_]\w*)")
_SETTING: Final = re.compile(r"(?P<name>[A-Za-z_]\w*)=(?P<value>\"[^\"]*\"|'[^']*'|\S*)")
_NOTE: Final = "it is a use only where the variable holds an image of this GitLab"


class Dockerfile(Finder):
    """Reads the instructions of a Dockerfile or Containerfile."""

    name = "dockerfile"
    title = "Dockerfiles and Containerfiles"
    paths = (
        "Dockerfile",
        "Containerfile",
        "docker/Dockerfile",
        "build/Dockerfile",
        ".docker/Dockerfile",
    )

    def find(self, file: RepositoryFile) -> Iterator[Reference]:
        """Yield images of this GitLab's registry, and what `RUN` asks by the job token."""
        instructions = list(_instructions(file))
        variables = Variables(file.project, file.site).with_values(*_arguments(instructions))
        stages: set[str] = set()
        for line, name, rest in instructions:
            if name == "FROM":
                match = _FROM.match(rest)
                if match is not None:
                    yield from _image(match["image"], line, variables, stages)
                    stages |= {match["stage"].lower()} if match["stage"] else set()
            elif name in {"COPY", "ADD", "RUN"}:
                pattern = _MOUNT_FROM if name == "RUN" else _COPY_FROM
                for match in pattern.finditer(rest):
                    yield from _image(match["image"], line, variables, stages)
        runs = [(line, rest) for line, name, rest in instructions if name in {"RUN", "ADD"}]
        yield from scan_commands(Script(runs, variables))


def _instructions(file: RepositoryFile) -> Iterator[tuple[int, str, str]]:
    """Yield line, name and the rest of each instruction; comments within one are left out.

    Each line of a here-document of `RUN` is an instruction of its own.
    """
    held: list[str] = []
    begun, ends, runs = 1, None, False
    for number, line in file.lines():
        if ends is not None:
            if line.strip() == ends:
                ends = None
            elif runs:
                yield number, "RUN", line
            continue
        if line.lstrip().startswith("#") or (held and not line.strip()):
            continue
        begun = begun if held else number
        held.append(line.removesuffix("\\"))
        if not line.endswith("\\"):
            match = _INSTRUCTION.match(" ".join(held))
            held = []
            if match is not None:
                yield begun, match["name"].upper(), match["rest"]
                document = _HERE.search(match["rest"])
                runs = match["name"].upper() == "RUN"
                ends = document["end"] if document is not None else None


def _arguments(instructions: list[tuple[int, str, str]]) -> tuple[dict[str, str], set[str]]:
    """Return what `ARG` and `ENV` give one value, and the names that have several."""
    values: dict[str, set[str]] = {}
    for _, name, rest in instructions:
        if name in {"ARG", "ENV"}:
            for match in _SETTING.finditer(rest):
                values.setdefault(match["name"], set()).add(match["value"].strip("\"'"))
    known = {name: min(found) for name, found in values.items() if len(found) == 1}
    return known, set(values) - set(known)


def _image(image: str, line: int, variables: Variables, stages: set[str]) -> Iterator[Reference]:
    if image.lower() in stages or image.isdigit():
        return
    marked = mark(image)
    found = image_reference(marked, variables, line)
    if found is not None:
        yield replace(found, sends_token=False)
    elif variables.fill(marked).startswith(OPEN):
        name = first_mark(variables.fill(marked))
        yield Reference(
            line,
            "read_registry",
            variable=name,
            written=unmark(marked),
            sends_token=False,
            note=_NOTE,
        )

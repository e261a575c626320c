"""A tutorial's files and commands, taken from its Markdown, and what its commands must print."""

import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.meta.kit import environment, run, without_age

_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_NAME = re.compile(r"\bWrite `([\w./-]+)`")
_VERSION = re.compile(r"(scopelint|since) \d+\.\d+\.\d+\S*")
_ANYTHING = "…"
MARKER = "==== the next step ===="
"""The line that ends each command's output."""


@dataclass(frozen=True, slots=True)
class File:
    """A file that the reader is told to write."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Command:
    """A command that the reader is told to give, and what the page shows of its output.

    A line that is only an ellipsis stands for any lines, a version for any version, and columns
    may be wider or narrower.
    """

    line: str
    shown: str

    def fits(self, said: str) -> bool:
        """Tell whether the page shows what the command said."""
        return re.fullmatch(self._pattern(), _plain(said), re.DOTALL) is not None

    def _pattern(self) -> str:
        lines = _plain(self.shown).split("\n")
        return "\n".join(".*" if line == _ANYTHING else re.escape(line) for line in lines)


def _plain(text: str) -> str:
    lines = "\n".join(
        re.sub(r"(?<=\S)  +", "  ", line.rstrip()) for line in text.strip("\n").split("\n")
    )
    return _VERSION.sub(r"\1 VERSION", lines)


def steps(page: Path) -> Iterator[File | Command]:
    """Yield what the page has its reader do, in order.

    A block after `Write `name`` is that file, a `console` block holds commands. Raise ValueError
    for a block that is neither: the reader would not know what to do with it.
    """
    text, end = page.read_text(encoding="utf-8"), 0
    for block in _FENCE.finditer(text):
        names = _NAME.findall(text[end : block.start()])
        end = block.end()
        if block[1] == "console":
            yield from _commands(block[2])
        elif names:
            yield File(names[-1], block[2])
        else:
            raise ValueError(
                f"{page.name}: a block that is neither a file nor commands: {block[2]}"
            )


def _commands(block: str) -> Iterator[Command]:
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        line, _, shown = part.partition("\n")
        yield Command(line, shown)


def script(page: Path, folder: Path) -> tuple[str, list[Command]]:
    """Return a shell script that does what the page says, and the page's commands.

    One shell does it all, so that `echo $?` and the like mean what they say. Each command's
    output ends with the line `MARKER`. The files' texts are kept in `folder`.
    """
    lines, commands = ["status=0"], []
    for number, step in enumerate(steps(page)):
        if isinstance(step, File):
            kept = folder / f"step-{number}"
            kept.write_text(step.text, encoding="utf-8")
            lines.append(f"cp '{kept}' '{step.name}'")
        else:
            commands.append(step)
            lines += ["{ (exit $status)", step.line, "} 2>&1", "status=$?", f"echo '{MARKER}'"]
    return "\n".join(lines), commands


OFFLINE = {
    "PIP_NO_INDEX": "1",
    "PIP_NO_BUILD_ISOLATION": "0",  # pip reads any negative option's variable the other way round
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PIP_CONFIG_FILE": "/dev/null",
}


def made(place: Path) -> Path:
    """Make a virtual environment that sees ours; return the folder of its programs."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", place], check=True)
    python = place / "bin" / "python"
    asked = "import sysconfig; print(sysconfig.get_path('purelib'))"
    inner = Path(subprocess.check_output([python, "-c", asked], text=True).strip())
    ours = sysconfig.get_path("purelib")
    (inner / "ours.pth").write_text(f"import site; site.addsitedir({ours!r})\n")
    program = place / "bin" / "scopelint"
    program.write_text(f'#!/bin/sh\nexec "{python}" -m scopelint "$@"\n')
    program.chmod(0o755)
    return place / "bin"


def follow(page: Path, top: Path) -> tuple[Path, list[tuple[Command, str]]]:
    """Do all that a page says, in an environment below `top`, as a reader without a network would.

    Return the folder that the reader worked in, and each command with what it printed.
    """
    (work := top / "work").mkdir()
    (kept := top / "kept").mkdir()
    programs = made(top / "venv")
    text, commands = script(page, kept)
    path = f"{programs}:{environment()['PATH']}"
    done = run(["bash", "-c", text], work, OFFLINE | {"PATH": path})
    parts = without_age(done.out).split(f"{MARKER}\n")[:-1]
    assert not done.err
    return work, list(zip(commands, parts, strict=True))

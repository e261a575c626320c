"""Takes the README's two pictures anew, from the demo: `python docs/pictures.py`, or `make pictures`.

The page needs a Chromium (chromium, chromium-browser or google-chrome on the path, or CHROMIUM).
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.text import Text

DOCS = Path(__file__).resolve().parent
PAGE = DOCS / "pictures" / "page.png"
TERMINAL = DOCS / "pictures" / "terminal.svg"
COLUMNS = 84
LINES = 36
NAMES = ("chromium", "chromium-browser", "google-chrome")


def main() -> None:
    """Run the demo and take both pictures; stop with a message where there is no Chromium."""
    browser = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if browser is None:
        sys.exit(f"no Chromium: none of {', '.join(NAMES)} is on the path; CHROMIUM=… names one")
    PAGE.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        scopelint("demo", "-o", folder, at=folder)
        reports = Path(folder, "before")
        words = ("check", "--from-report", "scopelint.json", "--color", "always")
        take_terminal("scopelint scan tidewell", scopelint(*words, at=reports))
        take_page(browser, reports / "scopelint.html", Path(folder, "profile"))


def scopelint(*words: str, at: Path | str) -> str:
    """Run a command in a folder and return what it wrote to stdout; findings are no failure."""
    done = subprocess.run(
        [Path(sys.executable).with_name("scopelint"), *words],
        cwd=at,
        env={**os.environ, "COLUMNS": str(COLUMNS)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in (0, 1, 3):
        sys.exit(done.stderr)
    return done.stdout


def take_terminal(command: str, shown: str) -> None:
    """Write the first lines of a console report as SVG, with no font from anywhere else."""
    lines = shown.splitlines()
    end = max(number for number, line in enumerate(lines[:LINES]) if not line)
    text = Text(f"$ {command}\n") + Text.from_ansi("\n".join(lines[:end]))
    text.append(f"\n\n… {len(lines) - end} more lines", style="dim")
    console = Console(record=True, width=COLUMNS, file=StringIO(), force_terminal=True)
    console.print(text)
    drawn = console.export_svg(title="scopelint", unique_id="terminal")
    foreign = r"@font-face \{.*?\}\n|<!--.*?-->|(?<=\n) +(?=\n)"
    TERMINAL.write_text(re.sub(foreign, "", drawn, flags=re.DOTALL), encoding="utf-8")


def take_page(browser: str, page: Path, profile: Path) -> None:
    """Photograph the page's first screen."""
    subprocess.run(
        [
            *(browser, "--headless", "--no-sandbox", "--hide-scrollbars", "--disable-gpu"),
            *(f"--user-data-dir={profile}", "--window-size=1280,900", "--virtual-time-budget=4000"),
            *(f"--screenshot={PAGE}", page.as_uri()),
        ],
        capture_output=True,
        check=True,
    )


if __name__ == "__main__":
    main()

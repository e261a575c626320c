"""docs/reports.md: its tables match the formats, its pipelines are valid, its script works."""

import json
import re
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
import yaml

from scopelint.registry import find_reporters
from scopelint_reports.markdown import MARKER
from tests.meta.kit import run
from tests.meta.sources import ROOT
from tests.reports import tools

TEXT = (ROOT / "docs" / "reports.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
SCRIPT = next(text for language, text in BLOCKS if language == "sh" and "notes=" in text)


def test_every_format_has_its_section_and_its_cell() -> None:
    names = {name for name, found in find_reporters().items() if found.distribution == "scopelint"}
    sections = {
        name
        for line in re.findall(r"^## (`.+)$", TEXT, re.M)
        for name in re.findall(r"`(\S+?)`", line)
    }
    assert sections == names
    start = TEXT.index("| | unknown |")
    rows = TEXT[start : TEXT.index("\n\n", start)].splitlines()[2:]
    cells = {name for row in rows for name in re.findall(r"`(\S+?)`", row.split("|")[1])}
    assert cells == names


def test_every_pipeline_is_valid(tmp_path: Path) -> None:
    program = tools.program("check-jsonschema")
    texts = [text for language, text in BLOCKS if language == "yaml"]
    pipelines = [text for text in texts if "repos" not in yaml.safe_load(text)]
    assert len(pipelines) == len(texts) - 1
    for number, text in enumerate(pipelines):
        path = tmp_path / f"{number}.gitlab-ci.yml"
        # A job may leave its script to another file; the schema wants one.
        path.write_text(text if "script:" in text else text.replace("scopelint:\n", ".x:\n"))
        ran = tools.run([program, "--builtin-schema", "vendor.gitlab-ci", path])
        assert ran.returncode == 0, ran.stdout


@pytest.mark.slow
def test_completion_is_offered(tmp_path: Path) -> None:
    [line] = re.findall(r"^eval .+$", TEXT, re.MULTILINE)
    ran = run(["bash", "-euc", f"{line}\ncomplete -p scopelint"], tmp_path)
    assert "scopelint" in ran.out, ran.err


class _Notes(BaseHTTPRequestHandler):
    """As much of GitLab's notes API as the script uses."""

    notes: list[dict[str, Any]]
    told: list[str]

    def do_GET(self) -> None:
        user = {"id": 7}
        self._answer(user if self.path.endswith("/user") else self.notes)

    def do_POST(self) -> None:
        self.notes.append({"id": len(self.notes) + 1, "author": {"id": 7}, "body": self._body()})
        self._answer(self.notes[-1])

    def do_PUT(self) -> None:
        note = next(n for n in self.notes if n["id"] == int(self.path.rpartition("/")[2]))
        note["body"] = self._body()
        self._answer(note)

    def _body(self) -> str:
        data = self.rfile.read(int(self.headers["Content-Length"])).decode()
        return parse_qs(data)["body"][0]

    def _answer(self, data: object) -> None:
        text = json.dumps(data).encode()
        self.told.append(f"{self.command} {self.headers['PRIVATE-TOKEN']}")
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: object) -> None:
        del format, args


@pytest.fixture
def notes_api() -> Iterator[tuple[str, type[_Notes]]]:
    handler = type("Notes", (_Notes,), {"notes": [], "told": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/api/v4", handler
        server.shutdown()
        thread.join()


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_note_is_made_once_and_then_kept_up_to_date(
    notes_api: tuple[str, type[_Notes]], tmp_path: Path
) -> None:
    url, api = notes_api
    foreign = {"id": 1, "author": {"id": 9}, "body": f"{MARKER} not ours"}
    api.notes.append(foreign)
    given = {"CI_API_V4_URL": url, "CI_PROJECT_ID": "1", "CI_MERGE_REQUEST_IID": "2"}
    given |= {"NOTE_TOKEN": "glpat-note", "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    for text in (f"{MARKER}\n## one & +1 % ü\n", f"{MARKER}\n## two\n"):
        (tmp_path / "scopelint.md").write_text(text, encoding="utf-8")
        ran = run(["sh", "-c", SCRIPT], tmp_path, given)
        assert (ran.code, ran.err) == (0, ""), ran.err
        assert [note["body"] for note in api.notes] == [foreign["body"], text]
    changes = [line for line in api.told if not line.startswith("GET")]
    assert changes == ["POST glpat-note", "PUT glpat-note"]

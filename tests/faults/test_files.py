"""Whatever stands in a file: a result, or exit 2 with the reason; no traceback, no pass for damage.

Some seconds in each run of the tests; `SCOPELINT_FUZZ_SECONDS=600` (with `-s`, to see the counts)
goes on for ten minutes, `SCOPELINT_FUZZ_SEED` begins elsewhere. A finding names its seed.
"""

import json
import re
import shutil
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest

from scopelint.snapshot.sqlite_tables import FLAGS
from scopelint_simulator import Simulator
from tests.cli.kit import call
from tests.conftest import ORIGINAL
from tests.faults.mutations import places
from tests.repair import applying

SECONDS = float(ORIGINAL.get("SCOPELINT_FUZZ_SECONDS", "6"))
FIRST_SEED = int(ORIGINAL.get("SCOPELINT_FUZZ_SEED", "0"))
MOST_FINDINGS = 10

COMMANDS: Final[dict[str, tuple[str, ...]]] = {
    "s.db": (
        "check s.db",
        "check s.db -f json",
        "diff s.db good.db -f json",
        "diff good.db s.db",
        "reach acme/web/shop --from s.db",
        "can-access acme/lib/core acme/web/shop --from s.db",
        "plan s.db -o -",
        "suggest s.db -o out.plan",
        "export gitlabform s.db",
        "export jsonl s.db",
        "export csv s.db -o out",
    ),
    "report.json": (
        "gate report.json",
        "check --from-report report.json",
        "check --from-report report.json -f sarif",
        "baseline create report.json -o out.json",
    ),
    "baseline.json": (
        "check good.db --baseline baseline.json",
        "baseline prune good.json -o baseline.json",
    ),
    "plan.json": ("apply plan.json --url {url}",),
    "journal": ("undo journal --url {url}",),
}
"""What reads each file. `apply` and `undo` are asked for nothing but to show what they would do."""
MAY_PASS: Final = {"plan.json", "journal", "baseline.json"}
"""Files that say what is done or accepted: what the other files give with them is not compared."""

_TEXTS: Final = ["", "false", "0", "a\0b", "\x1b[31m", "a\nb", "x" * 50_000, "\u202e", "\u00e9"]
_OTHERS: Final[list[Any]] = [None, True, False, 0, -1, 0.5, 2**63, 2**70, *_TEXTS, [], [0], {}]
_RAW: Final = ["NaN", "1e999", "9" * 5000, "[" * 5000, '"\\ud800"', '{"a":' * 500 + "1" + "}" * 500]
_CELLS: Final[list[Any]] = [None, 0, 1, 2, -1, 2**62, 0.5, b"\xff", *_TEXTS, "[", "null", "1e999"]
_TABLE_WAYS: Final = ("cell", "cell", "cell", "alike", "column", "drop", "clear", "version", "text")


def _bytes(random: Random, path: Path) -> str:
    """Flip bits, cut the end off, swap two pages, or repeat a part."""
    data = bytearray(path.read_bytes())
    way = random.choice(["flip", "truncate", "swap", "zeros", "double"])
    start = random.randrange(len(data))
    if way == "flip":
        for _ in range(random.choice([1, 1, 4, 50])):
            data[random.randrange(len(data))] ^= 1 << random.randrange(8)
    elif way == "truncate":
        del data[start:]
    elif way == "swap":
        size, count = 4096, len(data) // 4096
        one, other = (random.randrange(count) * size if count else 0 for _ in range(2))
        data[one : one + size], data[other : other + size] = (
            data[other : other + size],
            data[one : one + size],
        )
    elif way == "zeros":
        data[start : start + 512] = bytes(len(data[start : start + 512]))
    else:
        data += data[start:]
    path.write_bytes(data)
    return way


def _table(random: Random, path: Path) -> str:
    """Change a cell, make two rows alike, drop rows, or say another version of the schema."""
    with closing(sqlite3.connect(path)) as database:
        tables = [
            row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type='table'")
        ]
        table = random.choice([*tables, "projects", "meta"])
        columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
        column = random.choice(columns)
        way = random.choice(_TABLE_WAYS)
        value = random.choice(_CELLS)
        some = f"{columns[0]} = (SELECT {columns[0]} FROM {table} ORDER BY random() LIMIT 1)"
        try:
            if way in {"cell", "column"}:
                where = some if way == "cell" else "true"
                changed = database.execute(
                    f"UPDATE {table} SET {column} = ? WHERE {where}", (value,)
                )
                if not changed.rowcount:
                    return f"{table} has no row"
            elif way in {"drop", "clear"}:
                where = some if way == "drop" else "true"
                database.execute(f"DELETE FROM {table} WHERE {where}")
            elif way == "alike":
                other = f"SELECT {column} FROM {table} ORDER BY random() LIMIT 1"
                database.execute(f"UPDATE {table} SET {column} = ({other}) WHERE {some}")
            elif way == "version":
                database.execute(f"PRAGMA user_version = {random.choice([0, 1, 99, -1])}")
            else:
                database.execute(f"UPDATE {table} SET {column} = CAST(x'ff00fe' AS TEXT)")
            database.commit()
        except sqlite3.Error as error:
            return f"{way} of {table}.{column} is not possible: {error}"
    return f"{way} of {table}.{column}: {value!r:.40}"


def _json(random: Random, path: Path) -> str:
    """Change a value, a key, or the depth of one place; a journal has one object a line."""
    lines = path.read_text().splitlines() if path.name == "journal" else [path.read_text()]
    index = random.randrange(len(lines))
    body = {"": json.loads(lines[index])}
    place, holder = random.choice(list(places(body)))
    key, way = place[-1], random.choice(["value", "value", "raw", "absent", "more", "double"])
    if way == "absent" and isinstance(holder, dict) and len(place) > 1:
        del holder[key]
    elif way == "more" and isinstance(holder[key], dict):
        holder[key]["unknown key"] = random.choice(_OTHERS)
    elif way == "double" and isinstance(holder[key], list) and holder[key]:
        holder[key].append(random.choice(holder[key]))
    elif way == "raw":
        holder[key] = "@raw@"
    else:
        holder[key] = random.choice(_OTHERS)
    said = f"{'.'.join(map(str, place))} {way} {holder.get(key) if isinstance(holder, dict) else ''!r:.40}"
    text = json.dumps(body.get("")).replace('"@raw@"', random.choice(_RAW))
    path.write_text("\n".join([*lines[:index], text, *lines[index + 1 :], ""]))
    return said


WAYS: Final[dict[str, tuple[Callable[[Random, Path], str], ...]]] = {
    "s.db": (_bytes, _table, _table, _table)
}


@pytest.fixture
def server() -> Iterator[Simulator]:
    with applying.serve() as running:
        yield running
        assert running.crashes == []


@pytest.fixture
def files(server: Simulator, place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder with one undamaged file of each kind, all of one instance."""
    monkeypatch.setenv("SCOPELINT_TOKEN", applying.TOKEN)
    monkeypatch.setenv("COLUMNS", "100")
    made = applying.plan(server, applying.everything(server))
    Path("plan.json").write_text(made.text())
    call("collect", "acme", "--usage", "--url", server.url, "-o", "s.db").expect(0)
    assert call("check", "s.db", "-f", "json", "-o", "report.json").code == 1
    call("apply", "plan.json", "--url", server.url, "--yes").expect(0)
    Path("plan.json.journal").rename("journal")
    call("baseline", "create", "report.json", "-o", "baseline.json").expect(0)
    shutil.copy("s.db", "good.db")
    shutil.copy("report.json", "good.json")
    kept = place / "kept"
    kept.mkdir()
    for name in COMMANDS:
        shutil.copy(name, kept / name)
    return kept


def test_no_file_breaks_a_command_or_passes_for_its_damage(files: Path, server: Simulator) -> None:
    wrong: list[str] = []
    ends: Counter[str] = Counter()
    usual: dict[str, int] = {}
    for commands in COMMANDS.values():
        for command in commands:
            result = call(*command.format(url=server.url).split())
            usual[command] = result.code
            print(command, int(result.code), result.err[-200:] if result.code == 2 else "")
    for name in COMMANDS:
        shutil.copy(files / name, name)
    seed, until = FIRST_SEED, time.monotonic() + SECONDS
    while time.monotonic() < until and len(wrong) < MOST_FINDINGS:
        random = Random(seed)
        name = random.choice(["s.db", *COMMANDS])
        shutil.copy(files / name, name)
        way = random.choice(WAYS.get(name, (_json, _json, _json, _bytes)))
        said = way(random, Path(name))
        command = random.choice(COMMANDS[name])
        result = call(*command.format(url=server.url).split())
        ends[f"{name} {result.code}"] += 1
        fault = _fault(name, result.code, result.err, usual[command], refused=_is_no_flag(said))
        if fault is not None:
            wrong.append(f"seed {seed}: {command}: {said}: {fault}\n{result.err[-1500:]}")
        shutil.copy(files / name, name)
        shutil.rmtree("out", ignore_errors=True)
        for left in ("out.json", "out.plan", "s.db-wal", "s.db-shm", "s.db-journal"):
            Path(left).unlink(missing_ok=True)
        seed += 1
    print(f"seeds {FIRST_SEED} to {seed - 1}: {dict(sorted(ends.items()))}")
    assert not wrong, "\n\n".join(wrong)
    assert seed > FIRST_SEED


def _is_no_flag(said: str) -> bool:
    """Tell whether a damage put another number into a column that holds 0, 1 or NULL."""
    found = re.fullmatch(r"(?:cell|column) of (\w+)\.(\w+): (-?\d+)", said)
    return found is not None and found[2] in FLAGS.get(found[1], ()) and found[3] not in {"0", "1"}


def _fault(name: str, code: int, err: str, usual: int, *, refused: bool) -> str | None:
    """Return what is wrong with an end, None where nothing is; `refused`: it must be exit 2."""
    if "Traceback" in err or "itself failed" in err:
        return "it crashed"
    if code not in {0, 1, 2, 3, 5}:
        return f"exit {code}"
    if code == 2 and "error: " not in err:
        return "no word of why"
    if refused and code != 2:
        return "a number that is no flag is taken for one"
    if code == 0 and usual == 1 and name not in MAY_PASS:
        return "it passes"
    return None

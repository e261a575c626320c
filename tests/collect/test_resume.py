"""A collection that is killed goes on where it was, and ends as if it had not been."""

import os
import random
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from scopelint.collect.collection import collect
from scopelint.collect.reader import TargetRef
from scopelint.collect.request import CollectRequest
from scopelint.collect.run import NAME
from scopelint.errors import SnapshotError
from scopelint.gitlab.connection import Connection, Server
from scopelint.snapshot import Filters, Snapshot
from scopelint.text import Secret
from scopelint_simulator import Faults, Simulator, load_instance

pytestmark = pytest.mark.slow

TOKEN = "glpat-resume"
INSTANCE: dict[str, Any] = {
    "gitlab": {"version": "19.3.0", "enforce_inbound": False},
    "users": [{"username": "bot"}],
    "tokens": [{"token": TOKEN, "user": "bot", "scopes": ["read_api"]}],
    "roles": [{"user": "bot", "on": "acme", "role": "maintainer"}],
    "groups": [{"path": "acme"}, {"path": "acme/bulk"}, {"path": "other"}],
    "projects": [
        {
            "path": "acme/outward",
            "scope": {"allowlist": [{"group": "other"}, {"project": "other/x"}]},
        },
        {"path": "other/x"},
    ],
    "generate": [
        {
            "under": "acme/bulk",
            "projects": 700,
            "groups": 130,
            "entries": 2,
            "open_share": 0.1,
            "seed": 3,
            "log": 1,
        }
    ],
}
TABLES = ("groups", "projects", "entries", "uses", "targets", "gaps", "walks")
SKIPPED = {"started_at", "finished_at", "requests", "retries", "assumptions"}


def contents(path: Path) -> dict[str, Any]:
    """Everything in a snapshot but times and counts of requests."""
    database = sqlite3.connect(path)
    try:
        found: dict[str, Any] = {
            table: sorted(database.execute(f"SELECT * FROM {table}").fetchall(), key=repr)
            for table in TABLES
        }
        found["gaps"] = sorted(row[1:] for row in found["gaps"])
        meta = dict(database.execute("SELECT key, value FROM meta"))
        found["meta"] = {key: value for key, value in meta.items() if key not in SKIPPED}
        return found
    finally:
        database.close()


def run(url: str, path: Path, *, resume: bool = False, **options: Any) -> None:
    connection = Connection(Server(url, Secret(TOKEN)))
    targets = options.pop("targets", (TargetRef("group", path="acme"),))
    try:
        collect(connection, CollectRequest(targets, **options), path, resume=resume)
    finally:
        connection.close()


def start(url: str, path: Path) -> "subprocess.Popen[bytes]":
    environment = {**os.environ, "SCOPELINT_TOKEN": TOKEN}
    arguments = ["collect", "--url", url, "--group", "acme", "-o", str(path), "--usage"]
    return subprocess.Popen(
        [sys.executable, "-m", "scopelint", *arguments, "--resume", "--no-config", "-q"],
        env=environment,
        stderr=subprocess.PIPE,
    )


@pytest.mark.slow
def test_killed_at_any_moment_it_ends_as_an_unbroken_run(tmp_path: Path) -> None:
    """`kill -9` again and again, at random moments; the snapshot equals an unbroken run's."""
    moments = random.Random(20261121)
    with Simulator(load_instance(INSTANCE), faults=Faults(latency=0.05)) as gitlab:
        whole = tmp_path / "whole.db"
        assert finished(gitlab, whole, 10_000)
        requests = gitlab.counts.total()
        kills = 0
        for attempt in range(12):
            broken = tmp_path / f"broken-{attempt}.db"
            while not finished(gitlab, broken, moments.randint(2, requests - 1)):
                kills += 1
            assert contents(broken) == contents(whole)
            if attempt >= 2 and kills >= 6:
                break
        assert kills >= 6


def finished(gitlab: Simulator, path: Path, requests: int) -> bool:
    """Start or continue the collection; kill it at a number of requests; tell whether it ended."""
    before = gitlab.counts.total()
    process = start(gitlab.url, path)
    while process.poll() is None:
        if gitlab.counts.total() - before >= requests:
            process.kill()
            process.communicate()
            return False
        time.sleep(0.002)
    _, errors = process.communicate()
    assert process.returncode == 0, errors
    return True


def test_no_finished_page_is_read_again(tmp_path: Path) -> None:
    """After a failure in the middle, only what is not in the snapshot is asked for."""
    instance = load_instance(INSTANCE)
    path = tmp_path / "s.db"
    with Simulator(instance) as gitlab:
        connection = Connection(Server(gitlab.url, Secret(TOKEN)))

        class StopError(Exception):
            pass

        def listener(progress: Any) -> None:
            if progress.read >= 300:
                raise StopError

        with pytest.raises(StopError):
            collect(connection, CollectRequest((TargetRef("group", path="acme"),)), path, listener)
        # What was asked for when it ended must not count as asked for again.
        for thread in threading.enumerate():
            if thread.name == NAME:
                thread.join()
        connection.close()
        database = sqlite3.connect(path)
        [(left,)] = database.execute("SELECT count(*) FROM projects WHERE state = 'listed'")
        [(listed,)] = database.execute("SELECT count(*) FROM projects")
        database.close()
        unlisted = 701 - listed
        gitlab.reset_counts()
        run(gitlab.url, path, resume=True)
        pages = -(-left // 100) + -(-unlisted // 100) + 1
        assert gitlab.counts["graphql:Scopes"] <= pages
        assert gitlab.counts["graphql:Projects"] <= unlisted // 100 + 1
        assert gitlab.counts["graphql:Preflight"] == 1
        with Snapshot(path) as snapshot:
            assert snapshot.count("read") == 701
            assert snapshot.count("listed") == 0


@pytest.mark.parametrize("target", ["acme", "other"])
def test_a_finished_snapshot_is_no_new_scan(tmp_path: Path, target: str) -> None:
    """Of the same target or another: it is refused with its age, GitLab is asked nothing."""
    path = tmp_path / "s.db"
    with Simulator(load_instance(INSTANCE)) as gitlab:
        run(gitlab.url, path)
        database = sqlite3.connect(path)
        # A gap of this kind is what a resumed run tries again; a refused one must not lose it.
        database.execute(
            "INSERT INTO gaps (fact, reason, detail) VALUES ('enumeration', 'timeout', '')"
        )
        database.execute(
            "UPDATE meta SET value = json_set(value, '$.gaps', json_extract(value, '$.gaps') + 1)"
            " WHERE key = 'row_counts'"
        )
        database.commit()
        database.close()
        before = path.read_bytes()
        gitlab.reset_counts()
        with pytest.raises(SnapshotError, match=r"acme on .*, finished just now") as error:
            run(gitlab.url, path, resume=True, targets=(TargetRef("group", path=target),))
        assert f"scopelint check {path}" in error.value.hint
        assert not gitlab.counts
        assert path.read_bytes() == before


def test_an_empty_or_missing_file_is_started(tmp_path: Path) -> None:
    """What a run killed at its very start leaves is no obstacle."""
    with Simulator(load_instance(INSTANCE)) as gitlab:
        empty = tmp_path / "empty.db"
        empty.touch()
        for path in (empty, tmp_path / "missing.db"):
            run(gitlab.url, path, resume=True)
            with Snapshot(path) as snapshot:
                assert snapshot.count("read") == 701


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"targets": (TargetRef("group", path="other"),)}, "targets"),
        ({"filters": Filters(exclude=("acme/outward",))}, "filters"),
        ({"filters": Filters(usage=True)}, "uses of the log"),
        ({"shard": (1, 2)}, "numbers of shards"),
        ({"api": "rest"}, "APIs"),
    ],
)
def test_another_collection_is_refused(tmp_path: Path, options: dict[str, Any], words: str) -> None:
    """Other targets, filters, shard or way of reading: the file is not mixed, exit code 2."""
    path = tmp_path / "s.db"
    instance = load_instance(
        INSTANCE
        | {"roles": [{"user": "bot", "on": g, "role": "maintainer"} for g in ("acme", "other")]}
    )
    with Simulator(instance) as gitlab:
        unfinished(gitlab.url, path)
        with pytest.raises(SnapshotError, match=words) as error:
            run(gitlab.url, path, resume=True, **options)
        assert error.value.exit_code == 2


def test_another_instance_is_refused(tmp_path: Path) -> None:
    """The same paths on another GitLab are other projects."""
    path = tmp_path / "s.db"
    with Simulator(load_instance(INSTANCE)) as one, Simulator(load_instance(INSTANCE)) as two:
        unfinished(one.url, path)
        with pytest.raises(SnapshotError, match="different instances"):
            run(two.url, path, resume=True)


@pytest.mark.parametrize(
    ("version", "refused"), [("19.3.7", False), ("19.4.0", True), ("18.11.0", True)]
)
def test_a_collection_is_of_one_release(tmp_path: Path, version: str, refused: bool) -> None:
    """What a release lacks is stored as absent; after an upgrade that would be no fact."""
    path = tmp_path / "s.db"
    with Simulator(load_instance(INSTANCE)) as gitlab:
        unfinished(gitlab.url, path)
        gitlab.instance.settings.version_text = version
        if not refused:
            run(gitlab.url, path, resume=True)
            return
        with pytest.raises(SnapshotError, match="GitLab release"):
            run(gitlab.url, path, resume=True)


def test_a_collection_is_read_with_the_rights_it_was_begun_with(tmp_path: Path) -> None:
    """An administrator sees what others do not: half of each is neither."""
    path = tmp_path / "s.db"
    with Simulator(load_instance(INSTANCE)) as gitlab:
        unfinished(gitlab.url, path)
        [bot] = [user for user in gitlab.instance.users.values() if user.username == "bot"]
        bot.admin = True
        with pytest.raises(SnapshotError, match="administrator"):
            run(gitlab.url, path, resume=True)


def unfinished(url: str, path: Path) -> None:
    """Leave a collection interrupted after its first page."""

    def listener(progress: Any) -> None:
        if progress.listed:
            raise InterruptedError

    connection = Connection(Server(url, Secret(TOKEN)))
    with pytest.raises(InterruptedError):
        collect(connection, CollectRequest((TargetRef("group", path="acme"),)), path, listener)
    connection.close()


def test_the_requests_of_all_runs_are_counted(tmp_path: Path) -> None:
    """The header says what the whole collection cost, however often it was interrupted."""
    path = tmp_path / "s.db"
    with Simulator(load_instance(INSTANCE)) as gitlab:
        unfinished(gitlab.url, path)
        time.sleep(0.05)
        run(gitlab.url, path, resume=True)
        sent = gitlab.counts["graphql"] + gitlab.counts["rest"]
        with Snapshot(path) as snapshot:
            assert snapshot.header.requests <= sent
            assert snapshot.header.requests >= sent - 9


def test_no_reader_is_left_when_a_collection_is_done(tmp_path: Path) -> None:
    """Judging comes next, and starts helpers only where no other thread is."""
    with Simulator(load_instance(INSTANCE)) as gitlab:
        run(gitlab.url, tmp_path / "s.db")
        assert all(thread.name != NAME for thread in threading.enumerate())

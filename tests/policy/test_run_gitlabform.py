"""gitlabform itself, run on what was exported: it finds nothing to change."""

from pathlib import Path

import pytest

from scopelint.collect.collection import collect
from scopelint.collect.request import CollectRequest
from scopelint.export.policy_code import to_gitlabform
from scopelint.snapshot import Snapshot
from scopelint.snapshot.inventory import Inventory
from scopelint_simulator import Simulator
from tests.collect.kit import TOKEN, company, connect, serve, target_refs
from tests.policy.tool import applied


def exported(simulator: Simulator, folder: Path) -> Path:
    """Collect from a simulator, write the config, forget the requests."""
    with connect(simulator.url) as connection:
        collect(connection, CollectRequest(target_refs("acme")), folder / "snapshot.db")
    config = folder / "config.yml"
    with Snapshot(folder / "snapshot.db") as snapshot:
        config.write_text(to_gitlabform(Inventory(snapshot)).text)
    simulator.log.clear()
    return config


VISIBLE = company().replace("        - {group: hidden}\n", "")
for _hidden in ("project: hidden/secret", "project: {id: 900", "group: {id: 901", "project: mia/s"):
    VISIBLE = "\n".join(line for line in VISIBLE.splitlines() if _hidden not in line)


@pytest.mark.slow
@pytest.mark.parametrize("hidden", [False, True])
def test_gitlabform_changes_nothing(tmp_path: Path, *, hidden: bool) -> None:
    with serve(company() if hidden else VISIBLE) as simulator:
        config = exported(simulator, tmp_path)
        ran = applied(config, "acme", simulator.url, TOKEN)
        scopes = [line for line in simulator.log if "/job_token_scope" in line.path]
        writes = [line for line in simulator.log if line.method != "GET"]
        assert len(scopes) > 5, ran.stdout + ran.stderr
        assert writes == []
        if hidden:
            # It cannot look the hidden ones up, and leaves that project as it is.
            assert "  - 20 # hidden\n" in config.read_text()
        assert ("failed" in ran.stdout.lower()) == hidden
        assert (ran.returncode == 0) == (not hidden), ran.stdout + ran.stderr

"""The way to a gate, followed word by word against a simulator, and what the pipeline then does."""

from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from scopelint_simulator import Simulator, load_instance
from tests.meta.adopting import ADDRESS, CONFIG, EXCEPTIONS, INVENTORY, NEXT_WEEK, TOKEN
from tests.meta.kit import Ran, environment, run, without_age
from tests.meta.sources import ROOT
from tests.meta.tutorial import MARKER, Command, script

pytestmark = pytest.mark.slow

PAGE = ROOT / "docs" / "adopting.md"
SETTING_UP = f"""\
```sh
export SCOPELINT_URL={ADDRESS}
read -rs SCOPELINT_TOKEN && export SCOPELINT_TOKEN
```
"""


@dataclass(frozen=True, slots=True)
class Followed:
    """What a reader has who did all the page says: a folder, an instance's port, and outputs."""

    folder: Path
    port: int
    said: list[tuple[Command, str]]


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Followed:
    top = tmp_path_factory.mktemp("adopting")
    (work := top / "work").mkdir()
    (work / ".git").mkdir()
    (work / "config.yml").write_text(CONFIG)
    (work / "exceptions.csv").write_text(EXCEPTIONS)
    text = PAGE.read_text(encoding="utf-8")
    assert SETTING_UP in text
    with Simulator(load_instance(INVENTORY)) as gitlab:
        page = top / "adopting.md"
        page.write_text(text.replace(SETTING_UP, "").replace(ADDRESS, gitlab.url))
        commands, steps = script(page, top)
        setting_up = SETTING_UP.replace(ADDRESS, gitlab.url).split("```")[1].removeprefix("sh\n")
        given = {name: value for name, value in environment().items() if name != "CI"}
        bash: list[str | Path] = ["bash", "-uc", f"{setting_up}\n{commands}"]
        done = run(bash, work, given, stdin=f"{TOKEN}\n")
        assert not gitlab.crashes
        port = int(gitlab.url.rpartition(":")[2])
    parts = without_age(done.out).split(f"{MARKER}\n")[:-1]
    assert not done.err
    assert TOKEN not in done.out
    return Followed(work, port, list(zip(steps, parts, strict=True)))


def test_every_command_prints_what_the_page_shows(followed: Followed) -> None:
    assert len(followed.said) > 15
    for command, said in followed.said:
        assert command.fits(said), f"$ {command.line}\n{said}\n--- the page shows:\n{command.shown}"


def _pipeline(followed: Followed, inventory: str) -> tuple[Ran, Ran]:
    """Run the scripts of both jobs as GitLab would, on an inventory at the same address."""
    jobs = yaml.safe_load((followed.folder / ".gitlab-ci.scopelint.yml").read_text())
    with Simulator(load_instance(inventory), port=followed.port) as gitlab:
        given = {"SCOPELINT_TOKEN": TOKEN, "CI_SERVER_URL": gitlab.url}

        def job(name: str) -> Ran:
            lines = "\n".join(jobs[name]["script"])
            return run(["bash", "-ec", lines], followed.folder, given)

        return job("scopelint-scan"), job("scopelint-gate")


def test_the_pipeline_passes_while_nothing_is_new(followed: Followed) -> None:
    scan, gate = _pipeline(followed, INVENTORY)
    assert (scan.code, gate.code) == (0, 0), scan.err + gate.err


def test_the_pipeline_fails_on_what_is_new_alone(followed: Followed) -> None:
    before, after = NEXT_WEEK
    assert before in INVENTORY
    scan, gate = _pipeline(followed, INVENTORY.replace(before, after))
    assert (scan.code, gate.code) == (0, 1), scan.err + gate.err
    # Open, and not what gitlabform's config says.
    assert gate.out == "fail (fail on medium): 2 high\n"
    new = [line for line in scan.out.splitlines() if "acme/shop/till" in line]
    assert new

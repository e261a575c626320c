"""The tutorial for authors of finders, followed word by word, up to an installed package."""

from pathlib import Path

import pytest

from tests.meta.sources import ROOT
from tests.meta.tutorial import Command, follow

pytestmark = pytest.mark.slow

PAGE = ROOT / "docs" / "writing-finders.md"


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[tuple[Command, str]]]:
    """The folder of a reader who did all the page says, and what each command printed."""
    return follow(PAGE, tmp_path_factory.mktemp("reader"))


def test_every_command_prints_what_the_page_shows(
    followed: tuple[Path, list[tuple[Command, str]]],
) -> None:
    for command, said in followed[1]:
        assert command.fits(said), f"$ {command.line}\n{said}\n--- the page shows:\n{command.shown}"


def test_the_installed_page_is_the_one_that_was_written(
    followed: tuple[Path, list[tuple[Command, str]]],
) -> None:
    [page] = (followed[0].parent / "venv").rglob("site-packages/acme_finders/jsonnet_bundle.md")
    assert page.read_text(encoding="utf-8").startswith("# jsonnet-bundle\n")

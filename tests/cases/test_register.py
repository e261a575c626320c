"""The register names every test of this folder, and no test that is not there."""

import re
from pathlib import Path

from tests.cases.register import CASES, ELSEWHERE, OPEN

HERE = Path(__file__).parent


def test_every_case_has_its_tests_and_every_test_its_case() -> None:
    texts = (
        path.read_text("utf-8")
        for path in HERE.glob("test_*.py")
        if path.name != Path(__file__).name
    )
    written = {name for text in texts for name in re.findall(r"^def (test_\w+)", text, re.M)}
    registered = [name for names in CASES.values() for name in names]
    assert written == set(registered)
    assert len(registered) == len(set(registered))
    assert set(OPEN) <= written


def test_what_stands_beside_the_code_is_there() -> None:
    for file, name in ELSEWHERE.values():
        assert f"def {name}(" in (HERE.parent / file).read_text("utf-8"), name


def test_every_input_file_is_used() -> None:
    text = "".join(path.read_text("utf-8") for path in HERE.glob("*.py"))
    unused = {path.name for path in (HERE / "inputs").iterdir() if path.name not in text}
    assert not unused

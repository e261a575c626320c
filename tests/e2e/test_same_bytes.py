"""The same input gives the same bytes, in every format."""

from pathlib import Path

import pytest

from scopelint.registry import find_reporters
from tests.cli.kit import call, process


@pytest.mark.parametrize("name", sorted(find_reporters()))
def test_the_same_snapshot_gives_the_same_bytes(snapshot: Path, name: str) -> None:
    first = call("check", snapshot, "-f", name).expect(1).raw
    assert len(first) > 100
    assert call("check", snapshot, "-f", name).expect(1).raw == first
    call("check", snapshot, "-f", name, "-o", "report").expect(1)
    if name != "console":  # which is set in more columns in a file
        assert Path("report").read_bytes() == first


@pytest.mark.parametrize("seed", ["0", "1"])
def test_another_process_with_another_hash_seed_gives_the_same_bytes(
    snapshot: Path, seed: str
) -> None:
    names = sorted(find_reporters())
    # The console names the files beside it, so both runs write to the same ones.
    reports = [f"--report={name}=report.{name}" for name in names]
    process("check", snapshot, "-q", *reports, env={"PYTHONHASHSEED": seed}).expect(1)
    there = {name: Path(f"report.{name}").read_bytes() for name in names}
    call("check", snapshot, "-q", *reports).expect(1)
    for name in names:
        assert Path(f"report.{name}").read_bytes() == there[name]

"""What a run keeps is stored whole, and what keeps it from that is told as such."""

import errno
import os
import tempfile
from collections.abc import Iterable
from types import MappingProxyType
from typing import Any, ClassVar

import pytest

from scopelint.engine import codec, spill
from scopelint.errors import PluginError, ScratchError
from scopelint.finding import Verdict
from scopelint.rule import ProjectContext
from tests.engine.test_engine import OpenProject
from tests.engine.test_parallel import judged

pytestmark = pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")


def test_findings_are_taken_apart_and_put_together_whole() -> None:
    for finding in judged(1).findings:
        assert codec.FINDINGS.unpack(codec.FINDINGS.pack(finding)) == finding


class OddEvidence(OpenProject):
    """Gives evidence that is a mapping, or holds what is no data."""

    odd: ClassVar[Any] = None

    def judge(self, context: ProjectContext) -> Iterable[Verdict]:
        yield self.fail("odd", evidence=MappingProxyType({"odd": self.odd}))


@pytest.mark.parametrize("processes", [1, 2])
def test_any_mapping_is_evidence(processes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spill, "BUFFER", 3)
    found = judged(processes, [OddEvidence]).findings
    assert {str(finding.evidence) for finding in found} == {"{'odd': None}"}


@pytest.mark.parametrize("processes", [1, 2])
def test_evidence_that_is_no_data_names_its_rule(
    processes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spill, "BUFFER", 3)
    rule = type("Odder", (OddEvidence,), {"odd": staticmethod(lambda: None)})
    with pytest.raises(PluginError, match=r"TST001 \(open-project\) says of acme/") as caught:
        judged(processes, [rule])
    assert "JSON data" in caught.value.hint


@pytest.mark.parametrize("processes", [1, 2])
def test_a_full_disk_is_told_as_such(processes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        def seek(self, *_: object) -> int:
            return 0

        def write(self, _: object) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        def close(self) -> None:
            """Nothing is left to write."""

    monkeypatch.setattr(spill, "BUFFER", 3)
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: Full())
    with pytest.raises(ScratchError, match="No space left") as caught:
        judged(processes)
    assert caught.value.exit_code == 4
    assert "TMPDIR" in caught.value.hint

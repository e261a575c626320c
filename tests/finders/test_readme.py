"""The example of finders/README.md is a finder, and its cases hold."""

import re
from pathlib import Path
from typing import Any

from scopelint.finder import Finder
from scopelint.testing import load_finder_cases, run_finder_cases
from tests.meta.sources import ROOT


def test_the_example_and_its_cases(tmp_path: Path) -> None:
    text = (ROOT / "finders" / "README.md").read_text(encoding="utf-8")
    module, *_ = re.findall(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    [cases] = re.findall(r"^```yaml\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    made: dict[str, Any] = {"__name__": "jsonnet_bundle"}
    exec(compile(module, "jsonnet_bundle.py", "exec"), made)
    (file := tmp_path / "jsonnet-bundle.yml").write_text(cases, encoding="utf-8")
    finder: type[Finder] = made["JsonnetBundle"]
    assert run_finder_cases(file, finder) == len(load_finder_cases(file)) == 2

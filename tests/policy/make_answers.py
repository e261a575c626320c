"""Writes `answers.json`: what gitlabform's own classes make of the written configs.

Run with `python -m tests.policy.make_answers` where SCOPELINT_TOOLS has gitlabform. The answers
let every machine check our reading; where gitlabform is installed they are checked themselves.
"""

import json
from pathlib import Path

from tests.policy.configs import PATHS, WRITTEN
from tests.policy.tool import judged

ANSWERS = Path(__file__).parent / "answers.json"


def main() -> None:
    """Write the file anew."""
    found = dict(zip(WRITTEN, judged(list(WRITTEN.values()), PATHS), strict=True))
    ANSWERS.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

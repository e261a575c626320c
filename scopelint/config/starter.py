"""A commented scopelint.yml to begin with."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence

from scopelint.snapshot.inventory import Inventory

_HEAD = """\
# What scopelint checks this GitLab against. Check this file: scopelint config check
# All keys, for editors: scopelint config schema
"""

_OWNERS = (
    "# owners:                    # whose a project is: the last match counts",
    '#   - {projects: ["group/web/**"], owner: web, contact: "@group/web-leads"}',
)
_REST = """\
# profile: strict            # every rule there is; default leaves the strict ones out
# ignore: [SL303]            # rules that do not run: codes, names or prefixes (scopelint rules)
# severity: {SL305: high}    # other severities than the rules' own
# rules:                     # options of rules (scopelint explain SL302)
#   SL302: {max_projects: 30}

# overrides:                 # other rules, severities or options for a part of the tree
#   - projects: ["*/sandbox/**"]
#     ignore: [SL3]

# boundaries:                # who may reach what with a job token
#   - name: production
#     projects: ["*/prod/**"]
#     allow_from: ["*/prod/**"]

# waivers:                   # findings that somebody accepted, with a reason and an end
#   - rule: SL305
#     project: group/project
#     entry: partner/sdk
#     reason: contract 42
#     expires: "2026-12-31"
#     owner: "@group"
#     accepts: {permissions: [READ_PACKAGES]}  # once it is more, it gates again

gate:
  fail_on: medium            # critical, high, medium, low, info or never
  # max: {medium: 10}        # tolerate as many new findings of a severity
  # allow_incomplete: true   # pass although something could not be read
  # baseline: baseline.json  # what was there before: scopelint baseline create
"""


def entry_roots(inventory: Inventory) -> Counter[str]:
    """Count entries by the top-level group they point to, a project's own left out."""
    found: Counter[str] = Counter()
    for project in inventory.projects():
        for entry in project.scope.entries if project.scope else ():
            root = (entry.target_path or "").partition("/")[0]
            if root and root != project.top_level_path:
                found[root] += 1
    return found


def config_text(
    url: str | None,
    targets: Sequence[str],
    roots: Mapping[str, int],
    owners: Sequence[str] = (),
) -> str:
    """Return a scopelint.yml with these targets, all else at its default or in a comment.

    `roots` are the top-level groups that entries point to, each with how many do; `owners` the lines
    of that key, where it is known.
    """
    parts = [_HEAD, "gitlab:" if url or targets else "# gitlab:"]
    mark = "" if url or targets else "# "
    address = _text(url or "https://gitlab.example.com")
    comment = "# " if targets and not url else mark
    parts.append(f"{comment}  url: {address}   # must be the address that the token is meant for")
    listed = ", ".join(map(_text, targets or ["group"]))
    comment = "# " if url and not targets else mark
    parts.append(f"{comment}  targets: [{listed}]   # read where the command line names nothing")
    parts += ["", *_trusted(roots), "", *(owners or _OWNERS), "", _REST]
    return "\n".join(parts)


def _trusted(roots: Mapping[str, int]) -> list[str]:
    lines = ["# Groups outside a project's own top-level group that may be on its allowlist."]
    if not roots:
        return [*lines, '# trusted: ["shared/**"]']
    lines.append("# These are there today: take the comment off those that you trust.")
    lines.append("# trusted:")
    for root, count in sorted(roots.items(), key=lambda pair: (-pair[1], pair[0])):
        lines.append(
            f"#   - {_text(root + '/**')}   # {count} {'entry' if count == 1 else 'entries'}"
        )
    return lines


def _text(value: str) -> str:
    # JSON's text is YAML's double-quoted one, with every character beyond ASCII escaped.
    return json.dumps(value)

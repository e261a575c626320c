"""gitlabform configs for tests: written by hand, and made from a seed."""

import random

PATHS = (
    "acme/web/shop",
    "acme/web/store",
    "acme/web-tools/shop",
    "acme/hr/payroll",
    "acme/top",
    "acme/deep/a/b/svc",
    "other/lib/shop",
    "mia/scratch",
)

_LEVELS = (
    "'*'", "acme/*", "Acme/web/*", "acme/web/shop", "acme/web/Store", "acme/w*/shop",
    "acme/web/s*", "'*shop'", "acme/web/*p", "acme/*/*", "acme/deep/*/svc", "acme/deep/a/*",
    "other/*", "acme/hr/*", "acme/hr/payroll", "mia/*", "acme/[tw]*p", "acme",
)  # fmt: skip
_SKIPS = (
    "acme/web", "acme/web/*", "acme/hr/*", "ACME/*", "acme/web/shop", "acme/*/shop", "mia/*",
    "other", "'*'",
)  # fmt: skip
_SCALARS = (
    "true", "false", "yes", "no", "on", "off", "1", "0", "1.0", "~", "", "'no'", "''", "y", "N",
    "True", "[]", "{}", "[1]", "0x1", "null",
)  # fmt: skip
_ITEMS = (
    "42", "'42'", "acme", "Acme/Web", "acme/web/shop", "010", "0o10", "1_000", "0b11", "other",
    "7", "5", "partner/sdk", "1:30", "yes", "'2001-01-01'", "0x1F", "1e3x",
)  # fmt: skip
_BAD_ITEMS = ("~", "true", "2001-01-01", "1.5", "[a]", "{a: 1}", "''")


class Maker:
    """Makes one config from a seed; the same seed gives the same text."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._anchors = 0

    def text(self) -> str:
        """Return a config."""
        chance = self._random.random
        lines = ["config_version: 4"]
        self._anchors = self._random.choice((0, 0, 2))
        for number in range(self._anchors):
            lines += [f"shared_{number}: &shared_{number}", *self._section("  ", merge=False)]
        for name in ("skip_groups", "skip_projects"):
            if chance() < 0.15:
                items = self._random.sample(_SKIPS, self._random.randint(0, 3))
                lines.append(f"{name}: [{', '.join(items)}]")
            elif chance() < 0.02:
                lines.append(f"{name}: {self._random.choice(('', 'acme', '[]'))}")
        lines.append("projects_and_groups:")
        for level in self._random.sample(_LEVELS, self._random.randint(1, 7)):
            lines += self._level(level)
        head = "%YAML 1.1\n---\n" if chance() < 0.15 else ""
        return head + "\n".join(lines) + "\n"

    def _level(self, level: str) -> list[str]:
        if self._random.random() < 0.06:
            return [f"  {level}: {self._random.choice(('', '{}', '[]', '~', 'text', '[1]'))}"]
        lines = [f"  {level}:"]
        if self._random.random() < 0.12:
            lines += ["    labels: {inherit: false, bug: {color: red}}"]
        if self._random.random() < 0.1:
            lines += [
                f"    project: {self._random.choice(('{archive: true}', '{archive: no}', ''))}"
            ]
        if self._random.random() < 0.03:
            lines += ["    inherit: false"]
        if self._random.random() < 0.05:
            lines += [f"    job_token_scope: {self._random.choice(_SCALARS)}"]
        elif self._random.random() < 0.9 or len(lines) == 1:
            lines += ["    job_token_scope:", *self._section("      ", merge=bool(self._anchors))]
        return lines

    def _section(self, indent: str, *, merge: bool) -> list[str]:
        lines = []
        if self._random.random() < 0.6:
            value = self._random.choice(_SCALARS if self._random.random() < 0.3 else _SCALARS[:2])
            lines.append(f"limit_access_to_this_project: {value}")
        if self._random.random() < 0.06:
            lines.append(f"skip: {self._random.choice(_SCALARS)}")
        if self._random.random() < 0.12:
            lines.append(self._inherit())
        if self._random.random() < 0.1:
            lines.append("limit_acces: true")
        blocks = [[line] for line in lines]
        if self._random.random() < 0.05:
            blocks.append([f"allowlist: {self._random.choice(_SCALARS)}"])
        elif self._random.random() < 0.8:
            blocks.append(["allowlist:", *(f"  {line}" for line in self._allowlist())])
        if merge and self._random.random() < 0.5:
            both = self._random.choice(("*shared_0", "*shared_1", "[*shared_0, *shared_1]"))
            blocks.append([f"<<: {both}"])
        self._random.shuffle(blocks)
        return [indent + line for block in blocks for line in block] or [indent + "a: 1"]

    def _allowlist(self) -> list[str]:
        lines = []
        if self._random.random() < 0.5:
            value = self._random.choice(_SCALARS if self._random.random() < 0.3 else _SCALARS[:2])
            lines.append(f"enforce: {value}")
        chosen = [name for name in ("groups", "projects") if self._random.random() < 0.7]
        lines += [f"{name}: {self._list()}" for name in chosen]
        if self._random.random() < 0.12:
            lines.append(self._inherit())
        self._random.shuffle(lines)
        return lines or ["a: 1"]

    def _inherit(self) -> str:
        return f"inherit: {self._random.choice(('false', 'false', 'false', 'no', '~', '0'))}"

    def _list(self) -> str:
        if self._random.random() < 0.05:
            return self._random.choice(("", "acme", "{acme: }", "5", "''", "{}"))
        items = self._random.sample(_ITEMS, self._random.randint(0, 4))
        if self._random.random() < 0.06:
            items.append(self._random.choice(_BAD_ITEMS))
        return f"[{', '.join(items)}]"


def _levels(text: str) -> str:
    return f"config_version: 4\nprojects_and_groups:\n{text}"


WRITTEN = {
    "levels are merged and lists replaced": _levels("""
  "*": {job_token_scope: {allowlist: {enforce: true, groups: [shared], projects: [1]}}}
  acme/*: {job_token_scope: {allowlist: {groups: [acme]}}}
  acme/web/*: {job_token_scope: {limit_access_to_this_project: false}}
"""),
    "inherit drops what is above": _levels("""
  "*": {job_token_scope: {allowlist: {enforce: true, groups: [shared]}}}
  acme/*: {job_token_scope: {allowlist: {inherit: false, projects: [1]}}}
  acme/web/*: {job_token_scope: {inherit: false}}
"""),
    "inherit stays where it is nested": _levels("""
  "*": {job_token_scope: {allowlist: {enforce: true, groups: [shared]}}}
  acme/*: {job_token_scope: {inherit: false, allowlist: {inherit: false, projects: [1]}}}
  acme/web/*: {job_token_scope: {allowlist: {groups: [2]}}}
"""),
    "inherit true": _levels("""
  "*": {job_token_scope: {}}
  acme/*: {job_token_scope: {inherit: true}}
"""),
    "inherit with nothing above": _levels("  acme/*: {job_token_scope: {inherit: false}}\n"),
    "inherit in the common level": _levels('  "*": {labels: {a: {inherit: false}}}\n'),
    "inherit beside the sections": _levels("""
  "*": {job_token_scope: {}}
  acme/*: {inherit: false, job_token_scope: {}}
"""),
    "skip stays": _levels("""
  acme/*: {job_token_scope: {skip: true, allowlist: {groups: [acme]}}}
  acme/web/shop: {job_token_scope: {allowlist: {groups: [1]}}}
"""),
    "archived by the config": _levels("""
  acme/*: {job_token_scope: {}}
  acme/web/shop: {project: {archive: true}}
"""),
    "the best pattern wins alone": _levels("""
  acme/*/shop: {job_token_scope: {allowlist: {groups: [1]}}}
  acme/web/s*: {job_token_scope: {allowlist: {projects: [2]}}}
  acme/web/s*p: {job_token_scope: {allowlist: {projects: [3]}}}
  acme/web/*p: {job_token_scope: {allowlist: {projects: [4]}}}
"""),
    "an exact key beats patterns unless it is empty": _levels("""
  acme/web/s*: {job_token_scope: {allowlist: {projects: [2]}}}
  acme/web/shop: {}
  Acme/Web/STORE: {job_token_scope: {allowlist: {projects: [5]}}}
"""),
    "stars cross slashes": _levels("  acme/deep/*/svc: {job_token_scope: {}}\n"),
    "case does not count": _levels("  ACME/Web/*: {job_token_scope: {}}\n"),
    "two keys of one name": _levels("  acme/*: {a: 1}\n  Acme/*: {a: 1}\n"),
    "a key given twice": _levels("  acme/*: {a: 1}\n  acme/*: {a: 1}\n"),
    "an anchor set twice": "a: &a 1\nb: &a 2\n" + _levels("  acme/*: {a: 1}\n"),
    "skip_groups spares sub-groups": "skip_groups: [acme]\n"
    + _levels(
        "  '*': {job_token_scope: {}}\n  acme/*: {job_token_scope: {allowlist: {groups: [1]}}}\n"
    ),
    "skip_groups as a prefix": "skip_groups: [acme/web/*]\n"
    + _levels("  '*': {job_token_scope: {}}\n"),
    "skip_projects": "skip_projects: [acme/web/shop, acme/hr/*, '*svc']\n"
    + _levels("  '*': {job_token_scope: {}}\n"),
    "skip_groups without a value": "skip_groups:\n" + _levels("  acme/*: {job_token_scope: {}}\n"),
    "skip_groups as text": "skip_groups: acme\n" + _levels("  acme/*: {job_token_scope: {}}\n"),
    "yes is text": _levels("""
  acme/*: {job_token_scope: {limit_access_to_this_project: yes, allowlist: {enforce: no}}}
"""),
    "yes is true in YAML 1.1": "%YAML 1.1\n---\n"
    + _levels("""
  acme/*: {job_token_scope: {limit_access_to_this_project: yes, allowlist: {enforce: no, projects: [010, 1_0, 1:30, 0o7]}}}
"""),
    "numbers": _levels("""
  acme/*: {job_token_scope: {allowlist: {projects: [010, 0o10, 1_000, 0x1F, 0b11, "42", 1:30]}}}
"""),
    "no section value": _levels("  acme/*:\n    job_token_scope:\n"),
    "no allowlist value": _levels("  acme/*: {job_token_scope: {allowlist: }}\n"),
    "no list value": _levels("  acme/*: {job_token_scope: {allowlist: {groups: }}}\n"),
    "only the projects are broken": _levels("""
  acme/*: {job_token_scope: {allowlist: {groups: [1], projects: 5}}}
"""),
    "a level without a value": _levels("  '*': {job_token_scope: {}}\n  acme/web/*:\n"),
    "the common level without a value": _levels("  '*':\n  acme/*: {job_token_scope: {}}\n"),
    "enforce alone": _levels("  acme/*: {job_token_scope: {allowlist: {enforce: true}}}\n"),
    "an empty section": _levels("  acme/*: {job_token_scope: {}}\n"),
    "merge keys": """
base: &base {limit_access_to_this_project: false, allowlist: {groups: [1], enforce: true}}
more: &more {limit_access_to_this_project: true, skip: false}
"""
    + _levels("""
  acme/*: {job_token_scope: {<<: *base}}
  acme/web/*: {job_token_scope: {allowlist: {projects: [2]}, <<: [*more, *base]}}
  acme/web/shop: {job_token_scope: {limit_access_to_this_project: false, <<: *more}}
"""),
    "a merge key that names no mapping": _levels("  acme/*: {job_token_scope: {<<: 3}}\n"),
    "another version": "config_version: 2\nprojects_and_groups: {acme/*: {a: 1}}\n",
    "no version": "projects_and_groups: {acme/*: {a: 1}}\n",
    "the version as text": "config_version: '4'\nprojects_and_groups: {acme/*: {a: 1}}\n",
    "no levels": "config_version: 4\n",
    "empty levels": "config_version: 4\nprojects_and_groups: {}\n",
    "levels in a list": "config_version: 4\nprojects_and_groups: [acme]\n",
    "a number as key": _levels("  42: {a: 1}\n"),
    "a date as key": _levels("  2001-01-01: {a: 1}\n"),
    "a list as root": "- a\n",
    "an empty file": "",
    "the example": "example_config: true\n" + _levels("  acme/*: {a: 1}\n"),
    "an unknown tag": _levels("  acme/*: {a: !vault x}\n"),
}
"""By what each is about."""

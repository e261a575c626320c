"""scopelint.yml: found, read with all it extends, checked, with the place of every value.

It offers `find_config`, the `Config` of a run, the `Catalogue` of rules by their selectors, and which
of them run (`select_rules`, `added_rules`). What few commands need is imported from its module, so
that the others start without it: `load.load_config` reads a file, `schema.config_schema` is for
editors, `starter` and `pipeline` have the files to begin with. A config is checked as a whole: all its errors are
reported together, with file, line and column.

It may import `access`, `declared`, `engine` (which applies waivers and overrides), `errors`, `finding`, `gitlab`
(its addresses), `globs`, `json_schema`, `owners`, `policy`, `project_pattern`, `rule`, `snapshot`, `text`, `versions` and
`yaml`. It never asks GitLab.

Inside: `models` has every key of the file, `declared_models` those of `policy:` and `declared:`.
"""

from scopelint.config.discovery import CONFIG_NAMES, FoundConfig, find_config
from scopelint.config.loaded import Config, SettingPlace
from scopelint.config.selection import (
    Catalogue,
    Profile,
    RuleClass,
    UnknownSelectorError,
    added_rules,
    select_rules,
    severity_overrides,
)

__all__ = [
    "CONFIG_NAMES",
    "Catalogue",
    "Config",
    "FoundConfig",
    "Profile",
    "RuleClass",
    "SettingPlace",
    "UnknownSelectorError",
    "added_rules",
    "find_config",
    "select_rules",
    "severity_overrides",
]

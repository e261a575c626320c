"""scopelint.yml: found, read with all it extends, checked, with the place of every value.

It offers `find_config` and `load_config`, which give a `Config`; `config_schema` for editors; the
`Catalogue` of rules by their selectors, and which of them run (`select_rules`, `added_rules`); and
`config_text` and `jobs_text`, the files to begin with. A config is checked as a whole: every fault
comes at once, with file, line and column.

It may import the engine (waivers and overrides live there), `policy`, `yaml` and the addresses of
`gitlab`; it never asks GitLab.
"""

from scopelint.config.discovery import CONFIG_NAMES, FoundConfig, find_config
from scopelint.config.load import Config, SettingPlace, config_from, load_config
from scopelint.config.schema import DIALECT, config_schema
from scopelint.config.selection import (
    Catalogue,
    Profile,
    RuleClass,
    UnknownSelectorError,
    added_rules,
    select_rules,
    severity_overrides,
)
from scopelint.config.starter import config_text, entry_roots, jobs_text

__all__ = [
    "CONFIG_NAMES",
    "DIALECT",
    "Catalogue",
    "Config",
    "FoundConfig",
    "Profile",
    "RuleClass",
    "SettingPlace",
    "UnknownSelectorError",
    "added_rules",
    "config_from",
    "config_schema",
    "config_text",
    "entry_roots",
    "find_config",
    "jobs_text",
    "load_config",
    "select_rules",
    "severity_overrides",
]

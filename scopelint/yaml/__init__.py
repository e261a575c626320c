"""The one YAML reader: every value with its file, line and column, and every fault at its place.

It offers `load`, which gives a `Document` of nodes; the dialects `CORE` (YAML 1.2), `RUAMEL` (as
gitlabform reads) and `GITLAB` (as GitLab reads a CI/CD configuration); and what goes through a tree. It checks the form of a file, not what it says:
that is for `config` and `policy`. It may import `errors` and `text`, and is the only package that
imports PyYAML to read what users wrote.
"""

from scopelint.yaml.dialects import CORE, GITLAB, RUAMEL, Dialect, Timestamp
from scopelint.yaml.nodes import (
    AnyNode,
    Location,
    MappingNode,
    ScalarNode,
    ScalarValue,
    SequenceNode,
    kind_of,
    locate,
    named_file,
    step,
    to_python,
    walk,
)
from scopelint.yaml.source import MAX_BYTES, SourceText, decode, read_source
from scopelint.yaml.yaml_reader import MAX_DEPTH, Document, load

__all__ = [
    "CORE",
    "GITLAB",
    "MAX_BYTES",
    "MAX_DEPTH",
    "RUAMEL",
    "AnyNode",
    "Dialect",
    "Document",
    "Location",
    "MappingNode",
    "ScalarNode",
    "ScalarValue",
    "SequenceNode",
    "SourceText",
    "Timestamp",
    "decode",
    "kind_of",
    "load",
    "locate",
    "named_file",
    "read_source",
    "step",
    "to_python",
    "walk",
]

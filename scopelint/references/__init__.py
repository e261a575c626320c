"""What most finders need: variables, addresses of this GitLab, and the commands that ask them.

`Variables` puts in what a job's variables hold; `scan_addresses` yields a reference for every
address of the same GitLab in a line; `scan_commands` reads a script, and knows which token a
command sends. `read_pipeline` reads a CI/CD configuration as GitLab does, up to its includes.

It may import `access`, `finder` and `yaml`.
"""

from scopelint.references.pipeline_jobs import PipelineJob, read_pipeline
from scopelint.references.script_commands import Script, scan_commands, scan_values
from scopelint.references.site_addresses import (
    SiteAddress,
    image_reference,
    module_targets,
    scan_addresses,
    site_addresses,
)
from scopelint.references.variables import Variables

__all__ = [
    "PipelineJob",
    "Script",
    "SiteAddress",
    "Variables",
    "image_reference",
    "module_targets",
    "read_pipeline",
    "scan_addresses",
    "scan_commands",
    "scan_values",
    "site_addresses",
]

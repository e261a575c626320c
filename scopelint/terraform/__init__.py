"""Terraform as a declared policy: the two resources of GitLab's provider for the job token scope.

It offers `read_plan` for `terraform show -json` of a plan and `read_sources` for a folder of
sources. Both give a `DeclaredPolicy` (`scopelint.declared`), in which everything that cannot be
told without running Terraform is *unknown*, by its address. `parse` gives the blocks of one file, for
finders.

`resources` holds what the provider does, with the sources. `syntax` and `folders` read the language,
`expressions`, `functions` and `modules` work it out as far as that goes without Terraform. It may import `declared`, `errors`, `model`, `text` and `yaml`. Only
`syntax` imports hcl2, which the extra `terraform` installs.
"""

from scopelint.terraform.modules import read_sources
from scopelint.terraform.plan_json import read_plan
from scopelint.terraform.syntax import Block, parse

__all__ = ["Block", "parse", "read_plan", "read_sources"]

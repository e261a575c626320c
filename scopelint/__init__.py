"""scopelint: a policy linter and compliance scanner for GitLab CI/CD job token scopes.

The core: it reads scopes, has them judged, and repairs them. What authors of plug-ins build on is in
the modules `rule`, `report`, `finding`, `model`, `text` and `testing`; each package's own first file
says what else it offers. The core imports no rule, no reporter and not the built-in GitLab: `registry`
and `cli` find them by name, ours as anybody's. Which package may import which is in pyproject.toml.
"""

__version__ = "0.1.0"

"""scopelint: a policy linter and compliance scanner for GitLab CI/CD job token scopes."""

__version__ = "0.1.0"

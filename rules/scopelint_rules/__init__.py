"""The built-in rules: one module a rule, and its page beside it; found through an entry point.

It offers nothing to import: `scopelint.registry` finds every rule in it.

It may import `access` (GitLab's decision), `declared`, `finding`, `finegrained`, `model`, `paths`,
`remedy`, `rule` (the interface), the inventory of `snapshot`, `uses` and `versions`. No rule imports
another one, or anything that reads a network, a file or a format.
"""

"""The built-in reporters: one module a format, found through an entry point.

It offers nothing to import: `scopelint.registry` finds every reporter in it.

It may import `finding`, `globs`, `model`, `owners`, `paths`, `remedy`, `report` (the interface),
`report_file`, `run_choices`, `text` and `versions`. A reporter may use its siblings, but nothing that knows GitLab, the snapshot, the rules
or the engine.
"""

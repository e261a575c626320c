"""The built-in reporters: one module a format, found through an entry point.

It offers nothing to import: `scopelint.registry` finds every reporter in it. A reporter may import the
report and the models it is made of (`scopelint.report`, `finding`, `model`, `report_file`), `text`, and
its siblings, but nothing that knows GitLab, the snapshot, the rules or the engine.
"""

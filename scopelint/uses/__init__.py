"""Who uses whom: what the authentication log says of projects and entries.

It offers `log`: which uses an entry lets in, and how far the log can be trusted.

It may import `model`, `paths`, `rule` and the inventory of `snapshot`.
"""

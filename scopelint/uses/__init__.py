"""Who uses whom: what the authentication log says of projects and entries.

It offers `log`: which uses an entry lets in, and how far the log can be trusted; and `unused`:
whether an entry was used, is proved unused, or why neither is known.

It may import `model`, `paths`, `rule` and the inventory of `snapshot`.
"""

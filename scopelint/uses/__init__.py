"""Who uses whom: what the authentication log says of projects and entries.

It offers `log`: which uses an entry lets in, and how far the log can be trusted. It may import the
interface of rules, the model and the snapshot's inventory.
"""

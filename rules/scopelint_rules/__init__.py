"""The built-in rules: one module a rule, and its page beside it; found through an entry point.

It offers nothing to import: `scopelint.registry` finds every rule in it. A rule may import the
interface (`scopelint.rule`), GitLab's decision (`access`), the uses and the model below them, but no
other rule, and nothing that reads a network, a file or a format.
"""

"""The built-in rules: one module a rule, and its page beside it; found through an entry point."""

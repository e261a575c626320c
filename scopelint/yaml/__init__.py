"""The one YAML reader: every value with its file, line and column."""

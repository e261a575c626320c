"""The built-in reporters: one module a format, found by the registry."""

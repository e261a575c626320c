"""scopelint.yml: found, read, checked, with the place of every value."""

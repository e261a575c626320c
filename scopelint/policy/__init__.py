"""The wanted state: a gitlabform config, or `declared:` of scopelint.yml."""

"""Collecting: the only part of scopelint that talks to GitLab."""

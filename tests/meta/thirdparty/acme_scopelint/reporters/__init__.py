"""Acme's formats."""

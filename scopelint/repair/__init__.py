"""Repair: a reviewed plan, applied only where nothing moved, journaled, and undone."""

"""Terraform's text as plain data, read by python-hcl2 itself and not by scopelint's reader."""

from typing import Any

import hcl2

Written = tuple[str, tuple[str, ...], dict[str, Any]]


def blocks(text: str) -> list[Written]:
    """Return type, labels and arguments of every block."""
    found: list[Written] = []
    for kind, items in hcl2.loads(text).items():
        if not kind.startswith("__"):
            found += ((kind, *_labelled(item)) for item in items)
    return found


def _labelled(item: dict[str, Any]) -> tuple[tuple[str, ...], dict[str, Any]]:
    labels: list[str] = []
    while len(keys := [key for key in item if not key.startswith("__")]) == 1:
        [key] = keys
        if not isinstance(item[key], dict):
            break
        labels.append(key.strip('"'))
        item = item[key]
    return tuple(labels), {key: _plain(item[key]) for key in keys}


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, str):
        return value.removeprefix("${").removesuffix("}").strip('"')
    return value

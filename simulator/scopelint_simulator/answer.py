"""An HTTP answer before it is sent."""

import json
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Answer:
    """Status, body and headers."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


def json_answer(status: int, value: Any, headers: dict[str, str] | None = None) -> Answer:
    """An answer of JSON."""
    body = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
    return Answer(status, body, headers=dict(headers or {}))


def html_answer(status: int, title: str, text: str) -> Answer:
    """A page, as a proxy or a sign-in form would send it."""
    page = f"<!DOCTYPE html>\n<html><head><title>{title}</title></head><body>{text}</body></html>\n"
    return Answer(status, page.encode(), "text/html; charset=utf-8")

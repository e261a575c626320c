"""What the tests of the HTML page in Chromium say: a report with pictures, and steps to walk."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from scopelint.report import Report
from tests.reports import build, overviews

NODES = {"run": "document.getElementsByTagName('*').length"}
COUNT = {"run": "document.getElementById('count').textContent"}
HASH = {"run": "location.hash"}
Visit = Callable[..., list[Any]]


def pictured() -> Report:
    """Make a report of everything, with the overview of its tree."""
    return replace(build.everything(), overview=overviews.small())


def click(selector: str) -> dict[str, str]:
    """Return the step that clicks with the mouse."""
    return {"click": selector}


def timed(selector: str) -> str:
    """Return what clicks at once and gives the milliseconds that the page's script took."""
    event = "new MouseEvent('click', {bubbles: true, cancelable: true})"
    act = f"document.querySelector({selector!r}).dispatchEvent({event})"
    return (
        f"(() => {{ const from = performance.now(); {act}; return performance.now() - from; }})()"
    )


def texts(selector: str) -> str:
    """Return what gives the texts of all elements that a selector finds."""
    return f"[...document.querySelectorAll({selector!r})].map((one) => one.textContent)"

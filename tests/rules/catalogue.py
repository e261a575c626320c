"""The built-in rules as the tests find them: every module of the bundle, imported by name."""

import importlib
import inspect
import pkgutil
from pathlib import Path

import scopelint_rules
from scopelint.rule import Rule

CASES = Path(__file__).parent / "cases"


def rule_classes() -> list[type[Rule]]:
    """Return every concrete rule class that a module of the bundle defines, by code."""
    found = []
    for info in pkgutil.iter_modules(scopelint_rules.__path__):
        module = importlib.import_module(f"scopelint_rules.{info.name}")
        for _, cls in inspect.getmembers(module, inspect.isclass):
            if issubclass(cls, Rule) and cls.__module__ == module.__name__:
                found.append(cls)
    return sorted(found, key=lambda cls: cls.code)


RULES = rule_classes()


def case_file(rule: type[Rule]) -> Path:
    """Return where a rule's cases are."""
    return CASES / f"{rule.name}.yml"

"""The JSON Schema of scopelint.yml, made from the models that read it and the rules there are."""

from collections.abc import Iterable
from typing import Any

from scopelint.config.models import ConfigModel
from scopelint.config.selection import Catalogue, RuleClass
from scopelint.json_schema import DIALECT


def config_schema(catalogue: Iterable[RuleClass] | Catalogue) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of scopelint.yml.

    `catalogue` holds the classes of all rules: their codes, names and prefixes are what `select`,
    `ignore` and `severity` take, and each rule's options stand below `rules` by code and by name.
    A schema knows values, not files: duplicate keys, credentials in an address and the like are
    found by `load_config` alone.
    """
    known = Catalogue(catalogue)
    schema = ConfigModel.model_json_schema()
    definitions = schema.setdefault("$defs", {})
    properties = schema["properties"]
    _name_rules(properties, known)
    properties["rules"]["properties"] = _options(known, definitions)
    definitions["WaiverSection"]["properties"]["rule"]["enum"] = list(known.selectors)
    # An override reaches projects only; the options of all rules are defined by now.
    of_projects = Catalogue(rule for rule in known.rules if not rule.once)
    inner = definitions["OverrideSection"]["properties"]
    _name_rules(inner, of_projects)
    inner["rules"]["properties"] = _references(of_projects)
    schema["title"] = "scopelint.yml"
    return {"$schema": DIALECT, **schema}


def _name_rules(properties: dict[str, Any], known: Catalogue) -> None:
    """Have the properties that speak of rules take these rules' selectors alone."""
    selectors = known.selectors
    for key in ("select", "ignore"):
        properties[key]["items"] = {"enum": list(selectors)}
    severity = properties["severity"].pop("additionalProperties")
    properties["severity"] |= {
        "properties": {key: _titled(key, severity, known) for key in selectors},
        "additionalProperties": False,
    } | _never_both(known)
    properties["rules"] |= {"additionalProperties": False} | _never_both(known)


def _titled(key: str, severity: dict[str, Any], known: Catalogue) -> dict[str, Any]:
    rule = known.names.get(key)
    described = {"description": f"{rule.code}: {rule.title}."} if rule else {}
    return severity | described


def _options(known: Catalogue, definitions: dict[str, Any]) -> dict[str, Any]:
    for rule in known.rules:
        name = f"{rule.code}-options"
        # A rule's own definitions get its code, so that no two rules share one by accident.
        options = rule.Options.model_json_schema(ref_template=f"#/$defs/{name}-{{model}}")
        for inner, definition in options.pop("$defs", {}).items():
            definitions[f"{name}-{inner}"] = definition
        options["title"] = f"Options of {rule.code} ({rule.name})"
        options["description"] = f"{rule.title}."
        definitions[name] = options
    return _references(known)


def _references(known: Catalogue) -> dict[str, Any]:
    return {
        key: {"$ref": f"#/$defs/{rule.code}-options"} for key, rule in sorted(known.names.items())
    }


def _never_both(known: Catalogue) -> dict[str, Any]:
    pairs = [{"not": {"required": [rule.code, rule.name]}} for rule in known.rules]
    return {"allOf": pairs} if pairs else {}

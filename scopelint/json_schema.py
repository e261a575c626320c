"""What the JSON Schemas of scopelint's own files share; each is made from the models of its file."""

from typing import Any, Final

from pydantic.json_schema import GenerateJsonSchema

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
"""The dialect that pydantic writes: the value of `$schema`."""


class WithoutFieldTitles(GenerateJsonSchema):
    """Leaves the titles of fields out: each would be its name once more."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
        """Return that it should not, whatever the field."""
        return False

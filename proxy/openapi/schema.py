"""Schemas: short ways to write JSON Schema, as OpenAPI 3.1 has it."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
COUNT: Schema = {"type": "integer", "minimum": 0}
WHOLE: Schema = {"type": "integer"}
NUMBER: Schema = {"type": "number"}
DAY: Schema = {"type": "string", "format": "date"}
MOMENT: Schema = {"type": "string", "format": "date-time"}
USD: Schema = {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]{1,12})?$", "description": "dollars, to the last digit"}
ANYTHING: Schema = {"type": "object"}


def ref(name: str) -> Schema:
    """Name a schema of the description's components."""
    return {"$ref": f"#/components/schemas/{name}"}


def listed(each: Schema) -> Schema:
    """Describe a list of these."""
    return {"type": "array", "items": each}


def maybe(schema: Schema) -> Schema:
    """Describe this, or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def choice(*values: str) -> Schema:
    """Describe one of these words."""
    return {"type": "string", "enum": list(values)}


def told(**members: Schema) -> Schema:
    """Describe an object that has all of these members, and perhaps others some day."""
    return {"type": "object", "properties": members, "required": list(members)}


def asked(**members: Schema) -> Schema:
    """Describe an object that has exactly these members."""
    return {**told(**members), "additionalProperties": False}


def also(first: Schema, *others: Schema) -> Schema:
    """Describe an object that is all of these at once."""
    return {"allOf": [first, *others]}


def member(of: Schema, name: str) -> Schema:
    """Give one member's schema."""
    found: Schema = of["properties"][name]
    return found

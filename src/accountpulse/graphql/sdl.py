"""The schema as text. `schema.graphql` beside this file is the committed copy, so that every change of it is seen."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from accountpulse.graphql.limits.cost import Size, is_list, size_of, weight_of
from accountpulse.graphql.schema import build_schema
from graphql import (
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    InterfaceTypeDefinitionNode,
    ObjectTypeDefinitionNode,
    get_named_type,
    is_composite_type,
    lexicographic_sort_schema,
    parse,
    print_schema,
)
from graphql import build_schema as parse_schema

COMMITTED = Path(__file__).with_name("schema.graphql")
# As the cost directives that IBM's specification describes, and others follow.
DIRECTIVES = '''"""What a field costs beside the objects that it returns, in points."""
directive @cost(weight: String!) on FIELD_DEFINITION

"""
How many members a list is counted with: as many as one of the slicing arguments says, else the assumed size. Of a field that
returns one object it is the lists of that object, its sized fields, that the arguments cut.
"""
directive @listSize(assumedSize: Int, slicingArguments: [String!], sizedFields: [String!]) on FIELD_DEFINITION

'''


def export(plugin_types: Sequence[type] = ()) -> str:
    """The schema definition language of the schema, sorted, so that a moved class changes nothing; with what fields cost."""
    # Sorting Strawberry's own schema object loses its enums' Python values, so the text is sorted by way of a plain one.
    plain = lexicographic_sort_schema(parse_schema(build_schema(plugin_types).as_str()))
    text = print_schema(plain)
    # graphql-core's printer knows no directives of fields: they are put in behind each field's type, from the last on.
    for end, directives in sorted(_directives(plain, text), reverse=True):
        text = f"{text[:end]} {directives}{text[end:]}"
    return f"{DIRECTIVES}{text}\n"


def _directives(schema: GraphQLSchema, text: str) -> Iterator[tuple[int, str]]:
    """Where in the text of the schema which directives belong."""
    for definition in parse(text).definitions:
        if not isinstance(definition, ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode):
            continue
        parent = schema.get_type(definition.name.value)
        assert isinstance(parent, GraphQLObjectType | GraphQLInterfaceType)
        for node in definition.fields or ():
            applied = _applied(schema, parent, node.name.value)
            if applied and node.type.loc is not None:
                yield node.type.loc.end, " ".join(applied)


def _applied(schema: GraphQLSchema, parent: GraphQLObjectType | GraphQLInterfaceType, name: str) -> list[str]:
    field = parent.fields[name]
    weight = weight_of(parent, name, schema)
    applied = [f'@cost(weight: "{weight}")'] if weight else []
    size = size_of(parent.name, name, field) if is_composite_type(get_named_type(field.type)) else Size()
    if size == Size() and not is_list(field):
        return applied
    parts = [f"assumedSize: {size.assumed}"]
    for argument, values in (("slicingArguments", size.slicing), ("sizedFields", sorted(size.sized))):
        if values:
            parts.append(f"{argument}: {json.dumps(values)}")
    return [*applied, f"@listSize({', '.join(parts)})"]


if __name__ == "__main__":
    COMMITTED.write_text(export(), encoding="utf-8")

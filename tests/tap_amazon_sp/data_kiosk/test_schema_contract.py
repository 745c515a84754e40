"""Our arrangement of Data Kiosk's schemas against Amazon's own files."""

from __future__ import annotations

import graphql
import pytest

from support.core.material import SPECS, needs_specs
from tap_amazon_sp.data_kiosk.queries.graphql_schema import graphql_schema
from tap_amazon_sp.data_kiosk.schema import DEPRECATED, load_schemas


def amazons(domain: str) -> graphql.GraphQLSchema:
    path = SPECS / "data-kiosk" / f"{domain}.graphql"
    if not path.is_file():
        pytest.skip(f"Amazon's schema of {domain} is not here.")
    return graphql.build_schema(path.read_text(encoding="utf-8"), assume_valid=True)


@needs_specs
@pytest.mark.parametrize("domain", sorted(load_schemas()))
def test_every_field_and_type_is_amazons(domain: str) -> None:
    theirs, ours = amazons(domain), load_schemas()[domain]
    assert theirs.query_type is not None
    roots = theirs.query_type.fields[domain].type
    assert isinstance(roots, graphql.GraphQLObjectType)
    assert {
        name: {argument: str(a.type) for argument, a in field.args.items()}
        for name, field in roots.fields.items()
    } == {name: dict(root.arguments) for name, root in ours.roots.items()}
    for name, kind in theirs.type_map.items():
        if isinstance(kind, graphql.GraphQLEnumType):
            if not name.startswith("__"):
                assert set(ours.enums[name]) == set(kind.values)
        elif isinstance(kind, graphql.GraphQLInputObjectType):
            fields = {n: str(f.type) for n, f in kind.fields.items()}
            assert ours.inputs[name] == fields
        elif name in ours.types:
            assert isinstance(kind, graphql.GraphQLObjectType)
            assert ours.types[name] == {
                n: f"{f.type}{DEPRECATED if f.deprecation_reason else ''}"
                for n, f in kind.fields.items()
            }


def test_the_arrangement_is_a_schema() -> None:
    found = graphql_schema(load_schemas().values())
    assert graphql.validate_schema(found) == []

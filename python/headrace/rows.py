"""From what people hold rows in to the two forms that Headrace reads: dicts and Arrow streams."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from headrace.errors import InvalidArgument, TypeMismatch
from headrace.live_buffer import ArrowSchemaExportable, ArrowStreamExportable, Rows, Schema

if TYPE_CHECKING:
    import pyarrow as pa


def normalize(rows: Rows) -> list[dict[str, Any]] | ArrowStreamExportable:
    """A list of dicts, or something with `__arrow_c_stream__`.

    Raises:
        TypeMismatch: neither can be made of `rows`.
    """
    if isinstance(rows, Mapping):
        return [dict(rows)]
    if isinstance(rows, (list, tuple)):
        return [
            row if isinstance(row, dict) or not isinstance(row, Mapping) else dict(row)
            for row in rows
        ]
    if type(rows).__module__.partition(".")[0] == "pandas" and hasattr(rows, "columns"):
        import pyarrow as pa

        # Not through pandas' own stream: that makes a column of the index.
        table: ArrowStreamExportable = pa.Table.from_pandas(rows, preserve_index=False)
        return table
    if hasattr(rows, "__arrow_c_stream__"):
        return rows
    raise TypeMismatch(
        f"rows are a dict, a list of dicts, a DataFrame or anything with __arrow_c_stream__, "
        f"not {type(rows).__name__}",
        code="type_mismatch",
        location=("data",),
    )


def to_schema(schema: Schema) -> ArrowSchemaExportable:
    """An Arrow schema of a dict of type names; an Arrow schema as it is.

    Raises:
        InvalidArgument: a type that columns cannot have.
    """
    if not isinstance(schema, Mapping):
        return schema
    import pyarrow as pa

    types: dict[str, pa.DataType] = {
        "int64": pa.int64(),
        "double": pa.float64(),
        "bool": pa.bool_(),
        "string": pa.string(),
        "timestamp": pa.timestamp("ns", "UTC"),
    }
    for column, name in schema.items():
        if name not in types:
            raise InvalidArgument(
                f"column {column!r}: a type is one of {', '.join(types)}, not {name!r}",
                code="invalid_argument",
                location=("schema", column),
            )
    made: ArrowSchemaExportable = pa.schema([(c, types[t]) for c, t in schema.items()])
    return made


def describe_schema(schema: Schema) -> dict[str, str]:
    """Column to type name, as the server takes a schema."""
    if isinstance(schema, Mapping):
        to_schema(schema)  # for its check
        return dict(schema)
    import pyarrow as pa

    def name_of(kind: "pa.DataType") -> str:
        if pa.types.is_timestamp(kind):
            return "timestamp"
        if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
            return "string"
        return str(kind)

    return {field.name: name_of(field.type) for field in pa.schema(schema)}

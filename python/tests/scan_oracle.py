"""What pyarrow reads from a file, and how it is held against a scan."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import headrace as hr


def same(read: pa.Table, expected: pa.Table) -> None:
    """Names, types, nulls, values and order; NaN is NaN and -0.0 is not 0.0."""
    read.validate(full=True)
    assert read.schema.equals(expected.schema), f"{read.schema}\nexpected\n{expected.schema}"
    assert read.num_rows == expected.num_rows
    for name, got, wanted in zip(read.column_names, read.columns, expected.columns, strict=True):
        # The second way is slow, but knows NaN.
        if not got.equals(wanted) or "float" in str(got.type) or "double" in str(got.type):
            pairs = zip(got.to_pylist(), wanted.to_pylist(), strict=True)
            wrong = [(i, a, b) for i, (a, b) in enumerate(pairs) if repr(a) != repr(b)]
            assert not wrong, f"{name}: {len(wrong)} differ, the first {wrong[0]}"


def read_by_pyarrow(path: Path, **options: Any) -> pa.Table:
    """A Parquet file with the types of a scan: strings and binary do not come as views."""
    table = pq.read_table(path, **options)
    plain = {pa.string_view(): pa.string(), pa.binary_view(): pa.binary()}
    fields = [field.with_type(plain.get(field.type, field.type)) for field in table.schema]
    return table.cast(pa.schema(fields))


def same_as_pyarrow(path: Path, **pyarrow_options: Any) -> pa.Table:
    """Reads a Parquet file in several ways: all have to give what pyarrow gives, the result."""
    expected = read_by_pyarrow(path, **pyarrow_options)
    ways: tuple[dict[str, Any], ...] = (
        {},
        {"chunk_rows": 7, "max_concurrent": 1},
        {"memory_limit": "64MB", "max_concurrent": 3, "skipping": False},
    )
    for options in ways:
        with hr.scan(path, **options) as scan:
            assert scan.num_rows == expected.num_rows
            same(scan.to_arrow(), expected)
    return expected


def some(random: np.random.Generator, values: Any, kind: pa.DataType | None = None) -> pa.Array:
    """The values, a tenth of them null instead."""
    return pa.array(values, kind, mask=random.random(len(values)) < 0.1)

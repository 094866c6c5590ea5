#pragma once

#include <arrow/type_fwd.h>
#include <parquet/properties.h>

#include "headrace/status.h"

namespace headrace::codec {

/// Decides how each flat column is written, by a sample of the first rows:
///
///   few distinct values     dictionary
///   integers and times      differences (DELTA_BINARY_PACKED): smaller than plain and quicker
///   the rest                plain
///
/// Left to itself parquet-cpp fills a dictionary until it is too large and then begins anew, which
/// costs random doubles as much as all the rest. Nested columns are left to parquet-cpp.
Status ChooseEncodings(const arrow::RecordBatch& first_rows, arrow::MemoryPool* pool,
                       parquet::WriterProperties::Builder* properties);

}  // namespace headrace::codec

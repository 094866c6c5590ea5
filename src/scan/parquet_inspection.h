#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "headrace/status.h"

namespace arrow {
class MemoryPool;
}

namespace headrace::scan {

/// One page of a column chunk.
struct InspectedPage {
  std::string kind;  ///< "data", "data v2", "dictionary"
  std::string encoding;
  int64_t num_values = 0;
  int64_t bytes = 0;  ///< unpacked
};

/// A leaf column within one row group.
struct InspectedChunk {
  std::string compression;
  std::vector<std::string> encodings;
  int64_t num_values = 0;  ///< nulls included
  int64_t compressed_bytes = 0;
  int64_t bytes = 0;  ///< unpacked
  std::optional<std::string> min;
  std::optional<std::string> max;
  std::optional<int64_t> null_count;
  std::optional<int64_t> bloom_filter_bytes;  ///< 0: there is one whose size is not said
  bool column_index = false;                  ///< the page index: statistics by page
  bool offset_index = false;                  ///< where each page lies
  std::vector<InspectedPage> pages;           ///< if they were asked for
};

struct InspectedColumn {
  std::string name;     ///< a leaf; fields of nested columns with dots
  std::string type;     ///< of the file: "INT64", "BYTE_ARRAY"
  std::string meaning;  ///< its logical type: "String", "Timestamp(...)"; empty: none
  std::vector<InspectedChunk> chunks;  ///< one for each row group
};

/// How a Parquet file is made, by its footer.
struct ParquetInspection {
  int64_t file_bytes = 0;
  int64_t footer_bytes = 0;
  int64_t num_rows = 0;
  std::string version;
  std::string created_by;
  std::vector<std::pair<std::string, std::string>> metadata;  ///< key and value
  std::vector<int64_t> row_group_rows;
  std::vector<InspectedColumn> columns;
};

/// Reads the footer, with `pages` the pages as well, one at a time. kIOError, kCorruptFile and
/// kNotImplemented with the file, row group and column.
Result<ParquetInspection> InspectParquet(const std::string& path, bool pages,
                                         arrow::MemoryPool* pool);

}  // namespace headrace::scan

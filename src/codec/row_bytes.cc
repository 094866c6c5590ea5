#include "codec/row_bytes.h"

#include <memory>

#include <arrow/array/data.h>
#include <arrow/extension_type.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>

namespace headrace::codec {
namespace {

using arrow::ArrayData;
using arrow::Type;

/// Rows of an array, counted from its offset.
struct Rows {
  int64_t first;
  int64_t count;
};

template <typename Offset>
Rows ChildRows(const ArrayData& list, Rows rows) {
  if (rows.count == 0) return {0, 0};
  const auto* const offsets = list.GetValues<Offset>(1) + rows.first;
  return {offsets[0], static_cast<int64_t>(offsets[rows.count]) - offsets[0]};
}

template <typename Offset>
int64_t BinaryBytes(const ArrayData& data, Rows rows) {
  return ChildRows<Offset>(data, rows).count + rows.count * static_cast<int64_t>(sizeof(Offset));
}

int64_t ViewBytes(const ArrayData& data, Rows rows) {
  const auto* const views = data.GetValues<arrow::BinaryViewType::c_type>(1) + rows.first;
  int64_t bytes = rows.count * static_cast<int64_t>(sizeof(*views));
  for (int64_t row = 0; row < rows.count; ++row) {
    if (!views[row].is_inline()) bytes += views[row].size();
  }
  return bytes;
}

/// Lists may overlap and leave gaps: each is counted where it is used.
template <typename Offset>
int64_t ListViewBytes(const ArrayData& data, Rows rows) {
  const auto* const offsets = data.GetValues<Offset>(1) + rows.first;
  const auto* const sizes = data.GetValues<Offset>(2) + rows.first;
  int64_t bytes = rows.count * static_cast<int64_t>(2 * sizeof(Offset));
  for (int64_t row = 0; row < rows.count; ++row) {
    if (sizes[row] > 0) bytes += RowBytes(*data.child_data[0], offsets[row], sizes[row]);
  }
  return bytes;
}

template <typename Offset>
int64_t ListBytes(const ArrayData& data, Rows rows) {
  const Rows child = ChildRows<Offset>(data, rows);
  return RowBytes(*data.child_data[0], child.first, child.count) +
         rows.count * static_cast<int64_t>(sizeof(Offset));
}

int64_t ChildrenBytes(const ArrayData& data, Rows rows) {
  int64_t bytes = 0;
  for (const auto& child : data.child_data) {
    bytes += RowBytes(*child, data.offset + rows.first, rows.count);
  }
  return bytes;
}

/// Of what lies in an order of its own, the share that falls to the rows.
int64_t ShareOfChildren(const ArrayData& data, Rows rows) {
  int64_t bytes = 0;
  for (const auto& child : data.child_data) {
    bytes += RowBytes(*child, 0, child->length);
  }
  const int64_t length = data.offset + data.length;
  return length == 0
             ? 0
             : static_cast<int64_t>(static_cast<double>(bytes) * static_cast<double>(rows.count) /
                                    static_cast<double>(length)) +
                   rows.count * 5;
}

int64_t ValueBytes(const ArrayData& data, const arrow::DataType& type, Rows rows) {
  switch (type.id()) {
    case Type::NA: return 0;
    case Type::STRING:
    case Type::BINARY: return BinaryBytes<int32_t>(data, rows);
    case Type::LARGE_STRING:
    case Type::LARGE_BINARY: return BinaryBytes<int64_t>(data, rows);
    case Type::STRING_VIEW:
    case Type::BINARY_VIEW: return ViewBytes(data, rows);
    case Type::LIST:
    case Type::MAP: return ListBytes<int32_t>(data, rows);
    case Type::LARGE_LIST: return ListBytes<int64_t>(data, rows);
    case Type::LIST_VIEW: return ListViewBytes<int32_t>(data, rows);
    case Type::LARGE_LIST_VIEW: return ListViewBytes<int64_t>(data, rows);
    case Type::FIXED_SIZE_LIST: {
      const int64_t size = static_cast<const arrow::FixedSizeListType&>(type).list_size();
      return RowBytes(*data.child_data[0], (data.offset + rows.first) * size, rows.count * size);
    }
    case Type::STRUCT: return ChildrenBytes(data, rows);
    case Type::SPARSE_UNION: return ChildrenBytes(data, rows) + rows.count;
    case Type::DENSE_UNION:
    case Type::RUN_END_ENCODED: return ShareOfChildren(data, rows);
    case Type::EXTENSION:
      return ValueBytes(data, *static_cast<const arrow::ExtensionType&>(type).storage_type(), rows);
    default: return (rows.count * type.bit_width() + 7) / 8;
  }
}

}  // namespace

int64_t RowBytes(const ArrayData& column, int64_t first_row, int64_t rows) {
  const bool has_bitmap = !column.buffers.empty() && column.buffers[0] != nullptr;
  return ValueBytes(column, *column.type, {first_row, rows}) + (has_bitmap ? (rows + 7) / 8 : 0);
}

int64_t RowBytes(const arrow::RecordBatch& batch, int64_t first_row, int64_t rows) {
  int64_t bytes = 0;
  for (int i = 0; i < batch.num_columns(); ++i) {
    bytes += RowBytes(*batch.column_data(i), first_row, rows);
  }
  return bytes;
}

int64_t RowsWithin(const arrow::RecordBatch& batch, int64_t first_row, int64_t max_rows,
                   int64_t max_bytes) {
  if (RowBytes(batch, first_row, max_rows) <= max_bytes) return max_rows;
  int64_t fits = 1;
  int64_t too_many = max_rows;
  while (too_many - fits > 1) {
    const int64_t rows = fits + (too_many - fits) / 2;
    (RowBytes(batch, first_row, rows) <= max_bytes ? fits : too_many) = rows;
  }
  return fits;
}

}  // namespace headrace::codec

#include "scan/dictionary_rows.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

#include <arrow/array/array_binary.h>
#include <arrow/array/array_dict.h>
#include <arrow/array/array_primitive.h>
#include <arrow/array/data.h>
#include <arrow/array/util.h>
#include <arrow/buffer.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/exec.h>
#include <arrow/memory_pool.h>
#include <arrow/type.h>
#include <arrow/util/bit_run_reader.h>
#include <arrow/util/bitmap_ops.h>

#include "headrace/error_code.h"
#include "kernels/select/copy_text.h"

namespace headrace::scan {
namespace {

struct TextColumn {
  const arrow::BinaryArray& values;
  const int32_t* indices;       // of the first row on
  const uint8_t* validity;      // null: all are valid
  int64_t validity_offset = 0;  // of the first row
};

bool IsText(const arrow::Array& array) {
  if (array.type_id() != arrow::Type::DICTIONARY) return false;
  const auto& encoded = static_cast<const arrow::DictionaryArray&>(array);
  return encoded.indices()->type_id() == arrow::Type::INT32 &&
         (encoded.dictionary()->type_id() == arrow::Type::STRING ||
          encoded.dictionary()->type_id() == arrow::Type::BINARY);
}

TextColumn AsText(const arrow::DictionaryArray& array) {
  const auto& indices = static_cast<const arrow::Int32Array&>(*array.indices());
  return {.values = static_cast<const arrow::BinaryArray&>(*array.dictionary()),
          .indices = indices.raw_values(),
          .validity = array.null_count() > 0 ? array.null_bitmap_data() : nullptr,
          .validity_offset = array.offset()};
}

// Calls `present(begin, end)` for runs of rows that have a value, in order.
template <typename Present>
void ForPresent(const TextColumn& column, int64_t rows, Present&& present) {
  if (column.validity == nullptr) {
    present(0, rows);
    return;
  }
  arrow::internal::SetBitRunReader runs(column.validity, column.validity_offset, rows);
  for (auto run = runs.NextRun(); run.length > 0; run = runs.NextRun()) {
    present(run.position, run.position + run.length);
  }
}

int64_t LongestValue(const arrow::BinaryArray& values) {
  const int32_t* offsets = values.raw_value_offsets();
  int32_t longest = 0;
  for (int64_t i = 0; i < values.length(); ++i) {
    longest = std::max(longest, offsets[i + 1] - offsets[i]);
  }
  return longest;
}

// Offsets of the rows, one more than there are; the bytes of all.
int64_t WriteOffsets(const TextColumn& column, int64_t rows, int32_t* out) {
  const int32_t* offsets = column.values.raw_value_offsets();
  int64_t bytes = 0;
  int64_t row = 0;
  const auto fill = [&](int64_t end) {
    std::fill(out + row, out + end, static_cast<int32_t>(bytes));
    row = end;
  };
  ForPresent(column, rows, [&](int64_t begin, int64_t end) {
    fill(begin);
    for (; row < end; ++row) {
      out[row] = static_cast<int32_t>(bytes);
      const int32_t index = column.indices[row];
      bytes += offsets[index + 1] - offsets[index];
    }
  });
  fill(rows + 1);
  return bytes;
}

// Whether bytes behind the last value may be read.
bool HasSlack(const arrow::BinaryArray& values) {
  const auto& text = values.value_data();
  return text != nullptr && text->is_mutable() &&
         text->capacity() - text->size() >= kernels::kTextSlack;
}

Result<std::shared_ptr<arrow::Array>> DecodeText(const arrow::DictionaryArray& array,
                                                 arrow::MemoryPool* pool) {
  const TextColumn column = AsText(array);
  const int64_t rows = array.length();
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> offsets,
                        arrow::AllocateBuffer((rows + 1) * 4, pool));
  auto* const out = reinterpret_cast<int32_t*>(offsets->mutable_data());
  const int64_t bytes = WriteOffsets(column, rows, out);
  if (bytes > std::numeric_limits<int32_t>::max()) {
    return MakeError(ErrorCode::kTooLarge, "a batch of strings comes to more than 2 GiB");
  }
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::ResizableBuffer> text,
                        arrow::AllocateResizableBuffer(bytes + kernels::kTextSlack, pool));
  const int32_t* from = column.values.raw_value_offsets();
  const uint8_t* data = column.values.raw_data();
  uint8_t* to = text->mutable_data();
  const auto copy_rows = [&](auto&& copy) {
    ForPresent(column, rows, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        const int32_t index = column.indices[row];
        const auto length = static_cast<size_t>(from[index + 1] - from[index]);
        copy(to, data + from[index], length);
        to += length;
      }
    });
  };
  if (HasSlack(column.values)) {
    copy_rows([](uint8_t* there, const uint8_t* here, size_t length) {
      kernels::CopyText(there, here, length);
    });
  } else {
    copy_rows([](uint8_t* there, const uint8_t* here, size_t length) {
      if (length > 0) std::memcpy(there, here, length);
    });
  }
  ARROW_RETURN_NOT_OK(text->Resize(bytes, /*shrink_to_fit=*/false));
  std::shared_ptr<arrow::Buffer> validity;
  if (column.validity != nullptr) {
    ARROW_ASSIGN_OR_RAISE(
        validity, arrow::internal::CopyBitmap(pool, column.validity, column.validity_offset, rows));
  }
  return arrow::MakeArray(arrow::ArrayData::Make(
      column.values.type(), rows, {std::move(validity), std::move(offsets), std::move(text)},
      array.null_count()));
}

}  // namespace

Result<std::shared_ptr<arrow::Array>> DecodeDictionary(const std::shared_ptr<arrow::Array>& array,
                                                       arrow::MemoryPool* pool) {
  if (array->type_id() != arrow::Type::DICTIONARY) return array;
  const auto& encoded = static_cast<const arrow::DictionaryArray&>(*array);
  if (IsText(*array) && encoded.dictionary()->null_count() == 0) return DecodeText(encoded, pool);
  arrow::compute::ExecContext context(pool);
  return arrow::compute::Take(*encoded.dictionary(), *encoded.indices(),
                              arrow::compute::TakeOptions::NoBoundsCheck(), &context);
}

int64_t RowsThatFit(const arrow::Array& array, int64_t begin, int64_t rows, int64_t max_bytes) {
  if (!IsText(array)) return rows;
  const auto& encoded = static_cast<const arrow::DictionaryArray&>(array);
  const TextColumn column = AsText(encoded);
  // Most dictionaries tell at once, the larger ones row by row.
  if (column.values.length() <= rows && LongestValue(column.values) <= max_bytes / rows) {
    return rows;
  }
  const int32_t* offsets = column.values.raw_value_offsets();
  int64_t bytes = 0;
  for (int64_t row = begin; row < begin + rows; ++row) {
    if (encoded.IsNull(row)) continue;
    const int32_t index = column.indices[row];
    bytes += offsets[index + 1] - offsets[index];
    if (bytes > max_bytes) return std::max<int64_t>(row - begin, 1);
  }
  return rows;
}

}  // namespace headrace::scan

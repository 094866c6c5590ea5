#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <type_traits>
#include <utility>

#include <arrow/buffer.h>
#include <parquet/column_page.h>
#include <parquet/encoding.h>
#include <parquet/types.h>

#include "headrace/error_code.h"
#include "headrace/status.h"
#include "kernels/select/compact.h"
#include "scan/dictionary_indices.h"

namespace headrace::scan {

/// Arrow's decimals of 128 bits as they lie in memory.
struct WideDecimal {
  WideDecimal() = default;
  explicit WideDecimal(int64_t value) : low(static_cast<uint64_t>(value)), high(value >> 63) {}
  uint64_t low;
  int64_t high;
};

/// The values of a chunk, page by page: by its dictionary, as they lie, or by one of the library's
/// decoders. DType is what is stored, Out what becomes of it.
template <typename DType, typename Out>
class FixedValues {
 public:
  using T = typename DType::c_type;
  static constexpr int64_t kRun = 1024;  ///< rows worked on at a time, in cache

  Status SetDictionary(const parquet::DictionaryPage& page,
                       const parquet::ColumnDescriptor& descriptor, arrow::MemoryPool* pool) {
    const int64_t count = page.num_values();
    if (count < 0 || count > page.size() / static_cast<int64_t>(sizeof(T))) return ShortPage();
    ARROW_ASSIGN_OR_RAISE(dictionary_,
                          arrow::AllocateBuffer(count * static_cast<int64_t>(sizeof(Out)), pool));
    dictionary_length_ = count;
    CopyPlain(page.data(), count, reinterpret_cast<Out*>(dictionary_->mutable_data()));
    indices_ = parquet::MakeDictDecoder<DType>(&descriptor, pool);
    return Status::OK();
  }

  Status SetData(parquet::Encoding::type encoding, const uint8_t* data, int bytes, int rows,
                 const parquet::ColumnDescriptor& descriptor, arrow::MemoryPool* pool) {
    switch (encoding) {
      case parquet::Encoding::PLAIN:
        form_ = Form::kPlain;
        plain_ = data;
        plain_end_ = data + bytes;
        return Status::OK();
      case parquet::Encoding::PLAIN_DICTIONARY:
      case parquet::Encoding::RLE_DICTIONARY:
        if (indices_ == nullptr) return Status::Invalid("a page needs a dictionary, none came");
        form_ = Form::kDictionary;
        indices_->SetData(rows, data, bytes);
        return Status::OK();
      default:
        if (other_ == nullptr || other_->encoding() != encoding) {
          other_ = parquet::MakeTypedDecoder<DType>(encoding, &descriptor, pool);
        }
        form_ = Form::kOther;
        other_->SetData(rows, data, bytes);
        return Status::OK();
    }
  }

  bool by_dictionary() const noexcept { return form_ == Form::kDictionary; }
  const std::shared_ptr<arrow::Buffer>& dictionary() const noexcept { return dictionary_; }
  int64_t dictionary_length() const noexcept { return dictionary_length_; }

  /// The next `count` values.
  Status Read(Out* out, int64_t count) {
    std::array<int32_t, kRun> run_indices;
    std::array<T, kRun> run_values;
    if (form_ == Form::kPlain) {
      ARROW_ASSIGN_OR_RAISE(const uint8_t* values, TakePlain(count));
      CopyPlain(values, count, out);
      return Status::OK();
    }
    if constexpr (std::is_same_v<T, Out>) {
      if (form_ == Form::kOther) return Decode(out, count);
    }
    for (int64_t run; count > 0; count -= run, out += run) {
      run = std::min(count, kRun);
      if (by_dictionary()) {
        ARROW_RETURN_NOT_OK(ReadIndices(run_indices.data(), run));
        const Out* const values = dictionary_values();
        for (int64_t i = 0; i < run; ++i) out[i] = values[run_indices[static_cast<size_t>(i)]];
      } else {
        ARROW_RETURN_NOT_OK(Decode(run_values.data(), run));
        Convert(run_values.data(), run, out);
      }
    }
    return Status::OK();
  }

  /// Of the next `rows` values those whose bit is set. Requires: rows <= kRun.
  Status Select(int64_t rows, const uint8_t* bits, int64_t offset, Out* out) {
    std::array<int32_t, kRun> run_indices;
    std::array<T, kRun> run_values;
    if (by_dictionary()) {
      ARROW_RETURN_NOT_OK(ReadIndices(run_indices.data(), rows));
      const Out* const values = dictionary_values();
      kernels::ForEachSet(bits, offset, rows, [&](int64_t row) {
        *out++ = values[run_indices[static_cast<size_t>(row)]];
      });
      return Status::OK();
    }
    const uint8_t* bytes = nullptr;
    if (form_ == Form::kPlain) {
      ARROW_ASSIGN_OR_RAISE(bytes, TakePlain(rows));
    } else {
      ARROW_RETURN_NOT_OK(Decode(run_values.data(), rows));
      bytes = reinterpret_cast<const uint8_t*>(run_values.data());
    }
    kernels::ForEachSet(bits, offset, rows, [&](int64_t row) {
      T value;
      std::memcpy(&value, bytes + row * static_cast<int64_t>(sizeof(T)), sizeof(T));
      *out++ = static_cast<Out>(value);
    });
    return Status::OK();
  }

  /// The next `count` values' places in the dictionary. Requires: by_dictionary().
  Status ReadIndices(int32_t* out, int64_t count) {
    return scan::ReadIndices(indices_.get(), dictionary_length_, out, count);
  }

  Status Skip(int64_t count) {
    std::array<int32_t, kRun> run_indices;
    std::array<T, kRun> run_values;
    if (form_ == Form::kPlain) return TakePlain(count).status();
    for (int64_t run; count > 0; count -= run) {
      run = std::min(count, kRun);
      ARROW_RETURN_NOT_OK(by_dictionary() ? ReadIndices(run_indices.data(), run)
                                          : Decode(run_values.data(), run));
    }
    return Status::OK();
  }

 private:
  enum class Form : uint8_t { kPlain, kDictionary, kOther };

  static void Convert(const T* values, int64_t count, Out* out) {
    for (int64_t i = 0; i < count; ++i) out[i] = static_cast<Out>(values[i]);
  }

  static void CopyPlain(const uint8_t* values, int64_t count, Out* out) {
    if constexpr (std::is_same_v<T, Out>) {
      if (count > 0) std::memcpy(out, values, static_cast<size_t>(count) * sizeof(T));
    } else {
      for (int64_t i = 0; i < count; ++i) {
        T value;
        std::memcpy(&value, values + i * static_cast<int64_t>(sizeof(T)), sizeof(T));
        out[i] = static_cast<Out>(value);
      }
    }
  }

  Result<const uint8_t*> TakePlain(int64_t count) {
    const int64_t bytes = count * static_cast<int64_t>(sizeof(T));
    if (bytes > plain_end_ - plain_) return ShortPage();
    return std::exchange(plain_, plain_ + bytes);
  }

  Status Decode(T* out, int64_t count) {
    while (count > 0) {
      const int read = other_->Decode(out, static_cast<int>(count));
      if (read <= 0) return ShortPage();
      out += read;
      count -= read;
    }
    return Status::OK();
  }

  const Out* dictionary_values() const noexcept {
    return reinterpret_cast<const Out*>(dictionary_->data());
  }

  Form form_ = Form::kPlain;
  std::shared_ptr<arrow::Buffer> dictionary_;
  int64_t dictionary_length_ = 0;
  std::unique_ptr<parquet::DictDecoder<DType>> indices_;
  std::unique_ptr<parquet::TypedDecoder<DType>> other_;
  const uint8_t* plain_ = nullptr;
  const uint8_t* plain_end_ = nullptr;
};

}  // namespace headrace::scan

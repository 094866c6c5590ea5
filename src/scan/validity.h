#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include <arrow/buffer.h>
#include <arrow/util/bit_util.h>

#include "headrace/status.h"
#include "scan/presence.h"

namespace headrace::scan {

/// The validity of a window's rows, made when the first page that may have nulls comes.
class Validity {
 public:
  Validity(int64_t rows, arrow::MemoryPool* pool) : rows_(rows), pool_(pool) {}

  /// Rows [done, done + count) of the window; sets how many of them have a value.
  Status Add(Presence& presence, int64_t done, int64_t count, int64_t* present) {
    *present = count;
    if (presence.AllPresent()) {
      if (bits_ != nullptr) arrow::bit_util::SetBitsTo(bits(), done, count, true);
      return Status::OK();
    }
    if (bits_ == nullptr) {
      ARROW_ASSIGN_OR_RAISE(bits_,
                            arrow::AllocateBuffer(arrow::bit_util::BytesForBits(rows_), pool_));
      // The last byte is written in part only.
      bits()[bits_->size() - 1] = 0;
      arrow::bit_util::SetBitsTo(bits(), 0, done, true);
    }
    *present = 0;
    ARROW_RETURN_NOT_OK(presence.Read(count, bits(), done, present));
    nulls_ += count - *present;
    return Status::OK();
  }

  uint8_t* bits() noexcept { return bits_->mutable_data(); }
  int64_t nulls() const noexcept { return nulls_; }
  std::shared_ptr<arrow::Buffer> Finish() { return nulls_ > 0 ? std::move(bits_) : nullptr; }

 private:
  const int64_t rows_;
  arrow::MemoryPool* const pool_;
  std::shared_ptr<arrow::Buffer> bits_;
  int64_t nulls_ = 0;
};

}  // namespace headrace::scan

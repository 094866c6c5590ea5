#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include <arrow/buffer.h>
#include <arrow/util/bit_util.h>

#include "headrace/status.h"
#include "kernels/select/compact.h"
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
      AddPresent(done, count);
      return Status::OK();
    }
    ARROW_RETURN_NOT_OK(Begin(done));
    *present = 0;
    ARROW_RETURN_NOT_OK(presence.Read(count, bits(), done, present));
    nulls_ += count - *present;
    return Status::OK();
  }

  /// Rows [done, done + count) all have a value.
  void AddPresent(int64_t done, int64_t count) noexcept {
    if (bits_ != nullptr) arrow::bit_util::SetBitsTo(bits(), done, count, true);
  }

  /// From row `done` on: of `count` rows those whose bit is set, `valid` has the validity of all.
  Status AddSelected(int64_t done, int64_t count, const uint8_t* valid, const uint8_t* selected,
                     int64_t offset) {
    ARROW_RETURN_NOT_OK(Begin(done));
    kernels::ForEachSet(selected, offset, count, [&](int64_t row) {
      const bool present = arrow::bit_util::GetBit(valid, row);
      arrow::bit_util::SetBitTo(bits(), done++, present);
      nulls_ += !present;
    });
    return Status::OK();
  }

  uint8_t* bits() noexcept { return bits_->mutable_data(); }
  int64_t nulls() const noexcept { return nulls_; }
  std::shared_ptr<arrow::Buffer> Finish() { return nulls_ > 0 ? std::move(bits_) : nullptr; }

 private:
  Status Begin(int64_t done) {
    if (bits_ != nullptr || rows_ == 0) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(bits_,
                          arrow::AllocateBuffer(arrow::bit_util::BytesForBits(rows_), pool_));
    bits()[bits_->size() - 1] = 0;  // written in part only
    arrow::bit_util::SetBitsTo(bits(), 0, done, true);
    return Status::OK();
  }

  const int64_t rows_;
  arrow::MemoryPool* const pool_;
  std::shared_ptr<arrow::Buffer> bits_;
  int64_t nulls_ = 0;
};

}  // namespace headrace::scan

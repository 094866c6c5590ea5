#include "scan/presence.h"

#include <algorithm>

#include <arrow/util/bit_util.h>
#include <arrow/util/bitmap_ops.h>

#include "headrace/error_code.h"

namespace headrace::scan {

Presence::Presence(const uint8_t* data, int64_t bytes, int64_t rows) noexcept
    : data_(data), end_(data + bytes) {
  // A page without nulls is one repeated run as a rule.
  if (NextRun() && packed_ == nullptr && value_ && run_left_ >= rows) data_ = nullptr;
}

bool Presence::NextRun() noexcept {
  uint64_t header = 0;
  for (int shift = 0;; shift += 7) {
    if (data_ == end_ || shift > 28) return false;
    const uint8_t byte = *data_++;
    header |= uint64_t{byte & 0x7Fu} << shift;
    if ((byte & 0x80) == 0) break;
  }
  const auto count = static_cast<int64_t>(header >> 1);
  if ((header & 1) == 0) {
    if (data_ == end_) return false;
    value_ = *data_++ != 0;
    packed_ = nullptr;
    run_left_ = count;
    return true;
  }
  // The last run may be cut off behind the last row that it is needed for.
  const int64_t bytes = std::min<int64_t>(count, end_ - data_);
  packed_ = data_;
  packed_at_ = 0;
  run_left_ = bytes * 8;
  data_ += bytes;
  return bytes > 0 || count == 0;
}

template <typename Repeated, typename Packed>
Status Presence::Walk(int64_t rows, Repeated&& repeated, Packed&& packed) {
  while (rows > 0) {
    while (run_left_ == 0) {
      if (!NextRun()) {
        return MakeError(ErrorCode::kCorruptFile, "the definition levels end before their page");
      }
    }
    const int64_t taken = std::min(rows, run_left_);
    if (packed_ == nullptr) {
      repeated(value_, taken);
    } else {
      packed(packed_, packed_at_, taken);
      packed_at_ += taken;
    }
    run_left_ -= taken;
    rows -= taken;
  }
  return Status::OK();
}

Status Presence::Read(int64_t rows, uint8_t* bits, int64_t offset, int64_t* present) {
  return Walk(
      rows,
      [&](bool value, int64_t count) {
        arrow::bit_util::SetBitsTo(bits, offset, count, value);
        offset += count;
        *present += value ? count : 0;
      },
      [&](const uint8_t* run, int64_t at, int64_t count) {
        arrow::internal::CopyBitmap(run, at, count, bits, offset);
        *present += arrow::internal::CountSetBits(run, at, count);
        offset += count;
      });
}

Status Presence::Skip(int64_t rows, int64_t* present) {
  return Walk(
      rows, [&](bool value, int64_t count) { *present += value ? count : 0; },
      [&](const uint8_t* run, int64_t at, int64_t count) {
        *present += arrow::internal::CountSetBits(run, at, count);
      });
}

}  // namespace headrace::scan

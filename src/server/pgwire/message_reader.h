#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "headrace/error_code.h"
#include "headrace/status.h"

namespace headrace::server::pgwire {

/// Takes a message's body apart. What is read past its end is empty, and Done() says so: one
/// question at the end in place of one at each step.
class MessageReader {
 public:
  explicit MessageReader(std::string_view body) : rest_(body) {}

  char Byte() {
    const std::string_view bytes = Bytes(1);
    return bytes.empty() ? '\0' : bytes[0];
  }
  int16_t Int16() { return static_cast<int16_t>(BigEndian(sizeof(int16_t))); }
  uint32_t UInt32() { return static_cast<uint32_t>(BigEndian(sizeof(uint32_t))); }
  uint64_t UInt64() { return BigEndian(sizeof(uint64_t)); }

  /// A number of elements of `least` bytes or more, none if so many cannot follow.
  int Count(size_t least) {
    const auto count = static_cast<uint16_t>(Int16());
    if (count * least <= rest_.size()) return count;
    failed_ = true;
    return 0;
  }

  std::string_view Bytes(size_t count) {
    if (count > rest_.size()) {
      failed_ = true;
      rest_ = {};
      return {};
    }
    const std::string_view bytes = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return bytes;
  }

  /// Up to a byte 0.
  std::string_view Text() {
    const size_t end = rest_.find('\0');
    if (end == std::string_view::npos) {
      failed_ = true;
      rest_ = {};
      return {};
    }
    const std::string_view text = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return text;
  }

  /// kMalformedBody unless exactly all was read.
  Status Done() const {
    if (!failed_ && rest_.empty()) return Status::OK();
    return MakeError(ErrorCode::kMalformedBody, failed_ ? "a message ends before its contents do"
                                                        : "a message goes on behind its contents");
  }
  bool failed() const noexcept { return failed_; }
  std::string_view rest() const noexcept { return rest_; }

 private:
  uint64_t BigEndian(size_t count) {
    uint64_t value = 0;
    for (const char c : Bytes(count)) value = value << 8 | static_cast<unsigned char>(c);
    return value;
  }

  std::string_view rest_;
  bool failed_ = false;
};

}  // namespace headrace::server::pgwire

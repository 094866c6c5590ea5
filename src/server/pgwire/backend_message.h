#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace headrace::server::pgwire {

/// Appends what the server says to a buffer, a message between Begin() and End().
class MessageWriter {
 public:
  explicit MessageWriter(std::string* out) : out_(out) {}

  MessageWriter& Begin(char type) {
    out_->push_back(type);
    begin_ = out_->size();
    out_->append(4, '\0');
    return *this;
  }
  void End() { PatchInt32(begin_, static_cast<uint32_t>(out_->size() - begin_)); }

  MessageWriter& Byte(char value) {
    out_->push_back(value);
    return *this;
  }
  MessageWriter& Int16(int value) { return BigEndian<uint16_t>(static_cast<uint16_t>(value)); }
  MessageWriter& Int32(int64_t value) { return BigEndian<uint32_t>(static_cast<uint32_t>(value)); }
  MessageWriter& Int64(int64_t value) { return BigEndian<uint64_t>(static_cast<uint64_t>(value)); }
  MessageWriter& Bytes(std::string_view bytes) {
    out_->append(bytes);
    return *this;
  }
  /// With the byte 0 that ends it; what a text of the client's has behind one of its own is left.
  MessageWriter& Text(std::string_view text) {
    out_->append(text.substr(0, text.find('\0')));
    out_->push_back('\0');
    return *this;
  }

  /// A length that is known only when what it measures was written: BeginValue() makes room,
  /// EndValue() fills it in.
  size_t BeginValue() {
    out_->append(4, '\0');
    return out_->size();
  }
  void EndValue(size_t begin) {
    PatchInt32(begin - 4, static_cast<uint32_t>(out_->size() - begin));
  }

  std::string& out() noexcept { return *out_; }

 private:
  template <typename Number>
  MessageWriter& BigEndian(Number value) {
    char bytes[sizeof(Number)];
    for (size_t i = 0; i < sizeof(Number); ++i) {
      bytes[i] = static_cast<char>(value >> (8 * (sizeof(Number) - 1 - i)));
    }
    out_->append(bytes, sizeof(Number));
    return *this;
  }
  void PatchInt32(size_t at, uint32_t value) {
    for (size_t i = 0; i < 4; ++i) (*out_)[at + i] = static_cast<char>(value >> (24 - 8 * i));
  }

  std::string* out_;
  size_t begin_ = 0;
};

/// An ErrorResponse's or a NoticeResponse's fields.
struct Report {
  std::string_view severity = "ERROR";  ///< static lifetime, as `sqlstate`
  std::string_view sqlstate = "XX000";
  std::string message;
  std::string detail;   ///< empty: none
  size_t position = 0;  ///< in characters of the query from 1; 0: none
};

void WriteError(const Report& report, std::string* out);
void WriteNotice(const Report& report, std::string* out);
void WriteParameterStatus(std::string_view name, std::string_view value, std::string* out);
void WriteCommandComplete(std::string_view tag, std::string* out);
/// 'I'dle, in a 'T'ransaction, or in one that 'E'rred.
void WriteReady(char state, std::string* out);
/// A message without contents: ParseComplete '1', NoData 'n', …
void WriteBare(char type, std::string* out);

}  // namespace headrace::server::pgwire

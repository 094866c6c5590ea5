#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

namespace headrace::scan {

/// A table of a FlatBuffer, read where it lies with every access checked: what is out of bounds is
/// absent. Enough for the headers of Arrow IPC (https://flatbuffers.dev/internals/).
class FlatTable {
 public:
  using Bytes = std::span<const uint8_t>;

  static std::optional<FlatTable> Root(Bytes bytes) {
    const auto at = Load<uint32_t>(bytes, 0);
    return at ? At(bytes, *at) : std::nullopt;
  }

  /// A field of a number; `otherwise` if the table does not have it.
  template <typename T>
  T Get(int field, T otherwise) const {
    const auto at = Position(field);
    return at ? Load<T>(bytes_, *at).value_or(otherwise) : otherwise;
  }

  std::optional<FlatTable> Child(int field) const {
    const auto at = Pointee(field);
    return at ? At(bytes_, *at) : std::nullopt;
  }

  /// A vector of structs of `item_bytes`; empty if the table does not have it.
  Bytes Items(int field, size_t item_bytes) const {
    const auto at = Pointee(field);
    const auto count = at ? Load<uint32_t>(bytes_, *at) : std::nullopt;
    if (!count || *count > (bytes_.size() - *at - 4) / item_bytes) return {};
    return bytes_.subspan(*at + 4, *count * item_bytes);
  }

  template <typename T>
  static std::optional<T> Load(Bytes bytes, size_t at) {
    if (at > bytes.size() || bytes.size() - at < sizeof(T)) return std::nullopt;
    T value;
    std::memcpy(&value, bytes.data() + at, sizeof(T));
    return value;
  }

 private:
  FlatTable(Bytes bytes, size_t at, size_t fields) : bytes_(bytes), at_(at), fields_(fields) {}

  // A table begins with the distance back to its list of fields.
  static std::optional<FlatTable> At(Bytes bytes, size_t at) {
    const auto back = Load<int32_t>(bytes, at);
    if (!back) return std::nullopt;
    const int64_t fields = static_cast<int64_t>(at) - *back;
    if (fields < 0 || !Load<uint16_t>(bytes, static_cast<size_t>(fields))) return std::nullopt;
    return FlatTable(bytes, at, static_cast<size_t>(fields));
  }

  std::optional<size_t> Position(int field) const {
    const size_t entry = 4 + 2 * static_cast<size_t>(field);
    const auto size = Load<uint16_t>(bytes_, fields_);
    if (!size || entry + 2 > *size) return std::nullopt;
    const auto offset = Load<uint16_t>(bytes_, fields_ + entry);
    if (!offset || *offset == 0) return std::nullopt;
    return at_ + *offset;
  }

  std::optional<size_t> Pointee(int field) const {
    const auto at = Position(field);
    const auto offset = at ? Load<uint32_t>(bytes_, *at) : std::nullopt;
    if (!offset) return std::nullopt;
    return *at + *offset;
  }

  Bytes bytes_;
  size_t at_;
  size_t fields_;
};

}  // namespace headrace::scan

#include "server/pgwire/parameter_value.h"

#include <bit>
#include <charconv>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/trim.h"
#include "headrace/error_code.h"
#include "server/pgwire/binary_value.h"
#include "server/pgwire/message_reader.h"
#include "server/pgwire/pg_type.h"
#include "server/pgwire/value_text.h"

namespace headrace::server::pgwire {
namespace {

Status Malformed(uint32_t oid, std::string_view bytes) {
  return MakeError(ErrorCode::kMalformedBody,
                   fmt::format("{} bytes that are no value of type {}", bytes.size(), oid));
}

Status NoSuchValue(std::string_view type, std::string_view text) {
  return MakeError(ErrorCode::kTypeMismatch,
                   fmt::format("invalid input syntax for type {}: \"{}\"", type, text));
}

/// Every byte as DuckDB writes it in a cast to BLOB.
std::string BlobText(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) text += fmt::format("\\x{:02X}", static_cast<unsigned char>(c));
  return text;
}

Result<std::string> BlobOfHex(std::string_view hex) {
  std::string bytes;
  for (size_t i = 0; i < hex.size(); i += 2) {
    unsigned byte = 0;
    const char* const end = hex.data() + std::min(i + 2, hex.size());
    if (std::from_chars(hex.data() + i, end, byte, 16).ptr != end || hex.size() % 2 != 0) {
      return NoSuchValue("bytea", hex);
    }
    bytes.push_back(static_cast<char>(byte));
  }
  return BlobText(bytes);
}

/// The elements of "{a,\"b c\",NULL}" of one dimension, with brackets, as DuckDB's lists have them.
Result<std::string> ListOfArrayText(std::string_view text) {
  if (text.size() < 2 || text.front() != '{' || text.back() != '}') {
    return NoSuchValue("array", text);
  }
  std::string list = "[";
  bool quoted = false;
  for (size_t i = 1; i + 1 < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\' && i + 2 < text.size()) {
      list += c;
      list += text[++i];
      continue;
    }
    if (c == '"') quoted = !quoted;
    if (!quoted && (c == '{' || c == '}')) {
      list += c == '{' ? '[' : ']';
    } else {
      list += c;
    }
  }
  return list + "]";
}

Result<sql::Parameter> ReadText(uint32_t oid, std::string_view text) {
  if (FindElementType(oid) != nullptr) {
    ARROW_ASSIGN_OR_RAISE(auto list, ListOfArrayText(text));
    return sql::Parameter(std::move(list));
  }
  const std::string_view trimmed = base::Trim(text);
  const char* const end = trimmed.data() + trimmed.size();
  switch (oid) {
    case kBool: {
      for (const std::string_view yes : {"t", "true", "1", "on", "yes", "y", "TRUE"}) {
        if (trimmed == yes) return sql::Parameter(true);
      }
      for (const std::string_view no : {"f", "false", "0", "off", "no", "n", "FALSE"}) {
        if (trimmed == no) return sql::Parameter(false);
      }
      return NoSuchValue("boolean", text);
    }
    case kInt2:
    case kInt4:
    case kOid:
    case kInt8: {
      int64_t value = 0;
      const char* const begin = trimmed.data() + (trimmed.starts_with('+') ? 1 : 0);
      const auto [rest, error] = std::from_chars(begin, end, value);
      if (error != std::errc{} || rest != end) return NoSuchValue("integer", text);
      return sql::Parameter(value);
    }
    case kFloat4:
    case kFloat8: {
      double value = 0;
      const auto [rest, error] = std::from_chars(trimmed.data(), end, value);
      if (error != std::errc{} || rest != end) return NoSuchValue("double precision", text);
      return sql::Parameter(value);
    }
    case kBytea: {
      if (text.starts_with("\\x")) {
        ARROW_ASSIGN_OR_RAISE(auto blob, BlobOfHex(text.substr(2)));
        return sql::Parameter(std::move(blob));
      }
      return sql::Parameter(BlobText(text));
    }
    default: return sql::Parameter(std::string(text));
  }
}

Result<sql::Parameter> ReadArray(uint32_t oid, std::string_view bytes) {
  MessageReader reader(bytes);
  const uint32_t dimensions = reader.UInt32();
  (void)reader.UInt32();  // whether there are nulls
  const uint32_t element = reader.UInt32();
  if (dimensions > 1 || FindElementType(oid)->oid != element) return Malformed(oid, bytes);
  uint32_t count = 0;
  if (dimensions == 1) {
    count = reader.UInt32();
    (void)reader.UInt32();  // the first index
  }
  std::string list = "[";
  for (uint32_t i = 0; i < count && !reader.failed(); ++i) {
    if (i > 0) list += ", ";
    const auto size = static_cast<int32_t>(reader.UInt32());
    if (size == -1) {
      list += "NULL";
      continue;
    }
    if (size < 0) return Malformed(oid, bytes);
    ARROW_ASSIGN_OR_RAISE(const auto value,
                          ReadParameter(element, 1, reader.Bytes(static_cast<size_t>(size))));
    struct Text {
      std::string operator()(std::monostate) const { return "NULL"; }
      std::string operator()(bool truth) const { return truth ? "true" : "false"; }
      std::string operator()(int64_t number) const { return std::to_string(number); }
      std::string operator()(double number) const {
        std::string text;
        PrintFloat(number, &text);
        return text;
      }
      std::string operator()(const std::string& text) const {
        std::string quoted;
        quoted += '"';
        for (const char c : text) {
          if (c == '"' || c == '\\') quoted += '\\';
          quoted += c;
        }
        return quoted + '"';
      }
    };
    list += std::visit(Text{}, value);
  }
  if (!reader.Done().ok()) return Malformed(oid, bytes);
  return sql::Parameter(list + "]");
}

/// A truth or a number; none for another type.
std::optional<sql::Parameter> TakeNumber(uint32_t oid, MessageReader* reader) {
  switch (oid) {
    case kBool: return sql::Parameter(reader->Byte() != '\0');
    case kInt2: return sql::Parameter(int64_t{reader->Int16()});
    case kInt4: return sql::Parameter(int64_t{static_cast<int32_t>(reader->UInt32())});
    case kOid: return sql::Parameter(int64_t{reader->UInt32()});
    case kInt8: return sql::Parameter(static_cast<int64_t>(reader->UInt64()));
    case kFloat4: return sql::Parameter(double{std::bit_cast<float>(reader->UInt32())});
    case kFloat8: return sql::Parameter(std::bit_cast<double>(reader->UInt64()));
    default: return std::nullopt;
  }
}

/// A date, a time or an interval as text; none for another type.
std::optional<sql::Parameter> TakeTime(uint32_t oid, MessageReader* reader) {
  std::string text;
  switch (oid) {
    case kDate: PrintDate(DaysSince1970(static_cast<int32_t>(reader->UInt32())), &text); break;
    case kTime: PrintTime(static_cast<int64_t>(reader->UInt64()), &text); break;
    case kTimestamp:
    case kTimestampTz:
      PrintTimestamp(MicrosSince1970(static_cast<int64_t>(reader->UInt64())),
                     oid == kTimestampTz ? "+00" : "", &text);
      break;
    case kInterval: {
      const auto micros = static_cast<int64_t>(reader->UInt64());
      const auto days = static_cast<int32_t>(reader->UInt32());
      const auto months = static_cast<int32_t>(reader->UInt32());
      text = fmt::format("{} months {} days {} microseconds", months, days, micros);
      break;
    }
    default: return std::nullopt;
  }
  return sql::Parameter(std::move(text));
}

/// A value of a type whose bytes are taken as a whole.
Result<sql::Parameter> ReadWhole(uint32_t oid, std::string_view bytes) {
  switch (oid) {
    case kUuid:
      if (bytes.size() != 16) return Malformed(oid, bytes);
      return sql::Parameter(UuidText(bytes));
    case kNumeric: {
      ARROW_ASSIGN_OR_RAISE(auto text, NumericText(bytes));
      return sql::Parameter(std::move(text));
    }
    case kBytea: return sql::Parameter(BlobText(bytes));
    case kJsonb:
      if (!bytes.starts_with('\1')) return Malformed(oid, bytes);
      return sql::Parameter(std::string(bytes.substr(1)));
    case 0:
    case kText:
    case kVarchar:
    case kBpchar:
    case kName:
    case kUnknown:
    case kJson: return sql::Parameter(std::string(bytes));
    default:
      return MakeError(ErrorCode::kNotImplemented,
                       fmt::format("binary parameters of type {} are not read here", oid));
  }
}

Result<sql::Parameter> ReadBinary(uint32_t oid, std::string_view bytes) {
  if (FindElementType(oid) != nullptr) return ReadArray(oid, bytes);
  MessageReader reader(bytes);
  std::optional<sql::Parameter> value = TakeNumber(oid, &reader);
  if (!value) value = TakeTime(oid, &reader);
  if (!value) return ReadWhole(oid, bytes);
  if (!reader.Done().ok()) return Malformed(oid, bytes);
  return *std::move(value);
}

}  // namespace

Result<sql::Parameter> ReadParameter(uint32_t oid, int format, std::string_view bytes) {
  return format == 1 ? ReadBinary(oid, bytes) : ReadText(oid, bytes);
}

}  // namespace headrace::server::pgwire

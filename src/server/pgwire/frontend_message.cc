#include "server/pgwire/frontend_message.h"

#include <algorithm>

#include <fmt/format.h>

#include "headrace/error_code.h"
#include "server/pgwire/message_reader.h"

namespace headrace::server::pgwire {
namespace {

constexpr uint32_t kCancelCode = 80877102;
constexpr uint32_t kSslCode = 80877103;
constexpr uint32_t kGssEncCode = 80877104;
constexpr size_t kLengthBytes = 4;

Status Malformed(std::string message) {
  return MakeError(ErrorCode::kMalformedBody, std::move(message));
}

Result<StartupPacket> ReadStartup(std::string_view packet) {
  MessageReader reader(packet);
  const uint32_t code = reader.UInt32();
  if (code == kCancelCode) {
    const CancelRequest request{.process = reader.UInt32(), .secret = reader.UInt32()};
    ARROW_RETURN_NOT_OK(reader.Done());
    return request;
  }
  if (code == kSslCode || code == kGssEncCode) {
    ARROW_RETURN_NOT_OK(reader.Done());
    if (code == kSslCode) return SslRequest{};
    return GssEncRequest{};
  }
  if (code >> 16 != 3) {
    return Malformed(
        fmt::format("protocol {}.{} is not spoken here, but 3.0", code >> 16, code & 0xffff));
  }
  StartupRequest request{.minor = static_cast<int>(code & 0xffff), .parameters = {}};
  while (true) {
    std::string name(reader.Text());
    if (name.empty()) break;
    std::string value(reader.Text());
    request.parameters.emplace_back(std::move(name), std::move(value));
  }
  ARROW_RETURN_NOT_OK(reader.Done());
  return request;
}

Result<std::vector<int16_t>> ReadFormats(MessageReader* reader) {
  std::vector<int16_t> formats;
  for (int left = reader->Count(sizeof(int16_t)); left > 0; --left) {
    formats.push_back(reader->Int16());
    if (formats.back() == 0 || formats.back() == 1) continue;
    return Malformed(fmt::format("format {} is neither text (0) nor binary (1)", formats.back()));
  }
  return formats;
}

}  // namespace

Result<std::optional<StartupPacket>> TakeStartup(std::string_view input, size_t* taken) {
  if (input.size() < kLengthBytes) return std::nullopt;
  const uint32_t length = MessageReader(input).UInt32();
  if (length < 2 * kLengthBytes || length > kMaxStartupBytes) {
    return Malformed(fmt::format("a startup packet of {} bytes", length));
  }
  if (input.size() < length) return std::nullopt;
  *taken = length;
  ARROW_ASSIGN_OR_RAISE(auto packet,
                        ReadStartup(input.substr(kLengthBytes, length - kLengthBytes)));
  return packet;
}

Result<std::optional<RawMessage>> TakeMessage(std::string_view input, size_t limit, size_t* taken,
                                              size_t* missing) {
  // Query, Parse, Bind, Describe, Execute, Close, Sync, flusH, CopyData, CopyDone, CopyFail,
  // Function call, password, Terminate.
  constexpr std::string_view kTypes = "QPBDECSHdcfFpX";
  *missing = 1 + kLengthBytes - std::min(input.size(), 1 + kLengthBytes);
  if (!input.empty() && kTypes.find(input[0]) == std::string_view::npos) {
    return Malformed(fmt::format("there is no message of type {}",
                                 static_cast<int>(static_cast<unsigned char>(input[0]))));
  }
  if (*missing > 0) return std::nullopt;
  const uint32_t length = MessageReader(input.substr(1)).UInt32();
  if (length < kLengthBytes) return Malformed(fmt::format("a message of {} bytes", length));
  if (length - kLengthBytes > limit) {
    return MakeError(ErrorCode::kTooLarge,
                     fmt::format("a message of {} bytes; the limit is {}", length, limit));
  }
  if (input.size() < 1 + length) {
    *missing = 1 + length - input.size();
    return std::nullopt;
  }
  *taken = 1 + length;
  return RawMessage{.type = input[0],
                    .body = input.substr(1 + kLengthBytes, length - kLengthBytes)};
}

Result<std::string> ReadQuery(std::string_view body) {
  MessageReader reader(body);
  std::string sql(reader.Text());
  ARROW_RETURN_NOT_OK(reader.Done());
  return sql;
}

Result<ParseMessage> ReadParse(std::string_view body) {
  MessageReader reader(body);
  ParseMessage message;
  message.statement = reader.Text();
  message.sql = reader.Text();
  for (int left = reader.Count(sizeof(uint32_t)); left > 0; --left) {
    message.types.push_back(reader.UInt32());
  }
  ARROW_RETURN_NOT_OK(reader.Done());
  return message;
}

Result<BindMessage> ReadBind(std::string_view body) {
  MessageReader reader(body);
  BindMessage message;
  message.portal = reader.Text();
  message.statement = reader.Text();
  ARROW_ASSIGN_OR_RAISE(message.formats, ReadFormats(&reader));
  for (int left = reader.Count(sizeof(int32_t)); left > 0; --left) {
    const auto size = static_cast<int32_t>(reader.UInt32());
    if (size < -1) return Malformed(fmt::format("a parameter of {} bytes", size));
    if (size == -1) {
      message.values.emplace_back(std::nullopt);
    } else {
      message.values.emplace_back(reader.Bytes(static_cast<size_t>(size)));
    }
  }
  ARROW_ASSIGN_OR_RAISE(message.result_formats, ReadFormats(&reader));
  ARROW_RETURN_NOT_OK(reader.Done());
  if (message.formats.size() > 1 && message.formats.size() != message.values.size()) {
    return Malformed(
        fmt::format("{} formats for {} parameters", message.formats.size(), message.values.size()));
  }
  return message;
}

Result<NamedMessage> ReadNamed(std::string_view body) {
  MessageReader reader(body);
  NamedMessage message{.kind = reader.Byte(), .name = std::string(reader.Text())};
  ARROW_RETURN_NOT_OK(reader.Done());
  if (message.kind == 'S' || message.kind == 'P') return message;
  return Malformed("neither a statement (S) nor a portal (P) is named");
}

Result<ExecuteMessage> ReadExecute(std::string_view body) {
  MessageReader reader(body);
  ExecuteMessage message;
  message.portal = reader.Text();
  message.max_rows = static_cast<int32_t>(reader.UInt32());
  ARROW_RETURN_NOT_OK(reader.Done());
  return message;
}

Result<std::vector<std::pair<std::string, std::string>>> ReadOptions(std::string_view options) {
  std::vector<std::string> words;
  bool in_word = false;
  for (size_t i = 0; i < options.size(); ++i) {
    const char c = options[i];
    if (c == ' ' || c == '\t' || c == '\n') {
      in_word = false;
      continue;
    }
    if (!in_word) words.emplace_back();
    in_word = true;
    words.back() += c == '\\' && i + 1 < options.size() ? options[++i] : c;
  }
  std::vector<std::pair<std::string, std::string>> settings;
  for (size_t i = 0; i < words.size(); ++i) {
    std::string_view word = words[i];
    if (word == "-c" && i + 1 < words.size()) {
      word = words[++i];
    } else if (word.starts_with("-c") || word.starts_with("--")) {
      word.remove_prefix(2);
    } else {
      word = {};
    }
    const size_t equals = word.find('=');
    if (equals == std::string_view::npos || equals == 0) {
      return MakeError(
          ErrorCode::kInvalidArgument,
          fmt::format("invalid command-line argument for server process: {}", words[i]));
    }
    settings.emplace_back(word.substr(0, equals), word.substr(equals + 1));
  }
  return settings;
}

}  // namespace headrace::server::pgwire

#include "server/pgwire/session_settings.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "headrace/error_code.h"

namespace headrace::server::pgwire {
namespace {

struct Known {
  std::string_view name;
  std::string_view value;
  bool reported = false;
  bool fixed = false;
};

constexpr std::array kKnown = {
    Known{"application_name", "", true},
    Known{"client_encoding", "UTF8", true},
    Known{"DateStyle", "ISO, MDY", true},
    Known{"default_transaction_read_only", "off", true},
    Known{"in_hot_standby", "off", true, true},
    Known{"integer_datetimes", "on", true, true},
    Known{"IntervalStyle", "postgres", true},
    Known{"is_superuser", "off", true, true},
    Known{"server_encoding", "UTF8", true, true},
    Known{"server_version", "15.0", true, true},
    Known{"session_authorization", "", true},
    Known{"standard_conforming_strings", "on", true},
    Known{"TimeZone", "UTC", true},
    Known{"bytea_output", "hex"},
    Known{"backslash_quote", "safe_encoding"},
    Known{"check_function_bodies", "on"},
    Known{"client_min_messages", "notice"},
    Known{"default_table_access_method", "heap"},
    Known{"default_tablespace", ""},
    Known{"default_transaction_isolation", "repeatable read"},
    Known{"escape_string_warning", "on"},
    Known{"extra_float_digits", "1"},
    Known{"geqo", "on"},
    Known{"idle_in_transaction_session_timeout", "0"},
    Known{"jit", "off"},
    Known{"lc_collate", "C", false, true},
    Known{"lc_ctype", "C", false, true},
    Known{"lc_messages", "C"},
    Known{"lc_monetary", "C"},
    Known{"lc_numeric", "C"},
    Known{"lc_time", "C"},
    Known{"lock_timeout", "0"},
    Known{"max_identifier_length", "63", false, true},
    Known{"quote_all_identifiers", "off"},
    Known{"row_security", "on"},
    Known{"search_path", "main"},
    Known{"server_version_num", "150000", false, true},
    Known{"statement_timeout", "0"},
    Known{"synchronize_seqscans", "on"},
    Known{"synchronous_commit", "on"},
    Known{"transaction_isolation", "repeatable read"},
    Known{"transaction_read_only", "off"},
    Known{"work_mem", "4MB"},
    Known{"xmloption", "content"},
};

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return lower;
}

Status NoSuchSetting(std::string_view name) {
  return MakeError(ErrorCode::kInvalidArgument,
                   fmt::format("unrecognized configuration parameter \"{}\"", name));
}

Status InvalidSetting(std::string_view name, std::string_view value) {
  return MakeError(ErrorCode::kInvalidArgument,
                   fmt::format("invalid value for parameter \"{}\": \"{}\"", name, value));
}

bool IsOneOf(std::string_view value, std::initializer_list<std::string_view> choices) {
  return std::find(choices.begin(), choices.end(), value) != choices.end();
}

/// "250", "2s", "1min": milliseconds.
std::optional<int64_t> Milliseconds(std::string_view text) {
  int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || number < 0 || number > INT32_MAX) return std::nullopt;
  const std::string_view unit(rest, static_cast<size_t>(end - rest));
  if (unit.empty() || unit == "ms") return number;
  if (unit == "s") return number * 1'000;
  if (unit == "min") return number * 60'000;
  if (unit == "h") return number * 3'600'000;
  return std::nullopt;
}

/// What results are made with cannot be changed: texts are UTF-8, dates ISO.
Status Check(std::string_view key, std::string* value) {
  const std::string lower = Lower(*value);
  if (key == "client_encoding") {
    std::string plain;
    for (const char c : lower) {
      if (c != '\'' && c != '"' && c != '-' && c != '_') plain += c;
    }
    if (!IsOneOf(plain, {"utf8", "unicode", "auto"})) {
      return MakeError(ErrorCode::kNotImplemented,
                       fmt::format("encoding \"{}\" is not supported: texts are UTF8", *value));
    }
    *value = "UTF8";
  } else if (key == "datestyle") {
    if (!lower.starts_with("iso") && !IsOneOf(lower, {"mdy", "dmy", "ymd", "default"})) {
      return MakeError(ErrorCode::kNotImplemented, "dates are ISO only");
    }
    *value = "ISO, MDY";
  } else if (key == "intervalstyle" && lower != "postgres") {
    return MakeError(ErrorCode::kNotImplemented, "intervals have the style postgres only");
  } else if (key == "standard_conforming_strings" && !IsOneOf(lower, {"on", "true", "1", "yes"})) {
    return MakeError(ErrorCode::kNotImplemented, "strings are standard conforming only");
  } else if (key == "timezone") {
    if (!IsOneOf(lower, {"utc", "gmt", "etc/utc", "etc/gmt", "zulu", "z", "0", "+00", "+00:00"})) {
      return MakeError(ErrorCode::kNotImplemented,
                       "times are given in UTC; convert them with AT TIME ZONE");
    }
    *value = "UTC";
  } else if (key == "statement_timeout" || key == "lock_timeout" ||
             key == "idle_in_transaction_session_timeout") {
    const auto time = Milliseconds(lower);
    if (!time) return InvalidSetting(key, *value);
    *value = std::to_string(*time);
  }
  return Status::OK();
}

}  // namespace

SessionSettings::SessionSettings() {
  for (const Known& known : kKnown) {
    values_[Lower(known.name)] = {.spelling = std::string(known.name),
                                  .value = std::string(known.value),
                                  .fallback = std::string(known.value),
                                  .reported = known.reported};
  }
}

Status SessionSettings::SetDefault(std::string_view name, std::string value) {
  const std::string key = Lower(name);
  // A client's own zone is no reason to be turned away: it is told that it gets UTC.
  if (key == "timezone" && !Check(key, &value).ok()) return Status::OK();
  ARROW_RETURN_NOT_OK(Set(name, std::move(value)));
  values_[key].fallback = values_[key].value;
  return Status::OK();
}

Status SessionSettings::Set(std::string_view name, std::optional<std::string> value) {
  const std::string key = Lower(name);
  const auto found = values_.find(key);
  if (found == values_.end()) {
    if (key.find('.') == std::string::npos && !key.starts_with("hatidata_")) {
      return NoSuchSetting(name);
    }
    values_[key] = {.spelling = key, .value = value.value_or(""), .fallback = ""};
    return Status::OK();
  }
  const auto fixed = std::find_if(kKnown.begin(), kKnown.end(), [&](const Known& known) {
    return known.fixed && Lower(known.name) == key;
  });
  if (fixed != kKnown.end()) {
    return MakeError(ErrorCode::kPermissionDenied,
                     fmt::format("parameter \"{}\" cannot be changed", name));
  }
  if (!value) {
    found->second.value = found->second.fallback;
    return Status::OK();
  }
  ARROW_RETURN_NOT_OK(Check(key, &*value));
  found->second.value = *std::move(value);
  return Status::OK();
}

void SessionSettings::ResetAll() {
  for (auto& [key, value] : values_) value.value = value.fallback;
}

Result<std::string> SessionSettings::Show(std::string_view name) const {
  const auto found = values_.find(Lower(name));
  if (found == values_.end()) return NoSuchSetting(name);
  return found->second.value;
}

std::vector<std::pair<std::string, std::string>> SessionSettings::All() const {
  std::vector<std::pair<std::string, std::string>> all;
  for (const auto& [key, value] : values_) all.emplace_back(value.spelling, value.value);
  return all;
}

std::vector<std::pair<std::string, std::string>> SessionSettings::TakeReports() {
  std::vector<std::pair<std::string, std::string>> reports;
  for (const auto& [key, value] : values_) {
    if (!value.reported) continue;
    const auto told = told_.find(key);
    if (told != told_.end() && told->second == value.value) continue;
    told_[key] = value.value;
    reports.emplace_back(value.spelling, value.value);
  }
  return reports;
}

std::optional<std::chrono::milliseconds> SessionSettings::statement_timeout() const {
  const auto found = values_.find("statement_timeout");
  const auto time = Milliseconds(found->second.value);
  if (!time || *time == 0) return std::nullopt;
  return std::chrono::milliseconds(*time);
}

}  // namespace headrace::server::pgwire

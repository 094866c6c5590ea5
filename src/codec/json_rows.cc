#include "codec/json_rows.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

#include <simdjson.h>

#include "base/trim.h"
#include "codec/json_number.h"
#include "headrace/error_code.h"

namespace headrace::codec {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr size_t kPadding = simdjson::SIMDJSON_PADDING;
constexpr size_t kSmallestCapacity = 4096;

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

/// Where in the rows the parser is, for the location of an error.
struct Place {
  std::string_view member;  // none: the rows are not in an envelope
  int64_t row = -1;         // -1: the rows are one object
  const std::string_view* key = nullptr;

  std::vector<std::string> Location() const {
    std::vector<std::string> location;
    if (!member.empty()) location.emplace_back(member);
    if (row >= 0) location.push_back(std::to_string(row));
    if (key != nullptr) location.emplace_back(*key);
    return location;
  }
};

}  // namespace

struct JsonRowsParser::Impl {
  explicit Impl(JsonLimits l) : limits(l) {}

  Status Load(std::string_view text);
  Status Start(std::string_view text, const Place& place, ondemand::document* out);
  Status EnsureEnd(ondemand::document& done, const Place& place);

  Status Envelope(ondemand::object object, std::string_view rows_member, RowBatch* rows,
                  std::vector<Member>* others);
  Status RowList(ondemand::array array, Place place, RowBatch* rows);
  Status Row(ondemand::object object, const Place& place, int64_t depth, RowBatch* rows);
  Result<Cell> Value(ondemand::value& value, const Place& place, int64_t depth);
  Result<Cell> Number(ondemand::value& value, std::string_view token, const Place& place);
  Result<Cell> Nested(ondemand::value& value, const char* begin, const Place& place, int64_t depth);
  Result<std::string_view> Text(ondemand::raw_json_string raw, const Place& place);

  Status Malformed(simdjson::error_code error, const Place& place) const;
  Status CheckJson(std::string_view text, const Place& place);
  Status CheckCells(const RowBatch& rows, const Place& place) const;
  Status NotARow(std::string_view token, const Place& place) const;
  const char* text_end() const noexcept { return padded.get() + size; }

  JsonLimits limits;
  ondemand::parser parser;
  ondemand::document document;

  // The text, with the room behind it that simdjson reads without looking; strings without escapes
  // are views into it. Strings with escapes are unescaped into `unescaped`, which is as large, and
  // that is enough: each is unescaped once and becomes no longer.
  size_t capacity = 0;
  size_t size = 0;
  std::unique_ptr<char[]> padded;
  std::unique_ptr<uint8_t[]> unescaped;
  uint8_t* unescaped_end = nullptr;
};

Status JsonRowsParser::Impl::Load(std::string_view text) {
  if (text.starts_with(kByteOrderMark)) {
    text.remove_prefix(kByteOrderMark.size());
  }
  if (text.size() > capacity || padded == nullptr) {
    capacity = std::max({text.size(), 2 * capacity, kSmallestCapacity});
    padded.reset(new char[capacity + kPadding]);
    unescaped.reset(new uint8_t[capacity + kPadding]);
  }
  size = text.size();
  if (size > 0) {  // an empty view may point nowhere
    std::memcpy(padded.get(), text.data(), size);
  }
  std::memset(padded.get() + size, ' ', kPadding);
  unescaped_end = unescaped.get();
  return Status::OK();
}

/// Requires: `text` lies in `padded`.
Status JsonRowsParser::Impl::Start(std::string_view text, const Place& place,
                                   ondemand::document* out) {
  if (text.size() > parser.capacity()) {
    const size_t wanted = std::max({text.size(), 2 * parser.capacity(), kSmallestCapacity});
    if (const auto error = parser.allocate(wanted)) {
      return MakeError(ErrorCode::kTooLarge, simdjson::error_message(error), place.Location());
    }
  }
  const auto allocated = static_cast<size_t>(text_end() - text.data()) + kPadding;
  if (const auto error = parser.iterate(text.data(), text.size(), allocated).get(*out)) {
    return Malformed(error, place);
  }
  return Status::OK();
}

Status JsonRowsParser::Impl::EnsureEnd(ondemand::document& done, const Place& place) {
  if (done.at_end()) {
    return Status::OK();
  }
  const char* location = nullptr;
  if (done.current_location().get(location) != simdjson::SUCCESS) location = text_end();
  return MakeError(
      ErrorCode::kMalformedBody,
      "more text after the JSON object, at byte " + std::to_string(location - padded.get()),
      place.Location());
}

Status JsonRowsParser::Impl::Envelope(ondemand::object object, std::string_view rows_member,
                                      RowBatch* rows, std::vector<Member>* others) {
  bool found = false;
  for (auto next : object) {
    ondemand::field field;
    if (const auto error = std::move(next).get(field)) return Malformed(error, {});
    ARROW_ASSIGN_OR_RAISE(const std::string_view name, Text(field.key(), {}));
    ondemand::value& value = field.value();
    if (name != rows_member) {
      for (const Member& other : *others) {
        if (other.name == name) {
          return MakeError(ErrorCode::kInvalidArgument, "the member occurs twice",
                           {std::string(name)});
        }
      }
      if (static_cast<int64_t>(others->size()) == limits.max_columns) {
        return MakeError(ErrorCode::kTooLarge,
                         "more than " + std::to_string(limits.max_columns) + " members");
      }
      ARROW_ASSIGN_OR_RAISE(const Cell cell, Value(value, {.member = name}, 1));
      others->push_back({name, cell});
      continue;
    }
    const Place place{.member = name};
    if (found) {
      return MakeError(ErrorCode::kInvalidArgument, "the member occurs twice", place.Location());
    }
    found = true;
    const std::string_view token = value.raw_json_token();
    if (token.front() == '{') {
      ondemand::object row;
      if (const auto error = value.get_object().get(row)) return Malformed(error, place);
      ARROW_RETURN_NOT_OK(Row(row, place, 2, rows));
    } else if (token.front() == '[') {
      ondemand::array list;
      if (const auto error = value.get_array().get(list)) return Malformed(error, place);
      ARROW_RETURN_NOT_OK(RowList(list, place, rows));
    } else {
      ARROW_RETURN_NOT_OK(Value(value, place, 1).status());
      return MakeError(ErrorCode::kInvalidArgument, "must be an object or a list of objects",
                       place.Location());
    }
  }
  if (!found) {
    return MakeError(ErrorCode::kInvalidArgument, "the member is missing",
                     {std::string(rows_member)});
  }
  return Status::OK();
}

Status JsonRowsParser::Impl::RowList(ondemand::array array, Place place, RowBatch* rows) {
  for (auto next : array) {
    place.row = rows->num_rows();
    ondemand::value value;
    if (const auto error = next.get(value)) return Malformed(error, place);
    const std::string_view token = value.raw_json_token();
    if (token.front() != '{') {
      ARROW_RETURN_NOT_OK(Value(value, place, 2).status());
      return NotARow(token, place);
    }
    ondemand::object row;
    if (const auto error = value.get_object().get(row)) return Malformed(error, place);
    ARROW_RETURN_NOT_OK(Row(row, place, 3, rows));
  }
  return Status::OK();
}

Status JsonRowsParser::Impl::Row(ondemand::object object, const Place& place, int64_t depth,
                                 RowBatch* rows) {
  if (rows->num_rows() == limits.max_rows) {
    return MakeError(ErrorCode::kTooLarge, "more than " + std::to_string(limits.max_rows) + " rows",
                     place.Location());
  }
  rows->BeginRow();
  ARROW_RETURN_NOT_OK(CheckCells(*rows, place));
  int64_t columns = rows->num_columns();
  for (auto next : object) {
    ondemand::field field;
    if (const auto error = std::move(next).get(field)) return Malformed(error, place);
    ARROW_ASSIGN_OR_RAISE(const std::string_view key, Text(field.key(), place));
    Place cell_place = place;
    cell_place.key = &key;
    ARROW_ASSIGN_OR_RAISE(const Cell cell, Value(field.value(), cell_place, depth));
    if (!rows->Set(key, cell)) {
      return MakeError(ErrorCode::kInvalidArgument, "the key occurs twice in the row",
                       cell_place.Location());
    }
    if (rows->num_columns() > limits.max_columns) {
      return MakeError(ErrorCode::kTooLarge,
                       "more than " + std::to_string(limits.max_columns) + " columns",
                       cell_place.Location());
    }
    if (rows->num_columns() != columns) {
      columns = rows->num_columns();
      ARROW_RETURN_NOT_OK(CheckCells(*rows, cell_place));
    }
  }
  return Status::OK();
}

Status JsonRowsParser::Impl::CheckCells(const RowBatch& rows, const Place& place) const {
  const int64_t most = std::max(limits.max_sparse_cells, static_cast<int64_t>(size / 4));
  if (rows.num_rows() * rows.num_columns() <= most) return Status::OK();
  return MakeError(ErrorCode::kTooLarge,
                   "so many rows lack so many of the keys that they take more than " +
                       std::to_string(most) + " cells; send fewer rows at once",
                   place.Location());
}

/// Scalars need not be taken from simdjson's iterator: it skips what was only looked at. But in
/// skipping it takes `1 : 2` for a value too, so what follows a scalar is looked at here.
Result<Cell> JsonRowsParser::Impl::Value(ondemand::value& value, const Place& place,
                                         int64_t depth) {
  const std::string_view token = value.raw_json_token();
  if (token.front() != '{' && token.front() != '[') {
    const char after = token.data()[token.size()];  // padding at the end of the text
    if (after != ',' && after != '}' && after != ']') {
      return Malformed(simdjson::TAPE_ERROR, place);
    }
  }
  switch (token.front()) {
    case '"': {
      ARROW_ASSIGN_OR_RAISE(
          const std::string_view text,
          Text(ondemand::raw_json_string(reinterpret_cast<const uint8_t*>(token.data() + 1)),
               place));
      return Cell::String(text);
    }
    case '{':
    case '[': return Nested(value, token.data(), place, depth + 1);
    case 't':
      if (base::TrimEnd(token) == "true") return Cell::Bool(true);
      return Malformed(simdjson::T_ATOM_ERROR, place);
    case 'f':
      if (base::TrimEnd(token) == "false") return Cell::Bool(false);
      return Malformed(simdjson::F_ATOM_ERROR, place);
    case 'n':
      if (base::TrimEnd(token) == "null") return Cell::Null();
      return Malformed(simdjson::N_ATOM_ERROR, place);
    default: return Number(value, token, place);
  }
}

Result<Cell> JsonRowsParser::Impl::Number(ondemand::value& value, std::string_view token,
                                          const Place& place) {
  ondemand::number number;
  if (value.get_number().get(number) == simdjson::SUCCESS) {
    switch (number.get_number_type()) {
      case ondemand::number_type::signed_integer: return Cell::Int64(number.get_int64());
      case ondemand::number_type::floating_point_number: return Cell::Double(number.get_double());
      default: return Cell::Text(Cell::Kind::kBigInteger, base::TrimEnd(token));
    }
  }
  switch (NumberFormOf(base::TrimEnd(token))) {
    case NumberForm::kInteger: return Cell::Text(Cell::Kind::kBigInteger, base::TrimEnd(token));
    case NumberForm::kFraction:
      return MakeError(ErrorCode::kInvalidArgument,
                       "the number is beyond the range of a double: " +
                           std::string(base::TrimEnd(token).substr(0, 40)),
                       place.Location());
    case NumberForm::kNone: break;
  }
  return Malformed(simdjson::NUMBER_ERROR, place);
}

/// Goes through all that is nested, so that faults in it are found, and gives it as text.
Result<Cell> JsonRowsParser::Impl::Nested(ondemand::value& value, const char* begin,
                                          const Place& place, int64_t depth) {
  if (depth > limits.max_depth) {
    return MakeError(ErrorCode::kTooLarge,
                     "nested more than " + std::to_string(limits.max_depth) + " deep",
                     place.Location());
  }
  if (*begin == '{') {
    ondemand::object object;
    if (const auto error = value.get_object().get(object)) return Malformed(error, place);
    for (auto next : object) {
      ondemand::field field;
      if (const auto error = std::move(next).get(field)) return Malformed(error, place);
      ARROW_RETURN_NOT_OK(Text(field.key(), place).status());
      ARROW_RETURN_NOT_OK(Value(field.value(), place, depth).status());
    }
  } else {
    ondemand::array array;
    if (const auto error = value.get_array().get(array)) return Malformed(error, place);
    for (auto next : array) {
      ondemand::value item;
      if (const auto error = next.get(item)) return Malformed(error, place);
      ARROW_RETURN_NOT_OK(Value(item, place, depth).status());
    }
  }
  const char* end = nullptr;
  if (const auto error = document.current_location().get(end)) return Malformed(error, place);
  const std::string_view text(begin, static_cast<size_t>(end - begin));
  return Cell::Text(Cell::Kind::kNested, base::TrimEnd(text));
}

/// The text of a string or key. simdjson has made sure that it ends and has no control characters.
Result<std::string_view> JsonRowsParser::Impl::Text(ondemand::raw_json_string raw,
                                                    const Place& place) {
  const char* const begin = raw.raw();
  const auto left = static_cast<size_t>(text_end() - begin);
  const auto* end = static_cast<const char*>(std::memchr(begin, '"', left));
  std::string_view text(begin, end == nullptr ? left : static_cast<size_t>(end - begin));
  if (std::memchr(begin, '\\', text.size()) != nullptr) {
    if (const auto error = parser.unescape(raw, unescaped_end).get(text)) {
      return Malformed(error, place);
    }
    // Some versions of simdjson let half a surrogate pair through when it is the second half.
    if (!simdjson::validate_utf8(text)) return Malformed(simdjson::STRING_ERROR, place);
  }
  if (static_cast<int64_t>(text.size()) > limits.max_string_bytes) {
    return MakeError(ErrorCode::kTooLarge,
                     "a string of more than " + std::to_string(limits.max_string_bytes) + " bytes",
                     place.Location());
  }
  return text;
}

Status JsonRowsParser::Impl::Malformed(simdjson::error_code error, const Place& place) const {
  return MakeError(ErrorCode::kMalformedBody,
                   std::string("not JSON: ") + simdjson::error_message(error), place.Location());
}

/// kMalformedBody for what is no JSON at all. simdjson passes over a byte order mark in front of
/// any text; it is none of JSON, and only the beginning of a body may have it.
Status JsonRowsParser::Impl::CheckJson(std::string_view text, const Place& place) {
  if (text.starts_with(kByteOrderMark)) {
    return Malformed(simdjson::TAPE_ERROR, place);
  }
  simdjson::dom::parser checker;
  const auto error = checker.parse(text.data(), text.size()).error();
  return error ? Malformed(error, place) : Status::OK();
}

Status JsonRowsParser::Impl::NotARow(std::string_view token, const Place& place) const {
  return MakeError(
      ErrorCode::kInvalidArgument,
      "a row must be an object, this is " + std::string(base::TrimEnd(token).substr(0, 40)),
      place.Location());
}

JsonRowsParser::JsonRowsParser(JsonLimits limits) : impl_(std::make_unique<Impl>(limits)) {}
JsonRowsParser::~JsonRowsParser() = default;

Status JsonRowsParser::ParseEnvelope(std::string_view json, std::string_view rows_member,
                                     RowBatch* rows, std::vector<Member>* others) {
  rows->Reset();
  others->clear();
  ARROW_RETURN_NOT_OK(impl_->Load(json));
  const std::string_view text = base::Trim({impl_->padded.get(), impl_->size});
  ARROW_RETURN_NOT_OK(impl_->Start(text, {}, &impl_->document));
  if (text.front() != '{') {
    ARROW_RETURN_NOT_OK(impl_->CheckJson(text, {}));
    return MakeError(ErrorCode::kInvalidArgument, "the body must be a JSON object");
  }
  ondemand::object object;
  if (const auto error = impl_->document.get_object().get(object)) {
    return impl_->Malformed(error, {});
  }
  ARROW_RETURN_NOT_OK(impl_->Envelope(object, rows_member, rows, others));
  ARROW_RETURN_NOT_OK(impl_->EnsureEnd(impl_->document, {}));
  rows->Seal();
  return Status::OK();
}

Status JsonRowsParser::ParseNdjson(std::string_view ndjson, RowBatch* rows) {
  rows->Reset();
  ARROW_RETURN_NOT_OK(impl_->Load(ndjson));
  std::string_view rest(impl_->padded.get(), impl_->size);
  while (!rest.empty()) {
    const size_t newline = std::min(rest.find('\n'), rest.size());
    const std::string_view line = base::Trim(rest.substr(0, newline));
    rest.remove_prefix(std::min(newline + 1, rest.size()));
    if (line.empty()) {
      continue;
    }
    const Place place{.row = rows->num_rows()};
    ARROW_RETURN_NOT_OK(impl_->Start(line, place, &impl_->document));
    if (line.front() != '{') {
      ARROW_RETURN_NOT_OK(impl_->CheckJson(line, place));
      return impl_->NotARow(line, place);
    }
    ondemand::object object;
    if (const auto error = impl_->document.get_object().get(object)) {
      return impl_->Malformed(error, place);
    }
    ARROW_RETURN_NOT_OK(impl_->Row(object, place, 1, rows));
    ARROW_RETURN_NOT_OK(impl_->EnsureEnd(impl_->document, place));
  }
  rows->Seal();
  return Status::OK();
}

}  // namespace headrace::codec

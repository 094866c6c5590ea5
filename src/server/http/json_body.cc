#include "server/http/json_body.h"

#include <algorithm>

#include <fmt/format.h>
#include <simdjson.h>

#include "headrace/error_code.h"
#include "server/http/unknown_field.h"

namespace headrace::server {
namespace {

namespace dom = simdjson::dom;

std::string_view TypeName(dom::element value) {
  switch (value.type()) {
    case dom::element_type::ARRAY: return "a list";
    case dom::element_type::OBJECT: return "an object";
    case dom::element_type::INT64:
    case dom::element_type::UINT64: return "an integer";
    case dom::element_type::DOUBLE: return "a number with a fraction";
    case dom::element_type::STRING: return "a string";
    case dom::element_type::BOOL: return "a truth value";
    case dom::element_type::NULL_VALUE: return "null";
  }
  return "something else";
}

using Location = std::vector<std::string>;

Status WrongType(Location location, std::string_view wanted, dom::element value) {
  std::string message = fmt::format("{} must be {}, not {}", location[1], wanted, TypeName(value));
  return MakeError(ErrorCode::kInvalidArgument, std::move(message), std::move(location));
}

Status AsString(dom::element value, Location location, std::string* out) {
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS)
    return WrongType(std::move(location), "a string", value);
  out->assign(text);
  return Status::OK();
}

Status AsInt(dom::element value, Location location, int64_t* out) {
  if (value.get(*out) == simdjson::SUCCESS) return Status::OK();
  if (value.is_uint64()) {
    std::string message = fmt::format("{} is too large", location[1]);
    return MakeError(ErrorCode::kInvalidArgument, std::move(message), std::move(location));
  }
  return WrongType(std::move(location), "an integer", value);
}

Status AsScalar(dom::element value, Location location, JsonBody::Scalar* out) {
  switch (value.type()) {
    case dom::element_type::NULL_VALUE: *out = std::monostate{}; return Status::OK();
    case dom::element_type::BOOL: *out = bool(value); return Status::OK();
    case dom::element_type::INT64: *out = int64_t(value); return Status::OK();
    case dom::element_type::UINT64: *out = fmt::format("{}", uint64_t(value)); return Status::OK();
    case dom::element_type::DOUBLE: *out = double(value); return Status::OK();
    case dom::element_type::STRING:
      *out = std::string(std::string_view(value));
      return Status::OK();
    default: return WrongType(std::move(location), "a single value", value);
  }
}

template <typename T, typename Convert>
Result<std::optional<std::vector<T>>> List(std::string_view field, const dom::element* value,
                                           std::string_view wanted, Convert convert) {
  if (value == nullptr) return std::nullopt;
  const std::string name(field);
  dom::array array;
  if (value->get(array) != simdjson::SUCCESS) return WrongType({"body", name}, wanted, *value);
  std::vector<T> out;
  for (dom::element element : array) {
    T item{};
    ARROW_RETURN_NOT_OK(convert(element, {"body", name, std::to_string(out.size())}, &item));
    out.push_back(std::move(item));
  }
  return out;
}

}  // namespace

struct JsonBody::Impl {
  dom::parser parser{JsonBody::kMaxBytes};
  std::vector<std::pair<std::string_view, dom::element>> fields;

  const dom::element* Find(std::string_view name) const noexcept {
    for (const auto& [key, value] : fields) {
      if (key == name) return value.is_null() ? nullptr : &value;
    }
    return nullptr;
  }
};

JsonBody::JsonBody() : impl_(std::make_unique<Impl>()) {}
JsonBody::~JsonBody() = default;

Status JsonBody::Parse(std::string_view json, std::initializer_list<std::string_view> known) {
  impl_->fields.clear();
  if (json.size() > kMaxBytes) {
    return MakeError(ErrorCode::kTooLarge, fmt::format("the body has {} bytes, {} are allowed here",
                                                       json.size(), kMaxBytes));
  }
  dom::element root;
  if (const auto error = impl_->parser.parse(json.data(), json.size()).get(root)) {
    if (error == simdjson::MEMALLOC) {
      return MakeError(ErrorCode::kMemoryLimit, "no memory is left to read the body");
    }
    return MakeError(ErrorCode::kMalformedBody,
                     fmt::format("the body is not JSON: {}", simdjson::error_message(error)),
                     {"body"});
  }
  dom::object object;
  if (root.get(object) != simdjson::SUCCESS) {
    return MakeError(ErrorCode::kInvalidArgument,
                     fmt::format("the body must be an object, not {}", TypeName(root)), {"body"});
  }
  for (const dom::key_value_pair field : object) {
    if (std::find(known.begin(), known.end(), field.key) == known.end()) {
      return UnknownField("body", field.key, known);
    }
    for (const auto& [key, value] : impl_->fields) {
      if (key != field.key) continue;
      return MakeError(ErrorCode::kInvalidArgument, fmt::format("{} is given twice", key),
                       {"body", std::string(key)});
    }
    impl_->fields.emplace_back(field.key, field.value);
  }
  return Status::OK();
}

bool JsonBody::Has(std::string_view field) const noexcept { return impl_->Find(field) != nullptr; }

bool JsonBody::IsNull(std::string_view field) const noexcept {
  return std::any_of(impl_->fields.begin(), impl_->fields.end(), [&](const auto& entry) {
    return entry.first == field && entry.second.is_null();
  });
}

Result<std::string_view> JsonBody::RequiredString(std::string_view field) const {
  ARROW_ASSIGN_OR_RAISE(auto text, String(field));
  if (text) return *text;
  return MakeError(ErrorCode::kInvalidArgument, fmt::format("{} is missing", field),
                   {"body", std::string(field)});
}

Result<std::optional<std::string_view>> JsonBody::String(std::string_view field) const {
  const dom::element* value = impl_->Find(field);
  if (value == nullptr) return std::nullopt;
  std::string_view text;
  if (value->get(text) != simdjson::SUCCESS) {
    return WrongType({"body", std::string(field)}, "a string", *value);
  }
  return text;
}

Result<std::optional<int64_t>> JsonBody::Int(std::string_view field) const {
  const dom::element* value = impl_->Find(field);
  if (value == nullptr) return std::nullopt;
  int64_t out = 0;
  ARROW_RETURN_NOT_OK(AsInt(*value, {"body", std::string(field)}, &out));
  return out;
}

Result<std::optional<bool>> JsonBody::Bool(std::string_view field) const {
  const dom::element* value = impl_->Find(field);
  if (value == nullptr) return std::nullopt;
  bool out = false;
  if (value->get(out) != simdjson::SUCCESS) {
    return WrongType({"body", std::string(field)}, "true or false", *value);
  }
  return out;
}

Result<std::optional<std::vector<int64_t>>> JsonBody::Ints(std::string_view field) const {
  return List<int64_t>(field, impl_->Find(field), "a list of integers", AsInt);
}

Result<std::optional<std::vector<std::string>>> JsonBody::Strings(std::string_view field) const {
  return List<std::string>(field, impl_->Find(field), "a list of strings", AsString);
}

Result<std::optional<std::string>> JsonBody::Object(std::string_view field) const {
  const dom::element* value = impl_->Find(field);
  if (value == nullptr) return std::nullopt;
  if (!value->is_object()) return WrongType({"body", std::string(field)}, "an object", *value);
  return simdjson::minify(*value);
}

Result<std::optional<double>> JsonBody::Double(std::string_view field) const {
  const dom::element* value = impl_->Find(field);
  if (value == nullptr) return std::nullopt;
  double out = 0;
  if (value->get(out) != simdjson::SUCCESS) {
    return WrongType({"body", std::string(field)}, "a number", *value);
  }
  return out;
}

Result<std::optional<std::vector<JsonBody::Scalar>>> JsonBody::Scalars(
    std::string_view field) const {
  return List<Scalar>(field, impl_->Find(field), "a list", AsScalar);
}

Result<std::optional<JsonBody::StringMap>> JsonBody::Map(std::string_view field) const {
  const dom::element* value = impl_->Find(field);
  if (value == nullptr) return std::nullopt;
  const std::string name(field);
  dom::object object;
  if (value->get(object) != simdjson::SUCCESS) {
    return WrongType({"body", name}, "an object", *value);
  }
  StringMap out;
  for (const dom::key_value_pair entry : object) {
    std::string text;
    ARROW_RETURN_NOT_OK(AsString(entry.value, {"body", name, std::string(entry.key)}, &text));
    out.emplace_back(entry.key, std::move(text));
  }
  return out;
}

}  // namespace headrace::server

#include "codec/text_rows.h"

namespace headrace::codec {

std::optional<TextCast> SharedCastOf(const arrow::DataType& type, bool bare) {
  using arrow::Type;
  switch (type.id()) {
    case Type::INT8:
    case Type::INT16:
    case Type::INT32:
    case Type::UINT8:
    case Type::UINT16:
    case Type::UINT32:
    case Type::DURATION: return TextCast{arrow::int64()};
    case Type::DATE64:
    case Type::TIME32:
    case Type::TIME64:
    case Type::DECIMAL32:
    case Type::DECIMAL64:
    case Type::DECIMAL128:
    case Type::DECIMAL256: return TextCast{.target = arrow::utf8(), .bare = bare};
    case Type::STRING_VIEW: return TextCast{arrow::utf8()};
    case Type::NA:
    case Type::BOOL:
    case Type::INT64:
    case Type::UINT64:
    case Type::FLOAT:
    case Type::DOUBLE:
    case Type::STRING:
    case Type::LARGE_STRING:
    case Type::TIMESTAMP:
    case Type::DATE32: return TextCast{};
    default: return std::nullopt;
  }
}

}  // namespace headrace::codec

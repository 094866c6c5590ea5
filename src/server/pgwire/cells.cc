#include "server/pgwire/cells.h"

#include <charconv>
#include <type_traits>
#include <utility>
#include <vector>

#include <arrow/array.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>
#include <arrow/visit_type_inline.h>
#include <fmt/format.h>

#include "headrace/error_code.h"
#include "server/pgwire/backend_message.h"
#include "server/pgwire/cell_values.h"
#include "server/pgwire/value_text.h"

namespace headrace::server::pgwire {
namespace {

/// "{1,NULL,\"a b\"}"
Result<WriteCell> ArrayTextCells(const sql::ColumnType& type, const arrow::Array& array) {
  ARROW_ASSIGN_OR_RAISE(Elements elements, ElementsOf(array));
  ARROW_ASSIGN_OR_RAISE(auto write, TextCells(type.children[0], *elements.values));
  return WriteCell([elements, write = std::move(write), text = std::string()](
                       int64_t row, std::string* out) mutable {
    const auto [begin, end] = elements.Range(row);
    out->push_back('{');
    for (int64_t i = begin; i < end; ++i) {
      if (i > begin) out->push_back(',');
      if (elements.values->IsNull(i)) {
        *out += "NULL";
        continue;
      }
      text.clear();
      write(i, &text);
      PrintArrayElement(text, out);
    }
    out->push_back('}');
  });
}

struct TextMaker {
  const sql::ColumnType& type;
  const arrow::Array& array;
  WriteCell made;

  template <typename Type>
    requires arrow::is_integer_type<Type>::value
  Status Visit(const Type&) {
    made = [values = &static_cast<const arrow::NumericArray<Type>&>(array)](int64_t row,
                                                                            std::string* out) {
      char text[24];
      const auto end = std::to_chars(text, text + sizeof(text), values->Value(row)).ptr;
      out->append(text, end);
    };
    return Status::OK();
  }
  template <typename Type>
    requires(std::is_same_v<Type, arrow::FloatType> || std::is_same_v<Type, arrow::DoubleType>)
  Status Visit(const Type&) {
    made = [values = &static_cast<const arrow::NumericArray<Type>&>(array)](
               int64_t row, std::string* out) { PrintFloat(values->Value(row), out); };
    return Status::OK();
  }
  Status Visit(const arrow::BooleanType&) {
    made = [values = &static_cast<const arrow::BooleanArray&>(array)](
               int64_t row, std::string* out) { out->push_back(values->Value(row) ? 't' : 'f'); };
    return Status::OK();
  }
  Status Visit(const arrow::Decimal128Type& decimal) {
    made = [values = &static_cast<const arrow::Decimal128Array&>(array), scale = decimal.scale(),
            is_unsigned = type.id == DUCKDB_TYPE_UHUGEINT](int64_t row, std::string* out) {
      const arrow::Decimal128 value(values->GetValue(row));
      *out += is_unsigned ? UnsignedText(value) : value.ToString(scale);
    };
    return Status::OK();
  }
  template <typename Type>
    requires arrow::is_base_binary_type<Type>::value
  Status Visit(const Type&) {
    using ArrayType = typename arrow::TypeTraits<Type>::ArrayType;
    made = [values = &static_cast<const ArrayType&>(array), is_blob = type.id == DUCKDB_TYPE_BLOB](
               int64_t row, std::string* out) {
      if (is_blob) {
        PrintBytes(values->GetView(row), out);
      } else {
        out->append(values->GetView(row));
      }
    };
    return Status::OK();
  }
  Status Visit(const arrow::Date32Type&) {
    made = [values = &static_cast<const arrow::Date32Array&>(array)](
               int64_t row, std::string* out) { PrintDate(values->Value(row), out); };
    return Status::OK();
  }
  Status Visit(const arrow::TimestampType& timestamp) {
    made = [values = &static_cast<const arrow::TimestampArray&>(array), unit = timestamp.unit(),
            zone = timestamp.timezone().empty() ? "" : "+00"](int64_t row, std::string* out) {
      PrintTimestamp(MicrosOf(values->Value(row), unit), zone, out);
    };
    return Status::OK();
  }
  Status Visit(const arrow::Time64Type& time) {
    made = [values = &static_cast<const arrow::Time64Array&>(array), unit = time.unit()](
               int64_t row, std::string* out) {
      PrintTime(MicrosOf(values->Value(row), unit), out);
    };
    return Status::OK();
  }
  Status Visit(const arrow::MonthDayNanoIntervalType&) {
    made = [values = &static_cast<const arrow::MonthDayNanoIntervalArray&>(array)](
               int64_t row, std::string* out) {
      const auto value = values->GetValue(row);
      PrintInterval(value.months, value.days, value.nanoseconds / 1000, out);
    };
    return Status::OK();
  }
  Status Visit(const arrow::DictionaryType&) {
    const auto& values = static_cast<const arrow::DictionaryArray&>(array);
    ARROW_ASSIGN_OR_RAISE(auto word, TextCells({.id = DUCKDB_TYPE_VARCHAR}, *values.dictionary()));
    made = [&values, word = std::move(word)](int64_t row, std::string* out) {
      word(values.GetValueIndex(row), out);
    };
    return Status::OK();
  }
  Status Visit(const arrow::NullType&) {
    made = [](int64_t, std::string*) {};
    return Status::OK();
  }
  Status Visit(const arrow::ExtensionType&) {
    const auto& storage = *static_cast<const arrow::ExtensionArray&>(array).storage();
    return TextCells(type, storage).Value(&made);
  }
  Status Visit(const arrow::DataType& other) {
    return MakeError(ErrorCode::kNotImplemented,
                     fmt::format("values of type {} cannot be sent", other.ToString()));
  }
};

/// Writes a struct, list, map or union; plain values are what TextMaker makes of them.
struct JsonMaker {
  const arrow::Array& array;
  WriteCell made;

  static void Element(const arrow::Array& values, const WriteCell& write, int64_t row,
                      std::string* out) {
    if (values.IsNull(row)) {
      *out += "null";
    } else {
      write(row, out);
    }
  }

  Status Visit(const arrow::StructType& type) {
    std::vector<std::pair<std::shared_ptr<arrow::Array>, WriteCell>> fields;
    std::vector<std::string> names;
    for (int i = 0; i < type.num_fields(); ++i) {
      auto field = static_cast<const arrow::StructArray&>(array).field(i);
      ARROW_ASSIGN_OR_RAISE(auto write, JsonCells(*field));
      fields.emplace_back(std::move(field), std::move(write));
      PrintJsonString(type.field(i)->name(), &names.emplace_back());
    }
    made = [fields = std::move(fields), names = std::move(names)](int64_t row, std::string* out) {
      for (size_t i = 0; i < fields.size(); ++i) {
        *out += i == 0 ? "{" : ",";
        *out += names[i];
        out->push_back(':');
        Element(*fields[i].first, fields[i].second, row, out);
      }
      *out += fields.empty() ? "{}" : "}";
    };
    return Status::OK();
  }
  Status Visit(const arrow::MapType&) {
    const auto& map = static_cast<const arrow::MapArray&>(array);
    ARROW_ASSIGN_OR_RAISE(auto key, TextCells(ColumnTypeOf(*map.keys()->type()), *map.keys()));
    ARROW_ASSIGN_OR_RAISE(auto value, JsonCells(*map.items()));
    made = [&map, key = std::move(key), value = std::move(value)](int64_t row, std::string* out) {
      std::string text;
      out->push_back('{');
      for (int64_t i = map.value_offset(row); i < map.value_offset(row + 1); ++i) {
        if (i > map.value_offset(row)) out->push_back(',');
        text.clear();
        key(i, &text);
        PrintJsonString(text, out);
        out->push_back(':');
        Element(*map.items(), value, i, out);
      }
      out->push_back('}');
    };
    return Status::OK();
  }
  template <typename Type>
    requires(std::is_same_v<Type, arrow::ListType> || std::is_same_v<Type, arrow::LargeListType> ||
             std::is_same_v<Type, arrow::FixedSizeListType>)
  Status Visit(const Type&) {
    ARROW_ASSIGN_OR_RAISE(Elements elements, ElementsOf(array));
    ARROW_ASSIGN_OR_RAISE(auto write, JsonCells(*elements.values));
    made = [elements, write = std::move(write)](int64_t row, std::string* out) {
      const auto [begin, end] = elements.Range(row);
      out->push_back('[');
      for (int64_t i = begin; i < end; ++i) {
        if (i > begin) out->push_back(',');
        Element(*elements.values, write, i, out);
      }
      out->push_back(']');
    };
    return Status::OK();
  }
  Status Visit(const arrow::SparseUnionType& type) {
    const auto& values = static_cast<const arrow::SparseUnionArray&>(array);
    std::vector<std::pair<std::shared_ptr<arrow::Array>, WriteCell>> fields;
    for (int i = 0; i < type.num_fields(); ++i) {
      auto field = values.field(i);
      ARROW_ASSIGN_OR_RAISE(auto write, JsonCells(*field));
      fields.emplace_back(std::move(field), std::move(write));
    }
    made = [&values, fields = std::move(fields)](int64_t row, std::string* out) {
      const auto& [field, write] = fields[static_cast<size_t>(values.child_id(row))];
      Element(*field, write, row, out);
    };
    return Status::OK();
  }
  Status Visit(const arrow::BooleanType&) {
    made = [values = &static_cast<const arrow::BooleanArray&>(array)](
               int64_t row, std::string* out) { *out += values->Value(row) ? "true" : "false"; };
    return Status::OK();
  }
  Status Visit(const arrow::DataType& type) {
    ARROW_ASSIGN_OR_RAISE(auto text, TextCells(ColumnTypeOf(type), array));
    const bool is_number = arrow::is_integer(type.id()) || arrow::is_decimal(type.id()) ||
                           arrow::is_floating(type.id());
    made = [text = std::move(text), is_number](int64_t row, std::string* out) {
      std::string value;
      text(row, &value);
      // JSON has no infinity: it is text.
      const bool bare = is_number && value.find_first_of("NI") == std::string::npos;
      if (bare) {
        *out += value;
      } else {
        PrintJsonString(value, out);
      }
    };
    return Status::OK();
  }
};

}  // namespace

Result<WriteCell> TextCells(const sql::ColumnType& type, const arrow::Array& array) {
  const WireType wire = WireTypeOf(type);
  if (wire.is_array) return ArrayTextCells(type, array);
  if (arrow::is_nested(array.type_id())) return JsonCells(array);
  TextMaker maker{.type = type, .array = array, .made = nullptr};
  ARROW_RETURN_NOT_OK(arrow::VisitTypeInline(*array.type(), &maker));
  return std::move(maker.made);
}

Result<WriteCell> JsonCells(const arrow::Array& array) {
  JsonMaker maker{.array = array, .made = nullptr};
  ARROW_RETURN_NOT_OK(arrow::VisitTypeInline(*array.type(), &maker));
  return std::move(maker.made);
}

sql::ColumnType ColumnTypeOf(const arrow::DataType& type) {
  return {.id = arrow::is_binary(type.id()) ? DUCKDB_TYPE_BLOB : DUCKDB_TYPE_INVALID};
}

}  // namespace headrace::server::pgwire

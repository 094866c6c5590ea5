#include "codec/random_columns.h"

#include <array>
#include <bit>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <arrow/array.h>
#include <arrow/array/array_dict.h>
#include <arrow/array/builder_base.h>
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_decimal.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <arrow/util/decimal.h>
#include <arrow/visit_type_inline.h>

#include "headrace/status.h"

namespace headrace::codec {
namespace {

constexpr std::array<std::string_view, 8> kPieces = {
    "a", "plain text ", "\"", ",", "\n", "\xC3\xA9", "\xF0\x9F\x98\x80", "12345678"};

void Require(const Status& status) {
  if (!status.ok()) status.Abort("random column");
}

/// Appends one random value to the builder of a type.
struct AppendRandom {
  arrow::ArrayBuilder* builder;
  std::mt19937_64* random;

  uint64_t Below(uint64_t n) const { return (*random)() % n; }

  template <typename T>
  Status Visit(const T& type) {
    if constexpr (std::is_same_v<T, arrow::BooleanType>) {
      return As<arrow::BooleanBuilder>().Append(Below(2) == 1);
    } else if constexpr (arrow::is_base_binary_type<T>::value ||
                         arrow::is_binary_view_like_type<T>::value) {
      std::string text;
      for (uint64_t i = Below(5); i > 0; --i) text += kPieces[Below(kPieces.size())];
      return As<typename arrow::TypeTraits<T>::BuilderType>().Append(text);
    } else if constexpr (std::is_same_v<T, arrow::FixedSizeBinaryType>) {
      return As<typename arrow::TypeTraits<T>::BuilderType>().Append(Below(2) ? "a\"c" : "xyz");
    } else if constexpr (arrow::is_decimal_type<T>::value) {
      return As<typename arrow::TypeTraits<T>::BuilderType>().Append(
          typename arrow::TypeTraits<T>::CType(static_cast<int64_t>(Below(19'999)) - 9'999));
    } else if constexpr (arrow::is_time_type<T>::value) {
      return As<typename arrow::TypeTraits<T>::BuilderType>().Append(
          static_cast<typename T::c_type>(Below(86'400)));
    } else if constexpr (std::is_same_v<T, arrow::Date64Type>) {
      return As<typename arrow::TypeTraits<T>::BuilderType>().Append(
          static_cast<int64_t>(Below(100'000)) * 86'400'000);
    } else if constexpr (arrow::is_floating_type<T>::value || arrow::is_integer_type<T>::value ||
                         arrow::is_date_type<T>::value || arrow::is_timestamp_type<T>::value ||
                         arrow::is_duration_type<T>::value) {
      return AppendNumber<T>();
    } else {
      return Status::NotImplemented(type.ToString());
    }
  }

  template <typename T>
  Status AppendNumber() {
    using Value = typename T::c_type;
    if constexpr (std::is_floating_point_v<Value>) {
      if (Below(2)) {
        return As<typename arrow::TypeTraits<T>::BuilderType>().Append(
            static_cast<Value>(static_cast<double>(Below(2'000'001)) / 100 - 10'000));
      }
    }
    // Any bits, of any length.
    const uint64_t bits = (*random)() >> Below(64);
    Value value;
    std::memcpy(&value, &bits, sizeof value);
    return As<typename arrow::TypeTraits<T>::BuilderType>().Append(value);
  }

  template <typename Builder>
  Builder& As() const {
    return static_cast<Builder&>(*builder);
  }
};

std::shared_ptr<arrow::Array> Whole(const std::shared_ptr<arrow::DataType>& type, int64_t rows,
                                    std::mt19937_64* random) {
  if (type->id() == arrow::Type::DICTIONARY) {
    const auto& of = static_cast<const arrow::DictionaryType&>(*type);
    const auto values = Whole(of.value_type(), 7, random);
    arrow::Int8Builder indices;
    for (int64_t row = 0; row < rows; ++row) {
      Require((*random)() % 4 == 0 ? indices.AppendNull()
                                   : indices.Append(static_cast<int8_t>((*random)() % 7)));
    }
    return arrow::DictionaryArray::FromArrays(type, indices.Finish().ValueOrDie(), values)
        .ValueOrDie();
  }
  const auto builder = arrow::MakeBuilder(type).ValueOrDie();
  AppendRandom append{.builder = builder.get(), .random = random};
  for (int64_t row = 0; row < rows; ++row) {
    const bool is_null = type->id() == arrow::Type::NA || (*random)() % 4 == 0;
    Require(is_null ? builder->AppendNull() : arrow::VisitTypeInline(*type, &append));
  }
  return builder->Finish().ValueOrDie();
}

}  // namespace

std::shared_ptr<arrow::Array> RandomColumn(const std::shared_ptr<arrow::DataType>& type,
                                           int64_t rows, std::mt19937_64* random) {
  const auto before = static_cast<int64_t>((*random)() % 11);
  return Whole(type, before + rows + 3, random)->Slice(before, rows);
}

arrow::DataTypeVector CsvTypes() {
  using arrow::TimeUnit;
  arrow::DataTypeVector types = {arrow::null(),
                                 arrow::boolean(),
                                 arrow::int8(),
                                 arrow::int16(),
                                 arrow::int32(),
                                 arrow::int64(),
                                 arrow::uint8(),
                                 arrow::uint16(),
                                 arrow::uint32(),
                                 arrow::uint64(),
                                 arrow::float32(),
                                 arrow::float64(),
                                 arrow::utf8(),
                                 arrow::large_utf8(),
                                 arrow::binary(),
                                 arrow::large_binary(),
                                 arrow::date32(),
                                 arrow::date64(),
                                 arrow::decimal32(7, 2),
                                 arrow::decimal64(15, 3),
                                 arrow::decimal128(38, 10),
                                 arrow::decimal256(60, 2),
                                 arrow::fixed_size_binary(3),
                                 arrow::time32(TimeUnit::SECOND),
                                 arrow::time32(TimeUnit::MILLI),
                                 arrow::time64(TimeUnit::MICRO),
                                 arrow::time64(TimeUnit::NANO)};
  for (const auto unit : {TimeUnit::SECOND, TimeUnit::MILLI, TimeUnit::MICRO, TimeUnit::NANO}) {
    types.push_back(arrow::duration(unit));
    for (const char* zone : {"", "UTC", "Europe/Berlin"}) {
      types.push_back(arrow::timestamp(unit, zone));
    }
  }
  return types;
}

std::shared_ptr<arrow::RecordBatch> RandomBatch(const arrow::DataTypeVector& types, int64_t rows,
                                                std::mt19937_64* random) {
  arrow::FieldVector fields;
  arrow::ArrayVector columns;
  for (const auto& type : types) {
    fields.push_back(arrow::field("c\"" + std::to_string(fields.size()), type));
    columns.push_back(RandomColumn(type, rows, random));
  }
  return arrow::RecordBatch::Make(arrow::schema(fields), rows, columns);
}

}  // namespace headrace::codec

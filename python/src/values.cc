#include "values.h"

#include <string>
#include <string_view>

#include <arrow/array.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <arrow/util/float16.h>
#include <arrow/visit_type_inline.h>

#include "status_exception.h"

namespace headrace::python {
namespace {

namespace nb = nanobind;

/// An attribute of a module of Python, looked up once.
nb::handle Attribute(const char* module, const char* name) {
  return nb::object(nb::module_::import_(module).attr(name)).release();
}
nb::handle TimeDelta() {
  static const nb::handle type = Attribute("datetime", "timedelta");
  return type;
}

struct Ticks {
  int64_t per_second;
  /// Whole microseconds, towards the past.
  int64_t Micros(int64_t ticks) const noexcept {
    constexpr int64_t kMicros = 1'000'000;
    if (per_second <= kMicros) return ticks * (kMicros / per_second);
    const int64_t each = per_second / kMicros;
    return ticks / each - (ticks % each < 0 ? 1 : 0);
  }
};
Ticks TicksOf(arrow::TimeUnit::type unit) noexcept {
  switch (unit) {
    case arrow::TimeUnit::SECOND: return {1};
    case arrow::TimeUnit::MILLI: return {1'000};
    case arrow::TimeUnit::MICRO: return {1'000'000};
    default: return {1'000'000'000};
  }
}

nb::object Delta(int64_t micros) { return TimeDelta()(0, 0, micros); }

nb::object Moment(int64_t micros, bool utc) {
  static const nb::handle type = Attribute("datetime", "datetime");
  static const nb::handle zone = Attribute("datetime", "timezone");
  static const nb::handle naive = nb::object(type(1970, 1, 1)).release();
  static const nb::handle aware =
      nb::object(type(1970, 1, 1, 0, 0, 0, 0, zone.attr("utc"))).release();
  return (utc ? aware : naive) + Delta(micros);
}

nb::object Day(int64_t days) {
  static const nb::handle epoch = nb::object(Attribute("datetime", "date")(1970, 1, 1)).release();
  return epoch + TimeDelta()(days);
}

nb::object TimeOfDay(int64_t micros) { return Moment(micros, false).attr("time")(); }

nb::object Text(std::string_view text) { return nb::str(text.data(), text.size()); }

/// The value of one array at one row, by its type.
struct Reader {
  const arrow::Array& column;
  int64_t row;
  nb::object value;

  template <typename Type>
  const auto& As() const {
    return static_cast<const typename arrow::TypeTraits<Type>::ArrayType&>(column);
  }

  template <typename Type>
  arrow::enable_if_integer<Type, Status> Visit(const Type&) {
    value = nb::int_(As<Type>().Value(row));
    return Status::OK();
  }
  Status Visit(const arrow::BooleanType&) {
    value = nb::bool_(As<arrow::BooleanType>().Value(row));
    return Status::OK();
  }
  Status Visit(const arrow::HalfFloatType&) {
    const auto bits = As<arrow::HalfFloatType>().Value(row);
    value = nb::float_(arrow::util::Float16::FromBits(bits).ToDouble());
    return Status::OK();
  }
  Status Visit(const arrow::FloatType&) {
    value = nb::float_(As<arrow::FloatType>().Value(row));
    return Status::OK();
  }
  Status Visit(const arrow::DoubleType&) {
    value = nb::float_(As<arrow::DoubleType>().Value(row));
    return Status::OK();
  }
  template <typename Type>
  arrow::enable_if_decimal<Type, Status> Visit(const Type&) {
    static const nb::handle decimal = Attribute("decimal", "Decimal");
    value = decimal(Text(As<Type>().FormatValue(row)));
    return Status::OK();
  }
  template <typename Type>
  std::enable_if_t<arrow::is_base_binary_type<Type>::value ||
                       arrow::is_binary_view_like_type<Type>::value,
                   Status>
  Visit(const Type&) {
    const std::string_view bytes = As<Type>().GetView(row);
    if constexpr (Type::is_utf8) {
      value = Text(bytes);
    } else {
      value = nb::bytes(bytes.data(), bytes.size());
    }
    return Status::OK();
  }
  template <typename Type>
  std::enable_if_t<std::is_same_v<Type, arrow::FixedSizeBinaryType>, Status> Visit(const Type&) {
    const std::string_view bytes = As<Type>().GetView(row);
    value = nb::bytes(bytes.data(), bytes.size());
    return Status::OK();
  }
  Status Visit(const arrow::Date32Type&) {
    value = Day(As<arrow::Date32Type>().Value(row));
    return Status::OK();
  }
  Status Visit(const arrow::Date64Type&) {
    constexpr int64_t kMillisOfDay = 86'400'000;
    value = Day(As<arrow::Date64Type>().Value(row) / kMillisOfDay);
    return Status::OK();
  }
  template <typename Type>
  arrow::enable_if_time<Type, Status> Visit(const Type& type) {
    value = TimeOfDay(TicksOf(type.unit()).Micros(As<Type>().Value(row)));
    return Status::OK();
  }
  Status Visit(const arrow::TimestampType& type) {
    const int64_t micros = TicksOf(type.unit()).Micros(As<arrow::TimestampType>().Value(row));
    value = Moment(micros, !type.timezone().empty());
    return Status::OK();
  }
  Status Visit(const arrow::DurationType& type) {
    value = Delta(TicksOf(type.unit()).Micros(As<arrow::DurationType>().Value(row)));
    return Status::OK();
  }
  Status Visit(const arrow::DictionaryType&) {
    const auto& encoded = As<arrow::DictionaryType>();
    value = ValueAt(*encoded.dictionary(), encoded.GetValueIndex(row));
    return Status::OK();
  }
  template <typename Type>
  std::enable_if_t<arrow::is_list_type<Type>::value && !std::is_same_v<Type, arrow::MapType>,
                   Status>
  Visit(const Type&) {
    const auto items = As<Type>().value_slice(row);
    nb::list list;
    for (int64_t i = 0; i < items->length(); ++i) list.append(ValueAt(*items, i));
    value = std::move(list);
    return Status::OK();
  }
  Status Visit(const arrow::MapType&) {
    const auto& map = As<arrow::MapType>();
    nb::list list;
    for (int64_t i = map.value_offset(row); i < map.value_offset(row + 1); ++i) {
      list.append(nb::make_tuple(ValueAt(*map.keys(), i), ValueAt(*map.items(), i)));
    }
    value = std::move(list);
    return Status::OK();
  }
  Status Visit(const arrow::StructType& type) {
    nb::dict dict;
    for (int i = 0; i < type.num_fields(); ++i) {
      dict[Text(type.field(i)->name())] = ValueAt(*As<arrow::StructType>().field(i), row);
    }
    value = std::move(dict);
    return Status::OK();
  }
  Status Visit(const arrow::ExtensionType&) {
    value = ValueAt(*static_cast<const arrow::ExtensionArray&>(column).storage(), row);
    return Status::OK();
  }
  Status Visit(const arrow::DataType&) {
    value = Text(Unwrap(column.GetScalar(row))->ToString());
    return Status::OK();
  }
};

}  // namespace

nb::object ValueAt(const arrow::Array& column, int64_t row) {
  if (column.IsNull(row)) return nb::none();
  Reader reader{column, row, {}};
  try {
    Check(arrow::VisitTypeInline(*column.type(), &reader));
  } catch (const nb::python_error& error) {
    if (!error.matches(PyExc_OverflowError)) throw;
    reader.value = Text(Unwrap(column.GetScalar(row))->ToString());
  }
  return std::move(reader.value);
}

}  // namespace headrace::python

#include <bit>
#include <type_traits>
#include <utility>

#include <arrow/array.h>
#include <arrow/type.h>
#include <arrow/visit_type_inline.h>

#include "headrace/error_code.h"
#include "server/pgwire/backend_message.h"
#include "server/pgwire/binary_value.h"
#include "server/pgwire/cell_values.h"
#include "server/pgwire/cells.h"

namespace headrace::server::pgwire {
namespace {

/// What is text in both formats, or is made from its text.
Result<WriteCell> FromText(const sql::ColumnType& type, const arrow::Array& array, Oid oid) {
  ARROW_ASSIGN_OR_RAISE(auto text, TextCells(type, array));
  if (oid != kNumeric && oid != kUuid) return text;
  return WriteCell(
      [text = std::move(text), oid, digits = std::string()](int64_t row, std::string* out) mutable {
        digits.clear();
        text(row, &digits);
        if (oid == kNumeric) {
          AppendNumeric(digits, out);
        } else {
          AppendUuid(digits, out);
        }
      });
}

struct BinaryMaker {
  const sql::ColumnType& type;
  const arrow::Array& array;
  Oid oid;
  WriteCell made;

  template <typename Type>
    requires arrow::is_integer_type<Type>::value
  Status Visit(const Type&) {
    const auto* const values = &static_cast<const arrow::NumericArray<Type>&>(array);
    switch (oid) {
      case kInt2:
        made = [values](int64_t row, std::string* out) {
          MessageWriter(out).Int16(static_cast<int>(values->Value(row)));
        };
        return Status::OK();
      case kInt4:
        made = [values](int64_t row, std::string* out) {
          MessageWriter(out).Int32(static_cast<int64_t>(values->Value(row)));
        };
        return Status::OK();
      case kInt8:
        made = [values](int64_t row, std::string* out) {
          MessageWriter(out).Int64(static_cast<int64_t>(values->Value(row)));
        };
        return Status::OK();
      default: return FromText(type, array, oid).Value(&made);
    }
  }
  Status Visit(const arrow::FloatType&) {
    made = [values = &static_cast<const arrow::FloatArray&>(array)](int64_t row, std::string* out) {
      MessageWriter(out).Int32(std::bit_cast<uint32_t>(values->Value(row)));
    };
    return Status::OK();
  }
  Status Visit(const arrow::DoubleType&) {
    made = [values = &static_cast<const arrow::DoubleArray&>(array)](int64_t row,
                                                                     std::string* out) {
      MessageWriter(out).Int64(std::bit_cast<int64_t>(values->Value(row)));
    };
    return Status::OK();
  }
  Status Visit(const arrow::BooleanType&) {
    made = [values = &static_cast<const arrow::BooleanArray&>(array)](
               int64_t row, std::string* out) { out->push_back(values->Value(row) ? 1 : 0); };
    return Status::OK();
  }
  template <typename Type>
    requires arrow::is_base_binary_type<Type>::value
  Status Visit(const Type&) {
    if (oid == kUuid) return FromText(type, array, oid).Value(&made);
    using ArrayType = typename arrow::TypeTraits<Type>::ArrayType;
    made = [values = &static_cast<const ArrayType&>(array)](int64_t row, std::string* out) {
      out->append(values->GetView(row));
    };
    return Status::OK();
  }
  Status Visit(const arrow::Date32Type&) {
    made = [values = &static_cast<const arrow::Date32Array&>(array)](int64_t row,
                                                                     std::string* out) {
      MessageWriter(out).Int32(DaysSince2000(values->Value(row)));
    };
    return Status::OK();
  }
  Status Visit(const arrow::TimestampType& timestamp) {
    made = [values = &static_cast<const arrow::TimestampArray&>(array), unit = timestamp.unit()](
               int64_t row, std::string* out) {
      MessageWriter(out).Int64(MicrosSince2000(MicrosOf(values->Value(row), unit)));
    };
    return Status::OK();
  }
  Status Visit(const arrow::Time64Type& time) {
    made = [values = &static_cast<const arrow::Time64Array&>(array), unit = time.unit()](
               int64_t row, std::string* out) {
      MessageWriter(out).Int64(MicrosOf(values->Value(row), unit));
    };
    return Status::OK();
  }
  Status Visit(const arrow::MonthDayNanoIntervalType&) {
    made = [values = &static_cast<const arrow::MonthDayNanoIntervalArray&>(array)](
               int64_t row, std::string* out) {
      const auto value = values->GetValue(row);
      MessageWriter(out).Int64(value.nanoseconds / 1000).Int32(value.days).Int32(value.months);
    };
    return Status::OK();
  }
  Status Visit(const arrow::DataType&) { return FromText(type, array, oid).Value(&made); }
};

/// Dimensions, whether there are nulls, the element's type; length and first index; the elements.
Result<WriteCell> ArrayCells(const sql::ColumnType& type, const WireType& wire,
                             const arrow::Array& array) {
  ARROW_ASSIGN_OR_RAISE(Elements elements, ElementsOf(array));
  ARROW_ASSIGN_OR_RAISE(auto write, BinaryCells(type.children[0], *elements.values));
  return WriteCell(
      [elements, write = std::move(write), oid = wire.type->oid](int64_t row, std::string* out) {
        const auto [begin, end] = elements.Range(row);
        MessageWriter writer(out);
        int nulls = 0;
        for (int64_t i = begin; i < end; ++i) nulls |= elements.values->IsNull(i) ? 1 : 0;
        writer.Int32(begin == end ? 0 : 1).Int32(nulls).Int32(oid);
        if (begin < end) writer.Int32(end - begin).Int32(1);
        for (int64_t i = begin; i < end; ++i) {
          if (elements.values->IsNull(i)) {
            writer.Int32(-1);
            continue;
          }
          const size_t at = writer.BeginValue();
          write(i, out);
          writer.EndValue(at);
        }
      });
}

}  // namespace

Result<WriteCell> BinaryCells(const sql::ColumnType& type, const arrow::Array& array) {
  const WireType wire = WireTypeOf(type);
  if (wire.is_array) return ArrayCells(type, wire, array);
  BinaryMaker maker{.type = type, .array = array, .oid = wire.type->oid, .made = nullptr};
  ARROW_RETURN_NOT_OK(arrow::VisitTypeInline(*array.type(), &maker));
  return std::move(maker.made);
}

}  // namespace headrace::server::pgwire

#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include <arrow/type_fwd.h>
#include <arrow/util/decimal.h>

#include "headrace/status.h"

namespace headrace::server::pgwire {

/// The elements of a list's rows.
struct Elements {
  std::shared_ptr<arrow::Array> values;
  const arrow::Array* list = nullptr;
  /// [begin, end) in `values`.
  std::pair<int64_t, int64_t> Range(int64_t row) const;
};
Result<Elements> ElementsOf(const arrow::Array& list);

/// Rounded down; infinite ones stay so.
int64_t MicrosOf(int64_t value, arrow::TimeUnit::type unit);

/// Of 128 bits without a sign.
std::string UnsignedText(const arrow::Decimal128& value);

}  // namespace headrace::server::pgwire

#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <arrow/builder.h>
#include <arrow/table.h>

namespace headrace::testing {

/// Tables of made-up ticks, the same for the same seed:
/// ts (sorted), id (clustered), sensor (string of few values), value (double with NaN, nulls),
/// count (int32), flag, note (sparse string), day (date).
class RandomTicks {
 public:
  explicit RandomTicks(uint32_t seed) : random_(seed) {}

  std::shared_ptr<arrow::Table> Make(int64_t rows) {
    arrow::TimestampBuilder ts(arrow::timestamp(arrow::TimeUnit::NANO, "UTC"),
                               arrow::default_memory_pool());
    arrow::Int64Builder id;
    arrow::StringBuilder sensor;
    arrow::DoubleBuilder value;
    arrow::Int32Builder count;
    arrow::BooleanBuilder flag;
    arrow::StringBuilder note;
    arrow::Date32Builder day;
    for (int64_t row = 0; row < rows; ++row) {
      time_ns_ += 1 + Below(2'000'000'000);
      Check(ts.Append(time_ns_));
      Check(id.Append(row / 50 * 100 + Below(120)));
      Check(sensor.Append("sensor-" + std::to_string(Below(20))));
      if (Below(20) == 0) {
        Check(value.AppendNull());
      } else {
        Check(value.Append(Below(50) == 0 ? std::nan("") : static_cast<double>(Below(1000)) / 8));
      }
      Check(Below(7) == 0 ? count.AppendNull() : count.Append(static_cast<int32_t>(Below(50))));
      Check(flag.Append(Below(10) == 0));
      Check(Below(30) == 0 ? note.Append(std::string(static_cast<size_t>(Below(40)), 'n'))
                           : note.AppendNull());
      Check(day.Append(static_cast<int32_t>(time_ns_ / 86'400'000'000'000)));
    }
    return arrow::Table::Make(
        arrow::schema(
            {arrow::field("ts", ts.type(), false), arrow::field("id", arrow::int64()),
             arrow::field("sensor", arrow::utf8()), arrow::field("value", arrow::float64()),
             arrow::field("count", arrow::int32()), arrow::field("flag", arrow::boolean()),
             arrow::field("note", arrow::utf8()), arrow::field("day", arrow::date32())}),
        {Done(ts), Done(id), Done(sensor), Done(value), Done(count), Done(flag), Done(note),
         Done(day)});
  }

  int64_t Below(int64_t end) { return std::uniform_int_distribution<int64_t>(0, end - 1)(random_); }

 private:
  static void Check(const arrow::Status& status) {
    if (!status.ok()) status.Abort();
  }
  template <typename Builder>
  static std::shared_ptr<arrow::Array> Done(Builder& builder) {
    return builder.Finish().ValueOrDie();
  }

  std::mt19937_64 random_;
  int64_t time_ns_ = 1'700'000'000'000'000'000;
};

}  // namespace headrace::testing

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "headrace/status.h"

namespace headrace::bars {

/// A zone of the machine's IANA database. A value; lives as long as the process.
class Zone {
 public:
  /// "America/New_York", "UTC". kInvalidArgument if the machine knows no such zone.
  static Result<Zone> Find(std::string_view name);

  /// A time in which the clock runs at one distance from UTC.
  struct Period {
    int64_t begin = 0;  ///< UTC nanoseconds, cut to what bars may have
    int64_t end = 0;
    int64_t offset = 0;  ///< local = UTC + offset, nanoseconds
  };
  Period PeriodAt(int64_t utc_ns) const;

  /// The first instant at which the clock shows `local_ns` or later: where it springs over that,
  /// the moment of the leap; where it shows it twice, the first time.
  int64_t FirstInstant(int64_t local_ns) const;

  std::string_view name() const noexcept { return name_; }

 private:
  Zone(std::string name, const void* zone) : name_(std::move(name)), zone_(zone) {}
  std::string name_;
  const void* zone_;  // of the database; null: UTC
};

/// Bars lie between these, so that sums of times do not overflow: 1900 and 2200.
inline constexpr int64_t kDayNs = int64_t{86'400} * 1'000'000'000;
inline constexpr int64_t kFirstTimeNs = -25'567 * kDayNs;
inline constexpr int64_t kLastTimeNs = 84'006 * kDayNs;

}  // namespace headrace::bars

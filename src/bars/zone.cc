#include "bars/zone.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

#include <arrow/vendored/datetime.h>
#include <fmt/format.h>

#include "headrace/error_code.h"
#include "headrace/names.h"

namespace headrace::bars {
namespace {

namespace date = arrow_vendored::date;
using Nanoseconds = std::chrono::nanoseconds;

constexpr int64_t kSecondNs = 1'000'000'000;

int64_t Bounded(date::sys_seconds time) {
  const int64_t seconds = time.time_since_epoch().count();
  return std::clamp(seconds, kFirstTimeNs / kSecondNs, kLastTimeNs / kSecondNs) * kSecondNs;
}

// The database speaks of what it does not know by exceptions; they end here.
const date::time_zone* Locate(std::string_view name, std::string* why) {
  try {
    return date::locate_zone(name);
  } catch (const std::exception& error) {
    *why = error.what();
    return nullptr;
  }
}

std::string NearestZone(std::string_view name) {
  std::vector<std::string> known;
  try {
    for (const date::time_zone& zone : date::get_tzdb().zones) known.push_back(zone.name());
  } catch (const std::exception&) {
    return {};
  }
  const std::string_view nearest = NearestName(name, known);
  return nearest.empty() ? std::string() : fmt::format("; did you mean '{}'?", nearest);
}

}  // namespace

Result<Zone> Zone::Find(std::string_view name) {
  if (name == "UTC" || name == "Etc/UTC") return Zone(std::string(name), nullptr);
  std::string why;
  const date::time_zone* const zone = Locate(name, &why);
  if (zone == nullptr) {
    return MakeError(ErrorCode::kInvalidArgument,
                     fmt::format("no time zone '{}' on this machine{}", name, NearestZone(name)),
                     {"zone"});
  }
  return Zone(std::string(name), zone);
}

Zone::Period Zone::PeriodAt(int64_t utc_ns) const {
  if (zone_ == nullptr) return {kFirstTimeNs, kLastTimeNs, 0};
  const auto time =
      std::chrono::floor<std::chrono::seconds>(date::sys_time<Nanoseconds>(Nanoseconds(utc_ns)));
  const date::sys_info info = static_cast<const date::time_zone*>(zone_)->get_info(time);
  return {Bounded(info.begin), Bounded(info.end), info.offset.count() * kSecondNs};
}

int64_t Zone::FirstInstant(int64_t local_ns) const {
  // Some period a day before shows less; from there on periods are few.
  Period period = PeriodAt(std::max(local_ns - 2 * kDayNs, kFirstTimeNs));
  while (local_ns - period.offset >= period.end && period.end < kLastTimeNs) {
    period = PeriodAt(period.end);
  }
  return std::max(local_ns - period.offset, period.begin);
}

}  // namespace headrace::bars

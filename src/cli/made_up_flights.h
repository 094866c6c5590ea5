#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace headrace::cli::testing {

/// A small Parquet file in the form of the demo's data, in the temporary directory until
/// destruction. Row i has the time `times_us[i]` (none: null) and the delay i.
class MadeUpFlights {
 public:
  static constexpr int64_t kNull = INT64_MIN;

  explicit MadeUpFlights(const std::vector<int64_t>& times_us, int64_t rows_per_group = 1000);
  ~MadeUpFlights();
  MadeUpFlights(const MadeUpFlights&) = delete;
  MadeUpFlights& operator=(const MadeUpFlights&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace headrace::cli::testing

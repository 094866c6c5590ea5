#pragma once

#include <exception>
#include <string>
#include <utility>

#include "headrace/error_code.h"
#include "headrace/status.h"

namespace headrace::scan {

/// Where in a file something is: what errors name. Empty parts are left out of the message.
struct FilePlace {
  std::string path;
  int row_group = -1;
  std::string column;
};

/// A failure at `place`, which its message and location name.
Status ErrorAt(ErrorCode code, const FilePlace& place, const std::string& message);

/// The status for what the Parquet library threw or returned while it read at `place`:
/// kMemoryLimit stays so, a failed read is kIOError, everything else is kCorruptFile.
Status PlacedError(const FilePlace& place, const std::exception& error);
Status PlacedError(const FilePlace& place, const Status& error);

/// Runs `body`, which calls a library that throws and gives a Status or Result back; what it throws
/// becomes a Status.
template <typename Body>
auto AtParquetBorder(const FilePlace& place, Body&& body) -> decltype(body()) {
  try {
    auto outcome = std::forward<Body>(body)();
    if (outcome.ok()) return outcome;
    if constexpr (std::is_same_v<decltype(body()), Status>) {
      return PlacedError(place, outcome);
    } else {
      return PlacedError(place, outcome.status());
    }
  } catch (const std::exception& error) {
    return PlacedError(place, error);
  }
}

}  // namespace headrace::scan

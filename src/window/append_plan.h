#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "headrace/status.h"
#include "window/column.h"
#include "window/incoming.h"

namespace headrace::window {

class WindowStore;

/// A column of the window as an append will leave it.
struct PlannedColumn {
  std::string name;
  ColumnType type = ColumnType::kNull;
};

/// What an append will do, found out before anything is written.
struct AppendPlan {
  /// For each column of the window, new ones included, which incoming column fills it; -1: nulls.
  std::vector<int> incoming_of;
  /// The window's columns afterwards; empty if names and types stay as they are.
  std::vector<PlannedColumn> new_schema;
  int64_t first_row = 0;  ///< rows of the request before this one would leave the window at once
  bool has_text = false;  ///< some column holds strings
};

struct AppendRules {
  bool fixed_schema = false;
  int64_t max_columns = 0;
  int64_t max_string_bytes = 0;
  int64_t keep_rows = 0;  ///< window and history: no more rows than these of a request are written
};

/// Checks every value against the window's types. Reuses the memory of `plan`. Errors are located
/// as
/// {"data", row, column}; the window is not touched.
Status MakeAppendPlan(const Incoming& incoming, const WindowStore& store, const AppendRules& rules,
                      AppendPlan* plan);

}  // namespace headrace::window

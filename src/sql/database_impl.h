#pragma once

#include <semaphore>

#include "headrace/memory_budget.h"
#include "sql/database.h"
#include "sql/duck.h"
#include "sql/watchdog.h"

namespace headrace::sql {

struct Database::Impl {
  FindSource find;
  MemoryBudget* budget = nullptr;
  Reservation held;
  bool read_only = false;
  DuckDatabase duck;
  DuckConnection conversions;  // of Arrow's types, from any thread
  DuckConnection names;        // makes views of sources, outside any transaction of a session
  std::binary_semaphore writer{1};
  Watchdog watchdog;
};

}  // namespace headrace::sql

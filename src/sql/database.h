#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/source.h"
#include "headrace/status.h"

namespace headrace {
class MemoryBudget;
}

namespace headrace::sql {

class Session;

struct DatabaseOptions {
  std::string path;                      ///< of the file; empty: in memory
  bool read_only = false;                ///< nothing can be changed, the file included
  std::vector<std::string> directories;  ///< whose files SQL may read and write
  std::string spill_directory;           ///< empty: what does not fit is refused
  int threads = 0;                       ///< 0: as many as cores
};

/// Finds a source by the name that SQL uses: "trips", "buffers.sensor-data".
using FindSource = std::function<Result<std::shared_ptr<Source>>(std::string_view)>;

/// One embedded DuckDB. Its memory is a share of the budget that is set aside while it is open. SQL
/// reaches no file outside `directories`, no network and no extension, and cannot change that.
/// Thread rule: all methods may be called from any thread.
class Database : public std::enable_shared_from_this<Database> {
 public:
  /// Of a name that no table of the database has, `find` is asked. kBadConfig for a file that
  /// cannot be opened, kMemoryLimit if the budget has no room.
  static Result<std::shared_ptr<Database>> Open(const DatabaseOptions& options, FindSource find,
                                                MemoryBudget* budget);
  ~Database();

  /// A connection with settings and a transaction of its own. Keeps the database.
  Result<std::shared_ptr<Session>> Connect();

 private:
  friend class Session;
  struct Impl;
  explicit Database(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace headrace::sql

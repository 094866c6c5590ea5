#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "codec/format.h"
#include "delivery/allowed_paths.h"
#include "delivery/table_page.h"
#include "delivery/table_request.h"
#include "headrace/status.h"

namespace headrace::delivery {

class Observer;

/// What is known of a source without reading it.
struct TableInfo {
  catalog::Kind kind = catalog::Kind::kBuffer;
  std::string name;       ///< without the kind's prefix
  std::string full_name;  ///< "files.trips"
  std::shared_ptr<arrow::Schema> schema;
  SourceStatistics statistics;
};

/// Every source of the catalog as a table, whatever its kind. Names are as Catalog::Find() takes
/// them. Stateless but for what it is given, all of which outlives it. Thread rule: all methods may
/// be called from any thread.
class Tables {
 public:
  Tables(catalog::Catalog* catalog, AllowedPaths allowed, Observer* observer);

  std::vector<TableInfo> List() const;
  Result<TableInfo> Describe(std::string_view name) const;

  struct PutResult {
    TableInfo info;
    bool replaced = false;  ///< files or a table of that name are no longer there
  };
  /// Holds the rows of `body`, which is borrowed, as the table `name`. kUnsupportedMediaType for a
  /// format that is not read; errors of reading it; those of Catalog::Put().
  Result<PutResult> PutRows(std::string name, codec::Format format, std::string_view body);
  /// Makes files `name`: a file, a directory or a pattern that is allowed.
  Result<PutResult> PutFiles(std::string name, const std::string& path);
  Status Drop(std::string_view name);

  /// The answer to a request: see OpenPage().
  Result<TablePage> Open(const catalog::Entry& entry, TableRequest request,
                         const std::optional<std::string>& cursor);
  Result<catalog::Entry> Find(std::string_view name) const { return catalog_->Find(name); }

  MemoryBudget* budget() const noexcept { return catalog_->budget(); }

 private:
  catalog::Catalog* const catalog_;
  const AllowedPaths allowed_;
  Observer* const observer_;
};

/// A scan of the files at `paths` that many may read at a time.
Result<std::shared_ptr<Source>> OpenFiles(std::vector<std::string> paths, MemoryBudget* budget);

}  // namespace headrace::delivery

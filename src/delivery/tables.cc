#include "delivery/tables.h"

#include <chrono>
#include <utility>

#include <arrow/buffer.h>
#include <arrow/record_batch.h>
#include <fmt/format.h>

#include "catalog/memory_table.h"
#include "codec/arrow_rows.h"
#include "delivery/observer.h"
#include "headrace/error_code.h"
#include "headrace/memory_budget.h"
#include "headrace/names.h"
#include "headrace/scan.h"

namespace headrace::delivery {
namespace {

using Clock = std::chrono::steady_clock;

// Readers of one scan share its limit; each plans with a part of it.
constexpr int64_t kReadersAtATime = 8;
constexpr int64_t kLeastReaderBytes = 4 << 20;

TableInfo InfoOf(const catalog::Entry& entry) {
  return {.kind = entry.kind,
          .name = entry.name,
          .full_name = entry.full_name(),
          .schema = entry.source->schema(),
          .statistics = entry.source->statistics()};
}

/// "tables.trips" may be put as well as "trips", under the prefix that it gets anyway.
Result<std::string> PlainName(std::string name, catalog::Kind kind) {
  const std::string prefix = std::string(PrefixOf(kind)) + '.';
  if (name.starts_with(prefix)) name.erase(0, prefix.size());
  ARROW_RETURN_NOT_OK(ValidateName(name, "name"));
  for (const auto other : {catalog::Kind::kBuffer, catalog::Kind::kFiles, catalog::Kind::kTable,
                           catalog::Kind::kBars}) {
    if (!name.starts_with(std::string(PrefixOf(other)) + '.')) continue;
    return MakeError(ErrorCode::kInvalidArgument,
                     fmt::format("'{}' would be taken for one of the {}: what is put here becomes "
                                 "{}NAME",
                                 name, PrefixOf(other), prefix),
                     {"name"});
  }
  return name;
}

Result<Tables::PutResult> Put(catalog::Catalog* catalog, catalog::Kind kind, std::string name,
                              std::shared_ptr<Source> source) {
  const TableInfo info = InfoOf({.kind = kind, .name = name, .source = source, .sink = nullptr});
  ARROW_ASSIGN_OR_RAISE(const bool replaced,
                        catalog->Put(kind, std::move(name), std::move(source)));
  return Tables::PutResult{.info = info, .replaced = replaced};
}

}  // namespace

Result<std::shared_ptr<Source>> OpenFiles(std::vector<std::string> paths, MemoryBudget* budget) {
  const int64_t part = std::max(kLeastReaderBytes, budget->limit_bytes() / kReadersAtATime);
  ARROW_ASSIGN_OR_RAISE(
      auto scan, Scan::Open({.paths = std::move(paths), .reader_memory_bytes = part}, budget));
  return std::shared_ptr<Source>(std::move(scan));
}

Tables::Tables(catalog::Catalog* catalog, AllowedPaths allowed, Observer* observer)
    : catalog_(catalog), allowed_(std::move(allowed)), observer_(observer) {}

std::vector<TableInfo> Tables::List() const {
  std::vector<TableInfo> infos;
  for (const catalog::Entry& entry : catalog_->List()) infos.push_back(InfoOf(entry));
  return infos;
}

Result<TableInfo> Tables::Describe(std::string_view name) const {
  ARROW_ASSIGN_OR_RAISE(const auto entry, catalog_->Find(name));
  return InfoOf(entry);
}

Result<Tables::PutResult> Tables::PutRows(std::string name, codec::Format format,
                                          std::string_view body) {
  constexpr auto kKind = catalog::Kind::kTable;
  ARROW_ASSIGN_OR_RAISE(name, PlainName(std::move(name), kKind));
  ARROW_ASSIGN_OR_RAISE(auto reader, codec::OpenBody(std::make_shared<arrow::Buffer>(body), format,
                                                     catalog_->budget()));
  ARROW_ASSIGN_OR_RAISE(auto table, catalog::MemoryTable::Make(*reader, catalog_->budget()));
  return Put(catalog_, kKind, std::move(name), std::move(table));
}

Result<Tables::PutResult> Tables::PutFiles(std::string name, const std::string& path) {
  constexpr auto kKind = catalog::Kind::kFiles;
  ARROW_ASSIGN_OR_RAISE(name, PlainName(std::move(name), kKind));
  ARROW_ASSIGN_OR_RAISE(std::string resolved, allowed_.Resolve(path));
  ARROW_ASSIGN_OR_RAISE(auto files, OpenFiles({std::move(resolved)}, catalog_->budget()));
  for (const std::string& file : files->files()) ARROW_RETURN_NOT_OK(allowed_.CheckFile(file));
  return Put(catalog_, kKind, std::move(name), std::move(files));
}

Status Tables::Drop(std::string_view name) { return catalog_->Drop(name); }

Result<TablePage> Tables::Open(const catalog::Entry& entry, TableRequest request,
                               const std::optional<std::string>& cursor) {
  const auto begin = Clock::now();
  auto page =
      OpenPage(*entry.source, entry.full_name(), std::move(request), cursor, catalog_->budget());
  if (observer_ != nullptr) {
    observer_->OnDone(Operation::kRead, page.status(), 0, Clock::now() - begin);
  }
  return page;
}

}  // namespace headrace::delivery

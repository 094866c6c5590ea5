#include "delivery/sql_service.h"

#include <utility>

#include "catalog/catalog.h"

namespace headrace::delivery {

SqlService::SqlService(sql::DatabaseOptions options, catalog::Catalog* catalog)
    : options_(std::move(options)), catalog_(catalog) {}

Status SqlService::Open() {
  std::lock_guard lock(mutex_);
  if (database_ != nullptr) return Status::OK();
  const auto find = [catalog = catalog_](std::string_view name) -> Result<std::shared_ptr<Source>> {
    ARROW_ASSIGN_OR_RAISE(auto entry, catalog->Find(name));
    return std::move(entry.source);
  };
  return sql::Database::Open(options_, find, catalog_->budget()).Value(&database_);
}

Result<std::shared_ptr<sql::Session>> SqlService::Connect() {
  ARROW_RETURN_NOT_OK(Open());
  return database_->Connect();
}

}  // namespace headrace::delivery

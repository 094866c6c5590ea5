#include "cli/file_load.h"

#include <utility>

#include <fmt/format.h>

#include "catalog/catalog.h"
#include "delivery/tables.h"
#include "headrace/error_code.h"
#include "headrace/names.h"

namespace headrace::cli {

Result<FileLoad> ParseFileLoad(std::string_view text) {
  const size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals + 1 == text.size() ||
      !ValidateName(text.substr(0, equals), "name").ok()) {
    return MakeError(
        ErrorCode::kBadConfig,
        fmt::format("'{}' is not a name and files: give one such as trips=data/*.parquet", text));
  }
  return FileLoad{.name = std::string(text.substr(0, equals)),
                  .paths = std::string(text.substr(equals + 1))};
}

Status LoadFiles(std::span<const FileLoad> loads, catalog::Catalog* catalog) {
  for (const FileLoad& load : loads) {
    ARROW_ASSIGN_OR_RAISE(auto files, delivery::OpenFiles({load.paths}, catalog->budget()));
    ARROW_RETURN_NOT_OK(catalog->AddFiles(load.name, std::move(files)));
  }
  return Status::OK();
}

}  // namespace headrace::cli

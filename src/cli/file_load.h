#pragma once

#include <span>
#include <string>
#include <string_view>

#include "headrace/status.h"

namespace headrace::catalog {
class Catalog;
}

namespace headrace::cli {

/// Files that are a source from the start.
struct FileLoad {
  std::string name;
  std::string paths;  ///< a file, a directory or a pattern

  bool operator==(const FileLoad&) const = default;
};

/// NAME=PATHS, as --load takes it. kBadConfig, without the option's name, for anything else.
Result<FileLoad> ParseFileLoad(std::string_view text);

/// Makes each a source of the catalog. Errors as delivery::OpenFiles() and Catalog::AddFiles().
Status LoadFiles(std::span<const FileLoad> loads, catalog::Catalog* catalog);

}  // namespace headrace::cli

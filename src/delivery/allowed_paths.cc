#include "delivery/allowed_paths.h"

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <system_error>

#include <fmt/format.h>

#include "headrace/error_code.h"

namespace headrace::delivery {
namespace {

namespace fs = std::filesystem;

bool LiesIn(const fs::path& path, const std::string& directory) {
  const fs::path above(directory);
  return std::mismatch(above.begin(), above.end(), path.begin(), path.end()).first == above.end();
}

Status OutOfBounds(const std::string& path) {
  return MakeError(
      ErrorCode::kInvalidArgument,
      fmt::format("'{}' is outside the directories that the server was allowed to read", path),
      {"path"});
}

}  // namespace

Result<AllowedPaths> AllowedPaths::Make(const std::vector<std::string>& directories) {
  AllowedPaths allowed;
  for (const std::string& directory : directories) {
    std::error_code error;
    const fs::path canonical = fs::canonical(directory, error);
    if (error || !fs::is_directory(canonical, error)) {
      return MakeError(ErrorCode::kBadConfig, fmt::format("'{}' is no directory", directory));
    }
    allowed.directories_.push_back(canonical.string());
  }
  return allowed;
}

Result<std::string> AllowedPaths::Resolve(const std::string& path) const {
  if (directories_.empty()) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "no directory is open to clients: start the server with --allow-dir, or send "
                     "the rows themselves",
                     {"path"});
  }
  if (path.find('\0') != std::string::npos) return OutOfBounds(path.substr(0, path.find('\0')));
  const fs::path full = (fs::path(directories_.front()) / path).lexically_normal();
  const bool inside = std::any_of(directories_.begin(), directories_.end(),
                                  [&](const auto& directory) { return LiesIn(full, directory); });
  return inside ? Result<std::string>(full.string()) : OutOfBounds(path);
}

Status AllowedPaths::CheckFile(const std::string& file) const {
  std::error_code error;
  const fs::path canonical = fs::canonical(file, error);
  const bool inside =
      !error && std::any_of(directories_.begin(), directories_.end(),
                            [&](const auto& directory) { return LiesIn(canonical, directory); });
  return inside ? Status::OK() : OutOfBounds(file);
}

}  // namespace headrace::delivery

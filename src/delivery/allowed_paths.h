#pragma once

#include <string>
#include <vector>

#include "headrace/status.h"

namespace headrace::delivery {

/// The directories that clients may name files in. None: no file may be named. Immutable. Thread
/// rule: all methods may be called from any thread.
class AllowedPaths {
 public:
  AllowedPaths() = default;
  /// kBadConfig, with the directory, if one is not there.
  static Result<AllowedPaths> Make(const std::vector<std::string>& directories);

  /// The path, or pattern, that a client means: absolute, or below the first directory. Refused if
  /// it leads out of all directories as it is written: kInvalidArgument, located as {"path"}.
  Result<std::string> Resolve(const std::string& path) const;

  /// Whether the file lies in one of the directories, links followed. As Resolve() if it does not.
  Status CheckFile(const std::string& file) const;

 private:
  std::vector<std::string> directories_;  // canonical
};

}  // namespace headrace::delivery

#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "headrace/status.h"

namespace headrace::codec {

/// A file or directory that is made beside its target under a name of its own, and takes the
/// target's place on Commit(). Without that it is removed on destruction, and the target is as it
/// was. A target that is a symbolic link is followed.
class TemporaryPath {
 public:
  enum class Kind { kFile, kDirectory };

  /// kIOError, naming the target, if the directory does not exist or may not be written.
  static Result<std::unique_ptr<TemporaryPath>> Make(Kind kind, const std::string& target);
  TemporaryPath(const TemporaryPath&) = delete;
  TemporaryPath& operator=(const TemporaryPath&) = delete;
  ~TemporaryPath();

  const std::filesystem::path& path() const noexcept { return path_; }
  /// Of a file: open for writing.
  int descriptor() const noexcept { return descriptor_; }

  /// Moves it to the target. `replace` says whether what is there now may go; an empty directory
  /// may always. Otherwise kNameExists. `sync` has the data on the disk before, and the name after.
  Status Commit(bool replace, bool sync);

 private:
  TemporaryPath(Kind kind, std::filesystem::path target)
      : kind_(kind), target_(std::move(target)) {}
  Status Create(const std::string& name);
  Status MoveFile(bool replace);
  Status MoveDirectory(bool replace);

  Kind kind_;
  std::filesystem::path target_;
  std::filesystem::path path_;
  int descriptor_ = -1;
  bool made_ = false;
};

/// Has the names in a directory on the disk, as far as the file system can.
void SyncDirectory(const std::filesystem::path& directory) noexcept;

}  // namespace headrace::codec

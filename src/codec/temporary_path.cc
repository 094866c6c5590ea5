#include "codec/temporary_path.h"

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec/sink_stream.h"
#include "headrace/error_code.h"

namespace headrace::codec {
namespace {

namespace fs = std::filesystem;

/// A name has at most 255 bytes; the rest is for the process and the counter.
constexpr size_t kMaxStemBytes = 180;
constexpr int kMaxAttempts = 100;

fs::path TemporaryName(const fs::path& target) {
  static std::atomic<uint64_t> counter{0};
  return target.parent_path() / fmt::format(".{}.{}-{}.tmp",
                                            target.filename().string().substr(0, kMaxStemBytes),
                                            ::getpid(), counter.fetch_add(1));
}

Status Exists(const fs::path& target) {
  return MakeError(ErrorCode::kNameExists,
                   fmt::format("'{}' exists; overwrite it, or take another name", target.string()),
                   {target.string()});
}

/// Follows links, so that what they lead to is replaced and not the link. A directory may be ".".
fs::path Followed(TemporaryPath::Kind kind, const fs::path& target) {
  std::error_code error;
  if (kind == TemporaryPath::Kind::kFile && !fs::is_symlink(target, error)) return target;
  const fs::path canonical = fs::weakly_canonical(target, error);
  return error ? target : canonical;
}

int RenameTo(const fs::path& from, const fs::path& to, unsigned flags) noexcept {
  return ::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), flags) == 0 ? 0 : errno;
}

bool NotSupported(int error) noexcept {
  return error == EINVAL || error == ENOSYS || error == ENOTSUP;
}

}  // namespace

Result<std::unique_ptr<TemporaryPath>> TemporaryPath::Make(Kind kind, const std::string& target) {
  fs::path place = Followed(kind, target);
  if (!place.has_filename()) place = place.parent_path();  // "out/"
  std::unique_ptr<TemporaryPath> made(new TemporaryPath(kind, std::move(place)));
  ARROW_RETURN_NOT_OK(made->Create(target));
  return made;
}

Status TemporaryPath::Create(const std::string& name) {
  int error = EEXIST;
  for (int attempt = 0; attempt < kMaxAttempts && error == EEXIST; ++attempt) {
    path_ = TemporaryName(target_);
    if (kind_ == Kind::kDirectory) {
      error = ::mkdir(path_.c_str(), 0777) == 0 ? 0 : errno;
    } else {
      descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
      error = descriptor_ >= 0 ? 0 : errno;
    }
  }
  if (error != 0) return FileError("create", name, error);
  made_ = true;
  // What takes the place of a file may be read by the same people.
  struct stat before = {};
  if (descriptor_ >= 0 && ::stat(target_.c_str(), &before) == 0) {
    std::ignore = ::fchmod(descriptor_, before.st_mode & 07777);
  }
  return Status::OK();
}

TemporaryPath::~TemporaryPath() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (made_) {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
}

Status TemporaryPath::Commit(bool replace, bool sync) {
  if (descriptor_ >= 0) {
    if (sync && ::fsync(descriptor_) != 0) return FileError("write", target_.string(), errno);
    // Some file systems say only now that the data did not fit.
    if (::close(std::exchange(descriptor_, -1)) != 0) {
      return FileError("write", target_.string(), errno);
    }
  }
  if (sync && kind_ == Kind::kDirectory) SyncDirectory(path_);
  ARROW_RETURN_NOT_OK(kind_ == Kind::kFile ? MoveFile(replace) : MoveDirectory(replace));
  if (sync) SyncDirectory(target_.has_parent_path() ? target_.parent_path() : fs::path("."));
  return Status::OK();
}

Status TemporaryPath::MoveFile(bool replace) {
  int error = RenameTo(path_, target_, replace ? 0 : RENAME_NOREPLACE);
  if (!replace && NotSupported(error)) {
    // The file keeps its temporary name too, which the destructor removes.
    error = ::link(path_.c_str(), target_.c_str()) == 0 ? 0 : errno;
    if (error == 0) return Status::OK();
  }
  if (error == EEXIST) return Exists(target_);
  if (error != 0) return FileError("replace", target_.string(), error);
  made_ = false;
  return Status::OK();
}

Status TemporaryPath::MoveDirectory(bool replace) {
  // A directory takes the place of an empty one by itself.
  int error = RenameTo(path_, target_, 0);
  if (error == 0) {
    made_ = false;
    return Status::OK();
  }
  if (error != ENOTEMPTY && error != EEXIST) {
    return FileError("replace", target_.string(), error);
  }
  if (!replace) return Exists(target_);
  // The old one gets the temporary name, which the destructor removes.
  error = RenameTo(path_, target_, RENAME_EXCHANGE);
  if (error == 0) return Status::OK();
  if (!NotSupported(error)) return FileError("replace", target_.string(), error);
  const fs::path old = TemporaryName(target_);
  if ((error = RenameTo(target_, old, 0)) != 0) {
    return FileError("replace", target_.string(), error);
  }
  if ((error = RenameTo(path_, target_, 0)) != 0) {
    RenameTo(old, target_, 0);
    return FileError("replace", target_.string(), error);
  }
  path_ = old;
  return Status::OK();
}

void SyncDirectory(const fs::path& directory) noexcept {
  const int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  std::ignore = ::fsync(descriptor);
  ::close(descriptor);
}

}  // namespace headrace::codec

#include "catalog/catalog.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include <fmt/format.h>

#include "headrace/error_code.h"
#include "headrace/names.h"

namespace headrace::catalog {
namespace {

constexpr std::string_view kBufferPrefix = "buffers.";
constexpr std::string_view kFilesPrefix = "files.";

Entry EntryOf(const std::shared_ptr<LiveWindow>& window) {
  return {.kind = Kind::kBuffer, .name = window->options().name, .source = window, .sink = window};
}

// False if there is none of that name. What is dropped is destroyed after the lock is released.
template <typename Sources>
bool Drop(std::shared_mutex* mutex, Sources* sources, std::string_view name) {
  typename Sources::mapped_type dropped;
  std::unique_lock lock(*mutex);
  const auto found = sources->find(name);
  if (found == sources->end()) return false;
  dropped = std::move(found->second);
  sources->erase(found);
  lock.unlock();
  return true;
}

Status NoSuchFiles(std::string_view name) {
  return MakeError(ErrorCode::kUnknownName,
                   fmt::format("there are no files registered as '{}'", name));
}

Status NoSuchBuffer(std::string_view name) {
  return MakeError(ErrorCode::kUnknownName,
                   fmt::format("there is no buffer '{}'; create it first: POST "
                               "/v1/ml/polars/buffers with {{\"buffer_id\": \"{}\"}}",
                               name, name));
}

Status BufferExists(std::string_view name) {
  return MakeError(
      ErrorCode::kNameExists,
      fmt::format("the buffer '{}' exists; delete it first, or use it as it is", name));
}

}  // namespace

Catalog::Catalog(MemoryBudget* budget, CatalogLimits limits) : budget_(budget), limits_(limits) {}

Result<std::shared_ptr<LiveWindow>> Catalog::CreateBuffer(LiveWindowOptions options) {
  ARROW_RETURN_NOT_OK(ValidateName(options.name, "buffer_id"));
  std::string name = options.name;
  {
    // Cheaper than making a window only to find its name taken.
    std::shared_lock lock(mutex_);
    if (buffers_.contains(name)) return BufferExists(name);
  }
  ARROW_ASSIGN_OR_RAISE(auto window, LiveWindow::Make(std::move(options), budget_));

  std::unique_lock lock(mutex_);
  if (buffers_.contains(name)) return BufferExists(name);
  if (static_cast<int64_t>(buffers_.size()) >= limits_.max_buffers) {
    return MakeError(ErrorCode::kTooLarge, fmt::format("there are {} buffers, the most allowed; "
                                                       "delete one to make room for '{}'",
                                                       buffers_.size(), name));
  }
  buffers_.emplace(std::move(name), window);
  return window;
}

Result<std::shared_ptr<LiveWindow>> Catalog::FindBuffer(std::string_view name) const {
  std::shared_lock lock(mutex_);
  const auto found = buffers_.find(name);
  if (found == buffers_.end()) return NoSuchBuffer(name);
  return found->second;
}

std::vector<std::shared_ptr<LiveWindow>> Catalog::ListBuffers() const {
  std::vector<std::shared_ptr<LiveWindow>> buffers;
  {
    std::shared_lock lock(mutex_);
    buffers.reserve(buffers_.size());
    for (const auto& [name, window] : buffers_) buffers.push_back(window);
  }
  std::sort(buffers.begin(), buffers.end(),
            [](const auto& a, const auto& b) { return a->options().name < b->options().name; });
  return buffers;
}

Status Catalog::DropBuffer(std::string_view name) {
  return Drop(&mutex_, &buffers_, name) ? Status::OK() : NoSuchBuffer(name);
}

int64_t Catalog::num_buffers() const {
  std::shared_lock lock(mutex_);
  return static_cast<int64_t>(buffers_.size());
}

Status Catalog::AddFiles(std::string name, std::shared_ptr<Source> files) {
  ARROW_RETURN_NOT_OK(ValidateName(name, "name"));
  std::unique_lock lock(mutex_);
  if (files_.contains(name)) {
    return MakeError(ErrorCode::kNameExists,
                     fmt::format("files are registered as '{}' already; drop them first", name));
  }
  if (static_cast<int64_t>(files_.size()) >= limits_.max_files) {
    return MakeError(ErrorCode::kTooLarge,
                     fmt::format("there are {} names of files, the most allowed; drop one to make "
                                 "room for '{}'",
                                 files_.size(), name));
  }
  files_.emplace(std::move(name), std::move(files));
  return Status::OK();
}

Status Catalog::DropFiles(std::string_view name) {
  return Drop(&mutex_, &files_, name) ? Status::OK() : NoSuchFiles(name);
}

std::vector<Entry> Catalog::List() const {
  std::vector<Entry> entries;
  for (const auto& window : ListBuffers()) entries.push_back(EntryOf(window));
  std::shared_lock lock(mutex_);
  for (const auto& [name, source] : files_) {
    entries.push_back({.kind = Kind::kFiles, .name = name, .source = source, .sink = nullptr});
  }
  return entries;
}

Result<Entry> Catalog::Find(std::string_view full_name) const {
  if (full_name.starts_with(kBufferPrefix)) {
    ARROW_ASSIGN_OR_RAISE(const auto window, FindBuffer(full_name.substr(kBufferPrefix.size())));
    return EntryOf(window);
  }
  if (full_name.starts_with(kFilesPrefix)) {
    const std::string_view name = full_name.substr(kFilesPrefix.size());
    std::shared_lock lock(mutex_);
    const auto found = files_.find(name);
    if (found == files_.end()) return NoSuchFiles(name);
    return Entry{
        .kind = Kind::kFiles, .name = found->first, .source = found->second, .sink = nullptr};
  }
  return MakeError(
      ErrorCode::kUnknownName,
      fmt::format("there is no source '{}'; names look like buffers.NAME or files.NAME",
                  full_name));
}

}  // namespace headrace::catalog

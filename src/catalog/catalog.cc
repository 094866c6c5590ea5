#include "catalog/catalog.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include <fmt/format.h>

#include "catalog/bar_sources.h"
#include "headrace/change_signal.h"
#include "headrace/error_code.h"
#include "headrace/names.h"

namespace headrace::catalog {
namespace {

constexpr Kind kKinds[] = {Kind::kBuffer, Kind::kFiles, Kind::kTable, Kind::kBars};

Entry EntryOf(const std::shared_ptr<LiveWindow>& window) {
  return {.kind = Kind::kBuffer, .name = window->options().name, .source = window, .sink = window};
}

Entry EntryOf(Kind kind, const std::string& name, const std::shared_ptr<Source>& source) {
  return {.kind = kind, .name = name, .source = source, .sink = nullptr};
}

// False if there is none of that name. What is dropped is destroyed after the lock is released.
template <typename Sources>
bool DropNamed(std::shared_mutex* mutex, Sources* sources, std::string_view name) {
  typename Sources::mapped_type dropped;
  std::unique_lock lock(*mutex);
  const auto found = sources->find(name);
  if (found == sources->end()) return false;
  dropped = std::move(found->second);
  sources->erase(found);
  lock.unlock();
  if (ChangeSignal* const changes = dropped->changes()) changes->End();
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

std::string_view PrefixOf(Kind kind) noexcept {
  switch (kind) {
    case Kind::kBuffer: return "buffers";
    case Kind::kFiles: return "files";
    case Kind::kTable: return "tables";
    case Kind::kBars: return "bars";
  }
  return {};
}

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
  return DropNamed(&mutex_, &buffers_, name) ? Status::OK() : NoSuchBuffer(name);
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
  return DropNamed(&mutex_, &files_, name) ? Status::OK() : NoSuchFiles(name);
}

Result<bool> Catalog::Put(Kind kind, std::string name, std::shared_ptr<Source> source) {
  ARROW_RETURN_NOT_OK(ValidateName(name, "name"));
  Sources replaced;  // what goes, goes after the lock
  std::unique_lock lock(mutex_);
  if (buffers_.contains(name)) return BufferExists(name);
  Sources& sources = kind == Kind::kFiles ? files_ : tables_;
  const int64_t most = kind == Kind::kFiles ? limits_.max_files : limits_.max_tables;
  if (!sources.contains(name) && static_cast<int64_t>(sources.size()) >= most) {
    return MakeError(
        ErrorCode::kTooLarge,
        fmt::format("there are {} {}, the most allowed; drop one to make room for '{}'", most,
                    PrefixOf(kind), name));
  }
  for (Sources* const all : {&files_, &tables_}) {
    if (auto node = all->extract(name)) replaced.emplace(PrefixOf(kind), std::move(node.mapped()));
  }
  sources.emplace(std::move(name), std::move(source));
  lock.unlock();
  return !replaced.empty();
}

void Catalog::SetBars(std::shared_ptr<BarSources> bars) {
  std::unique_lock lock(mutex_);
  bars_ = std::move(bars);
}

std::shared_ptr<BarSources> Catalog::bars() const {
  std::shared_lock lock(mutex_);
  return bars_;
}

Status Catalog::Drop(std::string_view name) {
  ARROW_ASSIGN_OR_RAISE(const Entry entry, Find(name));
  switch (entry.kind) {
    case Kind::kBuffer: return DropBuffer(entry.name);
    case Kind::kFiles: return DropFiles(entry.name);
    case Kind::kTable: break;
    case Kind::kBars:
      return MakeError(ErrorCode::kInvalidArgument,
                       fmt::format("'{}' goes with its series: DELETE /v1/bars/SYMBOL", name),
                       {"name"});
  }
  return DropNamed(&mutex_, &tables_, entry.name) ? Status::OK() : NoSuchSource(name);
}

std::vector<Entry> Catalog::List() const {
  std::vector<Entry> entries;
  for (const auto& window : ListBuffers()) entries.push_back(EntryOf(window));
  std::shared_lock lock(mutex_);
  for (const auto& [name, source] : files_) entries.push_back(EntryOf(Kind::kFiles, name, source));
  for (const auto& [name, source] : tables_) entries.push_back(EntryOf(Kind::kTable, name, source));
  lock.unlock();
  const auto bars = this->bars();
  if (bars == nullptr) return entries;
  for (auto& [name, source] : bars->List()) {
    entries.push_back(EntryOf(Kind::kBars, name, std::move(source)));
  }
  return entries;
}

std::vector<Entry> Catalog::Named(std::string_view name) const {
  // "files.trips" is the files first, and then whatever has all of it for its plain name.
  std::vector<Entry> found;
  const auto bars = this->bars();
  const auto find = [&](Kind kind, std::string_view plain) {
    if (kind == Kind::kBars) {
      auto source = bars == nullptr ? nullptr : bars->Find(plain);
      if (source != nullptr) found.push_back(EntryOf(kind, std::string(plain), source));
      return;
    }
    std::shared_lock lock(mutex_);
    if (kind == Kind::kBuffer) {
      const auto at = buffers_.find(plain);
      if (at != buffers_.end()) found.push_back(EntryOf(at->second));
      return;
    }
    const Sources& sources = kind == Kind::kFiles ? files_ : tables_;
    const auto at = sources.find(plain);
    if (at != sources.end()) found.push_back(EntryOf(kind, at->first, at->second));
  };
  for (const Kind kind : kKinds) {
    const std::string_view prefix = PrefixOf(kind);
    if (name.size() > prefix.size() && name.starts_with(prefix) && name[prefix.size()] == '.') {
      find(kind, name.substr(prefix.size() + 1));
    }
  }
  if (!found.empty()) return found;
  for (const Kind kind : kKinds) find(kind, name);
  return found;
}

Status Catalog::NoSuchSource(std::string_view name) const {
  std::vector<std::string> known;
  for (const Entry& entry : List()) {
    known.push_back(entry.full_name());
    known.push_back(entry.name);
  }
  const std::string_view shown = name.substr(0, 128);
  const std::string_view nearest = NearestName(shown, known);
  return MakeError(
      ErrorCode::kUnknownName,
      nearest.empty() ? fmt::format("there is no source '{}'; GET /v1/tables lists all", shown)
                      : fmt::format("there is no source '{}'; did you mean '{}'?", shown, nearest));
}

Result<Entry> Catalog::Find(std::string_view name) const {
  std::vector<Entry> found = Named(name);
  if (found.empty()) return NoSuchSource(name);
  if (found.size() == 1) return std::move(found.front());
  std::string names;
  for (const Entry& entry : found) names += (names.empty() ? "" : " and ") + entry.full_name();
  return MakeError(ErrorCode::kInvalidArgument,
                   fmt::format("'{}' may be {}: give the full name", name, names), {"name"});
}

}  // namespace headrace::catalog

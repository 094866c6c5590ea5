#include "scan/file_set.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <fnmatch.h>

#include "headrace/error_code.h"

namespace headrace::scan {
namespace {

namespace fs = std::filesystem;

struct Extension {
  std::string_view text;
  FileFormat format;
};
constexpr std::array kExtensions = {
    Extension{".parquet", FileFormat::kParquet}, Extension{".pq", FileFormat::kParquet},
    Extension{".arrow", FileFormat::kArrowFile}, Extension{".feather", FileFormat::kArrowFile},
    Extension{".ipc", FileFormat::kArrowFile},   Extension{".arrows", FileFormat::kArrowStream},
    Extension{".csv", FileFormat::kCsv},         Extension{".ndjson", FileFormat::kNdjson},
    Extension{".jsonl", FileFormat::kNdjson},
};

bool IsText(FileFormat format) {
  return format == FileFormat::kCsv || format == FileFormat::kNdjson;
}

std::string ExtensionOf(const fs::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return extension;
}

constexpr std::string_view kGlobCharacters = "*?[";

bool IsGlob(std::string_view path) {
  return path.find_first_of(kGlobCharacters) != std::string_view::npos;
}

bool IsHidden(const fs::path& name) {
  const std::string text = name.filename().string();
  return !text.empty() && (text[0] == '.' || text[0] == '_');
}

Status CannotRead(const fs::path& path, const std::error_code& error) {
  return MakeError(ErrorCode::kIOError,
                   fmt::format("{} cannot be read: {}", path.string(), error.message()),
                   {path.string()});
}

std::string PercentDecoded(std::string_view text) {
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
  };
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 &&
        digit(text[i + 2]) >= 0) {
      out += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::vector<std::pair<std::string, std::string>> PartitionOf(const fs::path& relative) {
  std::vector<std::pair<std::string, std::string>> partition;
  for (const auto& folder : relative.parent_path()) {
    const std::string text = folder.string();
    const size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) continue;
    partition.emplace_back(PercentDecoded(text.substr(0, equals)),
                           PercentDecoded(text.substr(equals + 1)));
  }
  return partition;
}

// All files below a directory whose names are not hidden, by path.
Result<std::vector<fs::path>> FilesBelow(const fs::path& directory) {
  std::vector<fs::path> files;
  std::error_code error;
  fs::recursive_directory_iterator entries(directory, error);
  if (error) return CannotRead(directory, error);
  for (const fs::recursive_directory_iterator end; entries != end; entries.increment(error)) {
    if (error) return CannotRead(directory, error);
    const bool is_directory = entries->is_directory(error);
    if (IsHidden(entries->path())) {
      if (is_directory) entries.disable_recursion_pending();
    } else if (!is_directory) {
      files.push_back(entries->path());
    }
  }
  if (error) return CannotRead(directory, error);
  std::sort(files.begin(), files.end());
  return files;
}

Status AddDirectory(const std::string& directory, std::vector<DataFile>* files) {
  ARROW_ASSIGN_OR_RAISE(const auto found, FilesBelow(directory));
  for (const fs::path& path : found) {
    const auto kind = KindOf(path.string());
    if (!kind.ok()) {
      return MakeError(ErrorCode::kInvalidArgument,
                       fmt::format("{} in {} is no data file: choose with a glob such as "
                                   "'{}/**/*.parquet'",
                                   path.filename().string(), directory, directory),
                       {path.string()});
    }
    files->push_back({path.string(), *kind, PartitionOf(fs::relative(path, directory))});
  }
  if (found.empty()) {
    return MakeError(ErrorCode::kUnknownName,
                     fmt::format("the directory {} has no data files", directory), {directory});
  }
  return Status::OK();
}

// `**` matches any number of folders, all else within one name, as the shell has it.
bool Matches(const std::vector<std::string>& pattern, size_t p,
             const std::vector<std::string>& names, size_t n) {
  if (p == pattern.size()) return n == names.size();
  if (pattern[p] == "**") {
    for (size_t skip = n; skip <= names.size(); ++skip) {
      if (Matches(pattern, p + 1, names, skip)) return true;
    }
    return false;
  }
  return n < names.size() && fnmatch(pattern[p].c_str(), names[n].c_str(), FNM_PERIOD) == 0 &&
         Matches(pattern, p + 1, names, n + 1);
}

// Walks only where the pattern may lead.
Status WalkGlob(const fs::path& folder, const std::vector<std::string>& pattern,
                std::vector<std::string>* names, bool deep, std::vector<std::string>* found) {
  std::error_code error;
  fs::directory_iterator entries(folder.empty() ? fs::path(".") : folder, error);
  if (error) return Status::OK();  // what cannot be listed matches nothing
  for (const auto& entry : entries) {
    names->push_back(entry.path().filename().string());
    const size_t depth = names->size();
    const fs::path path = folder / names->back();
    if (entry.is_directory(error)) {
      const bool under_stars =
          deep ||
          std::find(pattern.begin(),
                    pattern.begin() + static_cast<std::ptrdiff_t>(std::min(depth, pattern.size())),
                    "**") !=
              pattern.begin() + static_cast<std::ptrdiff_t>(std::min(depth, pattern.size()));
      const bool fits = depth < pattern.size() &&
                        fnmatch(pattern[depth - 1].c_str(), names->back().c_str(), FNM_PERIOD) == 0;
      if ((under_stars && !IsHidden(path)) || fits) {
        ARROW_RETURN_NOT_OK(WalkGlob(path, pattern, names, under_stars, found));
      }
    } else if (Matches(pattern, 0, *names, 0)) {
      found->push_back(path.string());
    }
    names->pop_back();
  }
  return Status::OK();
}

Status AddGlob(const std::string& glob, std::vector<DataFile>* files) {
  // The folder before the first wildcard, and the names from there on.
  const size_t wild = glob.find_first_of(kGlobCharacters);
  const size_t slash = glob.rfind('/', wild);
  const std::string folder = slash == std::string::npos ? "" : glob.substr(0, slash + 1);
  std::vector<std::string> pattern;
  for (const auto& name : fs::path(glob.substr(folder.size()))) pattern.push_back(name.string());
  std::vector<std::string> names;
  std::vector<std::string> found;
  ARROW_RETURN_NOT_OK(WalkGlob(folder, pattern, &names, false, &found));
  if (found.empty()) {
    return MakeError(ErrorCode::kUnknownName, fmt::format("no file matches {}", glob), {glob});
  }
  std::sort(found.begin(), found.end());
  for (std::string& path : found) {
    ARROW_ASSIGN_OR_RAISE(const FileKind kind, KindOf(path));
    auto partition = PartitionOf(fs::path(path).lexically_relative(folder.empty() ? "." : folder));
    files->push_back({std::move(path), kind, std::move(partition)});
  }
  return Status::OK();
}

}  // namespace

Result<FileKind> KindOf(const std::string& path) {
  FileKind kind;
  fs::path name = path;
  std::string extension = ExtensionOf(name);
  if (extension == ".gz") kind.compression = FileCompression::kGzip;
  if (extension == ".zst") kind.compression = FileCompression::kZstd;
  const bool packed = kind.compression != FileCompression::kNone;
  if (packed) extension = ExtensionOf(name.replace_extension());
  std::string known;
  for (const Extension& candidate : kExtensions) {
    const bool text = IsText(candidate.format);
    if (candidate.text == extension && (text || !packed)) {
      kind.format = candidate.format;
      return kind;
    }
    known +=
        fmt::format("{}{}{}", known.empty() ? "" : ", ", candidate.text, text ? "[.gz|.zst]" : "");
  }
  return MakeError(ErrorCode::kInvalidArgument,
                   fmt::format("{} has the extension '{}'; data files end with {}", path,
                               fs::path(path).extension().string(), known),
                   {path});
}

Result<std::vector<DataFile>> FindFiles(const std::vector<std::string>& paths) {
  if (paths.empty()) return MakeError(ErrorCode::kInvalidArgument, "a scan needs a path");
  std::vector<DataFile> files;
  for (const std::string& path : paths) {
    std::error_code error;
    const auto status = fs::status(path, error);
    if (fs::is_directory(status)) {
      ARROW_RETURN_NOT_OK(AddDirectory(path, &files));
    } else if (fs::exists(status)) {
      ARROW_ASSIGN_OR_RAISE(const FileKind kind, KindOf(path));
      files.push_back({path, kind, {}});
    } else if (IsGlob(path)) {
      ARROW_RETURN_NOT_OK(AddGlob(path, &files));
    } else if (error && error != std::errc::no_such_file_or_directory) {
      return CannotRead(path, error);
    } else {
      return MakeError(ErrorCode::kUnknownName, fmt::format("there is no file {}", path), {path});
    }
  }
  return files;
}

}  // namespace headrace::scan

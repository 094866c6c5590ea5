#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "cli/inspect_command.h"
#include "codec/json_rows.h"
#include "scan/parquet_inspection.h"

namespace headrace::cli {
namespace {

/// One object or array in the making; each level on lines of its own.
class Json {
 public:
  template <typename Body>
  void Object(Body body) {
    Nest('{', '}', body);
  }
  template <typename Items, typename Each>
  void Array(const Items& items, Each each) {
    Nest('[', ']', [&] {
      for (const auto& item : items) {
        Separate();
        each(item);
      }
    });
  }
  void Key(std::string_view key) {
    Separate();
    codec::WriteJsonString(key, &text_);
    text_ += ": ";
  }
  void Value(std::string_view value) { codec::WriteJsonString(value, &text_); }
  void Value(const std::string& value) { Value(std::string_view(value)); }
  void Value(bool value) { text_ += value ? "true" : "false"; }
  void Value(std::integral auto value) { text_ += fmt::format("{}", value); }
  void Value(const std::vector<std::string>& values) {
    Array(values, [&](const std::string& value) { Value(value); });
  }
  template <typename T>
  void Value(const std::optional<T>& value) {
    value ? Value(*value) : void(text_ += "null");
  }
  template <typename T>
  void Member(std::string_view key, const T& value) {
    Key(key);
    Value(value);
  }
  std::string Finish() { return text_ + "\n"; }

 private:
  template <typename Body>
  void Nest(char open, char close, Body body) {
    text_ += open;
    depth_ += 2;
    first_ = true;
    body();
    depth_ -= 2;
    if (!first_) NewLine();
    text_ += close;
    first_ = false;
  }
  void Separate() {
    if (!first_) text_ += ',';
    NewLine();
    first_ = false;
  }
  void NewLine() {
    text_ += '\n';
    text_.append(depth_, ' ');
  }

  std::string text_;
  size_t depth_ = 0;
  bool first_ = true;
};

void WriteChunk(const scan::InspectedChunk& chunk, Json* json) {
  json->Object([&] {
    json->Member("compression", chunk.compression);
    json->Member("encodings", chunk.encodings);
    json->Member("num_values", chunk.num_values);
    json->Member("compressed_bytes", chunk.compressed_bytes);
    json->Member("bytes", chunk.bytes);
    json->Member("min", chunk.min);
    json->Member("max", chunk.max);
    json->Member("null_count", chunk.null_count);
    json->Member("bloom_filter_bytes", chunk.bloom_filter_bytes);
    json->Member("column_index", chunk.column_index);
    json->Member("offset_index", chunk.offset_index);
    if (chunk.pages.empty()) return;
    json->Key("pages");
    json->Array(chunk.pages, [&](const scan::InspectedPage& page) {
      json->Object([&] {
        json->Member("kind", page.kind);
        json->Member("encoding", page.encoding);
        json->Member("num_values", page.num_values);
        json->Member("bytes", page.bytes);
      });
    });
  });
}

}  // namespace

std::string InspectionJson(const std::string& path, const scan::ParquetInspection& inspected) {
  Json json;
  json.Object([&] {
    json.Member("path", path);
    json.Member("file_bytes", inspected.file_bytes);
    json.Member("footer_bytes", inspected.footer_bytes);
    json.Member("num_rows", inspected.num_rows);
    json.Member("version", inspected.version);
    json.Member("created_by", inspected.created_by);
    json.Key("metadata");
    json.Object([&] {
      for (const auto& [key, value] : inspected.metadata) json.Member(key, value);
    });
    json.Key("row_group_rows");
    json.Array(inspected.row_group_rows, [&](int64_t rows) { json.Value(rows); });
    json.Key("columns");
    json.Array(inspected.columns, [&](const scan::InspectedColumn& column) {
      json.Object([&] {
        json.Member("name", column.name);
        json.Member("type", column.type);
        json.Member("meaning", column.meaning);
        json.Key("row_groups");
        json.Array(column.chunks,
                   [&](const scan::InspectedChunk& chunk) { WriteChunk(chunk, &json); });
      });
    });
  });
  return json.Finish();
}

}  // namespace headrace::cli

#include "codec/partition_rows.h"

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <utility>

#include <arrow/array.h>
#include <arrow/array/array_binary.h>
#include <arrow/array/array_dict.h>
#include <arrow/array/array_primitive.h>
#include <arrow/buffer.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/cast.h>
#include <arrow/compute/initialize.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <fmt/format.h>

#include "headrace/error_code.h"

namespace headrace::codec {
namespace {

/// A name in a directory.
constexpr size_t kMaxPartBytes = 255;

bool IsKeyType(const arrow::DataType& type) {
  if (type.id() == arrow::Type::DICTIONARY) {
    return IsKeyType(*static_cast<const arrow::DictionaryType&>(type).value_type());
  }
  return arrow::is_integer(type.id()) || arrow::is_floating(type.id()) ||
         arrow::is_decimal(type.id()) || arrow::is_date(type.id()) || arrow::is_time(type.id()) ||
         arrow::is_string(type.id()) || type.id() == arrow::Type::STRING_VIEW ||
         type.id() == arrow::Type::BOOL || type.id() == arrow::Type::TIMESTAMP ||
         type.id() == arrow::Type::NA;
}

Status InvalidKey(std::string message, const std::string& name) {
  return MakeError(ErrorCode::kInvalidArgument, std::move(message), {"partition_by", name});
}

Result<int> FindKey(const arrow::Schema& schema, const std::string& name) {
  const std::vector<int> found = schema.GetAllFieldIndices(name);
  if (found.empty()) {
    return InvalidKey(fmt::format("there is no column '{}' to partition by", name), name);
  }
  if (found.size() > 1) {
    return InvalidKey(fmt::format("there are {} columns '{}'", found.size(), name), name);
  }
  const auto& type = *schema.field(found.front())->type();
  if (!IsKeyType(type)) {
    return MakeError(
        ErrorCode::kTypeMismatch,
        fmt::format("column '{}' of type {} cannot name a directory", name, type.ToString()),
        {"partition_by", name});
  }
  return found.front();
}

Result<std::string> DirectoryPart(const std::string& name, const arrow::StringArray& values,
                                  int64_t index) {
  std::string value;
  if (values.IsNull(index)) {
    value = kNullPartition;
  } else {
    value = EscapeHivePart(values.GetView(index));
    // Readers take it for null, escaped or not.
    if (value == kNullPartition) {
      return InvalidKey(fmt::format("column '{}' has the text '{}', which is what a null is called "
                                    "in the name of a directory",
                                    name, value),
                        name);
    }
  }
  std::string part = EscapeHivePart(name) + '=' + value;
  if (part.size() > kMaxPartBytes) {
    return InvalidKey(fmt::format("a value of column '{}' is too long for the name of a directory, "
                                  "which has at most {} bytes: '{}…'",
                                  name, kMaxPartBytes, part.substr(0, 60)),
                      name);
  }
  return part;
}

}  // namespace

/// Which group each row belongs to, and what directory each group is.
struct PartitionRows::Groups {
  std::vector<int32_t> of_row;
  std::vector<std::string> directories = {""};
};

std::string EscapeHivePart(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string escaped;
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      escaped += c;
    } else {
      const auto byte = static_cast<uint8_t>(c);
      escaped += '%';
      escaped += kDigits[byte >> 4];
      escaped += kDigits[byte & 15];
    }
  }
  return escaped;
}

Result<PartitionRows> PartitionRows::Make(const std::shared_ptr<arrow::Schema>& schema,
                                          const std::vector<std::string>& columns,
                                          arrow::MemoryPool* pool) {
  static const Status initialized = arrow::compute::Initialize();
  ARROW_RETURN_NOT_OK(initialized);
  PartitionRows split;
  split.pool_ = pool;
  for (const std::string& name : columns) {
    ARROW_ASSIGN_OR_RAISE(const int index, FindKey(*schema, name));
    if (std::find(split.keys_.begin(), split.keys_.end(), index) != split.keys_.end()) {
      return InvalidKey(fmt::format("column '{}' is named twice", name), name);
    }
    split.keys_.push_back(index);
    split.names_.push_back(name);
  }
  arrow::FieldVector fields;
  for (int i = 0; i < schema->num_fields(); ++i) {
    if (std::find(split.keys_.begin(), split.keys_.end(), i) != split.keys_.end()) continue;
    split.values_.push_back(i);
    fields.push_back(schema->field(i));
  }
  if (fields.empty()) {
    return InvalidKey("partitioning by every column leaves none for the files", columns.front());
  }
  split.schema_ = arrow::schema(std::move(fields), schema->metadata());
  return split;
}

Result<std::vector<PartitionRows::Partition>> PartitionRows::Split(const arrow::RecordBatch& batch,
                                                                   bool* owned) const {
  Groups groups;
  ARROW_RETURN_NOT_OK(Group(batch, &groups));
  arrow::ArrayVector columns;
  for (const int index : values_) columns.push_back(batch.column(index));
  const auto rows = arrow::RecordBatch::Make(schema_, batch.num_rows(), std::move(columns));
  *owned = groups.directories.size() > 1;
  std::vector<Partition> partitions;
  if (!*owned) {
    partitions.push_back({std::move(groups.directories.front()), rows});
    return partitions;
  }
  ARROW_ASSIGN_OR_RAISE(const auto order, OrderOf(groups));
  std::vector<int64_t> counts(groups.directories.size(), 0);
  for (const int32_t group : groups.of_row) ++counts[group];
  arrow::compute::ExecContext context(pool_);
  int64_t first = 0;
  for (size_t i = 0; i < counts.size(); first += counts[i++]) {
    ARROW_ASSIGN_OR_RAISE(
        const arrow::Datum taken,
        arrow::compute::Take(rows, order->Slice(first, counts[i]),
                             arrow::compute::TakeOptions::NoBoundsCheck(), &context));
    partitions.push_back({std::move(groups.directories[i]), taken.record_batch()});
  }
  return partitions;
}

Status PartitionRows::Group(const arrow::RecordBatch& batch, Groups* groups) const {
  groups->of_row.assign(static_cast<size_t>(batch.num_rows()), 0);
  for (size_t i = 0; i < keys_.size(); ++i) {
    ARROW_RETURN_NOT_OK(AddColumn(*batch.column(keys_[i]), names_[i], groups));
  }
  return Status::OK();
}

// Each group so far is divided by the column's values, which are numbered by DictionaryEncode.
Status PartitionRows::AddColumn(const arrow::Array& column, const std::string& name,
                                Groups* groups) const {
  arrow::compute::ExecContext context(pool_);
  arrow::Datum values(column.data());
  if (column.type_id() == arrow::Type::DICTIONARY) {
    const auto& type = static_cast<const arrow::DictionaryType&>(*column.type());
    ARROW_ASSIGN_OR_RAISE(
        values, arrow::compute::Cast(values, type.value_type(), arrow::compute::CastOptions::Safe(),
                                     &context));
  }
  if (values.type()->id() == arrow::Type::STRING_VIEW) {
    ARROW_ASSIGN_OR_RAISE(
        values,
        arrow::compute::Cast(values, arrow::utf8(), arrow::compute::CastOptions::Safe(), &context));
  }
  const arrow::compute::DictionaryEncodeOptions nulls_too(
      arrow::compute::DictionaryEncodeOptions::ENCODE);
  ARROW_ASSIGN_OR_RAISE(const arrow::Datum numbered,
                        arrow::compute::DictionaryEncode(values, nulls_too, &context));
  const auto array = numbered.make_array();
  const auto& encoded = static_cast<const arrow::DictionaryArray&>(*array);
  ARROW_ASSIGN_OR_RAISE(const arrow::Datum text,
                        arrow::compute::Cast(encoded.dictionary(), arrow::utf8(),
                                             arrow::compute::CastOptions::Safe(), &context));
  const auto texts = text.make_array();
  const auto* const codes = static_cast<const arrow::Int32Array&>(*encoded.indices()).raw_values();

  std::unordered_map<uint64_t, int32_t> numbers;
  std::vector<std::string> directories;
  for (size_t row = 0; row < groups->of_row.size(); ++row) {
    const auto parent = static_cast<uint64_t>(groups->of_row[row]);
    const auto [entry, is_new] = numbers.try_emplace(
        parent << 32 | static_cast<uint32_t>(codes[row]), static_cast<int32_t>(directories.size()));
    if (is_new) {
      ARROW_ASSIGN_OR_RAISE(
          const std::string part,
          DirectoryPart(name, static_cast<const arrow::StringArray&>(*texts), codes[row]));
      const std::string& before = groups->directories[parent];
      directories.push_back(before.empty() ? part : before + '/' + part);
    }
    groups->of_row[row] = entry->second;
  }
  groups->directories = std::move(directories);
  return Status::OK();
}

/// The rows by group: a counting sort.
Result<std::shared_ptr<arrow::Array>> PartitionRows::OrderOf(const Groups& groups) const {
  const auto rows = static_cast<int64_t>(groups.of_row.size());
  std::vector<int64_t> next(groups.directories.size() + 1, 0);
  for (const int32_t group : groups.of_row) ++next[group + 1];
  for (size_t i = 1; i < next.size(); ++i) next[i] += next[i - 1];
  ARROW_ASSIGN_OR_RAISE(auto buffer,
                        arrow::AllocateBuffer(rows * static_cast<int64_t>(sizeof(int32_t)), pool_));
  auto* const order = buffer->mutable_data_as<int32_t>();
  for (int64_t row = 0; row < rows; ++row) {
    order[next[groups.of_row[row]]++] = static_cast<int32_t>(row);
  }
  return std::make_shared<arrow::Int32Array>(rows,
                                             std::shared_ptr<arrow::Buffer>(std::move(buffer)));
}

}  // namespace headrace::codec

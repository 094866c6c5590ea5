#include "codec/shared_rows.h"

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/buffer_builder.h>
#include <arrow/ipc/dictionary.h>
#include <arrow/ipc/message.h>
#include <arrow/ipc/reader.h>
#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>
#include <fmt/format.h>

#include "base/shared_memory.h"
#include "headrace/error_code.h"

namespace headrace::codec {
namespace {

namespace ipc = arrow::ipc;

constexpr char kFirstRow[] = "headrace.first_row";
constexpr char kNumRows[] = "headrace.num_rows";
constexpr uint32_t kContinuation = 0xFFFFFFFF;

/// A table of a flatbuffer: its fields are found by their numbers in the format's schema.
class FlatTable {
 public:
  static FlatTable Root(uint8_t* bytes) { return FlatTable(bytes + Read<uint32_t>(bytes)); }

  /// Requires: the field is there.
  FlatTable Table(int field) const { return FlatTable(Follow(field)); }
  uint8_t Byte(int field) const { return *Place(field); }
  /// First element and length of a vector of structs that are aligned to 8 bytes.
  std::pair<uint8_t*, uint32_t> Vector(int field) const {
    uint8_t* const vector = Follow(field);
    return {vector + sizeof(uint32_t), Read<uint32_t>(vector)};
  }

 private:
  explicit FlatTable(uint8_t* table) : table_(table) {}
  template <typename T>
  static T Read(const uint8_t* bytes) {
    T value;
    std::memcpy(&value, bytes, sizeof(T));
    return value;
  }
  uint8_t* Place(int field) const {
    const uint8_t* const vtable = table_ - Read<int32_t>(table_);
    return table_ + Read<uint16_t>(vtable + 4 + 2 * field);
  }
  uint8_t* Follow(int field) const {
    uint8_t* const place = Place(field);
    return place + Read<uint32_t>(place);
  }

  uint8_t* table_;
};

/// The structs {int64 offset, int64 length} of a message's buffers, as Message.fbs of Arrow has
/// them.
std::span<std::array<int64_t, 2>> BuffersOf(uint8_t* metadata) {
  constexpr int kHeaderType = 1;
  constexpr int kHeader = 2;
  constexpr uint8_t kDictionaryBatch = 2;
  constexpr int kDictionaryData = 1;
  constexpr int kBuffers = 2;
  const auto message = FlatTable::Root(metadata);
  FlatTable batch = message.Table(kHeader);
  if (message.Byte(kHeaderType) == kDictionaryBatch) batch = batch.Table(kDictionaryData);
  const auto [first, length] = batch.Vector(kBuffers);
  return {reinterpret_cast<std::array<int64_t, 2>*>(first), length};
}

/// All buffers of an array in the order in which IPC has them.
void Flatten(const arrow::ArrayData& array, std::vector<const arrow::Buffer*>* out) {
  const auto id = array.type->storage_id();
  // What has no bitmap of nulls has none there either.
  const size_t first = arrow::internal::may_have_validity_bitmap(id) ? 0 : 1;
  for (size_t i = first; i < array.buffers.size(); ++i) out->push_back(array.buffers[i].get());
  for (const auto& child : array.child_data) Flatten(*child, out);
}

/// Whether `copy` is what `whole` begins with; behind the last bit of a bitmap a copy has zeros.
bool IsPrefix(const arrow::Buffer& copy, const arrow::Buffer& whole) {
  const int64_t last = copy.size() - 1;
  return copy.size() <= whole.size() &&
         std::memcmp(copy.data(), whole.data(), static_cast<size_t>(last)) == 0 &&
         (copy.data()[last] & ~whole.data()[last]) == 0;
}

class Writer {
 public:
  Writer(const base::SharedMemory& memory, arrow::MemoryPool* pool)
      : memory_(memory), options_(ipc::IpcWriteOptions::Defaults()), out_(pool) {
    options_.memory_pool = pool;
    options_.use_threads = false;
  }

  Status AddSchema(const arrow::Schema& schema) {
    ipc::IpcPayload payload;
    ARROW_RETURN_NOT_OK(
        ipc::GetSchemaPayload(schema, options_, ipc::DictionaryFieldMapper(schema), &payload));
    return Append(*payload.metadata).status();
  }

  /// False if the rows lie elsewhere.
  Result<bool> AddBatch(const arrow::RecordBatch& batch) {
    const int64_t first = batch.num_columns() == 0 ? 0 : batch.column(0)->offset();
    arrow::ArrayVector columns;
    for (const auto& column : batch.columns()) {
      if (column->offset() != first) return false;
      // From its start: a part of a bitmap would have to be copied.
      auto whole = column->data()->Copy();
      whole->offset = 0;
      whole->length = first + batch.num_rows();
      whole->null_count = column->null_count() == 0 && first == 0 ? 0 : arrow::kUnknownNullCount;
      columns.push_back(arrow::MakeArray(std::move(whole)));
    }
    const auto whole =
        arrow::RecordBatch::Make(batch.schema(), first + batch.num_rows(), std::move(columns));
    const ipc::DictionaryFieldMapper mapper(*batch.schema());
    ARROW_ASSIGN_OR_RAISE(const auto dictionaries, ipc::CollectDictionaries(*whole, mapper));
    for (const auto& [id, dictionary] : dictionaries) {
      ipc::IpcPayload payload;
      ARROW_RETURN_NOT_OK(ipc::GetDictionaryPayload(id, dictionary, options_, &payload));
      ARROW_ASSIGN_OR_RAISE(const bool lies_there, Add(payload, {dictionary}));
      if (!lies_there) return false;
    }
    const auto rows = arrow::key_value_metadata(
        {kFirstRow, kNumRows}, {std::to_string(first), std::to_string(batch.num_rows())});
    ipc::IpcPayload payload;
    ARROW_RETURN_NOT_OK(ipc::GetRecordBatchPayload(*whole, rows, options_, &payload));
    return Add(payload, whole->columns());
  }

  Result<std::shared_ptr<arrow::Buffer>> Finish() { return out_.Finish(); }

 private:
  Result<bool> Add(const ipc::IpcPayload& payload, const arrow::ArrayVector& arrays) {
    ARROW_ASSIGN_OR_RAISE(uint8_t* const metadata, Append(*payload.metadata));
    const auto places = BuffersOf(metadata);
    std::vector<const arrow::Buffer*> originals;
    for (const auto& array : arrays) Flatten(*array->data(), &originals);
    if (places.size() != payload.body_buffers.size()) return false;
    originals.resize(places.size());
    for (size_t i = 0; i < places.size(); ++i) {
      const arrow::Buffer* buffer = payload.body_buffers[i].get();
      places[i] = {0, 0};
      if (buffer == nullptr || buffer->size() == 0) continue;
      auto offset = memory_.OffsetOf(buffer->data());
      // The writer copies the part of a bitmap, which is the beginning of what lies there.
      if (!offset && originals[i] != nullptr && IsPrefix(*buffer, *originals[i])) {
        offset = memory_.OffsetOf(originals[i]->data());
      }
      if (!offset || *offset % 8 != 0) return false;
      places[i] = {*offset, buffer->size()};
    }
    return true;
  }

  /// Where the metadata lies in what is written.
  Result<uint8_t*> Append(const arrow::Buffer& metadata) {
    const auto padded = static_cast<uint32_t>((metadata.size() + 7) / 8 * 8);
    ARROW_RETURN_NOT_OK(out_.Append(&kContinuation, sizeof(kContinuation)));
    ARROW_RETURN_NOT_OK(out_.Append(&padded, sizeof(padded)));
    const int64_t begin = out_.length();
    ARROW_RETURN_NOT_OK(out_.Append(metadata.data(), metadata.size()));
    ARROW_RETURN_NOT_OK(out_.Append(padded - metadata.size(), uint8_t{0}));
    return out_.mutable_data() + begin;
  }

  const base::SharedMemory& memory_;
  ipc::IpcWriteOptions options_;
  arrow::BufferBuilder out_;
};

/// Gives each message the whole memory for a body.
class Reader final : public ipc::MessageReader {
 public:
  Reader(std::shared_ptr<arrow::Buffer> messages, std::shared_ptr<arrow::Buffer> memory)
      : messages_(std::move(messages)), memory_(std::move(memory)) {}

  Result<std::unique_ptr<ipc::Message>> ReadNextMessage() override {
    const int64_t left = messages_->size() - next_;
    if (left == 0) return nullptr;
    std::array<uint32_t, 2> prefix{};
    if (left < static_cast<int64_t>(sizeof(prefix))) return Damaged();
    std::memcpy(prefix.data(), messages_->data() + next_, sizeof(prefix));
    const auto [mark, size] = prefix;
    next_ += sizeof(prefix);
    if (mark != kContinuation || size % 8 != 0 || size > left - 8) return Damaged();
    auto metadata = arrow::SliceBuffer(messages_, next_, size);
    next_ += size;
    return ipc::Message::Open(std::move(metadata), memory_);
  }

 private:
  static Status Damaged() {
    return MakeError(ErrorCode::kMalformedBody, "a message about shared rows is damaged");
  }
  const std::shared_ptr<arrow::Buffer> messages_;
  const std::shared_ptr<arrow::Buffer> memory_;
  int64_t next_ = 0;
};

Result<int64_t> Number(const arrow::KeyValueMetadata* metadata, const char* key) {
  if (metadata != nullptr) {
    if (const auto text = metadata->Get(key); text.ok() && !text->empty() && text->size() < 19 &&
                                              text->find_first_not_of("0123456789") == text->npos) {
      return std::stoll(*text);
    }
  }
  return MakeError(ErrorCode::kMalformedBody, "shared rows without their number");
}

Status Faulty(const Status& status) {
  if (CodeOf(status) == ErrorCode::kMalformedBody) return status;
  return MakeError(ErrorCode::kMalformedBody,
                   fmt::format("shared rows are damaged: {}", status.message()));
}

Result<SharedRows> Decode(std::shared_ptr<arrow::Buffer> messages,
                          std::shared_ptr<arrow::Buffer> memory) {
  auto options = ipc::IpcReadOptions::Defaults();
  options.use_threads = false;
  ARROW_ASSIGN_OR_RAISE(
      const auto reader,
      ipc::RecordBatchStreamReader::Open(
          std::make_unique<Reader>(std::move(messages), std::move(memory)), options));
  SharedRows rows{.schema = reader->schema(), .batches = {}};
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const arrow::RecordBatchWithMetadata next, reader->ReadNext());
    if (next.batch == nullptr) return rows;
    ARROW_ASSIGN_OR_RAISE(const int64_t first, Number(next.custom_metadata.get(), kFirstRow));
    ARROW_ASSIGN_OR_RAISE(const int64_t count, Number(next.custom_metadata.get(), kNumRows));
    if (first > next.batch->num_rows() || count > next.batch->num_rows() - first) {
      return MakeError(ErrorCode::kMalformedBody, "shared rows beyond their batch");
    }
    rows.batches.push_back(next.batch->Slice(first, count));
  }
}

}  // namespace

Result<std::shared_ptr<arrow::Buffer>> EncodeSharedRows(const arrow::Schema& schema,
                                                        const arrow::RecordBatchVector& batches,
                                                        const base::SharedMemory& memory,
                                                        arrow::MemoryPool* pool) {
  Writer writer(memory, pool);
  ARROW_RETURN_NOT_OK(writer.AddSchema(schema));
  for (const auto& batch : batches) {
    if (batch->num_rows() == 0) continue;
    ARROW_ASSIGN_OR_RAISE(const bool lies_there, writer.AddBatch(*batch));
    if (!lies_there) return nullptr;
  }
  return writer.Finish();
}

Result<SharedRows> DecodeSharedRows(std::shared_ptr<arrow::Buffer> messages,
                                    std::shared_ptr<arrow::Buffer> memory) {
  auto rows = Decode(std::move(messages), std::move(memory));
  if (!rows.ok()) return Faulty(rows.status());
  return rows;
}

}  // namespace headrace::codec

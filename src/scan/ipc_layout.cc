#include "scan/ipc_layout.h"

#include <algorithm>
#include <string_view>

#include <arrow/buffer.h>
#include <arrow/io/interfaces.h>

#include "scan/flatbuffer.h"

// Format: https://arrow.apache.org/docs/format/Columnar.html, File.fbs and Message.fbs. Arrow reads
// the same headers again, with its own checks; here they only have to tell sizes.
namespace headrace::scan {
namespace {

constexpr std::string_view kMagic = "ARROW1";
constexpr uint32_t kContinuation = 0xffffffff;
constexpr int64_t kLargestHeader = 64 << 20;
constexpr int64_t kMostRows = int64_t{1} << 40;
constexpr int64_t kMostUnpacked = int64_t{1} << 40;  // a buffer; so that sums of them stay numbers

Status Damaged(const char* what) { return Status::Invalid(what); }

FlatTable::Bytes BytesOf(const arrow::Buffer& buffer) {
  return {buffer.data(), static_cast<size_t>(buffer.size())};
}

Result<std::shared_ptr<arrow::Buffer>> ReadExactly(arrow::io::RandomAccessFile& file,
                                                   int64_t offset, int64_t bytes) {
  if (offset < 0 || bytes < 0 || bytes > kLargestHeader) return Damaged("a header is out of place");
  ARROW_ASSIGN_OR_RAISE(auto buffer, file.ReadAt(offset, bytes));
  if (buffer->size() != bytes) return Damaged("the file ends inside a header");
  return buffer;
}

void ReadRecordBatch(const FlatTable& batch, IpcMessage* message) {
  message->num_rows = batch.Get<int64_t>(0, 0);
  message->compressed = batch.Child(3).has_value();
  const auto buffers = batch.Items(2, 16);
  for (size_t at = 0; at < buffers.size(); at += 16) {
    message->buffers.emplace_back(*FlatTable::Load<int64_t>(buffers, at),
                                  *FlatTable::Load<int64_t>(buffers, at + 8));
  }
}

Result<IpcMessage> ParseMessage(FlatTable::Bytes bytes, int64_t body_begin) {
  IpcMessage message{.body_begin = body_begin};
  const auto root = FlatTable::Root(bytes);
  const auto header = root ? root->Child(2) : std::nullopt;
  if (!header) return Damaged("a message has no header");
  message.body_bytes = root->Get<int64_t>(3, 0);
  switch (root->Get<uint8_t>(1, 0)) {
    case 1: message.kind = IpcMessage::Kind::kSchema; break;
    case 2: {
      message.kind = IpcMessage::Kind::kDictionary;
      const auto values = header->Child(1);
      if (!values) return Damaged("a dictionary has no values");
      ReadRecordBatch(*values, &message);
      break;
    }
    case 3:
      message.kind = IpcMessage::Kind::kBatch;
      ReadRecordBatch(*header, &message);
      break;
    default: break;
  }
  if (message.body_bytes < 0 || message.num_rows < 0 || message.num_rows > kMostRows) {
    return Damaged("a message has impossible sizes");
  }
  return message;
}

void Keep(IpcMessage message, IpcLayout* layout) {
  if (message.kind == IpcMessage::Kind::kDictionary) {
    layout->dictionaries.push_back(std::move(message));
  } else if (message.kind == IpcMessage::Kind::kBatch) {
    auto& batches = layout->batches;
    const bool largest =
        layout->largest < 0 ||
        message.body_bytes > batches[static_cast<size_t>(layout->largest)].body_bytes;
    if (!largest) {
      message.buffers = {};
    } else {
      if (layout->largest >= 0) batches[static_cast<size_t>(layout->largest)].buffers = {};
      layout->largest = static_cast<int>(batches.size());
    }
    batches.push_back(std::move(message));
  }
}

// A message is: continuation, bytes of the header, header, body. Files of before 2019 do not have
// the first.
Status ReadStream(arrow::io::RandomAccessFile& file, int64_t size, IpcLayout* layout) {
  int64_t at = 0;
  while (size - at >= 8) {
    ARROW_ASSIGN_OR_RAISE(const auto prefix, ReadExactly(file, at, 8));
    const bool marked = *FlatTable::Load<uint32_t>(BytesOf(*prefix), 0) == kContinuation;
    const int32_t header_bytes = *FlatTable::Load<int32_t>(BytesOf(*prefix), marked ? 4 : 0);
    if (header_bytes == 0) return Status::OK();
    at += marked ? 8 : 4;
    ARROW_ASSIGN_OR_RAISE(const auto header, ReadExactly(file, at, header_bytes));
    ARROW_ASSIGN_OR_RAISE(auto message, ParseMessage(BytesOf(*header), at + header_bytes));
    if (message.body_bytes > size - message.body_begin) return Damaged("a body is cut off");
    at = message.body_begin + message.body_bytes;
    Keep(std::move(message), layout);
  }
  return Status::OK();
}

Status ReadBlocks(arrow::io::RandomAccessFile& file, int64_t size, FlatTable::Bytes blocks,
                  IpcMessage::Kind kind, IpcLayout* layout) {
  for (size_t i = 0; i < blocks.size(); i += 24) {
    const auto offset = *FlatTable::Load<int64_t>(blocks, i);
    const auto header_bytes = *FlatTable::Load<int32_t>(blocks, i + 8);
    ARROW_ASSIGN_OR_RAISE(const auto header, ReadExactly(file, offset, header_bytes));
    const auto bytes = BytesOf(*header);
    const bool marked = FlatTable::Load<uint32_t>(bytes, 0) == kContinuation;
    if (bytes.size() < 8) return Damaged("a header is cut off");
    ARROW_ASSIGN_OR_RAISE(auto message,
                          ParseMessage(bytes.subspan(marked ? 8 : 4), offset + header_bytes));
    if (message.kind != kind) return Damaged("the footer leads to another kind of message");
    if (message.body_bytes > size - message.body_begin) return Damaged("a body is cut off");
    Keep(std::move(message), layout);
  }
  return Status::OK();
}

Status ReadFile(arrow::io::RandomAccessFile& file, int64_t size, IpcLayout* layout) {
  constexpr int64_t kTail = 4 + static_cast<int64_t>(kMagic.size());
  if (size < 2 * kTail) return Damaged("the file is too short");
  ARROW_ASSIGN_OR_RAISE(const auto tail, ReadExactly(file, size - kTail, kTail));
  if (std::string_view(*tail).substr(4) != kMagic) return Damaged("the footer is missing");
  const int32_t bytes = *FlatTable::Load<int32_t>(BytesOf(*tail), 0);
  if (bytes <= 0 || bytes > size - 2 * kTail) return Damaged("the footer has an impossible size");
  ARROW_ASSIGN_OR_RAISE(const auto footer, ReadExactly(file, size - kTail - bytes, bytes));
  const auto root = FlatTable::Root(BytesOf(*footer));
  if (!root) return Damaged("the footer is damaged");
  ARROW_RETURN_NOT_OK(
      ReadBlocks(file, size, root->Items(2, 24), IpcMessage::Kind::kDictionary, layout));
  return ReadBlocks(file, size, root->Items(3, 24), IpcMessage::Kind::kBatch, layout);
}

}  // namespace

Result<IpcLayout> ReadIpcLayout(arrow::io::RandomAccessFile& file) {
  IpcLayout layout;
  ARROW_ASSIGN_OR_RAISE(const int64_t size, file.GetSize());
  const auto first = static_cast<int64_t>(kMagic.size());
  if (size < first) return Damaged("the file is too short for Arrow IPC");
  ARROW_ASSIGN_OR_RAISE(const auto head, ReadExactly(file, 0, first));
  layout.is_stream = std::string_view(*head) != kMagic;
  if (layout.is_stream) {
    ARROW_RETURN_NOT_OK(ReadStream(file, size, &layout));
  } else {
    ARROW_RETURN_NOT_OK(ReadFile(file, size, &layout));
  }
  return layout;
}

Result<int64_t> UnpackedBytes(arrow::io::RandomAccessFile& file, const IpcMessage& message,
                              size_t buffer) {
  const auto [offset, bytes] = message.buffers[buffer];
  if (offset < 0 || bytes < 0 || offset > message.body_bytes ||
      bytes > message.body_bytes - offset) {
    return Damaged("a buffer is not inside its message");
  }
  if (!message.compressed || bytes < 8) return bytes;
  ARROW_ASSIGN_OR_RAISE(const auto prefix, ReadExactly(file, message.body_begin + offset, 8));
  const auto unpacked = *FlatTable::Load<int64_t>(BytesOf(*prefix), 0);
  if (unpacked == -1) return bytes;  // stored as it is
  if (unpacked < 0 || unpacked > kMostUnpacked) {
    return Damaged("a buffer has an impossible size");
  }
  return unpacked;
}

}  // namespace headrace::scan

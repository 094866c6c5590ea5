#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "codec/encoder.h"
#include "codec/ordered_tasks.h"
#include "codec/row_writer.h"

namespace headrace::codec {

/// What a format of text is, apart from its rows.
struct TextForm {
  std::function<std::string(const arrow::Schema&)> before;  ///< what stands before the first row
  std::string after;
  std::function<std::unique_ptr<RowWriter>()> make_writer;
};

/// Encodes rows as text, some at a time, and the parts side by side:
///
///   batch  |----part----|----part----|----part----|--    slices, of about as much text each
///               |             |            |             a RowWriter and a buffer each
///   chunk  [----text----|----text----] [----text--       in order, until there is enough
///
/// The bytes are the same however many threads there are. At most two parts for each thread are
/// made ahead of what was taken; nothing is made ahead of the first chunk's first part.
class TextEncoder final : public Encoder {
 public:
  TextEncoder(std::shared_ptr<arrow::RecordBatchReader> reader, TextForm form,
              const EncodeOptions& options);

  Result<Chunk> Next() override;

 private:
  Result<Chunk> Make();
  void Fill();
  void ReadBatch();
  void AddPart();
  OrderedTasks::Output Write(const arrow::RecordBatch& part, bool behind_rows, int64_t room_bytes);
  /// Their bytes.
  Result<int64_t> TakePart(Chunk* chunk);

  const std::shared_ptr<arrow::RecordBatchReader> reader_;
  const TextForm form_;
  arrow::MemoryPool* const pool_;
  const int64_t chunk_bytes_;
  const size_t parts_ahead_;
  std::shared_ptr<arrow::RecordBatch> batch_;  // of which parts are made
  int64_t next_row_ = 0;                       // of batch_
  int64_t rows_added_ = 0;
  std::deque<int64_t> part_rows_;  // of the parts in tasks_
  double bytes_per_row_ = 0;       // 0: not known yet
  bool begun_ = false;
  bool exhausted_ = false;  // the reader is
  bool ended_ = false;
  Status read_status_;  // comes behind what was read before
  Status status_;
  std::mutex writers_mutex_;
  std::vector<std::unique_ptr<RowWriter>> writers_;  // those that nobody uses
  OrderedTasks tasks_;                               // last, so that they end first
};

}  // namespace headrace::codec

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "codec/encoder.h"

// Batches and readers for the tests and benchmarks of this folder.
namespace headrace::codec {

/// int64 `i`, double `d`, bool `b`, utf8 `s`, timestamp[ns, UTC] `t`. One value in five is null
/// (none in row 0), and there are NaN, infinities, extreme numbers and texts that need escapes
/// among the others.
std::shared_ptr<arrow::RecordBatch> SampleBatch(int64_t rows, uint32_t seed = 1);

/// `columns` doubles of all their digits, named as rolling features are.
std::shared_ptr<arrow::RecordBatch> FeatureBatch(int64_t rows, int columns);

/// Gives the batches in turn, then fails with `end`, or ends if that is OK.
/// `reads`, if given, counts the calls of ReadNext().
std::shared_ptr<arrow::RecordBatchReader> ReaderOf(
    std::shared_ptr<arrow::Schema> schema, std::vector<std::shared_ptr<arrow::RecordBatch>> batches,
    Status end = Status::OK(), int* reads = nullptr);

/// All that the encoder gives, in one piece.
Result<std::string> Drain(Encoder* encoder);
Result<std::string> Encode(Format format, std::shared_ptr<arrow::RecordBatchReader> reader,
                           const EncodeOptions& options = {});

}  // namespace headrace::codec

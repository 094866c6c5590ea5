#pragma once

#include <memory>

#include <arrow/type_fwd.h>

#include "headrace/status.h"

namespace headrace::codec {

/// The failure of one of Arrow's readers over a client's bytes: kMalformedBody, unless it is one
/// that the bytes are not to blame for (memory, cancelling).
Status BodyError(const Status& status);

/// A reader whose batches were checked to the last offset and byte of UTF-8, so that whoever reads
/// them may trust them. Failures are BodyErrors.
std::shared_ptr<arrow::RecordBatchReader> ValidateBatches(
    std::shared_ptr<arrow::RecordBatchReader> reader);

}  // namespace headrace::codec

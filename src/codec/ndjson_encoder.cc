#include <memory>
#include <string>
#include <utility>

#include <arrow/type.h>

#include "codec/batch_encoder.h"
#include "codec/text_encoder.h"

namespace headrace::codec {

/// One object a line; no rows are no bytes.
std::unique_ptr<Encoder> MakeNdjsonEncoder(std::shared_ptr<arrow::RecordBatchReader> reader,
                                           const EncodeOptions& options) {
  return std::make_unique<TextEncoder>(
      std::move(reader),
      TextForm{.before = [](const arrow::Schema&) { return std::string(); },
               .after = "",
               .make_writer =
                   [pool = options.pool] { return MakeJsonRowWriter(JsonLayout::kLines, pool); }},
      options);
}

}  // namespace headrace::codec

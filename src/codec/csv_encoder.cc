#include <memory>
#include <string>
#include <utility>

#include <arrow/type.h>

#include "codec/batch_encoder.h"
#include "codec/text_encoder.h"

namespace headrace::codec {

/// A header, then RFC 4180 rows: null is an empty field, text is quoted.
std::unique_ptr<Encoder> MakeCsvEncoder(std::shared_ptr<arrow::RecordBatchReader> reader,
                                        const EncodeOptions& options) {
  return std::make_unique<TextEncoder>(
      std::move(reader),
      TextForm{.before = [](const arrow::Schema& schema) { return CsvHeader(schema, ','); },
               .after = "",
               .make_writer = [pool = options.pool] { return MakeCsvRowWriter(',', pool); }},
      options);
}

}  // namespace headrace::codec

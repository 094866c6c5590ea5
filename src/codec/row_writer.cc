#include "codec/row_writer.h"

namespace headrace::codec {

Status RowWriter::Write(const arrow::RecordBatch& batch, arrow::BufferBuilder* out) {
  return WriteSome(batch, 0, INT64_MAX, out).status();
}

}  // namespace headrace::codec

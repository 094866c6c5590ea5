#include "cli/table_preview.h"

#include <arrow/array/util.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <gtest/gtest.h>

#include "testing/batches.h"

namespace headrace::cli {
namespace {

using testing::Numbers;

std::string Preview(const arrow::RecordBatchVector& batches, TablePreviewOptions options) {
  TablePreview preview(batches.front()->schema(), options);
  for (const auto& batch : batches) EXPECT_TRUE(preview.Add(*batch).ok());
  return preview.Text();
}

TEST(TablePreview, ShowsAllThatFits) {
  EXPECT_EQ(Preview({Numbers(0, 2), Numbers(2, 2)}, {.rows = 4}),
            "    a       b\n"
            "int64  double\n"
            "─────  ──────\n"
            "    0    null\n"
            "    1     0.5\n"
            "    2       1\n"
            "    3    null\n"
            "4 rows\n");
}

TEST(TablePreview, ShowsTheFirstAndTheLast) {
  const std::string expected =
      "    a       b\n"
      "int64  double\n"
      "─────  ──────\n"
      "    0    null\n"
      "    1     0.5\n"
      "    …       …\n"
      " 1998    null\n"
      " 1999   999.5\n"
      "2,000 rows\n";
  EXPECT_EQ(Preview({Numbers(0, 2000)}, {.rows = 4}), expected);
  arrow::RecordBatchVector single;
  for (int64_t i = 0; i < 2000; ++i) single.push_back(Numbers(i, 1));
  EXPECT_EQ(Preview(single, {.rows = 4}), expected);
}

TEST(TablePreview, AnyNumberOfRowsIsShownOnce) {
  for (int64_t rows = 0; rows < 12; ++rows) {
    for (int64_t shown = 1; shown < 12; ++shown) {
      const std::string text = Preview({Numbers(1000, rows)}, {.rows = shown});
      int64_t found = 0;
      for (size_t at = 0; (at = text.find("\n 10", at)) != std::string::npos; ++at) ++found;
      EXPECT_EQ(found, std::min(rows, shown)) << text;
    }
  }
}

TEST(TablePreview, LeavesOutColumnsInTheMiddle) {
  arrow::FieldVector fields;
  arrow::ArrayVector columns;
  for (int i = 0; i < 20; ++i) {
    fields.push_back(arrow::field("c" + std::to_string(i), arrow::int64()));
    columns.push_back(arrow::MakeArrayFromScalar(arrow::Int64Scalar(i), 1).ValueOrDie());
  }
  const auto batch = arrow::RecordBatch::Make(arrow::schema(fields), 1, columns);
  EXPECT_EQ(Preview({batch}, {.width = 30}),
            "   c0     c1  …    c18    c19\n"
            "int64  int64  …  int64  int64\n"
            "─────  ─────  …  ─────  ─────\n"
            "    0      1  …     18     19\n"
            "1 row\n");
}

TEST(TablePreview, CutsLongValuesAndWritesOutControlCharacters) {
  const auto column = arrow::MakeArrayFromScalar(
                          arrow::StringScalar("\x1b[2Jabcdefghijklmnopqrstuvwxyz0123456789"), 1)
                          .ValueOrDie();
  const auto batch =
      arrow::RecordBatch::Make(arrow::schema({arrow::field("s", arrow::utf8())}), 1, {column});
  EXPECT_EQ(Preview({batch}, {}),
            "s\nstring\n────────────────────────────────\n"
            "\\x1b[2Jabcdefghijklmnopqrstuvwx…\n1 row\n");
}

TEST(TablePreview, StylesNullsAndTitles) {
  const std::string text = Preview({Numbers(0, 1)}, {.style = true});
  EXPECT_NE(text.find("\x1b[2m  null\x1b[0m"), std::string::npos) << text;
  EXPECT_NE(text.find("\x1b[1m"), std::string::npos);
}

}  // namespace
}  // namespace headrace::cli

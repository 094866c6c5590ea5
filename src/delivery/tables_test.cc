#include "delivery/tables.h"

#include <filesystem>
#include <memory>
#include <string>

#include <arrow/buffer.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include "headrace/error_code.h"
#include "headrace/memory_budget.h"
#include "testing/batches.h"
#include "testing/parquet_files.h"
#include "testing/temporary_folder.h"

namespace headrace::delivery {
namespace {

class TablesTest : public ::testing::Test {
 protected:
  Result<std::shared_ptr<arrow::Table>> Read(std::string_view name) {
    ARROW_ASSIGN_OR_RAISE(const auto entry, tables_.Find(name));
    ARROW_ASSIGN_OR_RAISE(const auto page, tables_.Open(entry, {}, {}));
    return page.reader->ToTable();
  }

  std::string WriteFile(const std::string& name) {
    const auto table = arrow::Table::FromRecordBatches({testing::Numbers(0, 10)}).ValueOrDie();
    return folder_.Write(name, *testing::WriteParquet(*table, 10));
  }

  static AllowedPaths Open(const std::string& directory) {
    std::filesystem::create_directories(directory);
    return AllowedPaths::Make({directory}).ValueOrDie();
  }

  static void ExpectRefused(const Result<Tables::PutResult>& put, ErrorCode code) {
    ASSERT_FALSE(put.ok());
    EXPECT_EQ(CodeOf(put.status()), code) << put.status();
  }

  MemoryBudget budget_{1 << 26};
  testing::TemporaryFolder folder_;
  catalog::Catalog catalog_{&budget_};
  Tables tables_{&catalog_, Open(folder_ / "open"), nullptr};
};

TEST_F(TablesTest, TextBecomesATable) {
  const auto csv = tables_.PutRows("t", codec::Format::kCsv, "a,b\n1,x\n2,\n");
  ASSERT_TRUE(csv.ok()) << csv.status();
  EXPECT_EQ(csv->info.full_name, "tables.t");
  EXPECT_FALSE(csv->replaced);
  EXPECT_EQ(csv->info.statistics.num_rows, 2);
  EXPECT_TRUE(csv->info.schema->field(0)->type()->Equals(arrow::int64()));
  const auto again = tables_.PutRows("tables.t", codec::Format::kNdjson,
                                     "{\"a\": 1.5}\n{\"a\": 2, \"z\": \"y\"}\n{\"z\": null}\n");
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(again->replaced);
  const auto rows = Read("t").ValueOrDie();
  EXPECT_EQ(rows->num_rows(), 3);
  EXPECT_EQ(rows->schema()->field_names(), (std::vector<std::string>{"a", "z"}));
  EXPECT_EQ(tables_.List().size(), 1U);
}

TEST_F(TablesTest, ARefusedPutChangesNothing) {
  ASSERT_TRUE(tables_.PutRows("t", codec::Format::kCsv, "a\n1\n").ok());
  ASSERT_TRUE(catalog_.CreateBuffer({.name = "b"}).ok());
  ExpectRefused(tables_.PutRows("t", codec::Format::kArrowStream, "nonsense"),
                ErrorCode::kMalformedBody);
  ExpectRefused(tables_.PutRows("t", codec::Format::kNdjson, "{\"a\": 1}\n{"),
                ErrorCode::kMalformedBody);
  ExpectRefused(tables_.PutRows("t", codec::Format::kCsv, "a,a\n1,2\n"),
                ErrorCode::kInvalidArgument);
  ExpectRefused(tables_.PutRows("b", codec::Format::kCsv, "a\n1\n"), ErrorCode::kNameExists);
  for (const char* name : {"a/b", "", "buffers.x", "files.t"}) {
    ExpectRefused(tables_.PutRows(name, codec::Format::kCsv, "a\n1\n"),
                  ErrorCode::kInvalidArgument);
  }
  EXPECT_EQ(Read("t").ValueOrDie()->num_rows(), 1);
  EXPECT_EQ(tables_.List().size(), 2U);
}

TEST_F(TablesTest, FilesAreThoseOfAllowedDirectories) {
  WriteFile("open/in.parquet");
  const std::string out = WriteFile("out.parquet");
  std::filesystem::create_symlink(out, folder_ / "open/link.parquet");
  for (const std::string& path :
       {std::string("in.parquet"), folder_ / "open/in.parquet", std::string("./x/../i*.parquet")}) {
    ASSERT_TRUE(tables_.PutFiles("f", path).ok()) << path;
    EXPECT_EQ(Read("f").ValueOrDie()->num_rows(), 10);
  }
  for (const std::string& path :
       {out, std::string("../out.parquet"), std::string("link.parquet"), std::string("*.parquet"),
        std::string("/etc/passwd"), folder_ / "open2/x"}) {
    ExpectRefused(tables_.PutFiles("f", path), ErrorCode::kInvalidArgument);
  }
  ExpectRefused(tables_.PutFiles("f", "none.parquet"), ErrorCode::kUnknownName);
  Tables closed(&catalog_, AllowedPaths(), nullptr);
  ExpectRefused(closed.PutFiles("f", "in.parquet"), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(AllowedPaths::Make({folder_ / "none"}).status()), ErrorCode::kBadConfig);
  ASSERT_TRUE(tables_.Drop("f").ok());
  EXPECT_EQ(CodeOf(tables_.Drop("f")), ErrorCode::kUnknownName);
}

}  // namespace
}  // namespace headrace::delivery

#include "headrace/row_batch.h"

#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace headrace {
namespace {

using Kind = Cell::Kind;

TEST(RowBatchTest, ANewBatchIsEmpty) {
  RowBatch rows;
  rows.Seal();
  EXPECT_EQ(rows.num_rows(), 0);
  EXPECT_EQ(rows.num_columns(), 0);
}

TEST(RowBatchTest, ColumnsComeInTheOrderOfTheirFirstKeyAndGapsAreAbsent) {
  RowBatch rows;
  rows.BeginRow();
  EXPECT_TRUE(rows.Set("b", Cell::Int64(1)));
  rows.BeginRow();
  EXPECT_TRUE(rows.Set("a", Cell::Double(2.5)));
  EXPECT_TRUE(rows.Set("b", Cell::Null()));
  rows.BeginRow();
  rows.Seal();

  ASSERT_EQ(rows.num_rows(), 3);
  ASSERT_EQ(rows.num_columns(), 2);
  EXPECT_EQ(rows.name(0), "b");
  EXPECT_EQ(rows.name(1), "a");
  EXPECT_EQ(rows.cells(0)[0].int64, 1);
  EXPECT_EQ(rows.cells(0)[1].kind, Kind::kNull);
  EXPECT_EQ(rows.cells(0)[2].kind, Kind::kAbsent);
  EXPECT_EQ(rows.cells(1)[0].kind, Kind::kAbsent);
  EXPECT_EQ(rows.cells(1)[1].float64, 2.5);
  EXPECT_EQ(rows.cells(1)[2].kind, Kind::kAbsent);
}

TEST(RowBatchTest, AKeyTwiceInARowIsRefusedAndKeepsTheFirst) {
  RowBatch rows;
  rows.BeginRow();
  EXPECT_TRUE(rows.Set("a", Cell::Int64(1)));
  EXPECT_FALSE(rows.Set("a", Cell::Int64(2)));
  rows.BeginRow();
  EXPECT_TRUE(rows.Set("a", Cell::Int64(3)));
  EXPECT_FALSE(rows.Set("a", Cell::Null()));
  rows.Seal();
  EXPECT_EQ(rows.cells(0)[0].int64, 1);
  EXPECT_EQ(rows.cells(0)[1].int64, 3);
}

TEST(RowBatchTest, ResetKeepsNoRowAndNoColumn) {
  RowBatch rows;
  rows.BeginRow();
  rows.Set("old", Cell::Int64(1));
  rows.Seal();
  const Cell* memory = rows.cells(0);

  rows.Reset();
  EXPECT_EQ(rows.num_rows(), 0);
  EXPECT_EQ(rows.num_columns(), 0);
  rows.BeginRow();
  rows.BeginRow();
  rows.Reset();
  rows.BeginRow();
  rows.Set("new", Cell::Bool(true));
  rows.Seal();
  ASSERT_EQ(rows.num_columns(), 1);
  EXPECT_EQ(rows.name(0), "new");
  EXPECT_TRUE(rows.cells(0)[0].boolean);
  EXPECT_EQ(rows.cells(0), memory);
}

TEST(RowBatchTest, TheEmptyNameIsAName) {
  RowBatch rows;
  rows.BeginRow();
  EXPECT_TRUE(rows.Set("", Cell::Int64(1)));
  EXPECT_FALSE(rows.Set("", Cell::Int64(1)));
  EXPECT_TRUE(rows.Set("a", Cell::Int64(1)));
  EXPECT_EQ(rows.num_columns(), 2);
}

// Whatever keys come in whatever order, the batch reads like a list of maps; also when reused, and
// on both sides of the number of columns from which names are hashed.
TEST(RowBatchTest, ReadsLikeAListOfMaps) {
  EXPECT_TRUE(rc::check("RowBatch is a list of maps", [] {
    const auto num_names = *rc::gen::inRange(1, 60);
    std::vector<std::string> names;
    for (int i = 0; i < num_names; ++i) {
      names.push_back("c" + std::to_string(i));
    }
    RowBatch rows;
    for (int round = 0; round < 3; ++round) {
      rows.Reset();
      const auto keys = *rc::gen::container<std::vector<std::vector<int>>>(
          rc::gen::container<std::vector<int>>(rc::gen::inRange(0, num_names)));
      std::vector<std::map<std::string, int64_t>> expected;
      std::set<std::string> mentioned;
      int64_t value = 0;
      for (const auto& row : keys) {
        rows.BeginRow();
        expected.emplace_back();
        for (const int key : row) {
          mentioned.insert(names[key]);
          const bool fresh = expected.back().emplace(names[key], ++value).second;
          RC_ASSERT(rows.Set(names[key], Cell::Int64(value)) == fresh);
        }
      }
      rows.Seal();
      RC_ASSERT(rows.num_rows() == static_cast<int64_t>(expected.size()));
      RC_ASSERT(rows.num_columns() == static_cast<int64_t>(mentioned.size()));
      for (int64_t c = 0; c < rows.num_columns(); ++c) {
        for (int64_t r = 0; r < rows.num_rows(); ++r) {
          const auto found = expected[r].find(std::string(rows.name(c)));
          const Cell& cell = rows.cells(c)[r];
          if (found == expected[r].end()) {
            RC_ASSERT(cell.is_null());
          } else {
            // Not in one condition: RC_ASSERT looks at both sides of an ||.
            RC_ASSERT(!cell.is_null());
            RC_ASSERT(cell.int64 == found->second);
          }
        }
      }
    }
  }));
}

}  // namespace
}  // namespace headrace

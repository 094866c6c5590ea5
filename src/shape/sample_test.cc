#include "shape/sample.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <set>

#include <arrow/api.h>
#include <arrow/compute/api.h>
#include <gtest/gtest.h>

#include "headrace/error_code.h"
#include "headrace/memory_budget.h"
#include "testing/batches.h"

namespace headrace::shape {
namespace {

using testing::FirstColumn;
using testing::Numbers;
using testing::ReaderOf;
using Rows = std::vector<int64_t>;

constexpr int64_t kRows = 20'000;

/// Numbers(), and `s`: a stratum of text, the larger the number the fewer rows it has.
arrow::RecordBatchVector Cut(int64_t rows, uint32_t seed, int64_t most) {
  arrow::StringBuilder strata;
  for (int64_t i = 0; i < rows; ++i) {
    const auto stratum =
        static_cast<int64_t>(std::log2(1.0 + static_cast<double>(i * 7919 % 1000)));
    EXPECT_TRUE((stratum == 3 ? strata.AppendNull() : strata.Append(std::to_string(stratum))).ok());
  }
  auto numbers = Numbers(0, rows);
  const auto batch =
      numbers->AddColumn(2, arrow::field("s", arrow::utf8()), strata.Finish().ValueOrDie())
          .ValueOrDie();
  std::mt19937 random(seed);
  arrow::RecordBatchVector batches = {batch->Slice(0, 0)};
  for (int64_t row = 0; row < rows;) {
    const int64_t count = std::uniform_int_distribution<int64_t>(1, most)(random);
    batches.push_back(batch->Slice(row, count));
    row += count;
  }
  return batches;
}

class SampleTest : public ::testing::Test {
 protected:
  std::shared_ptr<arrow::Table> Table(const SamplePlan& plan, int64_t rows = kRows,
                                      uint32_t cut = 1, int64_t most = 3000) {
    auto reader = Sample(ReaderOf(Cut(rows, cut, most)), plan, &budget_);
    EXPECT_TRUE(reader.ok()) << reader.status();
    auto table = (*reader)->ToTable();
    EXPECT_TRUE(table.ok()) << table.status();
    EXPECT_TRUE((*table)->ValidateFull().ok());
    return *table;
  }
  Rows Of(const SamplePlan& plan, int64_t rows = kRows, uint32_t cut = 1, int64_t most = 3000) {
    Rows chosen = FirstColumn(*Table(plan, rows, cut, most));
    EXPECT_TRUE(std::is_sorted(chosen.begin(), chosen.end()));
    EXPECT_EQ(std::set<int64_t>(chosen.begin(), chosen.end()).size(), chosen.size());
    return chosen;
  }

  static std::map<std::string, int64_t> CountsOf(const arrow::Table& table) {
    std::map<std::string, int64_t> counts;
    const auto column = table.GetColumnByName("s");
    for (int64_t i = 0; i < table.num_rows(); ++i) {
      ++counts[column->GetScalar(i).ValueOrDie()->ToString()];
    }
    return counts;
  }

  MemoryBudget budget_{int64_t{1} << 30};
};

TEST_F(SampleTest, TheSameSeedChoosesTheSameRowsHoweverTheyCome) {
  for (const SamplePlan& plan :
       {SamplePlan{.rows = 700, .seed = 5}, SamplePlan{.fraction = 0.03, .seed = 5},
        SamplePlan{.rows = 40, .seed = 5, .stratify = "s"},
        SamplePlan{.fraction = 0.03, .seed = 5, .stratify = "s"}}) {
    const Rows once = Of(plan);
    EXPECT_EQ(Of(plan, kRows, 2, 100), once);
    EXPECT_EQ(Of(plan, kRows, 3, 7), once);
    SamplePlan other = plan;
    other.seed = 6;
    EXPECT_NE(Of(other), once);
  }
}

TEST_F(SampleTest, HasSoManyRows) {
  EXPECT_EQ(Of({.rows = 700}).size(), 700U);
  EXPECT_EQ(Of({.rows = 700}, 700).size(), 700U);
  EXPECT_EQ(Of({.rows = 700}, 3), (Rows{0, 1, 2}));
  EXPECT_EQ(Of({.rows = 0}), Rows());
  EXPECT_EQ(Of({.rows = 5}, 0), Rows());
  EXPECT_EQ(Of({.fraction = 1.0}).size(), static_cast<size_t>(kRows));
  EXPECT_EQ(Of({.fraction = 0.0}), Rows());
  EXPECT_EQ(Of({.fraction = 1.0, .stratify = "s"}).size(), static_cast<size_t>(kRows));
  EXPECT_EQ(Of({.fraction = 0.0, .stratify = "s"}), Rows());
}

TEST_F(SampleTest, RowsComeAsTheyAre) {
  const auto all = arrow::Table::FromRecordBatches(Cut(kRows, 1, 3000)).ValueOrDie();
  const auto table = Table({.rows = 300, .stratify = "s"});
  const auto indices = table->column(0);
  const auto expected = arrow::compute::Take(all, indices).ValueOrDie().table();
  EXPECT_TRUE(table->Equals(*expected));
}

// Over many seeds each row has its chance: within five standard deviations of the binomial.
TEST_F(SampleTest, EveryRowHasTheSameChance) {
  constexpr int64_t kFew = 300;
  constexpr int64_t kSeeds = 2000;
  for (const bool stratified : {false, true}) {
    for (const bool by_rows : {true, false}) {
      if (stratified && by_rows) continue;  // the chance is then that of the stratum
      std::vector<int64_t> times(kFew);
      for (uint64_t seed = 0; seed < kSeeds; ++seed) {
        SamplePlan plan{.seed = seed};
        if (by_rows) plan.rows = kFew / 10;
        if (!by_rows) plan.fraction = 0.1;
        if (stratified) plan.stratify = "s";
        for (const int64_t row : Of(plan, kFew, 1, 1000)) ++times[static_cast<size_t>(row)];
      }
      const double deviation = std::sqrt(kSeeds * 0.1 * 0.9);
      for (const int64_t each : times) {
        EXPECT_NEAR(static_cast<double>(each), kSeeds * 0.1, 5 * deviation);
      }
    }
  }
}

TEST_F(SampleTest, EveryStratumHasItsShare) {
  const auto all = CountsOf(*arrow::Table::FromRecordBatches(Cut(kRows, 1, 3000)).ValueOrDie());
  ASSERT_EQ(all.size(), 10U);
  const auto some = CountsOf(*Table({.rows = 50, .stratify = "s"}));
  for (const auto& [stratum, rows] : all) {
    EXPECT_EQ(some.at(stratum), std::min<int64_t>(rows, 50)) << stratum;
  }
  for (const double fraction : {0.37, 0.9, 0.011}) {
    const auto part = CountsOf(*Table({.fraction = fraction, .stratify = "s"}));
    for (const auto& [stratum, rows] : all) {
      const auto found = part.find(stratum);
      const int64_t count = found == part.end() ? 0 : found->second;
      EXPECT_NEAR(static_cast<double>(count), fraction * static_cast<double>(rows), 2) << stratum;
    }
  }
}

TEST_F(SampleTest, TheSmallerIsPartOfTheLarger) {
  const Rows large = Of({.rows = 5000, .seed = 9});
  for (const Rows& small : {Of({.rows = 50, .seed = 9}), Of({.fraction = 0.1, .seed = 9})}) {
    EXPECT_TRUE(std::includes(large.begin(), large.end(), small.begin(), small.end()));
  }
}

TEST_F(SampleTest, HoldsOnlyWhatItChooses) {
  MemoryBudget small(int64_t{1} << 20);
  auto reader = Sample(ReaderOf(Cut(300'000, 1, 2000)), {.rows = 1000}, &small).ValueOrDie();
  const auto table = reader->ToTable();
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ((*table)->num_rows(), 1000);
}

TEST_F(SampleTest, RefusesWhatMakesNoSense) {
  const auto code = [&](const SamplePlan& plan) {
    return CodeOf(Sample(ReaderOf(Cut(10, 1, 10)), plan, &budget_).status());
  };
  EXPECT_EQ(code({}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({.rows = 1, .fraction = 0.5}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({.rows = -1}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({.fraction = -0.1}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({.fraction = 1.1}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({.fraction = std::nan("")}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({.rows = 1, .stratify = "z"}), ErrorCode::kUnknownName);
}

}  // namespace
}  // namespace headrace::shape

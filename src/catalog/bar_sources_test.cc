#include "catalog/bar_sources.h"

#include <string>
#include <vector>

#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include "catalog/catalog.h"
#include "headrace/error_code.h"
#include "headrace/memory_budget.h"

namespace headrace::catalog {
namespace {

constexpr int64_t kMinute = 60'000'000'000;

class BarSourcesTest : public ::testing::Test {
 protected:
  void AppendMinutes(const BarKey& key, int minutes) {
    for (int i = 0; i < minutes; ++i) {
      ASSERT_TRUE(store_->AppendTick(key, i * kMinute, 100 + i, 1).ok());
    }
  }
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const Entry& entry : catalog_.List()) names.push_back(entry.full_name());
    return names;
  }

  MemoryBudget budget_{int64_t{64} << 20};
  std::shared_ptr<BarStore> store_ = BarStore::Make({}, &budget_).ValueOrDie();
  std::shared_ptr<BarSources> bars_ = std::make_shared<BarSources>(store_, "");
  Catalog catalog_{&budget_};
};

TEST_F(BarSourcesTest, SeriesAreSourcesInEachTimeframe) {
  EXPECT_EQ(CodeOf(catalog_.Find("bars.ES_1m").status()), ErrorCode::kUnknownName);
  catalog_.SetBars(bars_);
  AppendMinutes(bars_->KeyOf("ES"), 11);
  AppendMinutes({.symbol = "ES", .quote = "EUR"}, 11);  // has no name
  EXPECT_EQ(Names(), std::vector<std::string>{"bars.ES_1m"});
  const Entry five = catalog_.Find("bars.ES_5m").ValueOrDie();
  EXPECT_EQ(five.kind, Kind::kBars);
  EXPECT_EQ(five.name, "ES_5m");
  EXPECT_EQ(five.source->Open({}).ValueOrDie().reader->ToTable().ValueOrDie()->num_rows(), 2);
  EXPECT_EQ(Names(), (std::vector<std::string>{"bars.ES_1m", "bars.ES_5m"}));
  // The same one, so that cursors stay good; by its plain name, too.
  EXPECT_EQ(catalog_.Find("ES_5m").ValueOrDie().source, five.source);
  for (const char* name : {"bars.ES_7x", "bars.ES", "bars.ES_90s", "bars.NQ_5m", "bars._5m"}) {
    EXPECT_EQ(CodeOf(catalog_.Find(name).status()), ErrorCode::kUnknownName) << name;
  }
}

TEST_F(BarSourcesTest, ReadersOutliveTheSeriesAndTheStore) {
  catalog_.SetBars(bars_);
  AppendMinutes(bars_->KeyOf("ES"), 11);
  const Entry entry = catalog_.Find("bars.ES_1m").ValueOrDie();
  EXPECT_EQ(CodeOf(catalog_.Drop("bars.ES_1m")), ErrorCode::kInvalidArgument);
  const auto reader = entry.source->Open({}).ValueOrDie().reader;
  ASSERT_TRUE(bars_->Drop("ES").ok());
  EXPECT_EQ(CodeOf(bars_->Drop("ES")), ErrorCode::kUnknownName);
  EXPECT_EQ(Names(), std::vector<std::string>{});
  catalog_.SetBars(nullptr);
  bars_.reset();
  store_.reset();
  EXPECT_EQ(reader->ToTable().ValueOrDie()->num_rows(), 10);
  EXPECT_EQ(CodeOf(entry.source->Open({}).status()), ErrorCode::kUnknownName);
}

TEST_F(BarSourcesTest, GivesTheColumnsThatAreWanted) {
  catalog_.SetBars(bars_);
  AppendMinutes(bars_->KeyOf("ES"), 3);
  const auto source = catalog_.Find("bars.ES_1m").ValueOrDie().source;
  ReadRequest request;
  request.columns = {"close", "ts"};
  const auto opened = source->Open(request).ValueOrDie();
  EXPECT_TRUE(opened.columns_applied);
  const auto table = opened.reader->ToTable().ValueOrDie();
  EXPECT_EQ(table->schema()->field_names(), (std::vector<std::string>{"close", "ts"}));
  request.columns = {"clsoe"};
  EXPECT_EQ(CodeOf(source->Open(request).status()), ErrorCode::kUnknownName);
}

}  // namespace
}  // namespace headrace::catalog

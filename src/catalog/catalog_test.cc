#include "catalog/catalog.h"

#include <atomic>
#include <thread>

#include <arrow/type.h>
#include <gtest/gtest.h>

#include "headrace/error_code.h"
#include "headrace/memory_budget.h"

namespace headrace::catalog {
namespace {

class CatalogTest : public ::testing::Test {
 protected:
  MemoryBudget budget_{256 << 20};
  Catalog catalog_{&budget_, {.max_buffers = 3}};

  Status Create(std::string name) {
    return catalog_.CreateBuffer({.name = std::move(name), .window_size = 10}).status();
  }
};

TEST_F(CatalogTest, FindsWhatWasCreated) {
  ASSERT_TRUE(Create("a").ok());
  auto found = catalog_.FindBuffer("a");
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ((*found)->options().name, "a");
  EXPECT_EQ((*found)->options().window_size, 10);
  EXPECT_EQ(catalog_.num_buffers(), 1);
}

TEST_F(CatalogTest, UnknownNameSaysWhichAndHowToMakeIt) {
  const Status status = catalog_.FindBuffer("nope").status();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(CodeOf(status), ErrorCode::kUnknownName);
  EXPECT_NE(status.message().find("nope"), std::string::npos);
  EXPECT_NE(status.message().find("POST"), std::string::npos);
  EXPECT_EQ(CodeOf(catalog_.DropBuffer("nope")), ErrorCode::kUnknownName);
}

TEST_F(CatalogTest, RefusesATakenNameAndKeepsTheOldBuffer) {
  auto first = catalog_.CreateBuffer({.name = "a", .window_size = 10});
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(CodeOf(catalog_.CreateBuffer({.name = "a", .window_size = 99}).status()),
            ErrorCode::kNameExists);
  EXPECT_EQ(*catalog_.FindBuffer("a"), *first);
}

TEST_F(CatalogTest, RefusesBadNamesAndOptions) {
  for (const char* name : {"", "..", "a/b", "sp ace"}) {
    EXPECT_EQ(CodeOf(Create(name)), ErrorCode::kInvalidArgument) << name;
  }
  EXPECT_EQ(CodeOf(catalog_.CreateBuffer({.name = "w", .window_size = 0}).status()),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(catalog_.num_buffers(), 0);
}

TEST_F(CatalogTest, HoldsToItsLimit) {
  for (const char* name : {"a", "b", "c"}) ASSERT_TRUE(Create(name).ok());
  EXPECT_EQ(CodeOf(Create("d")), ErrorCode::kTooLarge);
  ASSERT_TRUE(catalog_.DropBuffer("b").ok());
  EXPECT_TRUE(Create("d").ok());
}

TEST_F(CatalogTest, ListsByName) {
  for (const char* name : {"c", "a", "b"}) ASSERT_TRUE(Create(name).ok());
  std::string names;
  for (const auto& window : catalog_.ListBuffers()) names += window->options().name;
  EXPECT_EQ(names, "abc");
}

TEST_F(CatalogTest, ADroppedBufferStaysUsable) {
  auto window = *catalog_.CreateBuffer({.name = "a"});
  ASSERT_TRUE(catalog_.DropBuffer("a").ok());
  EXPECT_EQ(window->stats().name, "a");
  EXPECT_EQ(catalog_.num_buffers(), 0);
}

TEST_F(CatalogTest, EntriesHaveTheKindsPrefix) {
  ASSERT_TRUE(Create("a").ok());
  auto entry = catalog_.Find("buffers.a");
  ASSERT_TRUE(entry.ok()) << entry.status();
  EXPECT_EQ(entry->kind, Kind::kBuffer);
  EXPECT_EQ(entry->name, "a");
  EXPECT_NE(entry->source, nullptr);
  EXPECT_NE(entry->sink, nullptr);
  EXPECT_EQ(catalog_.Find("a")->full_name(), "buffers.a");
  EXPECT_EQ(CodeOf(catalog_.Find("files.a").status()), ErrorCode::kUnknownName);
  EXPECT_EQ(CodeOf(catalog_.Find("buffers.b").status()), ErrorCode::kUnknownName);
}

// Of many threads that create one name, one wins, each round; readers meanwhile see it or not.
TEST_F(CatalogTest, OneOfManyCreatorsWins) {
  for (int round = 0; round < 20; ++round) {
    std::atomic<int> won = 0;
    std::atomic<int> wrong = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        const Status status = Create("contested");
        won += status.ok();
        wrong += !status.ok() && CodeOf(status) != ErrorCode::kNameExists;
        for (const auto& window : catalog_.ListBuffers()) {
          wrong += window->options().name != "contested";
        }
      });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(won, 1);
    EXPECT_EQ(wrong, 0);
    ASSERT_TRUE(catalog_.DropBuffer("contested").ok());
  }
}

// Files stand for any source that is only read.
class NoRows final : public Source {
 public:
  std::shared_ptr<arrow::Schema> schema() const override { return arrow::schema({}); }
  SourceStatistics statistics() const override { return {}; }
  Result<OpenedSource> Open(const ReadRequest&) override { return OpenedSource{}; }
};

TEST_F(CatalogTest, FilesHaveNamesOfTheirOwn) {
  const auto files = std::make_shared<NoRows>();
  ASSERT_TRUE(Create("trips").ok());
  ASSERT_TRUE(catalog_.AddFiles("trips", files).ok());
  EXPECT_EQ(CodeOf(catalog_.AddFiles("trips", files)), ErrorCode::kNameExists);
  EXPECT_EQ(CodeOf(catalog_.AddFiles("a/b", files)), ErrorCode::kInvalidArgument);
  const auto found = catalog_.Find("files.trips");
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->source, files);
  EXPECT_EQ(found->kind, Kind::kFiles);
  EXPECT_EQ(found->sink, nullptr);
  ASSERT_EQ(catalog_.List().size(), 2U);
  EXPECT_EQ(catalog_.List()[0].kind, Kind::kBuffer);
  EXPECT_EQ(catalog_.List()[1].name, "trips");
  EXPECT_TRUE(catalog_.DropFiles("trips").ok());
  EXPECT_EQ(CodeOf(catalog_.DropFiles("trips")), ErrorCode::kUnknownName);
  EXPECT_EQ(CodeOf(catalog_.Find("files.trips").status()), ErrorCode::kUnknownName);
  EXPECT_TRUE(catalog_.Find("buffers.trips").ok());
}

TEST_F(CatalogTest, APlainNameHasToMeanOneSource) {
  ASSERT_TRUE(catalog_.AddFiles("trips", std::make_shared<NoRows>()).ok());
  EXPECT_EQ(catalog_.Find("trips")->full_name(), "files.trips");
  ASSERT_TRUE(Create("trips").ok());
  EXPECT_EQ(CodeOf(catalog_.Find("trips").status()), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(catalog_.Drop("trips")), ErrorCode::kInvalidArgument);
  EXPECT_TRUE(catalog_.Find("files.trips").ok());
  ASSERT_TRUE(catalog_.Drop("files.trips").ok());
  EXPECT_EQ(catalog_.Find("trips")->full_name(), "buffers.trips");
  ASSERT_TRUE(catalog_.Drop("trips").ok());
  EXPECT_EQ(CodeOf(catalog_.Drop("trips")), ErrorCode::kUnknownName);
}

TEST_F(CatalogTest, ANameIsPutAgain) {
  const auto first = std::make_shared<NoRows>();
  const auto second = std::make_shared<NoRows>();
  EXPECT_FALSE(*catalog_.Put(Kind::kTable, "t", first));
  EXPECT_TRUE(*catalog_.Put(Kind::kTable, "t", second));
  EXPECT_EQ(catalog_.Find("t")->source, second);
  EXPECT_TRUE(*catalog_.Put(Kind::kFiles, "t", first));
  EXPECT_EQ(catalog_.Find("t")->full_name(), "files.t");
  EXPECT_EQ(catalog_.List().size(), 1U);
  ASSERT_TRUE(Create("b").ok());
  EXPECT_EQ(CodeOf(catalog_.Put(Kind::kTable, "b", first).status()), ErrorCode::kNameExists);
  EXPECT_EQ(CodeOf(catalog_.Put(Kind::kTable, "a/b", first).status()), ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace headrace::catalog

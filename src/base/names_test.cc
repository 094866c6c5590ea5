#include "headrace/names.h"

#include <gtest/gtest.h>

#include "headrace/error_code.h"

namespace headrace {
namespace {

TEST(Names, AllowedOnes) {
  for (const char* name : {"a", "sensor-data", "bars.ES_5m", "x:y", "..."}) {
    EXPECT_TRUE(ValidateName(name, "buffer_id").ok()) << name;
  }
  EXPECT_TRUE(ValidateName(std::string(128, 'x'), "buffer_id").ok());
}

TEST(Names, RefusedOnesNameTheField) {
  for (const std::string& name :
       {std::string(), std::string(129, 'x'), std::string("a b"), std::string("a/b"),
        std::string("."), std::string(".."), std::string("\xc3\xa9"), std::string("a\0b", 3)}) {
    const Status status = ValidateName(name, "buffer_id");
    ASSERT_FALSE(status.ok()) << name;
    EXPECT_EQ(CodeOf(status), ErrorCode::kInvalidArgument);
    ASSERT_EQ(LocationOf(status).size(), 1u);
    EXPECT_EQ(LocationOf(status)[0], "buffer_id");
  }
}

TEST(Names, NearestIsATypoAway) {
  const std::vector<std::string> known = {"window_size", "buffer_id", "schema"};
  EXPECT_EQ(NearestName("window_sise", known), "window_size");
  EXPECT_EQ(NearestName("bufferid", known), "buffer_id");
  EXPECT_EQ(NearestName("shcema", known), "schema");
  EXPECT_EQ(NearestName("zzz", known), "");
  EXPECT_EQ(NearestName(std::string(100'000, 'z'), known), "");
  EXPECT_EQ(NearestName("anything", {}), "");
}

TEST(Names, HintsNameWhatIsMeantOrWhatThereIs) {
  EXPECT_EQ(NameHint("FARE", {"ts", "fare"}), "; did you mean 'fare'?");
  EXPECT_EQ(NameHint("frae", {"ts", "fare"}), "; did you mean 'fare'?");
  EXPECT_EQ(NameHint("price", {"ts", "fare"}), "; there are ts, fare");
  EXPECT_EQ(NameHint("price", {}), "");
  EXPECT_EQ(NameHint("price", std::vector<std::string>(50, "column")), "");
}

}  // namespace
}  // namespace headrace

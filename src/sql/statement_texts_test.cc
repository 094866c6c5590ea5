#include "sql/statement_texts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace headrace::sql {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> FirstWords(std::string_view sql) {
  std::vector<std::string> words;
  for (const auto& statement : SplitStatements(sql)) words.push_back(statement.word);
  return words;
}

TEST(SplitStatements, OneForEachStatement) {
  EXPECT_THAT(FirstWords("SELECT 1"), ElementsAre("select"));
  EXPECT_THAT(FirstWords("Begin; insert INTO t VALUES (1) ;; COMMIT;"),
              ElementsAre("begin", "insert", "commit"));
  EXPECT_THAT(FirstWords("  (SELECT 1)"), ElementsAre("select"));
  EXPECT_THAT(FirstWords(""), ElementsAre());
  EXPECT_THAT(FirstWords(" ; -- nothing"), ElementsAre());
}

TEST(SplitStatements, SemicolonsInTextAndCommentsEndNothing) {
  EXPECT_THAT(FirstWords("SELECT ';', \"a;b\", $x$;$x$, $$;$$ /* ; */ -- ;\n; COMMIT"),
              ElementsAre("select", "commit"));
  EXPECT_THAT(FirstWords("SELECT 'it''s; fine'; DROP TABLE t"), ElementsAre("select", "drop"));
  EXPECT_THAT(FirstWords("SELECT $1, $2; ROLLBACK"), ElementsAre("select", "rollback"));
  EXPECT_THAT(FirstWords("-- first\nSELECT 1"), ElementsAre("select"));
}

TEST(SplitStatements, GivesTheirTexts) {
  const auto statements = SplitStatements("SELECT ';' ; -- x\n COMMIT");
  ASSERT_EQ(statements.size(), 2);
  EXPECT_EQ(statements[0].text, "SELECT ';' ");
  EXPECT_EQ(statements[1].text, " -- x\n COMMIT");
}

TEST(NamesWithPrefix, AreFoundInAnyStatement) {
  using ::testing::Pair;
  EXPECT_THAT(
      NamesWithPrefix("INSERT INTO t SELECT * FROM buffers.\"sensor-data\" b, \"files\".trips"),
      ElementsAre(Pair("buffers", "sensor-data"), Pair("files", "trips")));
  EXPECT_THAT(NamesWithPrefix("SELECT 'a.b', 1.5, x FROM t -- c.d\n"), ElementsAre());
  EXPECT_THAT(NamesWithPrefix("a.\"it\"\"s\""), ElementsAre(Pair("a", "it\"s")));
  EXPECT_THAT(NamesWithPrefix("a.b.c"), ElementsAre(Pair("a", "b"), Pair("b", "c")));
  EXPECT_THAT(NamesWithPrefix("a /* x */ . b"), ElementsAre(Pair("a", "b")));
  EXPECT_THAT(NamesWithPrefix("a. , .b \"x"), ElementsAre());
}

TEST(SplitStatements, TakesTextThatDoesNotEnd) {
  for (const char* const text :
       {"SELECT 'x", "SELECT \"x", "SELECT $a$x", "SELECT /* x", "$", "'"}) {
    EXPECT_LE(FirstWords(text).size(), 1) << text;
  }
}

TEST(HasWord, LooksOutsideOfWhatIsQuoted) {
  EXPECT_TRUE(HasWord("INSERT INTO t VALUES (1) Returning a", "returning"));
  EXPECT_FALSE(HasWord("INSERT INTO t VALUES ('returning') -- returning", "returning"));
  EXPECT_FALSE(HasWord("SELECT \"returning\", returning_x /* returning */", "returning"));
}

}  // namespace
}  // namespace headrace::sql

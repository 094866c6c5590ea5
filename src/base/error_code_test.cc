#include "headrace/error_code.h"

#include <set>

#include <gtest/gtest.h>

namespace headrace {
namespace {

TEST(ErrorCode, TableIsWellFormed) {
  std::set<std::string_view> names;
  for (const ErrorKind& kind : ErrorKinds()) {
    EXPECT_TRUE(names.insert(kind.name).second) << kind.name;
    EXPECT_GE(kind.http_status, 400);
    EXPECT_LE(kind.http_status, 599);
    EXPECT_EQ(kind.sqlstate.size(), 5u) << kind.name;
    EXPECT_GT(kind.exit_code, 0);
    EXPECT_LT(kind.exit_code, 256);
    EXPECT_FALSE(kind.python_exception.empty());
  }
}

TEST(ErrorCode, MadeErrorsKeepCodeMessageAndLocation) {
  for (const ErrorKind& kind : ErrorKinds()) {
    const Status status = MakeError(kind.code, "the message", {"data", "3"});
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(CodeOf(status), kind.code);
    EXPECT_EQ(status.message(), "the message");
    ASSERT_EQ(LocationOf(status).size(), 2u);
    EXPECT_EQ(LocationOf(status)[1], "3");
  }
}

TEST(ErrorCode, ArrowStatusesAreMapped) {
  EXPECT_EQ(CodeOf(Status::OutOfMemory("x")), ErrorCode::kMemoryLimit);
  EXPECT_EQ(CodeOf(Status::Invalid("x")), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(Status::TypeError("x")), ErrorCode::kTypeMismatch);
  EXPECT_EQ(CodeOf(Status::KeyError("x")), ErrorCode::kUnknownName);
  EXPECT_EQ(CodeOf(Status::IOError("x")), ErrorCode::kIOError);
  EXPECT_EQ(CodeOf(Status::Cancelled("x")), ErrorCode::kCancelled);
  EXPECT_EQ(CodeOf(Status::UnknownError("x")), ErrorCode::kInternal);
  EXPECT_TRUE(LocationOf(Status::Invalid("x")).empty());
}

}  // namespace
}  // namespace headrace

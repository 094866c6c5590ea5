#include "server/http/error_body.h"

#include <gtest/gtest.h>

#include "headrace/error_code.h"

namespace headrace::server {
namespace {

std::string Body(const Status& status) {
  std::string out;
  WriteErrorBody(status, &out);
  return out;
}

TEST(ErrorBody, DetailIsTheMessage) {
  EXPECT_EQ(Body(MakeError(ErrorCode::kUnknownName, "no \"x\"")),
            R"({"error":{"code":"unknown_name","message":"no \"x\"","location":[]},)"
            R"("detail":"no \"x\""})");
}

TEST(ErrorBody, DetailOf422IsAListOfPlaces) {
  EXPECT_EQ(Body(MakeError(ErrorCode::kTypeMismatch, "m", {"body", "data", "3", "t"})),
            R"({"error":{"code":"type_mismatch","message":"m","location":["body","data","3","t"]},)"
            R"("detail":[{"type":"type_mismatch","loc":["body","data",3,"t"],"msg":"m"}]})");
}

TEST(ErrorBody, RefusalsHaveTheirKindsStatus) {
  for (const ErrorKind& kind : ErrorKinds()) {
    Response response;
    response.body = "half an answer";
    Refuse(MakeError(kind.code, "m"), &response);
    EXPECT_EQ(response.status, kind.http_status) << kind.name;
    EXPECT_EQ(response.body.find("half"), std::string::npos);
    EXPECT_NE(ReasonPhrase(response.status), "Unknown") << response.status;
  }
}

TEST(ErrorBody, LeadsLocationsOnce) {
  const Status inner = MakeError(ErrorCode::kInvalidArgument, "m", {"tail"});
  const Status located = LocatedIn("body", inner);
  ASSERT_EQ(LocationOf(located).size(), 2u);
  EXPECT_EQ(LocationOf(located)[0], "body");
  EXPECT_EQ(LocationOf(LocatedIn("body", located)).size(), 2u);
  EXPECT_TRUE(LocatedIn("body", Status::OK()).ok());
}

}  // namespace
}  // namespace headrace::server

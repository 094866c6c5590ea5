#include "codec/format.h"

#include <set>
#include <string>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "headrace/error_code.h"

namespace headrace::codec {
namespace {

using enum Format;

TEST(FormatTest, NamesAndMediaTypesAreDistinctAndContentTypesBeginWithThem) {
  std::set<std::string_view> names;
  std::set<std::string_view> media_types;
  for (const FormatInfo& info : Formats()) {
    EXPECT_EQ(Describe(info.format).name, info.name);
    EXPECT_TRUE(names.insert(info.name).second) << info.name;
    EXPECT_TRUE(media_types.insert(info.media_type).second) << info.media_type;
    EXPECT_TRUE(info.content_type.starts_with(info.media_type)) << info.content_type;
  }
  EXPECT_EQ(names.size(), 7);
}

struct Negotiation {
  std::string_view accept;
  Format fallback;
  Format expected;
};

class NegotiationTest : public testing::TestWithParam<Negotiation> {};

TEST_P(NegotiationTest, Gives) {
  const auto& [accept, fallback, expected] = GetParam();
  const auto format = NegotiateFormat(accept, fallback);
  ASSERT_TRUE(format.ok()) << accept << ": " << format.status();
  EXPECT_EQ(Describe(*format).name, Describe(expected).name) << accept;
}

INSTANTIATE_TEST_SUITE_P(
    Table, NegotiationTest,
    testing::Values(
        // No wish, or any will do: the fallback.
        Negotiation{"", kJsonRows, kJsonRows}, Negotiation{"  ", kCsv, kCsv},
        Negotiation{" , ,", kCsv, kCsv}, Negotiation{"*/*", kJsonRows, kJsonRows},
        Negotiation{"*/*;q=0.1", kParquet, kParquet},
        Negotiation{"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", kJsonRows,
                    kJsonRows},
        // One by name.
        Negotiation{"application/vnd.apache.arrow.stream", kJsonRows, kArrowStream},
        Negotiation{"application/vnd.apache.arrow.file", kJsonRows, kArrowFile},
        Negotiation{"application/vnd.apache.parquet", kJsonRows, kParquet},
        Negotiation{"text/csv", kJsonRows, kCsv},
        Negotiation{"application/x-ndjson", kJsonRows, kNdjson},
        Negotiation{"application/json", kArrowStream, kJsonRows},
        Negotiation{"Text/CSV", kJsonRows, kCsv},
        Negotiation{"text/csv;header=present;charset=\"utf-8, or\\\" so\"", kJsonRows, kCsv},
        // What is named beats what is let pass at the same quality; a better quality beats both.
        Negotiation{"application/vnd.apache.arrow.stream, */*", kJsonRows, kArrowStream},
        Negotiation{"application/json, text/plain, */*", kArrowStream, kJsonRows},
        Negotiation{"text/csv;q=0.5, */*", kJsonRows, kJsonRows},
        Negotiation{"text/csv;q=0.5, application/x-ndjson;q=0.6", kJsonRows, kNdjson},
        Negotiation{"text/csv ; Q=0.501 , application/x-ndjson; q=0.5", kJsonRows, kCsv},
        // Equal in all: the fallback, else the order of the table.
        Negotiation{"text/csv, application/json", kJsonRows, kJsonRows},
        Negotiation{"application/json, text/csv", kArrowFile, kCsv},
        // Type wildcards, and the closest range decides.
        Negotiation{"text/*", kJsonRows, kCsv}, Negotiation{"application/*", kCsv, kArrowStream},
        Negotiation{"application/*", kNdjson, kNdjson},
        Negotiation{"*/*, application/json;q=0", kJsonRows, kArrowStream},
        Negotiation{"text/*;q=0, text/csv", kJsonRows, kCsv},
        Negotiation{"application/*;q=0.2, */*;q=0.9", kJsonRows, kCsv},
        Negotiation{"image/png, application/json;q=0.001", kCsv, kJsonRows}));

TEST(FormatTest, NoFitIsRefusedWithTheListOfWhatThereIs) {
  for (const std::string_view accept :
       {"text/html", "image/*", "application/json;q=0", "*/*;q=0", "application/jso"}) {
    const auto format = NegotiateFormat(accept, kJsonRows);
    ASSERT_FALSE(format.ok()) << accept;
    EXPECT_EQ(CodeOf(format.status()), ErrorCode::kNotAcceptable) << accept;
    for (const FormatInfo& info : Formats()) {
      EXPECT_NE(format.status().message().find(info.media_type), std::string::npos);
    }
  }
}

TEST(FormatTest, MalformedHeadersAreInvalid) {
  for (const std::string_view accept :
       {"json", "text/", "/csv", "text/csv;q", "text/csv;q=", "text/csv;q=2", "text/csv;q=1.5",
        "text/csv;q=0.1234", "text/csv;q=-1", "text/csv;q=x", "text/csv;q=\"1\"", "*/csv",
        "text/csv text/html", "text/csv;a=\"open", "te xt/csv", "text//csv", "text/csv;=1"}) {
    const auto format = NegotiateFormat(accept, kJsonRows);
    ASSERT_FALSE(format.ok()) << accept;
    EXPECT_EQ(CodeOf(format.status()), ErrorCode::kInvalidArgument) << accept;
  }
}

TEST(FormatTest, CodecsOfTheFormatThatIsGiven) {
  constexpr std::string_view kStream = "application/vnd.apache.arrow.stream";
  const auto negotiate = [&](std::string_view parameters, Format format = Format::kArrowStream) {
    return NegotiateIpcCompression(std::string(kStream) + std::string(parameters), format);
  };
  EXPECT_EQ(negotiate(""), IpcCompression::kNone);
  EXPECT_EQ(negotiate(";codecs=lz4"), IpcCompression::kLz4);
  EXPECT_EQ(negotiate(R"(; codecs="lz4, ZSTD"; q=0.5)"), IpcCompression::kZstd);
  EXPECT_EQ(negotiate(R"(;codecs="brotli")"), IpcCompression::kNone);
  EXPECT_EQ(negotiate(";codecs=zstd;q=0"), IpcCompression::kNone);
  EXPECT_EQ(negotiate(";codecs=zstd", Format::kArrowFile), IpcCompression::kNone);
  EXPECT_EQ(negotiate(";codecs=zstd", Format::kCsv), IpcCompression::kNone);
}

TEST(FormatTest, FormatsHaveNames) {
  for (const FormatInfo& info : Formats()) {
    EXPECT_EQ(*ParseFormat(info.name), info.format);
    EXPECT_EQ(*ParseFormat(info.media_type), info.format);
  }
  EXPECT_EQ(CodeOf(ParseFormat("xml").status()), ErrorCode::kInvalidArgument);
}

TEST(FormatTest, NoHeaderCrashes) {
  EXPECT_TRUE(rc::check("any text is negotiated or refused", [] {
    const auto accept = *rc::gen::container<std::string>(
        rc::gen::elementOf(std::string("tex/csvaplion*,;=q01. \t\"\\\x80")));
    const auto format = NegotiateFormat(accept, kCsv);
    RC_ASSERT(format.ok() || CodeOf(format.status()) == ErrorCode::kInvalidArgument ||
              CodeOf(format.status()) == ErrorCode::kNotAcceptable);
  }));
}

}  // namespace
}  // namespace headrace::codec

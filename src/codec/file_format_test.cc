#include "codec/file_format.h"

#include <gtest/gtest.h>

#include "headrace/error_code.h"

namespace headrace::codec {
namespace {

using enum FileCompression;

TEST(FileFormat, TheNameSaysWhatTheFileHolds) {
  const auto expect = [](const char* path, Format format, FileCompression compression) {
    const auto encoding = EncodingOfFile(path, {}, {});
    ASSERT_TRUE(encoding.ok()) << encoding.status();
    EXPECT_EQ(encoding->format, format) << path;
    EXPECT_EQ(encoding->compression, compression) << path;
  };
  expect("a/b.parquet", Format::kParquet, kZstd);
  expect("b.ARROW", Format::kArrowFile, kNone);
  expect("b.arrows", Format::kArrowStream, kNone);
  expect("b.csv", Format::kCsv, kNone);
  expect("b.csv.gz", Format::kCsv, kGzip);
  expect("b.jsonl.zst", Format::kNdjson, kZstd);
  expect("b.ndjson", Format::kNdjson, kNone);
  expect("b.json.GZ", Format::kJsonRows, kGzip);
}

TEST(FileFormat, OtherNamesAreRefused) {
  for (const char* path : {"", "b", "parquet", "b.txt", "b.gz", "b.parquet.gz", "b.arrow.zst",
                           "dir.csv/b", "b.csv.bz2"}) {
    EXPECT_EQ(CodeOf(EncodingOfFile(path, {}, {}).status()), ErrorCode::kInvalidArgument) << path;
  }
}

TEST(FileFormat, WhatIsGivenGoesBeforeTheName) {
  const auto given = EncodingOfFile("b.csv", Format::kParquet, kBrotli);
  ASSERT_TRUE(given.ok());
  EXPECT_EQ(given->format, Format::kParquet);
  EXPECT_EQ(given->compression, kBrotli);
  EXPECT_EQ(EncodingOfFile("out.gz", Format::kCsv, {})->compression, kGzip);
}

TEST(FileFormat, AFormatTakesSomeCompressionsOnly) {
  const auto takes = [](Format format, FileCompression compression) {
    return EncodingOfFile("", format, compression).ok();
  };
  for (const auto compression : {kNone, kSnappy, kGzip, kZstd, kLz4, kBrotli}) {
    EXPECT_TRUE(takes(Format::kParquet, compression));
    EXPECT_EQ(takes(Format::kArrowFile, compression),
              compression == kNone || compression == kZstd || compression == kLz4);
    EXPECT_EQ(takes(Format::kCsv, compression),
              compression == kNone || compression == kZstd || compression == kGzip);
  }
}

TEST(FileFormat, ExtensionsAndCompressionsReadBack) {
  for (const FormatInfo& format : FileFormats()) {
    for (const auto compression : {kNone, kGzip, kZstd}) {
      if (!IsText(format.format) && compression != kNone) continue;
      const auto encoding = EncodingOfFile("x" + ExtensionOf({format.format, compression}), {}, {});
      ASSERT_TRUE(encoding.ok());
      EXPECT_EQ(encoding->format, format.format);
      if (IsText(format.format)) EXPECT_EQ(encoding->compression, compression);
    }
  }
  for (const auto compression : {kNone, kSnappy, kGzip, kZstd, kLz4, kBrotli}) {
    EXPECT_EQ(*ParseFileCompression(NameOf(compression)), compression);
  }
  EXPECT_EQ(CodeOf(ParseFileCompression("rar").status()), ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace headrace::codec

#include <cmath>
#include <cstring>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <simdjson.h>

#include "codec/json_rows.h"
#include "codec/json_writer.h"
#include "codec/sample_batch.h"
#include "headrace/error_code.h"

namespace headrace::codec {
namespace {

using Kind = Cell::Kind;

/// A row as a test wants it: keys in order, values as the JSON text that stands for them.
struct Value {
  Kind kind;
  int64_t integer = 0;
  double number = 0;
  std::string text;
};
using Row = std::vector<std::pair<std::string, Value>>;

Value AnyValue() {
  const auto kind = *rc::gen::element(Kind::kNull, Kind::kBool, Kind::kInt64, Kind::kDouble,
                                      Kind::kString, Kind::kBigInteger, Kind::kNested);
  Value value{.kind = kind};
  switch (kind) {
    case Kind::kBool: value.integer = *rc::gen::inRange(0, 2); break;
    case Kind::kInt64: value.integer = *rc::gen::arbitrary<int64_t>(); break;
    case Kind::kDouble:
      value.number = *rc::gen::suchThat(rc::gen::arbitrary<double>(),
                                        [](double v) { return std::isfinite(v); });
      break;
    case Kind::kString: value.text = *rc::gen::string<std::string>(); break;
    case Kind::kBigInteger: value.text = "9" + std::string(*rc::gen::inRange(19, 60), '0'); break;
    case Kind::kNested:
      value.text = *rc::gen::element<std::string>("[]", "{}", R"([1,"]"])", R"({"a":[{}]})");
      break;
    default: break;
  }
  return value;
}

std::vector<Row> AnyRows() {
  std::vector<Row> rows;
  const int count = *rc::gen::inRange(0, 8);
  for (int i = 0; i < count; ++i) {
    Row row;
    for (const char* key : {"a", "a\"b", "\xC3\xA9", "", "long_column_name_17"}) {
      if (*rc::gen::inRange(0, 3) > 0) row.emplace_back(key, AnyValue());
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

/// Raw bytes of random strings may be no UTF-8, and then they are written as U+FFFD.
std::string Unquoted(const std::string& text) {
  std::string quoted;
  WriteJsonString(text, &quoted);
  simdjson::dom::parser parser;
  return std::string(parser.parse(simdjson::padded_string(quoted)).get_string().value());
}

void WriteValue(const Value& value, std::string* out) {
  switch (value.kind) {
    case Kind::kNull: *out += "null"; break;
    case Kind::kBool: *out += value.integer ? "true" : "false"; break;
    case Kind::kInt64: AppendJsonInt64(value.integer, out); break;
    case Kind::kDouble: AppendJsonDouble(value.number, out); break;
    case Kind::kString: WriteJsonString(value.text, out); break;
    default: *out += value.text; break;
  }
}

std::string Write(const Row& row, const std::string& space) {
  std::string text = "{" + space;
  for (const auto& [key, value] : row) {
    if (text.size() > 1 + space.size()) text += "," + space;
    WriteJsonString(key, &text);
    text += ":" + space;
    WriteValue(value, &text);
    text += space;
  }
  return text + "}";
}

std::string WriteEnvelope(const std::vector<Row>& rows, const std::string& space) {
  std::string text = R"({"buffer_id":"x","data":[)";
  for (size_t i = 0; i < rows.size(); ++i) {
    text += (i ? "," : "") + space + Write(rows[i], space);
  }
  return text + "]" + space + "}";
}

void CheckCell(const Cell& cell, const Value& value) {
  RC_ASSERT(cell.kind == value.kind);
  switch (value.kind) {
    case Kind::kBool: RC_ASSERT(cell.boolean == (value.integer != 0)); break;
    case Kind::kInt64: RC_ASSERT(cell.int64 == value.integer); break;
    case Kind::kDouble:
      RC_ASSERT(std::memcmp(&cell.float64, &value.number, sizeof value.number) == 0);
      break;
    case Kind::kString: RC_ASSERT(std::string(cell.view()) == Unquoted(value.text)); break;
    case Kind::kNull: break;
    default: RC_ASSERT(std::string(cell.view()) == value.text); break;
  }
}

void CheckRows(const RowBatch& batch, const std::vector<Row>& rows) {
  RC_ASSERT(batch.num_rows() == static_cast<int64_t>(rows.size()));
  std::map<std::string, int64_t> columns;
  for (int64_t c = 0; c < batch.num_columns(); ++c) {
    RC_ASSERT(columns.emplace(batch.name(c), c).second);
  }
  for (size_t r = 0; r < rows.size(); ++r) {
    int64_t present = 0;
    for (int64_t c = 0; c < batch.num_columns(); ++c) {
      present += batch.cells(c)[r].kind != Kind::kAbsent;
    }
    RC_ASSERT(present == static_cast<int64_t>(rows[r].size()));
    for (const auto& [key, value] : rows[r]) {
      RC_ASSERT(columns.contains(key));
      CheckCell(batch.cells(columns[key])[r], value);
    }
  }
}

TEST(JsonFuzzTest, RowsReadBackFromTheirText) {
  JsonRowsParser parser;
  RowBatch batch;
  std::vector<JsonRowsParser::Member> others;
  EXPECT_TRUE(rc::check("envelope", [&] {
    const auto rows = AnyRows();
    const auto space = *rc::gen::element<std::string>("", " ", "\n\t ");
    const Status status = parser.ParseEnvelope(WriteEnvelope(rows, space), "data", &batch, &others);
    RC_ASSERT(status.ok());
    CheckRows(batch, rows);
  }));
  EXPECT_TRUE(rc::check("lines", [&] {
    const auto rows = AnyRows();
    std::string text;
    for (const Row& row : rows) {
      text += Write(row, *rc::gen::element<std::string>("", " ")) + "\n";
    }
    RC_ASSERT(parser.ParseNdjson(text, &batch).ok());
    CheckRows(batch, rows);
  }));
}

TEST(JsonFuzzTest, EveryTruncationIsMalformed) {
  JsonRowsParser parser;
  RowBatch batch;
  std::vector<JsonRowsParser::Member> others;
  EXPECT_TRUE(rc::check("envelope", [&] {
    const std::string text = WriteEnvelope(AnyRows(), "");
    for (size_t size = 0; size < text.size(); ++size) {
      // A copy of its own, so that a sanitizer sees a read past the end.
      const std::vector<char> cut(text.begin(), text.begin() + static_cast<ptrdiff_t>(size));
      const Status status = parser.ParseEnvelope({cut.data(), cut.size()}, "data", &batch, &others);
      RC_ASSERT(!status.ok());
      RC_ASSERT(CodeOf(status) == ErrorCode::kMalformedBody);
    }
  }));
  EXPECT_TRUE(rc::check("a line", [&] {
    const std::string text = Write(Row{{"a", AnyValue()}, {"b\n", AnyValue()}}, "");
    for (size_t size = 1; size < text.size(); ++size) {
      RC_ASSERT(CodeOf(parser.ParseNdjson(text.substr(0, size), &batch)) ==
                ErrorCode::kMalformedBody);
    }
  }));
}

/// Whatever the bytes, an answer comes; what is taken is JSON to simdjson's other parser as well.
TEST(JsonFuzzTest, ChangedBytesAreNeverTakenForJsonThatTheyAreNot) {
  constexpr std::string_view kBytes("\"\\{}[],:0-e. nu\n\0\x80\xF4", 19);
  JsonRowsParser parser;
  RowBatch batch;
  std::vector<JsonRowsParser::Member> others;
  EXPECT_TRUE(rc::check("flips", [&] {
    const std::string sound = WriteEnvelope(AnyRows(), "");
    std::mt19937 random(*rc::gen::arbitrary<uint32_t>());
    for (int round = 0; round < 200; ++round) {
      std::string text = sound;
      for (unsigned flips = 1 + random() % 3; flips > 0; --flips) {
        text[random() % text.size()] = kBytes[random() % kBytes.size()];
      }
      const bool taken = parser.ParseEnvelope(text, "data", &batch, &others).ok();
      // The other parser knows no integer beyond uint64.
      if (taken && text.find(std::string(18, '0')) == std::string::npos) {
        simdjson::dom::parser checker;
        RC_LOG() << text << '\n';
        RC_ASSERT(checker.parse(simdjson::padded_string(text)).error() == simdjson::SUCCESS);
      }
      (void)parser.ParseNdjson(text, &batch);
    }
  }));
}

/// The writer's rows come back as the cells that they were made of.
TEST(JsonFuzzTest, BatchesReadBack) {
  JsonRowsParser parser;
  RowBatch rows;
  std::vector<JsonRowsParser::Member> others;
  for (uint32_t seed = 1; seed <= 20; ++seed) {
    const auto batch = SampleBatch(101, seed)->Slice(3, 90);
    std::string text = R"({"data":)";
    ASSERT_TRUE(WriteJsonRows(*batch, &text).ok());
    const Status status = parser.ParseEnvelope(text + "}", "data", &rows, &others);
    ASSERT_TRUE(status.ok()) << status;
    ASSERT_EQ(rows.num_rows(), 90);
    ASSERT_EQ(rows.num_columns(), 5);
    const auto& ints = static_cast<const arrow::Int64Array&>(*batch->column(0));
    const auto& doubles = static_cast<const arrow::DoubleArray&>(*batch->column(1));
    const auto& bools = static_cast<const arrow::BooleanArray&>(*batch->column(2));
    const auto& texts = static_cast<const arrow::StringArray&>(*batch->column(3));
    for (int64_t r = 0; r < 90; ++r) {
      ASSERT_EQ(rows.cells(0)[r].is_null(), ints.IsNull(r));
      if (ints.IsValid(r)) {
        ASSERT_EQ(rows.cells(0)[r].int64, ints.Value(r));
      }
      ASSERT_EQ(rows.cells(1)[r].is_null(), doubles.IsNull(r) || !std::isfinite(doubles.Value(r)));
      if (!rows.cells(1)[r].is_null()) {
        ASSERT_EQ(rows.cells(1)[r].float64, doubles.Value(r));
      }
      ASSERT_EQ(rows.cells(2)[r].is_null(), bools.IsNull(r));
      if (bools.IsValid(r)) {
        ASSERT_EQ(rows.cells(2)[r].boolean, bools.Value(r));
      }
      ASSERT_EQ(rows.cells(3)[r].is_null(), texts.IsNull(r));
      if (texts.IsValid(r)) {
        ASSERT_EQ(rows.cells(3)[r].view(), texts.GetView(r));
      }
      ASSERT_EQ(rows.cells(4)[r].is_null(), batch->column(4)->IsNull(r));
    }
  }
}

}  // namespace
}  // namespace headrace::codec

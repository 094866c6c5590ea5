#include "codec/sample_batch.h"

#include <array>
#include <limits>
#include <random>
#include <string_view>
#include <utility>

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/buffer.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

namespace headrace::codec {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::array kDoubles = {0.0,
                                 -0.0,
                                 1.5,
                                 36743.6,
                                 1e300,
                                 5e-324,
                                 0.1 + 0.2,
                                 -1e15,
                                 kInfinity,
                                 -kInfinity,
                                 std::numeric_limits<double>::quiet_NaN()};
constexpr std::array kInts = {int64_t{0}, int64_t{-1}, int64_t{1} << 53,
                              std::numeric_limits<int64_t>::min(),
                              std::numeric_limits<int64_t>::max()};
constexpr std::array<std::string_view, 8> kTexts = {"",
                                                    "plain",
                                                    "a \"quoted\" word",
                                                    "back\\slash",
                                                    "line\nbreak, comma",
                                                    "\x01\x1f\t\r",
                                                    "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80",
                                                    "null"};

/// Between 1970 and 2100, so that every reader knows it.
constexpr int64_t kLatestSecond = 4'102'444'800;

class ReplayReader final : public arrow::RecordBatchReader {
 public:
  ReplayReader(std::shared_ptr<arrow::Schema> schema,
               std::vector<std::shared_ptr<arrow::RecordBatch>> batches, Status end, int* reads)
      : schema_(std::move(schema)),
        batches_(std::move(batches)),
        end_(std::move(end)),
        reads_(reads) {}

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }
  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    if (reads_ != nullptr) ++*reads_;
    *batch = nullptr;
    if (next_ == batches_.size()) return end_;
    *batch = batches_[next_++];
    return Status::OK();
  }

 private:
  std::shared_ptr<arrow::Schema> schema_;
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches_;
  Status end_;
  int* reads_;
  size_t next_ = 0;
};

/// There is no test without a batch.
void Require(const Status& status) {
  if (!status.ok()) status.Abort("sample batch");
}

std::shared_ptr<arrow::Array> Finish(arrow::ArrayBuilder& builder) {
  return builder.Finish().ValueOrDie();
}

}  // namespace

std::shared_ptr<arrow::RecordBatch> SampleBatch(int64_t rows, uint32_t seed) {
  std::mt19937_64 random(seed);
  const auto below = [&](uint64_t n) { return random() % n; };
  const auto type = arrow::timestamp(arrow::TimeUnit::NANO, "UTC");
  arrow::Int64Builder ints;
  arrow::DoubleBuilder doubles;
  arrow::BooleanBuilder bools;
  arrow::StringBuilder texts;
  arrow::TimestampBuilder times(type, arrow::default_memory_pool());
  const auto append = [&](bool is_null, auto& builder, auto value) {
    Require(is_null ? builder.AppendNull() : builder.Append(value));
  };
  for (int64_t row = 0; row < rows; ++row) {
    const auto is_null = [&] { return row > 0 && below(5) == 0; };
    append(is_null(), ints, below(2) ? kInts[below(kInts.size())] : static_cast<int64_t>(random()));
    // Row 0 decides what type a CSV reader takes a column for, so it has a plain fraction.
    const double number = row == 0   ? 0.25
                          : below(2) ? kDoubles[below(kDoubles.size())]
                                     : static_cast<double>(below(1 << 30)) / 7;
    append(is_null(), doubles, number);
    append(is_null(), bools, below(2) == 1);
    append(is_null(), texts, kTexts[below(kTexts.size())]);
    append(is_null(), times,
           static_cast<int64_t>(below(kLatestSecond) * 1'000'000'000 +
                                (below(2) ? below(1000) * 1'000'000 : below(1'000'000'000))));
  }
  return arrow::RecordBatch::Make(
      arrow::schema({arrow::field("i", arrow::int64()), arrow::field("d", arrow::float64()),
                     arrow::field("b", arrow::boolean()), arrow::field("s", arrow::utf8()),
                     arrow::field("t", type)}),
      rows, {Finish(ints), Finish(doubles), Finish(bools), Finish(texts), Finish(times)});
}

std::shared_ptr<arrow::RecordBatch> FeatureBatch(int64_t rows, int columns) {
  std::mt19937_64 random(7);
  std::normal_distribution<double> normal(100.0, 15.0);
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  for (int column = 0; column < columns; ++column) {
    arrow::DoubleBuilder builder;
    for (int64_t row = 0; row < rows; ++row) {
      Require(builder.Append(normal(random)));
    }
    fields.push_back(arrow::field("price_rolling_std_" + std::to_string(column), arrow::float64()));
    arrays.push_back(Finish(builder));
  }
  return arrow::RecordBatch::Make(arrow::schema(fields), rows, arrays);
}

std::shared_ptr<arrow::RecordBatchReader> ReaderOf(
    std::shared_ptr<arrow::Schema> schema, std::vector<std::shared_ptr<arrow::RecordBatch>> batches,
    Status end, int* reads) {
  return std::make_shared<ReplayReader>(std::move(schema), std::move(batches), std::move(end),
                                        reads);
}

Result<std::string> Drain(Encoder* encoder) {
  std::string all;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const Chunk chunk, encoder->Next());
    if (chunk.empty()) return all;
    for (const auto& buffer : chunk) {
      all.append(reinterpret_cast<const char*>(buffer->data()),
                 static_cast<size_t>(buffer->size()));
    }
  }
}

Result<std::string> Encode(Format format, std::shared_ptr<arrow::RecordBatchReader> reader,
                           const EncodeOptions& options) {
  ARROW_ASSIGN_OR_RAISE(const auto encoder, MakeEncoder(format, std::move(reader), options));
  return Drain(encoder.get());
}

}  // namespace headrace::codec

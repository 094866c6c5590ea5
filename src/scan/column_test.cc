#include <array>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <arrow/array/array_dict.h>
#include <arrow/array/builder_binary.h>
#include <arrow/array/concatenate.h>
#include <arrow/builder.h>
#include <arrow/compute/api.h>
#include <arrow/table.h>
#include <gtest/gtest.h>
#include <parquet/arrow/reader.h>
#include <parquet/file_reader.h>

#include "headrace/error_code.h"
#include "headrace/memory_budget.h"
#include "scan/parquet_file.h"
#include "scan/window_column.h"
#include "testing/parquet_files.h"

namespace headrace::scan {
namespace {

using arrow::Type;

class Data {
 public:
  explicit Data(uint32_t seed) : random_(seed) {}

  int64_t Below(int64_t end) { return std::uniform_int_distribution<int64_t>(0, end - 1)(random_); }

  // Values of `distinct` kinds, in runs, with nulls in runs; all types by way of a cast.
  std::shared_ptr<arrow::Array> Column(const std::shared_ptr<arrow::DataType>& type, int64_t rows,
                                       int64_t distinct, double nulls) {
    if (type->id() == Type::STRING || type->id() == Type::BINARY) {
      arrow::StringBuilder builder;
      Fill(rows, nulls, &builder, [&] {
        const int64_t value = Below(distinct);
        return std::string(static_cast<size_t>(value % 23), static_cast<char>('a' + value % 26)) +
               std::to_string(value);
      });
      return Cast(builder.Finish().ValueOrDie(), type);
    }
    if (type->id() == Type::BOOL) {
      arrow::BooleanBuilder builder;
      Fill(rows, nulls, &builder, [&] { return Below(distinct) % 2 == 0; });
      return builder.Finish().ValueOrDie();
    }
    if (type->id() == Type::DOUBLE || type->id() == Type::FLOAT) {
      arrow::DoubleBuilder builder;
      Fill(rows, nulls, &builder, [&] { return static_cast<double>(Below(distinct)) / 8; });
      return Cast(builder.Finish().ValueOrDie(), type);
    }
    if (type->id() == Type::LIST) {
      arrow::ListBuilder builder(arrow::default_memory_pool(),
                                 std::make_shared<arrow::Int64Builder>());
      auto* values = static_cast<arrow::Int64Builder*>(builder.value_builder());
      for (int64_t row = 0; row < rows; ++row) {
        if (Below(10) == 0) {
          EXPECT_TRUE(builder.AppendNull().ok());
          continue;
        }
        EXPECT_TRUE(builder.Append().ok());
        for (int64_t i = Below(4); i > 0; --i) EXPECT_TRUE(values->Append(Below(distinct)).ok());
      }
      return builder.Finish().ValueOrDie();
    }
    arrow::Int64Builder builder;
    Fill(rows, nulls, &builder, [&] { return Below(distinct); });
    auto values = builder.Finish().ValueOrDie();
    if (type->id() == Type::DATE32 || type->id() == Type::TIME32) {
      values = Cast(values, arrow::int32());
    }
    return Cast(values, type);
  }

  // Bits of which few, some or all are set, from a bit that is not the first of its byte.
  std::shared_ptr<arrow::BooleanArray> Mask(int64_t rows) {
    arrow::BooleanBuilder builder;
    const int64_t odds = std::array<int64_t, 4>{0, 1, 50, 100}[static_cast<size_t>(Below(4))];
    for (int64_t row = 0; row < rows + 5; ++row) {
      EXPECT_TRUE(builder.Append(Below(100) < odds).ok());
    }
    return std::static_pointer_cast<arrow::BooleanArray>(builder.Finish().ValueOrDie()->Slice(5));
  }

 private:
  template <typename Builder, typename Value>
  void Fill(int64_t rows, double nulls, Builder* builder, Value&& value) {
    std::bernoulli_distribution null(nulls);
    for (int64_t row = 0; row < rows;) {
      const bool is_null = null(random_);
      const int64_t run = std::min(rows - row, 1 + Below(Below(4) == 0 ? 200 : 3));
      const auto same = value();
      for (int64_t i = 0; i < run; ++i) {
        EXPECT_TRUE(
            (is_null ? builder->AppendNull() : builder->Append(Below(3) == 0 ? value() : same))
                .ok());
      }
      row += run;
    }
  }

  static std::shared_ptr<arrow::Array> Cast(const std::shared_ptr<arrow::Array>& values,
                                            const std::shared_ptr<arrow::DataType>& type) {
    if (type->id() == Type::DICTIONARY) {
      const auto& dictionary = static_cast<const arrow::DictionaryType&>(*type);
      return arrow::compute::DictionaryEncode(Cast(values, dictionary.value_type()))
          .ValueOrDie()
          .make_array();
    }
    if (type->id() == Type::DECIMAL128 && values->type_id() == Type::INT64) {
      // Arrow wants room for any integer first.
      return Cast(arrow::compute::Cast(*values, arrow::decimal128(30, 2)).ValueOrDie(), type);
    }
    return arrow::compute::Cast(*values, type).ValueOrDie();
  }

  std::mt19937_64 random_;
};

std::shared_ptr<arrow::Array> Plain(const std::shared_ptr<arrow::Array>& array) {
  if (array->type_id() != Type::DICTIONARY) return array;
  const auto& values = static_cast<const arrow::DictionaryArray&>(*array);
  return arrow::compute::Take(*values.dictionary(), *values.indices()).ValueOrDie();
}

std::shared_ptr<const ParquetFile> Open(const std::shared_ptr<arrow::Buffer>& bytes) {
  return ParquetFile::Open("test.parquet", std::make_shared<arrow::io::BufferReader>(bytes),
                           arrow::default_memory_pool())
      .ValueOrDie();
}

// Takes, skips and rests at random; what was taken is compared with the rows of the table.
void ReadInPieces(const std::shared_ptr<const ParquetFile>& file, const arrow::Table& table,
                  int64_t row_group_rows, uint32_t seed) {
  Data random(seed);
  for (int column = 0; column < table.num_columns(); ++column) {
    const auto expected = Plain(arrow::Concatenate(table.column(column)->chunks()).ValueOrDie());
    for (int group = 0; group < file->num_row_groups(); ++group) {
      SCOPED_TRACE("column " + table.field(column)->ToString() + ", row group " +
                   std::to_string(group) + ", seed " + std::to_string(seed));
      const ColumnOptions options{.buffer_bytes = int64_t{64} << random.Below(12),
                                  .by_dictionary = random.Below(2) == 0,
                                  .use_offset_index = random.Below(2) == 0};
      auto reader =
          OpenColumn(file, group, column, options, arrow::default_memory_pool()).ValueOrDie();
      const int64_t begin = group * row_group_rows;
      const int64_t rows = file->row_group_rows(group);
      for (int64_t row = 0; row < rows;) {
        const int64_t count = std::min(rows - row, 1 + random.Below(random.Below(2) ? 1000 : 20));
        switch (random.Below(5)) {
          case 0: reader->Rest(); break;
          case 1:
          case 2:
            ASSERT_TRUE(reader->Skip(count).ok());
            row += count;
            break;
          default: {
            const auto prepared = reader->Prepare(count, 1 + random.Below(5000));
            ASSERT_TRUE(prepared.ok()) << prepared.status();
            ASSERT_GE(*prepared, 1);
            ASSERT_LE(*prepared, count);
            const int64_t taken = 1 + random.Below(*prepared);
            auto wanted = expected->Slice(begin + row, taken);
            Result<std::shared_ptr<arrow::Array>> array;
            if (random.Below(2) == 0) {
              array = reader->Take(taken);
            } else {
              const auto mask = random.Mask(taken);
              wanted = arrow::compute::Filter(wanted, mask).ValueOrDie().make_array();
              array = reader->TakeSelected(mask, arrow::default_memory_pool());
            }
            ASSERT_TRUE(array.ok()) << array.status();
            ASSERT_EQ((*array)->length(), wanted->length());
            ASSERT_TRUE((*array)->ValidateFull().ok()) << (*array)->ValidateFull();
            ASSERT_TRUE(Plain(*array)->Equals(*wanted))
                << Plain(*array)->ToString() << "\nexpected\n"
                << wanted->ToString();
            row += taken;
          }
        }
      }
    }
  }
}

struct Case {
  std::string name;
  std::shared_ptr<arrow::DataType> type;
  std::vector<parquet::Encoding::type> encodings;  // besides the dictionary
};

std::vector<Case> Cases() {
  using parquet::Encoding;
  const std::vector<Encoding::type> ints = {Encoding::PLAIN, Encoding::DELTA_BINARY_PACKED,
                                            Encoding::BYTE_STREAM_SPLIT};
  const std::vector<Encoding::type> floats = {Encoding::PLAIN, Encoding::BYTE_STREAM_SPLIT};
  const std::vector<Encoding::type> texts = {Encoding::PLAIN, Encoding::DELTA_LENGTH_BYTE_ARRAY,
                                             Encoding::DELTA_BYTE_ARRAY};
  return {
      {"int32", arrow::int32(), ints},
      {"int64", arrow::int64(), ints},
      {"uint32", arrow::uint32(), ints},
      {"uint64", arrow::uint64(), ints},
      {"int8", arrow::int8(), ints},
      {"uint16", arrow::uint16(), ints},
      {"float", arrow::float32(), floats},
      {"double", arrow::float64(), floats},
      {"bool", arrow::boolean(), {Encoding::PLAIN, Encoding::RLE}},
      {"date", arrow::date32(), ints},
      {"time", arrow::time64(arrow::TimeUnit::NANO), ints},
      {"timestamp", arrow::timestamp(arrow::TimeUnit::NANO, "UTC"), ints},
      {"millis", arrow::timestamp(arrow::TimeUnit::MILLI), {Encoding::PLAIN}},
      {"string", arrow::utf8(), texts},
      {"binary", arrow::binary(), texts},
      {"dictionary", arrow::dictionary(arrow::int32(), arrow::utf8()), {Encoding::PLAIN}},
      {"decimal", arrow::decimal128(30, 2), {Encoding::PLAIN}},
      {"decimal_int32", arrow::decimal128(9, 2), {Encoding::PLAIN}},
      {"decimal_int64", arrow::decimal128(15, 2), ints},
      {"list", arrow::list(arrow::int64()), {Encoding::PLAIN}},
  };
}

class ColumnTest : public ::testing::TestWithParam<Case> {};

TEST_P(ColumnTest, GivesTheRowsOfTheTable) {
  const Case& tested = GetParam();
  uint32_t seed = 1;
  for (const auto encoding : tested.encodings) {
    for (const bool dictionary : {false, true}) {
      if (dictionary && tested.type->id() == Type::BOOL) continue;
      for (const auto version :
           {parquet::ParquetDataPageVersion::V1, parquet::ParquetDataPageVersion::V2}) {
        for (const double nulls : {0.0, 0.2, 0.95, 1.0}) {
          Data data(++seed);
          parquet::WriterProperties::Builder properties;
          properties.data_page_version(version)
              ->compression(data.Below(2) ? parquet::Compression::ZSTD
                                          : parquet::Compression::UNCOMPRESSED)
              ->data_pagesize(int64_t{100} << data.Below(8))
              ->write_batch_size(1 + data.Below(300))
              ->dictionary_pagesize_limit(int64_t{200} << data.Below(6));
          properties.enable_store_decimal_as_integer();
          if (data.Below(2) == 0) properties.enable_write_page_index();
          if (data.Below(2) == 0) properties.enable_page_checksum();
          if (dictionary) {
            properties.enable_dictionary();
          } else {
            properties.disable_dictionary()->encoding(encoding);
          }
          const int64_t rows = 3000;
          const int64_t group_rows = 700 + data.Below(3000);
          const int64_t most = tested.type->id() == Type::INT8 ? 100 : 2000;
          auto column = data.Column(tested.type, rows, 1 + data.Below(most), nulls);
          const auto table = arrow::Table::Make(
              arrow::schema({arrow::field(
                  "c", tested.type,
                  nulls > 0 || tested.type->id() == Type::LIST || data.Below(2) == 0)}),
              {std::move(column)});
          const auto file = Open(testing::WriteParquet(*table, group_rows, properties.build()));
          ASSERT_TRUE(file->schema()->Equals(*table->schema(), false))
              << file->schema()->ToString();
          for (int i = 0; i < 3; ++i) {
            ReadInPieces(file, *table, group_rows, ++seed);
            if (HasFatalFailure()) return;
          }
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Types, ColumnTest, ::testing::ValuesIn(Cases()),
                         [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace headrace::scan

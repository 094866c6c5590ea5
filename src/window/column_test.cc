#include "window/column.h"

#include <arrow/api.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace headrace::window {
namespace {

std::shared_ptr<Column> MakeColumn(ColumnType type, int64_t origin, int64_t rows, int stagger = 3) {
  return *Column::Make({.type = type,
                        .origin_row = origin,
                        .capacity_rows = rows,
                        .text_capacity_bytes = 1 << 20,
                        .granule_bytes = 4096,
                        .stagger = stagger});
}

std::shared_ptr<arrow::Array> SliceArray(const Column& column, int64_t begin, int64_t end) {
  auto data = *column.Slice(begin, end, nullptr, arrow::default_memory_pool());
  auto array = arrow::MakeArray(data);
  EXPECT_TRUE(array->ValidateFull().ok()) << array->ValidateFull();
  return array;
}

TEST(Column, SlicesPointIntoTheColumn) {
  auto column = MakeColumn(ColumnType::kDouble, 100, 1000);
  for (int64_t row = 100; row < 200; ++row) column->WriteDouble(row, static_cast<double>(row));
  const auto array = SliceArray(*column, 150, 160);
  const auto& doubles = static_cast<const arrow::DoubleArray&>(*array);
  EXPECT_EQ(doubles.raw_values(), column->Values<double>() + 50);
  EXPECT_EQ(doubles.null_count(), 0);
  EXPECT_EQ(doubles.null_bitmap_data(), nullptr);
  EXPECT_EQ(doubles.Value(9), 159.0);
}

TEST(Column, EmptySlicesOfEveryType) {
  for (auto type : {ColumnType::kNull, ColumnType::kInt64, ColumnType::kDouble, ColumnType::kBool,
                    ColumnType::kString, ColumnType::kTimestamp}) {
    EXPECT_EQ(SliceArray(*MakeColumn(type, 0, 10), 0, 0)->length(), 0) << TypeName(type);
  }
}

TEST(Column, TextIsSharedAndMayBeEmpty) {
  auto column = MakeColumn(ColumnType::kString, 0, 100);
  column->WriteString(0, "");
  column->WriteString(1, "hello");
  column->WriteNull(2);
  column->WriteString(3, std::string("a\0b", 3));
  const auto array = SliceArray(*column, 1, 4);
  const auto& strings = static_cast<const arrow::StringArray&>(*array);
  EXPECT_EQ(strings.GetView(0), "hello");
  EXPECT_TRUE(strings.IsNull(1));
  EXPECT_EQ(strings.GetView(2), std::string_view("a\0b", 3));
  EXPECT_EQ(column->TextBytes(1, 4), 8);
}

TEST(Column, NullsBeforeTheSliceCostNothing) {
  auto column = MakeColumn(ColumnType::kInt64, 0, 1000);
  column->WriteNull(0);
  for (int64_t row = 1; row < 300; ++row) column->WriteInt64(row, row);
  EXPECT_NE(SliceArray(*column, 0, 300)->null_bitmap_data(), nullptr);
  EXPECT_EQ(SliceArray(*column, 1, 300)->null_bitmap_data(), nullptr);
  EXPECT_EQ(column->WriterValidity(1), nullptr);
  EXPECT_NE(column->WriterValidity(0), nullptr);
}

TEST(Column, CopiesWidenIntegers) {
  auto integers = MakeColumn(ColumnType::kInt64, 0, 100);
  integers->WriteInt64(0, 7);
  integers->WriteNull(1);
  auto doubles = MakeColumn(ColumnType::kDouble, 0, 100);
  doubles->CopyRows(*integers, 0, 2);
  EXPECT_EQ(doubles->GetDouble(0), 7.0);
  EXPECT_FALSE(doubles->IsValid(1));
}

TEST(Column, NeighboursTouchNewPagesApart) {
  auto first = MakeColumn(ColumnType::kDouble, 0, 100, 0);
  auto second = MakeColumn(ColumnType::kDouble, 0, 100, 1);
  const auto in_page = [](const Column& c) {
    return reinterpret_cast<uintptr_t>(c.Values<double>()) % SlidingRegion::PageBytes();
  };
  EXPECT_NE(in_page(*first), in_page(*second));
}

RC_GTEST_PROP(Column, BitsComeOutAsTheyWentIn, (std::vector<uint8_t> values)) {
  const int64_t origin = *rc::gen::inRange(0, 1000);
  const auto length = static_cast<int64_t>(values.size());
  auto column = MakeColumn(ColumnType::kBool, origin, length + 1);
  for (int64_t i = 0; i < length; ++i) {
    if (values[i] % 3 == 0) {
      column->WriteNull(origin + i);
    } else {
      column->WriteBool(origin + i, values[i] & 1);
    }
  }
  const int64_t begin = *rc::gen::inRange<int64_t>(0, length + 1);
  const int64_t end = *rc::gen::inRange<int64_t>(begin, length + 1);
  const auto array = SliceArray(*column, origin + begin, origin + end);
  const auto& bools = static_cast<const arrow::BooleanArray&>(*array);
  int64_t nulls = 0;
  for (int64_t i = begin; i < end; ++i) {
    const bool null = values[i] % 3 == 0;
    nulls += null;
    RC_ASSERT(bools.IsNull(i - begin) == null);
    if (!null) RC_ASSERT(bools.Value(i - begin) == ((values[i] & 1) == 1));
  }
  RC_ASSERT(bools.null_count() == nulls);
}

}  // namespace
}  // namespace headrace::window

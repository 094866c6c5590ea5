#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

namespace headrace::expr {

/// A value as the oracle computes with it: exact numbers in thousandths.
struct OracleValue {
  enum class Kind : uint8_t { kNull, kBool, kExact, kReal, kText };
  Kind kind = Kind::kNull;
  bool boolean = false;
  __int128 thousandths = 0;
  double real = 0;
  std::string text;
};

/// Text of the language, and what it means for a row, worked out naively.
struct OracleTerm {
  enum class Kind : uint8_t { kBool, kInteger, kDecimal, kReal, kText };
  std::string text;
  Kind kind = Kind::kBool;
  bool literal = false;
  bool float32 = false;
  std::function<OracleValue(int64_t row)> value;
};

/// Rows of many types: i int64, j int32, k int8 (small, for arithmetic), u uint64, f double, g
/// float, d decimal(10,2), e decimal64(9,3), s utf8, l large_utf8, v utf8_view, c dictionary of
/// utf8, b bool. With nulls, NaN, both zeros, infinities, extremes; some columns are all null or
/// all equal.
class RandomRows {
 public:
  RandomRows(uint32_t seed, int64_t num_rows);

  const std::shared_ptr<arrow::RecordBatch>& batch() const { return batch_; }

  /// A condition over the columns. `depth` bounds the nesting.
  OracleTerm Condition(int depth);

 private:
  using Values = std::vector<OracleValue>;

  int64_t Pick(int64_t low, int64_t high);
  bool Chance(int percent) { return Pick(0, 99) < percent; }

  void AddColumn(const std::string& name, OracleTerm::Kind kind,
                 const std::shared_ptr<arrow::DataType>& type,
                 const std::function<OracleValue()>& any);
  OracleValue AnyExact(int64_t low, int64_t high, int64_t step);
  OracleValue AnyReal(bool float32);
  OracleValue AnyText();

  OracleTerm ColumnOf(OracleTerm::Kind kind);
  OracleTerm LiteralFor(const OracleTerm& other);
  OracleTerm Number(int depth);
  OracleTerm Comparison(int depth);
  OracleTerm Between();
  OracleTerm In();
  OracleTerm Like();
  OracleTerm Postfix(int depth);
  OracleTerm Logic(int depth);

  struct Column {
    std::string name;
    OracleTerm::Kind kind;
    bool float32;
    std::shared_ptr<Values> values;
    std::shared_ptr<arrow::DataType> type;
    std::shared_ptr<arrow::Array> array;
  };

  std::mt19937_64 random_;
  int64_t num_rows_;
  std::vector<Column> columns_;
  std::shared_ptr<arrow::RecordBatch> batch_;
};

}  // namespace headrace::expr

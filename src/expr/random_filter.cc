#include "expr/random_filter.h"

#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/compute/cast.h>
#include <arrow/compute/initialize.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "expr/token.h"

namespace headrace::expr {
namespace {

using TermKind = OracleTerm::Kind;
using ValueKind = OracleValue::Kind;

constexpr int64_t kStep = 1000;

OracleValue Null() { return {}; }
OracleValue Bool(bool value) { return {.kind = ValueKind::kBool, .boolean = value}; }
OracleValue Exact(__int128 thousandths) {
  return {.kind = ValueKind::kExact, .thousandths = thousandths};
}
OracleValue Real(double value) { return {.kind = ValueKind::kReal, .real = value}; }
OracleValue Text(std::string value) { return {.kind = ValueKind::kText, .text = std::move(value)}; }

std::string Digits(__int128 value) {
  if (value < 0) return "-" + Digits(-value);
  if (value < 10) return std::string(1, static_cast<char>('0' + static_cast<int>(value)));
  return Digits(value / 10) + static_cast<char>('0' + static_cast<int>(value % 10));
}

std::string ExactText(__int128 thousandths, int scale) {
  const bool negative = thousandths < 0;
  std::string digits = Digits(negative ? -thousandths : thousandths);
  if (digits.size() < 4) digits.insert(0, 4 - digits.size(), '0');
  const std::string fraction = digits.substr(digits.size() - 3, static_cast<size_t>(scale));
  digits.resize(digits.size() - 3);
  return (negative ? "-" : "") + digits + (scale > 0 ? "." + fraction : "");
}

double AsReal(const OracleValue& value) {
  if (value.kind == ValueKind::kReal) return value.real;
  // Whole numbers are converted as such: thousandths of large ones would round twice.
  if (value.thousandths % kStep == 0) return static_cast<double>(value.thousandths / kStep);
  return static_cast<double>(value.thousandths) / kStep;
}

template <typename T>
int OrderOf(const T& a, const T& b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

/// -1, 0, 1, or none if unordered.
std::optional<int> Compared(const OracleValue& a, const OracleValue& b, bool as_float32) {
  if (a.kind == ValueKind::kText) return OrderOf(a.text, b.text);
  if (a.kind == ValueKind::kBool) return OrderOf(a.boolean, b.boolean);
  if (a.kind == ValueKind::kExact && b.kind == ValueKind::kExact) {
    return OrderOf(a.thousandths, b.thousandths);
  }
  const double x = as_float32 ? static_cast<float>(AsReal(a)) : AsReal(a);
  const double y = as_float32 ? static_cast<float>(AsReal(b)) : AsReal(b);
  if (std::isnan(x) || std::isnan(y)) return std::nullopt;
  return OrderOf(x, y);
}

OracleValue Holds(const std::string& op, const OracleValue& a, const OracleValue& b,
                  bool as_float32) {
  if (a.kind == ValueKind::kNull || b.kind == ValueKind::kNull) return Null();
  const auto order = Compared(a, b, as_float32);
  if (!order) return Bool(op == "<>");
  if (op == "=") return Bool(*order == 0);
  if (op == "<>") return Bool(*order != 0);
  if (op == "<") return Bool(*order < 0);
  if (op == "<=") return Bool(*order <= 0);
  return Bool(op == ">" ? *order > 0 : *order >= 0);
}

OracleValue And(const OracleValue& a, const OracleValue& b) {
  if (a.kind == ValueKind::kBool && !a.boolean) return a;
  if (b.kind == ValueKind::kBool && !b.boolean) return b;
  return a.kind == ValueKind::kNull ? a : b;
}

OracleValue Not(OracleValue value) {
  value.boolean = !value.boolean;
  return value;
}

OracleValue Or(const OracleValue& a, const OracleValue& b) { return Not(And(Not(a), Not(b))); }

/// The naive matcher: one choice after the other.
bool Matches(std::string_view text, std::string_view pattern) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '%') {
    return Matches(text, pattern.substr(1)) || (!text.empty() && Matches(text.substr(1), pattern));
  }
  const bool escaped = pattern[0] == '!';
  if (escaped) pattern.remove_prefix(1);
  if (text.empty()) return false;
  return ((pattern[0] == '_' && !escaped) || pattern[0] == text[0]) &&
         Matches(text.substr(1), pattern.substr(1));
}

OracleValue Computed(const std::string& op, const OracleValue& a, const OracleValue& b, bool real) {
  if (a.kind == ValueKind::kNull || b.kind == ValueKind::kNull) return Null();
  const bool exact_zero = b.kind == ValueKind::kExact && b.thousandths == 0;
  if ((op == "/" || op == "%") && exact_zero) return Null();
  if (real || op == "/") {
    const double x = AsReal(a);
    const double y = AsReal(b);
    if (op == "+") return Real(x + y);
    if (op == "-") return Real(x - y);
    if (op == "*") return Real(x * y);
    return Real(op == "/" ? x / y : std::fmod(x, y));
  }
  if (op == "+") return Exact(a.thousandths + b.thousandths);
  if (op == "-") return Exact(a.thousandths - b.thousandths);
  if (op == "*") return Exact(a.thousandths * b.thousandths / kStep);
  return Exact(a.thousandths % b.thousandths);
}

arrow::Status Append(const OracleValue& value, const arrow::DataType& type,
                     arrow::ArrayBuilder* builder) {
  if (value.kind == ValueKind::kNull) return builder->AppendNull();
  std::shared_ptr<arrow::Scalar> scalar;
  switch (value.kind) {
    case ValueKind::kBool: scalar = arrow::MakeScalar(value.boolean); break;
    case ValueKind::kText: scalar = arrow::MakeScalar(value.text); break;
    case ValueKind::kReal: scalar = arrow::MakeScalar(value.real); break;
    default: {
      const bool whole = value.thousandths % kStep == 0;
      scalar = arrow::MakeScalar(ExactText(value.thousandths, whole ? 0 : 3));
    }
  }
  arrow::compute::CastOptions options = arrow::compute::CastOptions::Safe(type.GetSharedPtr());
  options.allow_float_truncate = true;
  // 1.230 as decimal(10,2)
  options.allow_decimal_truncate = true;
  ARROW_ASSIGN_OR_RAISE(auto cast, arrow::compute::Cast(arrow::Datum(scalar), options));
  return builder->AppendScalar(*cast.scalar());
}

void Require(const arrow::Status& status) { EXPECT_TRUE(status.ok()) << status; }

std::shared_ptr<arrow::Array> ArrayOf(const std::vector<OracleValue>& values,
                                      const std::shared_ptr<arrow::DataType>& type) {
  auto plain = type->id() == arrow::Type::DICTIONARY || type->id() == arrow::Type::STRING_VIEW
                   ? arrow::utf8()
                   : type;
  auto builder = arrow::MakeBuilder(plain).ValueOrDie();
  for (const OracleValue& value : values) {
    Require(Append(value, *plain, builder.get()));
  }
  auto array = builder->Finish().ValueOrDie();
  if (plain->Equals(*type)) return array;
  if (type->id() == arrow::Type::STRING_VIEW) {
    return arrow::compute::Cast(*array, type).ValueOrDie();
  }
  arrow::StringDictionary32Builder dictionary;
  Require(dictionary.AppendArray(*array));
  std::shared_ptr<arrow::Array> encoded;
  Require(dictionary.Finish(&encoded));
  return encoded;
}

}  // namespace

int64_t RandomRows::Pick(int64_t low, int64_t high) {
  return std::uniform_int_distribution<int64_t>(low, high)(random_);
}

OracleValue RandomRows::AnyExact(int64_t low, int64_t high, int64_t step) {
  if (Chance(15)) return Exact(static_cast<__int128>(Chance(50) ? low : high) * step);
  const int64_t near = Pick(-3, 3);
  return Exact(static_cast<__int128>(near < low ? low : near) * step);
}

OracleValue RandomRows::AnyReal(bool float32) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  constexpr std::array<double, 10> kReals = {0.0, -0.0,      0.1,        0.5, -1.5,
                                             2.0, kInfinity, -kInfinity, 3.0, std::nan("")};
  const double value = kReals[static_cast<size_t>(Pick(0, kReals.size() - 1))];
  return Real(float32 ? static_cast<float>(value) : value);
}

OracleValue RandomRows::AnyText() {
  constexpr std::array<std::string_view, 4> kLetters = {"a", "b", "%", "\\"};
  std::string text;
  for (int64_t n = Pick(0, 3); n > 0; --n) text += kLetters[static_cast<size_t>(Pick(0, 3))];
  return Text(std::move(text));
}

void RandomRows::AddColumn(const std::string& name, TermKind kind,
                           const std::shared_ptr<arrow::DataType>& type,
                           const std::function<OracleValue()>& any) {
  Values values;
  const int64_t style = Pick(0, 9);
  const OracleValue same = any();
  for (int64_t i = 0; i < num_rows_; ++i) {
    const bool null = style == 0 || (style < 7 && Chance(20));
    values.push_back(null ? Null() : style == 1 || style == 9 ? same : any());
  }
  auto array = ArrayOf(values, type);
  columns_.push_back({name, kind, type->id() == arrow::Type::FLOAT,
                      std::make_shared<Values>(std::move(values)), type, std::move(array)});
}

RandomRows::RandomRows(uint32_t seed, int64_t num_rows) : random_(seed), num_rows_(num_rows) {
  Require(arrow::compute::Initialize());
  const auto exact = [this](int64_t low, int64_t high, int64_t step) {
    return [=, this] { return AnyExact(low, high, step); };
  };
  constexpr auto kMax = std::numeric_limits<int64_t>::max();
  AddColumn("i", TermKind::kInteger, arrow::int64(), exact(-kMax - 1, kMax, kStep));
  AddColumn("j", TermKind::kInteger, arrow::int32(), exact(INT32_MIN, INT32_MAX, kStep));
  AddColumn("k", TermKind::kInteger, arrow::int8(), exact(-5, 5, kStep));
  AddColumn("u", TermKind::kInteger, arrow::uint64(), exact(0, kMax, kStep));
  AddColumn("f", TermKind::kReal, arrow::float64(), [this] { return AnyReal(false); });
  AddColumn("g", TermKind::kReal, arrow::float32(), [this] { return AnyReal(true); });
  AddColumn("d", TermKind::kDecimal, arrow::decimal128(10, 2), exact(-9999999999, 9999999999, 10));
  AddColumn("e", TermKind::kDecimal, arrow::decimal64(9, 3), exact(-999999999, 999999999, 1));
  AddColumn("s", TermKind::kText, arrow::utf8(), [this] { return AnyText(); });
  AddColumn("l", TermKind::kText, arrow::large_utf8(), [this] { return AnyText(); });
  AddColumn("v", TermKind::kText, arrow::utf8_view(), [this] { return AnyText(); });
  AddColumn("c", TermKind::kText, arrow::dictionary(arrow::int32(), arrow::utf8()),
            [this] { return AnyText(); });
  AddColumn("b", TermKind::kBool, arrow::boolean(), [this] { return Bool(Chance(50)); });
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  for (const Column& column : columns_) {
    fields.push_back(arrow::field(column.name, column.type));
    arrays.push_back(column.array);
  }
  batch_ = arrow::RecordBatch::Make(arrow::schema(fields), num_rows, arrays);
}

OracleTerm RandomRows::ColumnOf(TermKind kind) {
  for (;;) {
    const Column& column =
        columns_[static_cast<size_t>(Pick(0, static_cast<int64_t>(columns_.size()) - 1))];
    if (column.kind != kind) continue;
    return {.text = column.name,
            .kind = kind,
            .float32 = column.float32,
            .value = [values = column.values](int64_t row) {
              return (*values)[static_cast<size_t>(row)];
            }};
  }
}

OracleTerm RandomRows::LiteralFor(const OracleTerm& other) {
  OracleTerm literal{.kind = other.kind, .literal = true};
  OracleValue value;
  if (Chance(4)) {
    literal.text = "null";
  } else if (other.kind == TermKind::kText) {
    value = AnyText();
    literal.text = QuotedString(value.text);
  } else if (other.kind == TermKind::kBool) {
    value = Bool(Chance(50));
    literal.text = value.boolean ? "true" : "false";
  } else {
    constexpr std::array<int64_t, 6> kLimits = {INT64_MAX,  INT32_MAX, 9007199254740993,
                                                9999999999, 128,       2};
    const int64_t limit = kLimits[static_cast<size_t>(Pick(0, 5))];
    value = AnyExact(-limit, limit, kStep);
    // One more than the limit, and fractions near small values.
    if (Chance(20)) value.thousandths += kStep;
    if (Chance(30)) value = Exact(Pick(-3500, 3500));
    const bool whole = value.thousandths % kStep == 0;
    literal.kind = whole ? TermKind::kInteger : TermKind::kDecimal;
    literal.text = ExactText(value.thousandths, whole && Chance(80) ? 0 : 3);
    if (literal.text.find('.') != std::string::npos) literal.kind = TermKind::kDecimal;
  }
  literal.value = [value](int64_t) { return value; };
  return literal;
}

OracleTerm RandomRows::Number(int depth) {
  constexpr std::array<TermKind, 3> kKinds = {TermKind::kInteger, TermKind::kDecimal,
                                              TermKind::kReal};
  if (depth <= 0 || Chance(50)) return ColumnOf(kKinds[static_cast<size_t>(Pick(0, 2))]);
  // Arithmetic on k and d alone, whose values leave room, and on doubles.
  constexpr std::array<std::string_view, 5> kOps = {"+", "-", "*", "/", "%"};
  const std::string op(kOps[static_cast<size_t>(Pick(0, 4))]);
  const bool reals = Chance(40);
  OracleTerm left = ColumnOf(TermKind::kReal);
  while (!reals && left.text != "k") left = ColumnOf(TermKind::kInteger);
  OracleTerm right = ColumnOf(reals ? TermKind::kReal : TermKind::kInteger);
  while (!reals && right.text != "k") right = ColumnOf(TermKind::kInteger);
  if (Chance(50)) {
    const OracleValue value = Exact(Pick(-4, 4) * (Chance(50) ? kStep : kStep / 2));
    const bool whole = value.thousandths % kStep == 0;
    right = {.text = ExactText(value.thousandths, whole ? 0 : 1),
             .kind = whole ? TermKind::kInteger : TermKind::kReal,
             .literal = true,
             .value = [value](int64_t) { return value; }};
  }
  const bool real = op == "/" || left.kind == TermKind::kReal || right.kind == TermKind::kReal;
  return {
      .text = fmt::format("({} {} {})", left.text, op, right.text),
      .kind = real ? TermKind::kReal : TermKind::kInteger,
      .value = [=](int64_t row) { return Computed(op, left.value(row), right.value(row), real); }};
}

OracleTerm RandomRows::Comparison(int depth) {
  constexpr std::array<std::string_view, 6> kOps = {"=", "<>", "<", "<=", ">", ">="};
  OracleTerm left = Chance(30)   ? ColumnOf(TermKind::kText)
                    : Chance(10) ? ColumnOf(TermKind::kBool)
                                 : Number(depth);
  const std::string op(kOps[static_cast<size_t>(Pick(0, left.kind == TermKind::kBool ? 1 : 5))]);
  OracleTerm right = LiteralFor(left);
  if (Chance(35)) {
    right = ColumnOf(left.kind);
    // Integers beside floats as doubles; decimals beside floats are left to a test of their own.
    if (left.kind == TermKind::kInteger && Chance(40)) {
      right = ColumnOf(Chance(50) ? TermKind::kReal : TermKind::kDecimal);
    }
  }
  const bool as_float32 = left.float32 && right.literal;
  const bool swap = Chance(25);
  OracleTerm result{.value = [=](int64_t row) {
    return Holds(op, left.value(row), right.value(row), as_float32);
  }};
  result.text = fmt::format("{} {} {}", left.text, op, right.text);
  if (swap && (op == "=" || op == "<>")) {
    result.text = fmt::format("{} {} {}", right.text, op, left.text);
  }
  return result;
}

OracleTerm RandomRows::Between() {
  const OracleTerm value = Chance(40) ? ColumnOf(TermKind::kText) : Number(1);
  const OracleTerm low = LiteralFor(value);
  const OracleTerm high = LiteralFor(value);
  const bool negated = Chance(30);
  return {.text = fmt::format("{} {}between {} and {}", value.text, negated ? "not " : "", low.text,
                              high.text),
          .value = [=](int64_t row) {
            const OracleValue x = value.value(row);
            const auto within = And(Holds(">=", x, low.value(row), value.float32),
                                    Holds("<=", x, high.value(row), value.float32));
            return negated ? Not(within) : within;
          }};
}

OracleTerm RandomRows::In() {
  const OracleTerm value = Chance(30)   ? ColumnOf(TermKind::kText)
                           : Chance(15) ? ColumnOf(TermKind::kBool)
                                        : Number(0);
  std::vector<OracleTerm> items;
  std::string list;
  for (int64_t n = Pick(1, 4); n > 0; --n) {
    items.push_back(LiteralFor(value));
    list += (list.empty() ? "" : ", ") + items.back().text;
  }
  const bool negated = Chance(40);
  return {.text = fmt::format("{} {}in ({})", value.text, negated ? "not " : "", list),
          .value = [=](int64_t row) {
            OracleValue found = Bool(false);
            for (const OracleTerm& item : items) {
              found = Or(found, Holds("=", value.value(row), item.value(row), value.float32));
            }
            return negated ? Not(found) : found;
          }};
}

OracleTerm RandomRows::Like() {
  const OracleTerm value = ColumnOf(TermKind::kText);
  constexpr std::array<std::string_view, 7> kPieces = {"a", "b", "%", "_", "!%", "!_", "\\"};
  std::string pattern;
  for (int64_t n = Pick(0, 4); n > 0; --n) {
    pattern += kPieces[static_cast<size_t>(Pick(0, kPieces.size() - 1))];
  }
  const bool negated = Chance(30);
  return {.text = fmt::format("{} {}like {} escape '!'", value.text, negated ? "not " : "",
                              QuotedString(pattern)),
          .value = [=](int64_t row) {
            const OracleValue text = value.value(row);
            if (text.kind == ValueKind::kNull) return text;
            return Bool(Matches(text.text, pattern) != negated);
          }};
}

OracleTerm RandomRows::Postfix(int depth) {
  const bool negated = Chance(40);
  if (Chance(50)) {
    const OracleTerm value = Chance(50) ? ColumnOf(TermKind::kText) : Number(depth);
    return {.text = fmt::format("{} is {}null", value.text, negated ? "not " : ""),
            .value = [=](int64_t row) {
              return Bool((value.value(row).kind == ValueKind::kNull) != negated);
            }};
  }
  const OracleTerm value = Condition(depth - 1);
  const bool wanted = Chance(50);
  return {.text = fmt::format("({}) is {}{}", value.text, negated ? "not " : "", wanted),
          .value = [=](int64_t row) {
            const OracleValue found = value.value(row);
            const bool is = found.kind == ValueKind::kBool && found.boolean == wanted;
            return Bool(is != negated);
          }};
}

OracleTerm RandomRows::Logic(int depth) {
  const OracleTerm left = Condition(depth - 1);
  if (Chance(25)) {
    return {.text = fmt::format("not ({})", left.text),
            .value = [=](int64_t row) { return Not(left.value(row)); }};
  }
  const OracleTerm right = Condition(depth - 1);
  const bool both = Chance(50);
  return {.text = fmt::format("({}) {} ({})", left.text, both ? "and" : "or", right.text),
          .value = [=](int64_t row) {
            return both ? And(left.value(row), right.value(row))
                        : Or(left.value(row), right.value(row));
          }};
}

OracleTerm RandomRows::Condition(int depth) {
  if (depth > 0 && Chance(60)) return Logic(depth);
  switch (Pick(0, 9)) {
    case 0: return ColumnOf(TermKind::kBool);
    case 1: return Between();
    case 2:
    case 3: return In();
    case 4: return Like();
    case 5: return Postfix(depth);
    default: return Comparison(2);
  }
}

}  // namespace headrace::expr

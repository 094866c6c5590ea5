#pragma once

#include <cstdint>
#include <memory>
#include <random>

#include <arrow/type_fwd.h>

// Columns of every flat type for the tests of text formats.
namespace headrace::codec {

/// A flat array of any type that text formats take, or a dictionary of one: any bits for numbers,
/// numbers of few decimals among them; times in and out of the years that calendars write with four
/// digits; texts with quotes, line ends and UTF-8. About one value in four is null; the array is a
/// slice that begins and ends at odd places.
std::shared_ptr<arrow::Array> RandomColumn(const std::shared_ptr<arrow::DataType>& type,
                                           int64_t rows, std::mt19937_64* random);

/// The types that RandomColumn() makes and CSV takes.
arrow::DataTypeVector CsvTypes();

/// One column of each type, `rows` long.
std::shared_ptr<arrow::RecordBatch> RandomBatch(const arrow::DataTypeVector& types, int64_t rows,
                                                std::mt19937_64* random);

}  // namespace headrace::codec

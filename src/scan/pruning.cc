#include "scan/pruning.h"

#include <exception>
#include <map>
#include <utility>

#include <arrow/scalar.h>
#include <arrow/type.h>
#include <parquet/arrow/reader.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/page_index.h>
#include <parquet/statistics.h>

#include "scan/chunk_membership.h"
#include "scan/parquet_file.h"

namespace headrace::scan {
namespace {

std::shared_ptr<arrow::DataType> ValueType(const std::shared_ptr<arrow::DataType>& type) {
  if (type->id() != arrow::Type::DICTIONARY) return type;
  return static_cast<const arrow::DictionaryType&>(*type).value_type();
}

}  // namespace

void AddBounds(const parquet::Statistics& statistics, const std::shared_ptr<arrow::DataType>& type,
               expr::ColumnFacts* facts) {
  if (statistics.HasNullCount()) facts->null_count = statistics.null_count();
  if (!statistics.HasMinMax()) return;
  std::shared_ptr<arrow::Scalar> min;
  std::shared_ptr<arrow::Scalar> max;
  if (!parquet::arrow::StatisticsAsScalars(statistics, &min, &max).ok()) return;
  const auto as =
      [&](const std::shared_ptr<arrow::Scalar>& scalar) -> std::shared_ptr<arrow::Scalar> {
    if (scalar == nullptr || !scalar->is_valid) return nullptr;
    if (scalar->type->Equals(*type)) return scalar;
    auto cast = scalar->CastTo(type);
    return cast.ok() ? *cast : nullptr;
  };
  facts->min = as(min);
  facts->max = as(max);
}

// What is known of the filter's columns in one row group.
struct Pruner::RowGroupFacts {
  int row_group = 0;
  int64_t rows = 0;
  std::map<int, expr::ColumnFacts> fields;  // by position in the plan
  std::map<int, std::unique_ptr<ChunkMembership>> members;
  std::map<int, expr::ColumnFacts> pages;  // that stand in for those of the row group
  const char* rule = "statistics";         // what the last answer was owed to
};

Pruner::Pruner(std::shared_ptr<const ParquetFile> file,
               std::shared_ptr<const std::vector<FieldSource>> sources,
               std::shared_ptr<const ReadPlan> plan, const Skipping& skipping,
               arrow::MemoryPool* pool)
    : file_(std::move(file)),
      sources_(std::move(sources)),
      plan_(std::move(plan)),
      skipping_(skipping),
      pool_(pool) {}

Pruner::~Pruner() = default;

void Pruner::AddFieldFacts(int field, RowGroupFacts* facts) const {
  const FieldSource& source = (*sources_)[static_cast<size_t>(field)];
  const auto& type = plan_->fields[static_cast<size_t>(field)]->type();
  expr::ColumnFacts& known = facts->fields[field];
  known.num_rows = facts->rows;
  if (source.column < 0) {
    known.null_count = source.constant->is_valid ? 0 : facts->rows;
    if (source.constant->is_valid) known.min = known.max = source.constant;
    known.may_have_nan = false;
    return;
  }
  const ParquetColumn& column = file_->columns()[static_cast<size_t>(source.column)];
  if (column.leaves.size() != 1 || column.field->type()->num_fields() > 0) return;
  const auto chunk =
      file_->metadata().RowGroup(facts->row_group)->ColumnChunk(column.leaves.front());
  if (skipping_.statistics && chunk->is_stats_set()) {
    if (const auto statistics = chunk->statistics()) {
      AddBounds(*statistics, ValueType(type), &known);
    }
  }
  // A filter's value has the type of the plan, what the file knows has its own.
  if (!column.flat || !ValueType(column.field->type())->Equals(*ValueType(type))) return;
  auto& members = facts->members[field];
  members =
      std::make_unique<ChunkMembership>(file_, facts->row_group, source.column, skipping_, pool_);
  known.may_contain = [facts, asked = members.get()](const arrow::Scalar& value) {
    const auto answer = asked->Ask(value);
    if (answer == ChunkMembership::Answer::kNotInBloomFilter) facts->rule = "bloom filter";
    if (answer == ChunkMembership::Answer::kNotInDictionary) facts->rule = "dictionary";
    return answer == ChunkMembership::Answer::kMaybe;
  };
}

expr::Outcomes Pruner::Judge(const ReadPlan::Conjunct& conjunct, RowGroupFacts* facts) const {
  return expr::PossibleOutcomes(
      conjunct.expression, [&](std::span<const std::string> path) -> const expr::ColumnFacts* {
        if (path.size() != 1) return nullptr;
        for (const int field : conjunct.fields) {
          if (plan_->fields[static_cast<size_t>(field)]->name() != path.front()) continue;
          if (const auto page = facts->pages.find(field); page != facts->pages.end()) {
            return &page->second;
          }
          return &facts->fields.at(field);
        }
        return nullptr;
      });
}

Result<Pruner::Decision> Pruner::Decide(int row_group) {
  Decision decision;
  RowGroupFacts facts;
  facts.row_group = row_group;
  facts.rows = file_->row_group_rows(row_group);
  AppendRange({0, facts.rows}, &decision.rows);
  if (plan_->filter.empty() || facts.rows == 0) return decision;
  for (int field = 0; field < plan_->num_filter; ++field) AddFieldFacts(field, &facts);

  std::vector<bool> undecided;
  decision.filter_decided = true;
  for (const auto& conjunct : plan_->filter) {
    facts.rule = "statistics";
    const expr::Outcomes outcomes = Judge(conjunct, &facts);
    if (!outcomes.Has(expr::Outcomes::kTrue)) {
      decision.rows.clear();
      decision.rule = facts.rule;
      return decision;
    }
    undecided.push_back(!outcomes.IsOnly(expr::Outcomes::kTrue));
    if (undecided.back()) decision.filter_decided = false;
  }
  if (skipping_.page_index && !decision.filter_decided) PrunePages(undecided, &facts, &decision);
  return decision;
}

void Pruner::PrunePages(const std::vector<bool>& undecided, RowGroupFacts* facts,
                        Decision* decision) {
  // A damaged index is no reason to fail: the rows themselves will tell.
  try {
    if (reader_ == nullptr) {
      reader_ = file_->NewReader(pool_);
      page_index_ = reader_->GetPageIndexReader();
    }
    if (page_index_ == nullptr) return;
    for (size_t i = 0; i < plan_->filter.size(); ++i) {
      if (!undecided[i]) continue;
      for (const int field : plan_->filter[i].fields) {
        PruneByColumn(plan_->filter[i], field, facts, decision);
        facts->pages.clear();
      }
    }
  } catch (const std::exception&) {
    facts->pages.clear();
  }
}

void Pruner::PruneByColumn(const ReadPlan::Conjunct& conjunct, int field, RowGroupFacts* facts,
                           Decision* decision) {
  const FieldSource& source = (*sources_)[static_cast<size_t>(field)];
  if (source.column < 0) return;
  const ParquetColumn& column = file_->columns()[static_cast<size_t>(source.column)];
  if (column.leaves.size() != 1 || column.field->type()->num_fields() > 0) return;
  const auto group = page_index_->RowGroup(facts->row_group);
  if (group == nullptr) return;
  const auto index = group->GetColumnIndex(column.leaves.front());
  const auto offsets = group->GetOffsetIndex(column.leaves.front());
  if (index == nullptr || offsets == nullptr) return;
  const auto& pages = offsets->page_locations();
  if (pages.size() != index->null_pages().size() ||
      pages.size() != index->encoded_min_values().size() ||
      pages.size() != index->encoded_max_values().size()) {
    return;
  }
  const auto* descriptor = file_->metadata().schema()->Column(column.leaves.front());
  const auto type = ValueType(plan_->fields[static_cast<size_t>(field)]->type());
  RowRanges kept;
  int64_t left_out = 0;
  for (size_t page = 0; page < pages.size(); ++page) {
    const int64_t begin = pages[page].first_row_index;
    const int64_t end = page + 1 < pages.size() ? pages[page + 1].first_row_index : facts->rows;
    if (begin > end || end > facts->rows || (page == 0 && begin != 0)) return;
    expr::ColumnFacts known;
    known.num_rows = end - begin;
    if (index->null_pages()[page]) {
      known.null_count = end - begin;
    } else {
      const auto statistics = parquet::Statistics::Make(
          descriptor, index->encoded_min_values()[page], index->encoded_max_values()[page],
          end - begin, index->has_null_counts() ? index->null_counts()[page] : 0, 0,
          /*has_min_max=*/true, index->has_null_counts(), /*has_distinct_count=*/false, pool_);
      AddBounds(*statistics, type, &known);
    }
    facts->pages[field] = std::move(known);
    if (Judge(conjunct, facts).Has(expr::Outcomes::kTrue)) {
      AppendRange({begin, end}, &kept);
    } else {
      ++left_out;
    }
  }
  decision->pages_left_out += left_out;
  decision->rows = Intersect(decision->rows, kept);
}

}  // namespace headrace::scan

#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <arrow/type_fwd.h>

#include "headrace/status.h"
#include "shape/bound_aggregation.h"
#include "shape/group_keys.h"

namespace headrace::shape {

/// Groups of rows and what is kept of each: what one thread works on. Thread rule: one at a time.
class Grouping {
 public:
  /// `bound` and `pool` outlive the grouping.
  static Result<std::unique_ptr<Grouping>> Make(const BoundAggregation& bound, int64_t max_groups,
                                                arrow::MemoryPool* pool);

  Status Add(const arrow::RecordBatch& batch);
  /// Takes all that another grouping of the same plan has. `other` is used up.
  Status Merge(Grouping* other);
  /// One row for each group, sorted by key. May be called once.
  Result<std::shared_ptr<arrow::RecordBatch>> Finish();

  int64_t num_groups() const { return keys_->num_groups(); }
  int64_t num_rows() const { return num_rows_; }
  /// What it holds, about.
  int64_t bytes() const;

 private:
  Grouping(const BoundAggregation& bound, int64_t max_groups, arrow::MemoryPool* pool)
      : bound_(bound), max_groups_(max_groups), pool_(pool) {}

  Status AddSlice(const arrow::RecordBatch& rows);
  Status RoomForGroups();
  Result<std::shared_ptr<arrow::Array>> InputOf(const arrow::RecordBatch& rows,
                                                const BoundAggregation::Input& input);

  const BoundAggregation& bound_;
  int64_t max_groups_;
  arrow::MemoryPool* pool_;
  std::unique_ptr<GroupKeys> keys_;
  std::vector<std::unique_ptr<Accumulator>> states_;
  int64_t num_rows_ = 0;
};

}  // namespace headrace::shape

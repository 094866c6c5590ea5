#include "scan/chunk_membership.h"

#include <algorithm>
#include <exception>
#include <utility>

#include <arrow/array/array_base.h>
#include <arrow/array/array_dict.h>
#include <arrow/array/builder_base.h>
#include <arrow/array/util.h>
#include <arrow/compute/api_scalar.h>
#include <arrow/compute/exec.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <parquet/bloom_filter.h>
#include <parquet/bloom_filter_reader.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/types.h>

#include "scan/window_column.h"

namespace headrace::scan {
namespace {

// The hash that the writer put into the filter: of the value as it is stored.
std::optional<uint64_t> HashOf(const arrow::Scalar& value, parquet::Type::type physical,
                               const parquet::BloomFilter& bloom) {
  switch (physical) {
    case parquet::Type::INT32:
      if (const auto* data = dynamic_cast<const arrow::internal::PrimitiveScalarBase*>(&value)) {
        if (data->view().size() != 4) return std::nullopt;
        int32_t stored = 0;
        std::copy_n(data->view().data(), 4, reinterpret_cast<char*>(&stored));
        return bloom.Hash(stored);
      }
      return std::nullopt;
    case parquet::Type::INT64:
      if (const auto* data = dynamic_cast<const arrow::internal::PrimitiveScalarBase*>(&value)) {
        if (data->view().size() != 8) return std::nullopt;
        int64_t stored = 0;
        std::copy_n(data->view().data(), 8, reinterpret_cast<char*>(&stored));
        return bloom.Hash(stored);
      }
      return std::nullopt;
    case parquet::Type::BYTE_ARRAY: {
      const auto* text = dynamic_cast<const arrow::BaseBinaryScalar*>(&value);
      if (text == nullptr) return std::nullopt;
      const parquet::ByteArray stored(static_cast<uint32_t>(text->value->size()),
                                      text->value->data());
      return bloom.Hash(&stored);
    }
    // Zero has two signs and one value, so that a float's filter cannot be asked for it.
    default: return std::nullopt;
  }
}

bool AllByDictionary(const parquet::ColumnChunkMetaData& chunk) {
  if (!chunk.has_dictionary_page() || chunk.encoding_stats().empty()) return false;
  return std::all_of(chunk.encoding_stats().begin(), chunk.encoding_stats().end(),
                     [](const auto& pages) {
                       return pages.page_type == parquet::PageType::DICTIONARY_PAGE ||
                              pages.encoding == parquet::Encoding::RLE_DICTIONARY ||
                              pages.encoding == parquet::Encoding::PLAIN_DICTIONARY;
                     });
}

}  // namespace

ChunkMembership::ChunkMembership(std::shared_ptr<const ParquetFile> file, int row_group, int column,
                                 const Skipping& skipping, arrow::MemoryPool* pool)
    : file_(std::move(file)),
      row_group_(row_group),
      column_(column),
      skipping_(skipping),
      pool_(pool) {}

ChunkMembership::~ChunkMembership() = default;

void ChunkMembership::LoadBloomFilter() {
  bloom_loaded_ = true;
  if (!skipping_.bloom_filters) return;
  const int leaf = file_->columns()[static_cast<size_t>(column_)].leaves.front();
  // A damaged filter is no reason to fail: the rows themselves will tell.
  try {
    const auto chunk = file_->metadata().RowGroup(row_group_)->ColumnChunk(leaf);
    if (!chunk->bloom_filter_offset()) return;
    const auto reader = file_->NewReader(pool_);
    const auto filters = reader->GetBloomFilterReader().RowGroup(row_group_);
    if (filters != nullptr) bloom_ = filters->GetColumnBloomFilter(leaf);
  } catch (const std::exception&) {
    bloom_ = nullptr;
  }
}

// A column by dictionary gives its dictionary along with the first row.
void ChunkMembership::LoadDictionary() {
  dictionary_loaded_ = true;
  const int leaf = file_->columns()[static_cast<size_t>(column_)].leaves.front();
  const auto chunk = file_->metadata().RowGroup(row_group_)->ColumnChunk(leaf);
  if (!skipping_.dictionaries || chunk->type() != parquet::Type::BYTE_ARRAY ||
      !AllByDictionary(*chunk)) {
    return;
  }
  auto column = OpenColumn(file_, row_group_, column_, {}, pool_);
  if (!column.ok() || !(*column)->Prepare(1, 1).ok()) return;
  const auto row = (*column)->Take(1);
  if (!row.ok() || (*row)->type_id() != arrow::Type::DICTIONARY) return;
  dictionary_ = static_cast<const arrow::DictionaryArray&>(**row).dictionary();
}

ChunkMembership::Answer ChunkMembership::Ask(const arrow::Scalar& value) {
  const int leaf = file_->columns()[static_cast<size_t>(column_)].leaves.front();
  const auto physical = file_->metadata().schema()->Column(leaf)->physical_type();
  if (!bloom_loaded_) LoadBloomFilter();
  if (bloom_ != nullptr) {
    const auto hash = HashOf(value, physical, *bloom_);
    if (hash && !bloom_->FindHash(*hash)) return Answer::kNotInBloomFilter;
  }
  if (!dictionary_loaded_) LoadDictionary();
  if (dictionary_ == nullptr || !dictionary_->type()->Equals(*value.type)) return Answer::kMaybe;
  arrow::compute::ExecContext context(pool_);
  auto array = arrow::MakeArrayFromScalar(value, 1, pool_);
  if (!array.ok()) return Answer::kMaybe;
  const auto found =
      arrow::compute::IndexIn(*array, arrow::compute::SetLookupOptions(dictionary_), &context);
  if (!found.ok()) return Answer::kMaybe;
  return found->null_count() == 1 ? Answer::kNotInDictionary : Answer::kMaybe;
}

}  // namespace headrace::scan

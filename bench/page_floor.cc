// The floor of a query: how long parquet-cpp's page reader takes to read and decompress the pages
// that the query has to touch. Nothing is decoded. Prints the seconds of each round, one a line.
//
// usage: page_floor FILE THREADS ROUNDS COLUMNS [BEGIN:END ...]
//
// COLUMNS: names with commas between, or '*'. Ranges of rows (of the whole file) leave out the
// pages without any of them, found by the offset index; none: all pages.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <arrow/io/file.h>
#include <fmt/format.h>
#include <parquet/column_page.h>
#include <parquet/column_reader.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/page_index.h>

namespace {

struct Range {
  int64_t begin;
  int64_t end;
};

struct Chunk {
  int row_group;
  int column;
  int64_t first_row;
};

struct Work {
  std::string path;
  std::shared_ptr<parquet::FileMetaData> metadata;
  std::vector<Chunk> chunks;
  std::vector<Range> rows;
  std::atomic<size_t> next{0};
  std::atomic<int64_t> bytes{0};
};

// The bytes of a chunk that have to be read: [begin, end) pieces of the file.
std::vector<Range> PiecesOf(const Work& work, parquet::ParquetFileReader& reader,
                            const Chunk& chunk) {
  const auto group = work.metadata->RowGroup(chunk.row_group);
  const auto column = group->ColumnChunk(chunk.column);
  int64_t begin = column->data_page_offset();
  if (column->has_dictionary_page() && column->dictionary_page_offset() > 0) {
    begin = std::min(begin, column->dictionary_page_offset());
  }
  const Range all{begin, begin + column->total_compressed_size()};
  if (work.rows.empty()) return {all};
  const auto index = reader.GetPageIndexReader()->RowGroup(chunk.row_group);
  const auto offsets = index ? index->GetOffsetIndex(chunk.column) : nullptr;
  if (offsets == nullptr) return {all};
  std::vector<Range> pieces;
  const auto& pages = offsets->page_locations();
  for (size_t i = 0; i < pages.size(); ++i) {
    const int64_t first = chunk.first_row + pages[i].first_row_index;
    const int64_t last =
        chunk.first_row + (i + 1 < pages.size() ? pages[i + 1].first_row_index : group->num_rows());
    for (const Range& wanted : work.rows) {
      if (first >= wanted.end || wanted.begin >= last) continue;
      if (pieces.empty() && all.begin < pages[0].offset)
        pieces.push_back({all.begin, pages[0].offset});
      pieces.push_back({pages[i].offset, pages[i].offset + pages[i].compressed_page_size});
      break;
    }
  }
  return pieces;
}

void ReadChunks(Work* work) {
  const auto file = arrow::io::ReadableFile::Open(work->path).ValueOrDie();
  auto properties = parquet::default_reader_properties();
  const auto reader = parquet::ParquetFileReader::Open(file, properties, work->metadata);
  for (size_t i; (i = work->next++) < work->chunks.size();) {
    const Chunk& chunk = work->chunks[i];
    const auto column = work->metadata->RowGroup(chunk.row_group)->ColumnChunk(chunk.column);
    for (const Range& piece : PiecesOf(*work, *reader, chunk)) {
      const auto stream = properties.GetStream(file, piece.begin, piece.end - piece.begin);
      const auto pages =
          parquet::PageReader::Open(stream, column->num_values(), column->compression(), properties,
                                    *work->metadata->schema()->Column(chunk.column));
      while (const auto page = pages->NextPage()) work->bytes += page->size();
    }
  }
}

bool IsWanted(const std::string& names, const std::string& name) {
  return names == "*" || ("," + names + ",").find("," + name + ",") != std::string::npos;
}

double Seconds(Work* work, int threads) {
  const auto start = std::chrono::steady_clock::now();
  work->metadata = parquet::ReadMetaData(arrow::io::ReadableFile::Open(work->path).ValueOrDie());
  work->next = 0;
  std::vector<std::thread> pool;
  for (int i = 0; i < threads; ++i) pool.emplace_back(ReadChunks, work);
  for (auto& thread : pool) thread.join();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) {
    fmt::print(stderr, "usage: page_floor FILE THREADS ROUNDS COLUMNS [BEGIN:END ...]\n");
    return 2;
  }
  Work work;
  work.path = argv[1];
  for (int i = 5; i < argc; ++i) {
    char* end = nullptr;
    const int64_t begin = std::strtoll(argv[i], &end, 10);
    work.rows.push_back({begin, std::strtoll(end + 1, nullptr, 10)});
  }
  work.metadata = parquet::ReadMetaData(arrow::io::ReadableFile::Open(work.path).ValueOrDie());
  int64_t first_row = 0;
  for (int group = 0; group < work.metadata->num_row_groups(); ++group) {
    const int64_t end_row = first_row + work.metadata->RowGroup(group)->num_rows();
    bool touched = work.rows.empty();
    for (const Range& rows : work.rows) touched |= rows.begin < end_row && first_row < rows.end;
    for (int column = 0; touched && column < work.metadata->num_columns(); ++column) {
      if (IsWanted(argv[4], work.metadata->schema()->Column(column)->name())) {
        work.chunks.push_back({group, column, first_row});
      }
    }
    first_row = end_row;
  }
  for (int round = 0; round < std::atoi(argv[3]); ++round) {
    fmt::print("{:.6f}\n", Seconds(&work, std::atoi(argv[2])));
  }
}

#include "cli/demo_feed.h"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <optional>
#include <utility>

#include <arrow/record_batch.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "catalog/catalog.h"
#include "cli/log.h"
#include "cli/replay.h"
#include "headrace/error_code.h"
#include "headrace/live_window.h"
#include "headrace/memory_budget.h"

namespace headrace::cli {
namespace {

// An append that is under way is waited for on stop, so it is kept short.
constexpr int64_t kAppendRows = 1024;

constexpr std::string_view kDataBelowCheckout =
    "node_modules/vega-datasets/data/flights-3m.parquet";

}  // namespace

Result<std::string> FindDemoData(const std::string& named,
                                 const std::vector<std::string>& checkouts) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  if (!named.empty()) {
    if (fs::is_regular_file(named, ignored)) return named;
    return MakeError(ErrorCode::kIOError,
                     fmt::format("there is no demo data file '{}': give --demo-data another one, "
                                 "or run `npm install vega-datasets@3.2.1` and leave it out",
                                 named));
  }
  for (const fs::path checkout : checkouts) {
    const fs::path file = checkout / kDataBelowCheckout;
    if (fs::is_regular_file(file, ignored)) return file.string();
  }
  return MakeError(ErrorCode::kIOError,
                   fmt::format("no {} in {}: run `npm install vega-datasets@3.2.1` there, or name "
                               "the file with --demo-data",
                               kDataBelowCheckout, fmt::join(checkouts, " or ")));
}

DemoFeed::DemoFeed(DemoFeedOptions options, catalog::Catalog* catalog, Log* log)
    : options_(std::move(options)), catalog_(catalog), log_(log) {}

DemoFeed::~DemoFeed() = default;

Result<std::unique_ptr<DemoFeed>> DemoFeed::Make(DemoFeedOptions options, catalog::Catalog* catalog,
                                                 Log* log) {
  std::unique_ptr<DemoFeed> feed(new DemoFeed(std::move(options), catalog, log));
  ARROW_ASSIGN_OR_RAISE(feed->replay_, Replay::Open(feed->options_.path, catalog->budget()));
  ARROW_RETURN_NOT_OK(feed->Fill());
  return feed;
}

void DemoFeed::Start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
}

Status DemoFeed::Fill() {
  LiveWindowOptions window;
  window.name = options_.buffer;
  window.window_size = options_.window_size;
  ARROW_RETURN_NOT_OK(catalog_->CreateBuffer(std::move(window)));
  constexpr int64_t kAnyTime = std::numeric_limits<int64_t>::max();
  for (int64_t missing = options_.window_size; missing > 0;) {
    ARROW_ASSIGN_OR_RAISE(auto rows, replay_->TakeDue(kAnyTime, missing));
    if (rows == nullptr) break;
    missing -= rows->num_rows();
    ARROW_RETURN_NOT_OK(Append(std::move(rows)));
  }
  return Status::OK();
}

void DemoFeed::Run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    Status status = ReplayOnce(stop);
    if (status.ok() && !stop.stop_requested()) {
      log_->Info("demo feed begins anew",
                 {{"buffer", options_.buffer}, {"rows", replay_->num_rows()}});
      status = replay_->Rewind();
    }
    if (!status.ok()) {
      log_->Warn("demo feed ends", {{"buffer", options_.buffer}, {"error", status.message()}});
      return;
    }
  }
}

Status DemoFeed::ReplayOnce(const std::stop_token& stop) {
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  ARROW_ASSIGN_OR_RAISE(auto due_ns, replay_->NextDueNs());
  const int64_t start_ns = due_ns.value_or(0);
  while (due_ns && !stop.stop_requested()) {
    const double elapsed_ns =
        std::chrono::duration<double, std::nano>(Clock::now() - start).count();
    // A few days at the highest speed are beyond int64; the end of the data is long before.
    const double ahead_ns = std::min(elapsed_ns * options_.speed, 1e18);
    ARROW_RETURN_NOT_OK(AppendDue(start_ns + static_cast<int64_t>(ahead_ns), stop));
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, stop, options_.tick, [] { return false; });
    ARROW_ASSIGN_OR_RAISE(due_ns, replay_->NextDueNs());
  }
  return Status::OK();
}

Status DemoFeed::AppendDue(int64_t now_ns, const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    ARROW_ASSIGN_OR_RAISE(auto rows, replay_->TakeDue(now_ns, kAppendRows));
    if (rows == nullptr) return Status::OK();
    const Status status = Append(std::move(rows));
    const bool refused = !status.ok() && CodeOf(status) == ErrorCode::kMemoryLimit;
    if (!status.ok() && !refused) return status;
    // Clients may fill the budget for a while; rows that find no room are left out.
    if (refused && !refused_) {
      log_->Warn("demo feed finds no room", {{"error", status.message()}});
    }
    refused_ = refused;
  }
  return Status::OK();
}

Status DemoFeed::Append(std::shared_ptr<arrow::RecordBatch> rows) {
  // Looked up each time: a client may delete the buffer or make it anew.
  ARROW_ASSIGN_OR_RAISE(auto window, catalog_->FindBuffer(options_.buffer));
  ARROW_ASSIGN_OR_RAISE(auto reader, arrow::RecordBatchReader::Make({std::move(rows)}));
  return window->Append(*reader).status();
}

}  // namespace headrace::cli

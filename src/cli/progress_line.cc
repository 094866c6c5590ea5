#include "cli/progress_line.h"

#include <string_view>
#include <utility>

#include <arrow/record_batch.h>
#include <arrow/util/byte_size.h>
#include <fmt/format.h>
#include <unistd.h>

#include "cli/terminal_text.h"
#include "headrace/memory_budget.h"

namespace headrace::cli {
namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr std::chrono::milliseconds kBeforeFirst{300};
constexpr std::chrono::milliseconds kBetween{100};
constexpr std::string_view kClearLine = "\r\x1b[K";

std::string Short(double number) {
  if (number < 1e4) return fmt::format("{:.0f}", number);
  if (number < 1e6) return fmt::format("{:.1f} k", number / 1e3);
  if (number < 1e9) return fmt::format("{:.1f} M", number / 1e6);
  return fmt::format("{:.2f} G", number / 1e9);
}

std::string Duration(double seconds) {
  constexpr double kMinute = 60;
  constexpr double kHour = 3600;
  if (seconds < kMinute) return fmt::format("{:.0f} s", seconds);
  if (seconds < kHour) return fmt::format("{:.0f} min", seconds / kMinute);
  return fmt::format("{:.1f} h", seconds / kHour);
}

void WriteText(int descriptor, const std::string& text) {
  // A line that is lost is no matter.
  [[maybe_unused]] const auto written = ::write(descriptor, text.data(), text.size());
}

class CountingReader final : public arrow::RecordBatchReader {
 public:
  CountingReader(std::shared_ptr<arrow::RecordBatchReader> input,
                 std::shared_ptr<PassedRows> passed)
      : input_(std::move(input)), passed_(std::move(passed)) {}
  std::shared_ptr<arrow::Schema> schema() const override { return input_->schema(); }
  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    ARROW_RETURN_NOT_OK(input_->ReadNext(batch));
    if (*batch != nullptr) {
      passed_->rows += (*batch)->num_rows();
      passed_->bytes += arrow::util::TotalBufferSize(**batch);
    }
    return arrow::Status::OK();
  }
  arrow::Status Close() override { return input_->Close(); }

 private:
  const std::shared_ptr<arrow::RecordBatchReader> input_;
  const std::shared_ptr<PassedRows> passed_;
};

}  // namespace

std::shared_ptr<arrow::RecordBatchReader> CountRows(std::shared_ptr<arrow::RecordBatchReader> input,
                                                    std::shared_ptr<PassedRows> passed) {
  return std::make_shared<CountingReader>(std::move(input), std::move(passed));
}

std::string ProgressText(const Progress& progress, Seconds elapsed) {
  const double seconds = std::max(elapsed.count(), 1e-3);
  const auto rows = static_cast<double>(progress.rows);
  std::string text = fmt::format("{} rows · {} · {} rows/s", Short(rows),
                                 FormatByteSize(progress.bytes), Short(rows / seconds));
  if (progress.all_rows && progress.rows > 0) {
    const double left = static_cast<double>(*progress.all_rows) - rows;
    text += fmt::format(" · {} left", Duration(std::max(0.0, left) * seconds / rows));
  }
  return text + fmt::format(" · memory {} of {}", FormatByteSize(progress.used_bytes),
                            FormatByteSize(progress.limit_bytes));
}

ProgressLine::ProgressLine(int descriptor, std::function<Progress()> measure)
    : descriptor_(descriptor), measure_(std::move(measure)) {
  thread_ = std::jthread([this](const std::stop_token& stop) { Show(stop); });
}

ProgressLine::~ProgressLine() { Clear(); }

void ProgressLine::Show(const std::stop_token& stop) {
  const auto begin = Clock::now();
  auto next = begin + kBeforeFirst;
  std::unique_lock lock(mutex_);
  while (!cleared_.wait_until(lock, stop, next, [&] { return done_; }) && !stop.stop_requested()) {
    const std::string text = ProgressText(measure_(), Clock::now() - begin);
    WriteText(descriptor_,
              std::string(kClearLine) + CutToWidth(text, WidthOfTerminal(descriptor_) - 1));
    shown_ = true;
    next = Clock::now() + kBetween;
  }
}

void ProgressLine::Clear() {
  const std::lock_guard lock(mutex_);
  if (std::exchange(shown_, false)) WriteText(descriptor_, std::string(kClearLine));
  done_ = true;
  cleared_.notify_all();
}

}  // namespace headrace::cli

#include "catalog/bar_sources.h"

#include <algorithm>

#include "headrace/error_code.h"

namespace headrace::catalog {

std::shared_ptr<Source> BarSources::Make(const BarKey& key, const Timeframe& timeframe) {
  {
    std::lock_guard lock(mutex_);
    const auto found = sources_.find({key.symbol, timeframe});
    if (found != sources_.end()) return found->second;
  }
  // The first look at a timeframe may build it: others need not wait for that.
  auto made = store_->MakeSource(key, timeframe);
  if (!made.ok()) return nullptr;
  // The source borrows the store.
  struct Kept {
    std::shared_ptr<BarStore> store;
    std::shared_ptr<Source> source;
  };
  auto kept = std::make_shared<Kept>(Kept{store_, *std::move(made)});
  Source* const source = kept->source.get();
  std::lock_guard lock(mutex_);
  return sources_
      .try_emplace({key.symbol, timeframe}, std::shared_ptr<Source>(std::move(kept), source))
      .first->second;
}

std::shared_ptr<Source> BarSources::Find(std::string_view name) {
  const size_t line = name.rfind('_');
  if (line == std::string_view::npos) return nullptr;
  const auto timeframe = ParseTimeframe(name.substr(line + 1));
  const BarKey key = KeyOf(name.substr(0, line));
  if (!timeframe.ok() || !store_->Contains(key)) return nullptr;
  return Make(key, *timeframe);
}

std::vector<std::pair<std::string, std::shared_ptr<Source>>> BarSources::List() {
  std::vector<std::pair<std::string, std::shared_ptr<Source>>> all;
  for (const BarFrameStats& frame : store_->stats().frames) {
    if (frame.key.symbol.empty() || KeyOf(frame.key.symbol).session != frame.key.session ||
        !frame.key.quote.empty()) {
      continue;
    }
    auto source = Make(KeyOf(frame.key.symbol), frame.timeframe);
    if (source == nullptr) continue;
    all.emplace_back(frame.key.symbol + '_' + frame.timeframe.ToString(), std::move(source));
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  const auto same = [](const auto& a, const auto& b) { return a.first == b.first; };
  all.erase(std::unique(all.begin(), all.end(), same), all.end());
  return all;
}

Status BarSources::Drop(std::string_view symbol) {
  const BarKey key = KeyOf(symbol);
  ARROW_RETURN_NOT_OK(store_->Drop(key));
  std::lock_guard lock(mutex_);
  std::erase_if(sources_, [&](const auto& item) { return item.first.first == key.symbol; });
  return Status::OK();
}

}  // namespace headrace::catalog

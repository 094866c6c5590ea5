#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "headrace/bar_store.h"

namespace headrace::catalog {

/// The series of a bar store under names: "ES_5m" is ES in bars of five minutes. Those with a quote
/// or a zone of their own have no name. Thread rule: all methods may be called from any thread.
class BarSources {
 public:
  /// `session`: the calendar of the store's by which the series go; empty: always open.
  BarSources(std::shared_ptr<BarStore> store, std::string session)
      : store_(std::move(store)), session_(std::move(session)) {}

  BarKey KeyOf(std::string_view symbol) const {
    return {.symbol = std::string(symbol), .session = session_};
  }
  BarStore& store() const noexcept { return *store_; }

  /// Null if there is no such series, or its bars do not fill that timeframe. The same one each
  /// time, so that a reader's cursors stay good.
  std::shared_ptr<Source> Find(std::string_view name);

  /// What was made so far, by name.
  std::vector<std::pair<std::string, std::shared_ptr<Source>>> List();

  /// kUnknownName if there is no such series. Readers go on.
  Status Drop(std::string_view symbol);

 private:
  /// Keeps the store as long as somebody reads.
  std::shared_ptr<Source> Make(const BarKey& key, const Timeframe& timeframe);

  const std::shared_ptr<BarStore> store_;
  const std::string session_;
  std::mutex mutex_;
  std::map<std::pair<std::string, Timeframe>, std::shared_ptr<Source>> sources_;
};

}  // namespace headrace::catalog

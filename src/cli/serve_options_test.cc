#include "cli/serve_options.h"

#include <set>

#include <gtest/gtest.h>

#include "headrace/error_code.h"

namespace headrace::cli {
namespace {

const ServeOption* Option(std::string_view name) {
  for (const ServeOption& option : ServeOptionTable()) {
    if (option.name == name) return &option;
  }
  return nullptr;
}

Result<ServeOptions> ResolveOne(std::string_view name, std::string text) {
  const std::vector<Setting> layers[] = {{{Option(name), std::move(text), "here"}}};
  return ResolveServeOptions(layers);
}

void ExpectRefused(std::string_view name, const std::string& text) {
  const auto resolved = ResolveOne(name, text);
  ASSERT_FALSE(resolved.ok()) << name << " took '" << text << "'";
  EXPECT_EQ(CodeOf(resolved.status()), ErrorCode::kBadConfig);
  EXPECT_EQ(resolved.status().message().rfind("here: ", 0), 0u) << resolved.status().message();
  EXPECT_EQ(resolved.status().message().find('\n'), std::string::npos);
}

TEST(ServeOptions, DefaultsOfTheTableAreValid) {
  const auto options = ResolveServeOptions({});
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->host, "127.0.0.1");
  EXPECT_EQ(options->port, 14345);
  EXPECT_EQ(options->memory_limit_bytes, 0);
  EXPECT_EQ(options->max_body_bytes, 64 << 20);
  EXPECT_EQ(options->drain_timeout_s, 10);
  EXPECT_EQ(options->log_level, LogLevel::kInfo);
  EXPECT_EQ(options->log_format, LogFormat::kLogfmt);
  EXPECT_FALSE(options->demo);
  EXPECT_EQ(options->demo_window, 10'000);
}

TEST(ServeOptions, NamesOfARowAreMadeAlike) {
  const ServeOption* option = Option("memory-limit");
  ASSERT_NE(option, nullptr);
  EXPECT_EQ(option->Flag(), "--memory-limit");
  EXPECT_EQ(option->Variable(), "HEADRACE_MEMORY_LIMIT");
  std::set<std::string_view> names;
  for (const ServeOption& row : ServeOptionTable()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_FALSE(row.help.empty()) << row.name;
    EXPECT_FALSE(row.fallback.empty() && row.fallback_help.empty()) << row.name;
  }
}

TEST(ServeOptions, LaterLayersAreStronger) {
  const std::vector<Setting> layers[] = {
      {{Option("port"), "1", "file"}, {Option("host"), "::1", "file"}},
      {{Option("port"), "2", "environment"}, {Option("demo"), "true", "environment"}},
      {{Option("port"), "3", "flag"}, {Option("demo"), "false", "flag"}}};
  const auto options = ResolveServeOptions(layers);
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->port, 3);
  EXPECT_EQ(options->host, "::1");
  EXPECT_FALSE(options->demo);
}

TEST(ServeOptions, AnOverriddenValueIsCheckedToo) {
  const std::vector<Setting> layers[] = {{{Option("port"), "no", "file"}},
                                         {{Option("port"), "3", "flag"}}};
  EXPECT_FALSE(ResolveServeOptions(layers).ok());
}

TEST(ServeOptions, SizesTakeUnits) {
  EXPECT_EQ(ResolveOne("memory-limit", "64MB")->memory_limit_bytes, 64'000'000);
  EXPECT_EQ(ResolveOne("memory-limit", "1.5 GiB")->memory_limit_bytes, 3LL << 29);
  EXPECT_EQ(ResolveOne("max-body", "1000")->max_body_bytes, 1000);
}

TEST(ServeOptions, ListsAreThoseOfTheStrongestLayer) {
  const std::vector<Setting> layers[] = {
      {{Option("load"), "a=x/*.parquet", "file"}, {Option("load"), "b=y", "file"}},
      {{Option("allow-dir"), "/data", "environment"}},
      {{Option("load"), "c=z=1.csv", "flag"}}};
  const auto options = ResolveServeOptions(layers);
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->loads, (std::vector<FileLoad>{{"c", "z=1.csv"}}));
  EXPECT_EQ(options->allowed_dirs, std::vector<std::string>{"/data"});
  EXPECT_EQ(ResolveServeOptions({layers, 1})->loads.size(), 2U);
  for (const char* load : {"x", "=x", "a=", "a/b=x"}) ExpectRefused("load", load);
}

TEST(ServeOptions, BadValuesAreRefusedWithTheirOrigin) {
  for (const char* port : {"", "x", "-1", "65536", "80 ", " 80", "8.5", "0x50"}) {
    ExpectRefused("port", port);
  }
  for (const char* size : {"0", "-1", "much", "1XB"}) ExpectRefused("memory-limit", size);
  for (const char* truth : {"maybe", "TRUE ", "2"}) ExpectRefused("demo", truth);
  for (const char* factor : {"0", "-1", "nan", "inf", "60x"}) ExpectRefused("demo-speed", factor);
  ExpectRefused("host", "");
  ExpectRefused("log-level", "loud");
  ExpectRefused("log-format", "xml");
  ExpectRefused("demo-window", "0");
  ExpectRefused("threads", "-1");
  ExpectRefused("max-connections", "0");
  ExpectRefused("drain-timeout", "-0.1");
}

}  // namespace
}  // namespace headrace::cli

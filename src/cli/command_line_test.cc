#include "cli/command_line.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "headrace/error_code.h"

namespace headrace::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string RefusalOf(const std::vector<std::string>& arguments,
                      const std::vector<std::string_view>& environment = {}) {
  const auto read = ReadInvocation(arguments, environment);
  if (read.ok()) return "not refused";
  EXPECT_EQ(CodeOf(read.status()), ErrorCode::kBadConfig);
  EXPECT_EQ(read.status().message().find('\n'), std::string::npos) << read.status().message();
  return read.status().message();
}

ServeOptions Serve(const std::vector<std::string>& arguments,
                   const std::vector<std::string_view>& environment = {}) {
  const auto read = ReadInvocation(arguments, environment);
  EXPECT_TRUE(read.ok()) << read.status();
  if (!read.ok()) return {};
  EXPECT_EQ(read->kind, Invocation::Kind::kServe);
  return read->serve;
}

class ConfigOnDisk {
 public:
  explicit ConfigOnDisk(std::string_view text)
      : path_(std::filesystem::temp_directory_path() /
              ("headrace-command-line-" + std::to_string(getpid()) + ".toml")) {
    std::ofstream(path_) << text;
  }
  ~ConfigOnDisk() { std::filesystem::remove(path_); }
  std::string path() const { return path_; }

 private:
  std::filesystem::path path_;
};

TEST(CommandLine, HelpAndVersionArePrinted) {
  const auto help = ReadInvocation({"--help"}, {});
  ASSERT_TRUE(help.ok()) << help.status();
  EXPECT_EQ(help->kind, Invocation::Kind::kPrint);
  EXPECT_THAT(help->text, HasSubstr("serve"));
  const auto version = ReadInvocation({"--version"}, {});
  ASSERT_TRUE(version.ok()) << version.status();
  EXPECT_THAT(version->text, ::testing::MatchesRegex("headrace [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

TEST(CommandLine, HelpOfServeShowsEveryRowOfTheTable) {
  const auto help = ReadInvocation({"serve", "--help"}, {});
  ASSERT_TRUE(help.ok()) << help.status();
  for (const ServeOption& option : ServeOptionTable()) {
    EXPECT_THAT(help->text, HasSubstr(option.Flag()));
    EXPECT_THAT(help->text, HasSubstr(option.Variable()));
    EXPECT_THAT(help->text, HasSubstr(std::string(option.help)));
    EXPECT_THAT(help->text, HasSubstr(std::string(option.fallback)));
  }
}

TEST(CommandLine, FlagsTakeBothForms) {
  EXPECT_EQ(Serve({"serve", "--port", "99"}).port, 99);
  EXPECT_EQ(Serve({"serve", "--port=98"}).port, 98);
  EXPECT_EQ(Serve({"serve", "--port", "99", "--port", "97"}).port, 97);
  EXPECT_TRUE(Serve({"serve", "--demo"}).demo);
  EXPECT_FALSE(Serve({"serve", "--no-demo"}).demo);
}

TEST(CommandLine, FlagBeforeVariableBeforeFileBeforeDefault) {
  const ConfigOnDisk config(
      "host = \"::1\"\nport = 1\nlog-level = \"error\"\ndemo = true\ndemo-window = 5\n");
  const std::vector<std::string_view> environment = {"HEADRACE_PORT=2", "HEADRACE_LOG_LEVEL=warn"};
  const ServeOptions options =
      Serve({"serve", "--config", config.path(), "--port", "3", "--no-demo"}, environment);
  EXPECT_EQ(options.port, 3);
  EXPECT_EQ(options.log_level, LogLevel::kWarn);
  EXPECT_EQ(options.host, "::1");
  EXPECT_EQ(options.demo_window, 5);
  EXPECT_FALSE(options.demo);
  EXPECT_EQ(options.max_connections, 1024);
}

TEST(CommandLine, TheFileMayBeNamedByVariable) {
  const ConfigOnDisk config("port = 7\n");
  const std::string variable = "HEADRACE_CONFIG=" + config.path();
  EXPECT_EQ(Serve({"serve"}, {variable}).port, 7);
  const auto absent = ReadInvocation({"serve", "--config", "/no/such"}, {variable});
  EXPECT_THAT(absent.status().message(), HasSubstr("'/no/such'"));
}

TEST(CommandLine, AMisspeltOptionOffersTheNearest) {
  EXPECT_THAT(RefusalOf({"serve", "--prot", "99"}), HasSubstr("did you mean '--port'?"));
  EXPECT_THAT(RefusalOf({"serve", "--memory-limt=2GB"}),
              HasSubstr("'--memory-limt': did you mean '--memory-limit'?"));
  EXPECT_THAT(RefusalOf({"serv"}), HasSubstr("unknown command 'serv': did you mean 'serve'?"));
  EXPECT_THAT(RefusalOf({"serve", "--entirely-else"}), HasSubstr("headrace serve --help"));
  EXPECT_THAT(RefusalOf({"serve", "here"}), HasSubstr("unknown argument 'here'"));
}

TEST(CommandLine, MistakesAreOneLine) {
  EXPECT_THAT(RefusalOf({}), HasSubstr("headrace serve"));
  EXPECT_THAT(RefusalOf({"serve", "--port"}), HasSubstr("--port"));
  EXPECT_THAT(RefusalOf({"serve", "--port", "many"}), StartsWith("--port: 'many' is not a port"));
  EXPECT_THAT(RefusalOf({"serve"}, {"HEADRACE_PORT=many"}), StartsWith("HEADRACE_PORT: 'many'"));
  EXPECT_THAT(RefusalOf({"serve", "--demo=perhaps"}), HasSubstr("--demo"));
}

TEST(CommandLine, UnknownVariablesAreWarnings) {
  const auto read = ReadInvocation({"serve"}, {"HEADRACE_HOTS=x"});
  ASSERT_TRUE(read.ok()) << read.status();
  ASSERT_EQ(read->warnings.size(), 1u);
  EXPECT_THAT(read->warnings[0], HasSubstr("HEADRACE_HOST"));
}

}  // namespace
}  // namespace headrace::cli

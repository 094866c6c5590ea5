#include "cli/config_file.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "headrace/error_code.h"

namespace headrace::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string RefusalOf(std::string_view text) {
  const auto parsed = ParseConfig(text, "h.toml");
  if (parsed.ok()) return "not refused";
  EXPECT_EQ(CodeOf(parsed.status()), ErrorCode::kBadConfig);
  EXPECT_EQ(parsed.status().message().find('\n'), std::string::npos);
  return parsed.status().message();
}

TEST(ConfigFile, TakesStringsNumbersAndBooleans) {
  const auto parsed = ParseConfig(
      "# a comment\nhost = \"::1\"\nport = 99\ndemo = true\nmemory-limit = \"2GB\"\n"
      "drain-timeout = 2.5\n",
      "h.toml");
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  const std::vector<Setting> layers[] = {*parsed};
  const auto options = ResolveServeOptions(layers);
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->host, "::1");
  EXPECT_EQ(options->port, 99);
  EXPECT_TRUE(options->demo);
  EXPECT_EQ(options->memory_limit_bytes, 2'000'000'000);
  EXPECT_EQ(options->drain_timeout_s, 2.5);
}

TEST(ConfigFile, EmptyIsNoSettings) {
  const auto parsed = ParseConfig("", "h.toml");
  ASSERT_TRUE(parsed.ok());
  EXPECT_TRUE(parsed->empty());
}

TEST(ConfigFile, BadTomlIsLocated) {
  EXPECT_THAT(RefusalOf("host = \"x\"\nport = = 3\n"), StartsWith("h.toml:2:8: "));
  EXPECT_THAT(RefusalOf("port = 1\nport = 2\n"), StartsWith("h.toml:2:"));
}

TEST(ConfigFile, AnUnknownKeyOffersTheNearest) {
  const std::string refusal = RefusalOf("\nmemory-limt = \"2GB\"\n");
  EXPECT_THAT(refusal, StartsWith("h.toml:2:1: unknown key 'memory-limt'"));
  EXPECT_THAT(refusal, HasSubstr("'memory-limit'"));
  EXPECT_THAT(RefusalOf("quite_another_thing = 1"), HasSubstr("--help"));
  EXPECT_THAT(RefusalOf("config = \"other.toml\""), HasSubstr("unknown key"));
}

TEST(ConfigFile, TablesAndListsAreRefused) {
  EXPECT_THAT(RefusalOf("port = [1]"), StartsWith("h.toml:1:8: port takes"));
  EXPECT_THAT(RefusalOf("[host]\nx = 1"), StartsWith("h.toml:1:1: host takes"));
}

TEST(ConfigFile, AValueCarriesItsPlaceToTheCheck) {
  const auto parsed = ParseConfig("\nport = 70000\n", "h.toml");
  ASSERT_TRUE(parsed.ok());
  const std::vector<Setting> layers[] = {*parsed};
  EXPECT_THAT(ResolveServeOptions(layers).status().message(),
              StartsWith("h.toml:2:8: port: '70000'"));
}

TEST(ConfigFile, AFileThatCannotBeReadIsNamed) {
  const auto absent = ReadConfigFile("/no/such/h.toml");
  ASSERT_FALSE(absent.ok());
  EXPECT_EQ(CodeOf(absent.status()), ErrorCode::kIOError);
  EXPECT_THAT(absent.status().message(), HasSubstr("'/no/such/h.toml': No such file"));
  const auto folder = ReadConfigFile(std::filesystem::temp_directory_path());
  EXPECT_FALSE(folder.ok());
}

}  // namespace
}  // namespace headrace::cli

#include "server/pgwire/frontend_message.h"

#include <random>
#include <string>

#include <gtest/gtest.h>

#include "headrace/error_code.h"
#include "server/pgwire/backend_message.h"

namespace headrace::server::pgwire {
namespace {

using namespace std::string_literals;

std::string Sized(const std::string& body) {
  std::string packet;
  MessageWriter(&packet).Int32(static_cast<int64_t>(body.size()) + 4);
  return packet + body;
}

std::string Message(char type, const std::string& body) { return type + Sized(body); }

TEST(TakeStartup, ReadsTheFourKinds) {
  size_t taken = 0;
  const auto ssl = TakeStartup("\0\0\0\x08\x04\xd2\x16\x2f"s, &taken);
  ASSERT_TRUE(ssl.ok() && *ssl);
  EXPECT_TRUE(std::holds_alternative<SslRequest>(**ssl));
  EXPECT_EQ(taken, 8);
  EXPECT_TRUE(
      std::holds_alternative<GssEncRequest>(**TakeStartup("\0\0\0\x08\x04\xd2\x16\x30"s, &taken)));
  const auto cancel = TakeStartup("\0\0\0\x10\x04\xd2\x16\x2e\0\0\0\x05\0\0\0\x07"s, &taken);
  EXPECT_EQ(std::get<CancelRequest>(**cancel).process, 5);
  EXPECT_EQ(std::get<CancelRequest>(**cancel).secret, 7);
  const auto startup = TakeStartup(Sized("\0\3\0\0user\0agent\0\0"s), &taken);
  ASSERT_TRUE(startup.ok());
  EXPECT_EQ(std::get<StartupRequest>(**startup).parameters.at(0).second, "agent");
}

TEST(TakeStartup, WaitsForTheRestAndRefusesWhatCannotBe) {
  size_t taken = 0;
  const std::string whole = Sized("\0\3\0\0user\0agent\0\0"s);
  for (size_t n = 0; n < whole.size(); ++n) {
    const auto part = TakeStartup(whole.substr(0, n), &taken);
    ASSERT_TRUE(part.ok()) << n;
    EXPECT_FALSE(*part) << n;
  }
  for (const std::string& bad :
       {"\0\0\0\0"s, "\xff\xff\xff\xff"s, "GET / HTTP/1.1\r\n\r\n"s, Sized("\0\2\0\0"s),
        Sized("\0\3\0\0user\0agent\0"s), Sized("\0\3\0\0user"s), Sized("\x04\xd2\x16\x2fx"s)}) {
    EXPECT_FALSE(TakeStartup(bad, &taken).ok()) << bad;
  }
}

TEST(TakeMessage, ChecksTypeAndLength) {
  size_t taken = 0;
  size_t missing = 0;
  const std::string query = Message('Q', "SELECT 1\0"s);
  EXPECT_EQ((*TakeMessage(query + "rest", 100, &taken, &missing))->body, "SELECT 1\0"s);
  EXPECT_EQ(taken, query.size());
  EXPECT_FALSE(*TakeMessage(query.substr(0, 7), 100, &taken, &missing));
  EXPECT_EQ(missing, query.size() - 7);
  EXPECT_FALSE(TakeMessage("?", 100, &taken, &missing).ok());
  EXPECT_FALSE(TakeMessage("Q\0\0\0\3"s, 100, &taken, &missing).ok());
  EXPECT_FALSE(TakeMessage("Q\xff\xff\xff\xff"s, 100, &taken, &missing).ok());
  EXPECT_EQ(CodeOf(TakeMessage("Q\0\0\1\0"s, 100, &taken, &missing).status()),
            ErrorCode::kTooLarge);
}

TEST(ReadBind, TakesNullsAndFormats) {
  const std::string body = "p\0s\0\0\1\0\1\0\2\0\0\0\2\0\7\xff\xff\xff\xff\0\0"s;
  const auto bind = ReadBind(body);
  ASSERT_TRUE(bind.ok()) << bind.status().ToString();
  EXPECT_EQ(bind->portal, "p");
  EXPECT_EQ(bind->values.at(0), "\0\7"s);
  EXPECT_EQ(bind->values.at(1), std::nullopt);
  EXPECT_FALSE(ReadBind("p\0s\0\0\1\0\2\0\0\0\0"s).ok());              // format 2
  EXPECT_FALSE(ReadBind("p\0s\0\0\0\0\1\xff\xff\xff\xfe\0\0"s).ok());  // a value of -2 bytes
  EXPECT_FALSE(ReadBind("p\0s\0\0\0\xff\xff\0\0"s).ok());              // 65,535 values in no bytes
}

TEST(ReadOptions, SplitsAndUnescapes) {
  const auto options = ReadOptions(R"(-c hatidata_agent_id=a\ b --geqo=off  -cjit=off)");
  ASSERT_TRUE(options.ok());
  ASSERT_EQ(options->size(), 3);
  EXPECT_EQ(options->at(0), (std::pair<std::string, std::string>("hatidata_agent_id", "a b")));
  EXPECT_EQ(options->at(1).first, "geqo");
  EXPECT_EQ(options->at(2).second, "off");
  EXPECT_FALSE(ReadOptions("-c").ok());
  EXPECT_FALSE(ReadOptions("-c novalue").ok());
  EXPECT_FALSE(ReadOptions("lone").ok());
}

/// Whatever comes: an answer, within bounds (the sanitizers look), and nothing taken that is not
/// there.
TEST(FrontendMessages, FuzzedBytesAreHarmless) {
  std::mt19937 random(20'260'101);
  const std::string seeds[] = {Sized("\0\3\0\0user\0agent\0options\0-c a.b=1\0\0"s),
                               Message('P', "s\0SELECT $1\0\0\1\0\0\0\x17"s),
                               Message('B', "p\0s\0\0\1\0\1\0\2\0\0\0\2\0\7\xff\xff\xff\xff\0\0"s),
                               Message('Q', "SELECT 1\0"s),
                               Message('E', "\0\0\0\0\0"s),
                               Message('D', "Sname\0"s),
                               Message('S', "")};
  int understood = 0;
  for (int round = 0; round < 50'000; ++round) {
    std::string input = seeds[random() % std::size(seeds)];
    for (auto changes = random() % 4; changes > 0; --changes) {
      const size_t at = random() % input.size();
      if (random() % 3 == 0) input.resize(at + 1);
      input[at] = static_cast<char>(random());
    }
    size_t taken = 0;
    size_t missing = 0;
    if (const auto startup = TakeStartup(input, &taken); startup.ok() && *startup) {
      ASSERT_LE(taken, input.size());
      ++understood;
    }
    const auto message = TakeMessage(input, 1000, &taken, &missing);
    if (!message.ok()) continue;
    if (!*message) {
      ASSERT_GT(missing, 0);
      continue;
    }
    ASSERT_LE(taken, input.size());
    const std::string_view body = (*message)->body;
    understood += ReadQuery(body).ok() + ReadParse(body).ok() + ReadBind(body).ok() +
                  ReadNamed(body).ok() + ReadExecute(body).ok();
  }
  EXPECT_GT(understood, 1000);
}

}  // namespace
}  // namespace headrace::server::pgwire

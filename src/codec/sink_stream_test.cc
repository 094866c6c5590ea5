#include "codec/sink_stream.h"

#include <array>
#include <csignal>
#include <string>
#include <thread>

#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "codec/file_sink.h"
#include "codec/sample_batch.h"
#include "headrace/error_code.h"

namespace headrace::codec {
namespace {

class Pipe {
 public:
  explicit Pipe(int flags = 0) { EXPECT_EQ(::pipe2(ends_.data(), O_CLOEXEC | flags), 0); }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    CloseReading();
    CloseWriting();
  }
  int reading() const { return ends_[0]; }
  int writing() const { return ends_[1]; }
  void CloseReading() { Close(&ends_[0]); }
  void CloseWriting() { Close(&ends_[1]); }
  std::string ReadAll() const {
    std::string all;
    std::array<char, 4096> block;
    for (ssize_t got; (got = ::read(ends_[0], block.data(), block.size())) != 0;) {
      if (got > 0) all.append(block.data(), static_cast<size_t>(got));
    }
    return all;
  }

 private:
  static void Close(int* end) {
    if (*end >= 0) ::close(*end);
    *end = -1;
  }
  std::array<int, 2> ends_ = {-1, -1};
};

SinkStreamOptions Options(std::stop_token stop = {}) {
  return {.name = "pipe",
          .buffer_bytes = 4096,
          .pool = arrow::default_memory_pool(),
          .stop = std::move(stop)};
}

TEST(SinkStream, SmallAndLargePiecesArriveInOrder) {
  for (const int flags : {0, O_NONBLOCK}) {
    Pipe pipe(flags);
    std::string expected;
    std::string read;
    std::thread reader([&] { read = pipe.ReadAll(); });
    {
      const auto stream = MakeDescriptorStream(pipe.writing(), Options()).ValueOrDie();
      for (size_t size = 0; size < 20'000; size += 171) {
        const std::string piece(size, static_cast<char>('a' + size % 26));
        ASSERT_TRUE(stream->Write(piece.data(), static_cast<int64_t>(size)).ok());
        expected += piece;
      }
      EXPECT_EQ(stream->bytes_written(), static_cast<int64_t>(expected.size()));
      ASSERT_TRUE(stream->Flush().ok());
    }
    pipe.CloseWriting();
    reader.join();
    EXPECT_EQ(read, expected);
  }
}

TEST(SinkStream, AReaderThatLeftIsACancelAndNoSignal) {
  Pipe pipe;
  pipe.CloseReading();
  const auto batch = SampleBatch(100'000);
  for (const Format format : {Format::kCsv, Format::kParquet, Format::kArrowStream}) {
    const auto reader = ReaderOf(batch->schema(), {batch});
    const auto report =
        WriteToDescriptor(*reader, pipe.writing(), {.path = "pipe", .format = format});
    EXPECT_EQ(CodeOf(report.status()), ErrorCode::kCancelled) << report.status();
  }
  sigset_t pending;
  ASSERT_EQ(::sigpending(&pending), 0);
  EXPECT_EQ(sigismember(&pending, SIGPIPE), 0);
}

TEST(SinkStream, AFullPipeDoesNotKeepACancelWaiting) {
  Pipe pipe(O_NONBLOCK);
  std::stop_source source;
  const auto stream =
      MakeDescriptorStream(pipe.writing(), Options(source.get_token())).ValueOrDie();
  std::jthread stopper([&] { source.request_stop(); });
  const std::string much(10 << 20, 'x');
  EXPECT_EQ(CodeOf(stream->Write(much.data(), static_cast<int64_t>(much.size()))),
            ErrorCode::kCancelled);
}

TEST(SinkStream, TheFirstFailureIsFinalUntilAbandoned) {
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  ASSERT_GE(full, 0);
  const auto stream = MakeDescriptorStream(full, Options()).ValueOrDie();
  ASSERT_TRUE(stream->Write("a", 1).ok());
  EXPECT_EQ(CodeOf(stream->Flush()), ErrorCode::kIOError);
  EXPECT_EQ(CodeOf(stream->Write("b", 1)), ErrorCode::kIOError);
  stream->Abandon();
  EXPECT_TRUE(stream->Write("c", 1).ok());
  EXPECT_TRUE(stream->Close().ok());
  ::close(full);
}

}  // namespace
}  // namespace headrace::codec

// How a session answers: the other half of session.cc.

#include <exception>
#include <iterator>
#include <utility>
#include <vector>

#include <arrow/buffer.h>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include "base/shared_memory.h"
#include "headrace/error_code.h"
#include "server/http/application.h"
#include "server/http/byte_range.h"
#include "server/http/session.h"

namespace headrace::server {
namespace {

namespace asio = boost::asio;

// A body up to this is copied behind its head: one send of one piece is the quickest.
constexpr size_t kCopiedBodyBytes = 16 << 10;
// Answers to pipelined requests are held back up to this.
constexpr size_t kHeldBackBytes = 64 << 10;
// Of a stream, so much is gathered for a write.
constexpr int64_t kGatheredBytes = 1 << 20;
constexpr size_t kKeptOutputBytes = 64 << 10;

Status PullNow(codec::Encoder* encoder, int64_t least_bytes, codec::Chunk* pieces, bool* ended) {
  try {
    int64_t bytes = 0;
    while (bytes < least_bytes) {
      ARROW_ASSIGN_OR_RAISE(codec::Chunk chunk, encoder->Next());
      if (chunk.empty()) {
        *ended = true;
        return Status::OK();
      }
      bytes += codec::ChunkBytes(chunk);
      std::move(chunk.begin(), chunk.end(), std::back_inserter(*pieces));
    }
    return Status::OK();
  } catch (const std::exception& e) {
    return MakeError(ErrorCode::kInternal, fmt::format("encoding failed: {}", e.what()));
  }
}

}  // namespace

template <typename Work>
Awaitable<void> Session::OnPool(Work& work) {
  const auto initiate = [this, &work](auto handler) {
    asio::post(*state_.pool, [this, &work, handler = std::move(handler)]() mutable {
      work();
      asio::post(thread_->io(), std::move(handler));
    });
  };
  constexpr asio::use_awaitable_t<IoExecutor> token;
  if (exchange_.abandoned != nullptr) {
    stream_.WatchPeer([this] { *exchange_.abandoned = true; });
  }
  co_await asio::async_initiate<const asio::use_awaitable_t<IoExecutor>, void()>(initiate, token);
  if (exchange_.abandoned != nullptr) stream_.Unwatch();
}

Awaitable<void> Session::Handle() {
  const Application& application = *state_.application;
  application.Handle(&exchange_);
  if (!exchange_.wants_pool) co_return;
  // Answers to earlier requests do not wait for this one. If the peer is gone, the answer will see.
  (void)co_await Flush();
  exchange_.on_pool = true;
  exchange_.abandoned = std::make_shared<std::atomic<bool>>(false);
  auto work = [this, &application] { application.Handle(&exchange_); };
  co_await OnPool(work);
}

Awaitable<bool> Session::Respond(bool keep_alive) {
  return exchange_.response.stream ? RespondStream(keep_alive) : RespondWhole(keep_alive);
}

ResponseHead Session::HeadOf(Framing framing, size_t length, bool keep_alive) const noexcept {
  return {.framing = framing,
          .content_length = length,
          .http_minor = exchange_.request.http_minor,
          .keep_alive = keep_alive,
          .date = thread_->http_date()};
}

Awaitable<bool> Session::RespondWhole(bool keep_alive) {
  const Response& response = exchange_.response;
  const bool has_body = response.status != 204 && response.status != 304;
  const Framing framing = has_body ? Framing::kLength : Framing::kNone;
  WriteHead(response, HeadOf(framing, response.body.size(), keep_alive), &output_);
  if (exchange_.request.method == Method::kHead || !has_body) co_return true;
  if (response.memory != nullptr) {
    stream_.PassDescriptor(response.memory->descriptor());
    co_return co_await Write({}, response.body);
  }
  if (response.body.size() > kCopiedBodyBytes) co_return co_await Write({}, response.body);
  output_ += response.body;
  if (output_.size() > kHeldBackBytes) co_return co_await Flush();
  co_return true;
}

Awaitable<bool> Session::RespondStream(bool keep_alive) {
  const bool head_only = exchange_.request.method == Method::kHead;
  if (head_only && exchange_.response.sends_early) {  // its length would cost all of it
    WriteHead(exchange_.response, HeadOf(Framing::kNone, 0, keep_alive), &output_);
    co_await DropStream(false);
    co_return true;
  }
  codec::Chunk pieces;
  bool ended = false;
  const int64_t least_bytes = exchange_.response.sends_early ? 1 : kGatheredBytes;
  if (const Status pulled = co_await Pull(least_bytes, &pieces, &ended); !pulled.ok()) {
    state_.application->Fail(pulled, &exchange_);
    co_return co_await RespondWhole(keep_alive);
  }
  if (ended && exchange_.response.gives_ranges) GiveRange(&pieces);
  const Framing framing = ended                               ? Framing::kLength
                          : exchange_.request.http_minor == 0 ? Framing::kUntilEnd
                                                              : Framing::kChunked;
  if (head_only) {
    const auto whole = static_cast<size_t>(codec::ChunkBytes(pieces));
    WriteHead(exchange_.response, HeadOf(ended ? framing : Framing::kNone, whole, keep_alive),
              &output_);
    co_await DropStream(ended);
    co_return true;
  }
  // Without chunks only the connection's end can tell the body's.
  if (framing == Framing::kUntilEnd) exchange_.request.keep_alive = keep_alive = false;
  const auto length = static_cast<size_t>(codec::ChunkBytes(pieces));
  WriteHead(exchange_.response, HeadOf(framing, length, keep_alive), &output_);
  const bool written = co_await WriteStream(std::move(pieces), ended, framing);
  co_await DropStream(written);
  co_return written&& framing != Framing::kUntilEnd;
}

Awaitable<bool> Session::WriteStream(codec::Chunk pieces, bool ended, Framing framing) {
  while (true) {
    std::string tail;
    if (framing == Framing::kChunked) {
      if (!pieces.empty()) {
        fmt::format_to(std::back_inserter(output_), "{:x}\r\n", codec::ChunkBytes(pieces));
        tail = "\r\n";
      }
      if (ended) tail += "0\r\n\r\n";
    }
    if (!co_await Write(pieces, tail)) co_return false;
    if (ended) co_return true;
    pieces.clear();
    if (const Status pulled = co_await Pull(kGatheredBytes, &pieces, &ended); !pulled.ok()) {
      // The status is long out. Without the final chunk the client sees that something is missing.
      stream_.Abort();
      co_return false;
    }
  }
}

void Session::GiveRange(codec::Chunk* pieces) {
  const Request& request = exchange_.request;
  Response& response = exchange_.response;
  response.fields += "Accept-Ranges: bytes\r\n";
  if (!request.if_range.empty() && request.if_range != response.etag) return;
  ByteRange range;
  const int64_t length = codec::ChunkBytes(*pieces);
  switch (ReadRange(request.range, length, &range)) {
    case RangeKind::kWhole: return;
    case RangeKind::kUnsatisfiable:
      response.status = 416;
      response.fields += fmt::format("Content-Range: bytes */{}\r\n", length);
      pieces->clear();
      return;
    case RangeKind::kPart: break;
  }
  response.status = 206;
  response.fields +=
      fmt::format("Content-Range: bytes {}-{}/{}\r\n", range.begin, range.end - 1, length);
  *pieces = SliceChunk(*pieces, range);
}

/// What reads a file may have threads to wait for.
Awaitable<void> Session::DropStream(bool ended) {
  if (exchange_.abandoned != nullptr) *exchange_.abandoned = true;
  auto work = [this] { exchange_.response.stream.reset(); };
  if (exchange_.response.stream_is_heavy && !ended) {
    co_await OnPool(work);
  } else {
    work();
  }
}

Awaitable<Status> Session::Pull(int64_t least_bytes, codec::Chunk* pieces, bool* ended) {
  codec::Encoder* const encoder = exchange_.response.stream.get();
  if (!exchange_.response.stream_is_heavy) co_return PullNow(encoder, least_bytes, pieces, ended);
  Status status;
  auto work = [&] { status = PullNow(encoder, least_bytes, pieces, ended); };
  co_await OnPool(work);
  co_return status;
}

Awaitable<bool> Session::Write(std::span<const std::shared_ptr<arrow::Buffer>> pieces,
                               std::string_view tail) {
  std::vector<iovec> vectors;
  vectors.reserve(pieces.size() + 2);
  const auto add = [&](const void* data, size_t size) {
    if (size > 0) vectors.push_back({const_cast<void*>(data), size});
  };
  add(output_.data(), output_.size());
  for (const auto& piece : pieces) add(piece->data(), static_cast<size_t>(piece->size()));
  add(tail.data(), tail.size());
  const bool written = co_await stream_.Write(vectors, state_.options.write_timeout);
  output_.clear();
  if (output_.capacity() > kKeptOutputBytes) output_.shrink_to_fit();
  co_return written;
}

}  // namespace headrace::server

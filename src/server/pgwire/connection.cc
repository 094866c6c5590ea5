#include "server/pgwire/connection.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <exception>
#include <new>
#include <utility>

#include <fmt/format.h>
#include <spdlog/logger.h>

#include "headrace/error_code.h"
#include "server/pgwire/backend_message.h"
#include "server/pgwire/pg_session.h"
#include "server/pgwire/sql_report.h"

namespace headrace::server::pgwire {
namespace {

constexpr size_t kInputBytes = 8 << 10;
// What a connection holds in buffers when all is quiet.
constexpr int64_t kHeldBytes = 128 << 10;
constexpr size_t kKeptBytes = 256 << 10;

}  // namespace

Connection::Connection(int descriptor, ConnectionContext* shared, uint32_t process, uint32_t secret,
                       bool is_refused)
    : shared_(shared),
      process_(process),
      secret_(secret),
      is_refused_(is_refused),
      socket_(descriptor),
      held_(shared->context.budget->Reserve("pgwire")) {}

Connection::~Connection() = default;

void Connection::Cancel(uint32_t secret) {
  if (secret == secret_) Stop();
}

void Connection::LookAfterPeer() {
  {
    std::lock_guard lock(mutex_);
    if (stop_ == nullptr) return;
  }
  if (socket_.PeerIsGone()) Stop();
}

void Connection::Drain() {
  draining_ = true;
  socket_.EndInput();
}

void Connection::Abort() {
  draining_ = true;
  Stop();
  socket_.Abort();
}

void Connection::Stop() {
  std::lock_guard lock(mutex_);
  if (stop_ != nullptr) *stop_ = true;
}

std::shared_ptr<std::atomic<bool>> Connection::BeginStatement() {
  std::lock_guard lock(mutex_);
  stop_ = std::make_shared<std::atomic<bool>>(false);
  return stop_;
}

void Connection::EndStatement() {
  std::lock_guard lock(mutex_);
  stop_.reset();
}

void Connection::Fatal(std::string_view sqlstate, std::string message) {
  WriteError(
      {.severity = "FATAL", .sqlstate = sqlstate, .message = std::move(message), .detail = {}},
      &output_);
  (void)Flush();
}

bool Connection::Flush() {
  if (!is_gone_ && !output_.empty()) {
    is_gone_ = !socket_.Write(output_, shared_->options->write_timeout);
  }
  output_.clear();
  if (output_.capacity() > kKeptBytes) output_.shrink_to_fit();
  return !is_gone_;
}

bool Connection::Fill(size_t missing, std::optional<WireSocket::Clock::time_point> deadline) {
  if (taken_ > 0) {
    std::memmove(input_.data(), input_.data() + taken_, end_ - taken_);
    end_ -= taken_;
    taken_ = 0;
  }
  const size_t wanted = std::max(kInputBytes, end_ + missing);
  if (input_.size() < wanted || input_.size() > std::max(kKeptBytes, wanted)) {
    // Made anew rather than grown, for the memory is to be given back after a large message; by no
    // more than was sent so far, twice, for a length is only announced.
    const size_t size = std::min(wanted, std::max(kInputBytes, 2 * end_ + kInputBytes));
    if (input_.size() < size || input_.size() > std::max(kKeptBytes, wanted)) {
      if (!held_.Resize(kHeldBytes + static_cast<int64_t>(size)).ok()) {
        Fatal("53200", "no memory is left for so long a message");
        return false;
      }
      std::string larger(size, '\0');
      std::memcpy(larger.data(), input_.data(), end_);
      input_ = std::move(larger);
    }
  }
  const size_t n = socket_.Read({input_.data() + end_, input_.size() - end_}, deadline);
  end_ += n;
  return n > 0;
}

std::optional<StartupRequest> Connection::ReadStartup() {
  const auto deadline = WireSocket::Clock::now() + shared_->options->startup_timeout;
  while (true) {
    size_t taken = 0;
    auto packet = TakeStartup(std::string_view(input_).substr(taken_, end_ - taken_), &taken);
    if (!packet.ok()) {
      Fatal("08P01", packet.status().message());
      return std::nullopt;
    }
    if (!*packet) {
      if (!Fill(1, deadline)) return std::nullopt;
      continue;
    }
    taken_ += taken;
    if (auto* const startup = std::get_if<StartupRequest>(&**packet)) return std::move(*startup);
    if (const auto* const cancel = std::get_if<CancelRequest>(&**packet)) {
      shared_->cancel(cancel->process, cancel->secret);
      return std::nullopt;
    }
    // Neither encryption is spoken here; the client goes on in clear, or leaves.
    output_ += 'N';
    if (!Flush()) return std::nullopt;
  }
}

std::optional<RawMessage> Connection::Next() {
  while (true) {
    size_t taken = 0;
    size_t missing = 0;
    auto message = TakeMessage(std::string_view(input_).substr(taken_, end_ - taken_),
                               shared_->options->max_message_bytes, &taken, &missing);
    if (!message.ok()) {
      const bool is_large = CodeOf(message.status()) == ErrorCode::kTooLarge;
      Fatal(is_large ? "54000" : "08P01", message.status().message());
      return std::nullopt;
    }
    if (*message) {
      taken_ += taken;
      return **message;
    }
    if (!Flush()) return std::nullopt;
    if (!Fill(missing, std::nullopt)) {
      if (draining_) Fatal("57P01", "terminating connection: the server is stopping");
      return std::nullopt;
    }
  }
}

void Connection::Run() {
  try {
    if (const Status held = held_.Resize(kHeldBytes); !held.ok()) {
      return Fatal("53200", held.message());
    }
    const std::optional<StartupRequest> startup = ReadStartup();
    if (startup && is_refused_) return Fatal("53300", "sorry, too many clients already");
    if (startup) {
      auto session = PgSession::Begin(*startup, this, shared_, process_, secret_);
      if (session.ok()) {
        (*session)->Run();
      } else {
        Report report = ReportOf(session.status());
        Fatal(report.sqlstate, std::move(report.message));
      }
    }
  } catch (const std::bad_alloc&) {
    output_.clear();
    Fatal("53200", "no memory is left to answer");
  } catch (const std::exception& e) {
    output_.clear();
    Fatal("XX000", fmt::format("a defect in Headrace: {}", e.what()));
  }
  EndStatement();
  // The socket lives on until this object is collected, so that who looks at it finds it.
  socket_.Abort();
}

}  // namespace headrace::server::pgwire

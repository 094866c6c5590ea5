#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace headrace::server::testing {

struct RawResponse {
  int status = 0;  ///< 0: the connection ended, or nothing came in time, before a whole answer
  std::map<std::string, std::string> fields;  ///< names in lower case
  std::string body;
};

/// A client for tests that sends just the bytes it is told to. Every wait is bounded.
class RawClient {
 public:
  explicit RawClient(uint16_t port);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  bool connected() const noexcept { return socket_ >= 0; }

  /// False if the peer takes no more.
  bool Send(std::string_view bytes);

  /// The next answer on the connection, 100 Continue included. `to_head`: it has no body.
  RawResponse Read(bool to_head = false);

  /// The next bytes, for what is not HTTP; empty if they did not come.
  std::string ReadBytes(size_t count);

  /// True once the peer has closed, with nothing unread before that.
  bool ReadsEnd();

  /// Sends a request with a body and reads its answer.
  RawResponse Call(std::string_view method, std::string_view target, std::string_view body = {},
                   std::string_view fields = {});

  /// Shrinks the receive buffer, so that an unread answer stops the sender soon.
  void ReceiveLittle();

 private:
  bool Fill();
  std::string ReadLine();

  int socket_ = -1;
  std::string input_;
  bool failed_ = false;
};

/// "METHOD target HTTP/1.1" with Host, Content-Length if there is a body, and `fields`, each
/// "Name: value\r\n".
std::string RequestText(std::string_view method, std::string_view target,
                        std::string_view body = {}, std::string_view fields = {});

}  // namespace headrace::server::testing

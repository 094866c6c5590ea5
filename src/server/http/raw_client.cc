#include "server/http/raw_client.h"

#include <algorithm>
#include <cctype>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace headrace::server::testing {
namespace {

constexpr timeval kBound = {.tv_sec = 20, .tv_usec = 0};

std::string LowerCase(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

}  // namespace

RawClient::RawClient(uint16_t port) {
  socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &kBound, sizeof(kBound));
  ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &kBound, sizeof(kBound));
  const int one = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
    ::close(socket_);
    socket_ = -1;
  }
}

RawClient::~RawClient() {
  if (socket_ >= 0) ::close(socket_);
}

void RawClient::ReceiveLittle() {
  const int bytes = 4096;
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
}

bool RawClient::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

bool RawClient::Fill() {
  char bytes[65536];
  const ssize_t n = ::recv(socket_, bytes, sizeof(bytes), 0);
  if (n <= 0) return false;
  input_.append(bytes, static_cast<size_t>(n));
  return true;
}

bool RawClient::ReadsEnd() {
  if (!input_.empty()) return false;
  char byte;
  return ::recv(socket_, &byte, 1, 0) == 0;
}

std::string RawClient::ReadLine() {
  size_t end;
  while ((end = input_.find("\r\n")) == std::string::npos) {
    if (!Fill()) {
      failed_ = true;
      return {};
    }
  }
  std::string line = input_.substr(0, end);
  input_.erase(0, end + 2);
  return line;
}

std::string RawClient::ReadBytes(size_t count) {
  while (input_.size() < count) {
    if (!Fill()) {
      failed_ = true;
      return {};
    }
  }
  std::string bytes = input_.substr(0, count);
  input_.erase(0, count);
  return bytes;
}

RawResponse RawClient::Read(bool to_head) {
  failed_ = false;
  RawResponse response;
  const std::string status_line = ReadLine();
  if (failed_ || status_line.size() < 12) return {};
  response.status = std::stoi(status_line.substr(9, 3));
  for (std::string line = ReadLine(); !line.empty(); line = ReadLine()) {
    const size_t colon = line.find(':');
    response.fields[LowerCase(line.substr(0, colon))] =
        line.substr(std::min(colon + 2, line.size()));
  }
  if (to_head || response.status == 204 || response.status < 200)
    return failed_ ? RawResponse{} : response;
  if (response.fields.contains("content-length")) {
    response.body = ReadBytes(std::stoul(response.fields["content-length"]));
  } else if (response.fields.contains("transfer-encoding")) {
    while (!failed_) {
      const std::string size_line = ReadLine();
      if (failed_) break;
      const size_t size = std::stoul(size_line, nullptr, 16);
      response.body += ReadBytes(size);
      ReadLine();
      if (size == 0) break;
    }
  } else {
    while (Fill()) {
    }
    response.body = std::move(input_);
    input_.clear();
  }
  return failed_ ? RawResponse{} : response;
}

RawResponse RawClient::Call(std::string_view method, std::string_view target, std::string_view body,
                            std::string_view fields) {
  if (!Send(RequestText(method, target, body, fields))) return {};
  return Read(method == "HEAD");
}

std::string RequestText(std::string_view method, std::string_view target, std::string_view body,
                        std::string_view fields) {
  std::string length;
  if (!body.empty() || method == "POST")
    length = fmt::format("Content-Length: {}\r\n", body.size());
  return fmt::format("{} {} HTTP/1.1\r\nHost: test\r\n{}{}\r\n{}", method, target, length, fields,
                     body);
}

}  // namespace headrace::server::testing

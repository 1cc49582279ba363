#pragma once

// One request made upstream, on a connection of its own, and its answer, whole and bounded. It
// records what came of it and tells its owner once; the owner destroys it later, not while told.

#include <functional>
#include <span>
#include <string>

#include "proxy/http_parser.h"
#include "proxy/http_service.h"
#include "proxy/wire/loop.h"
#include "proxy/wire/socket.h"

namespace faultline::wire {

class HttpForward final : private Watcher, private HttpListener {
 public:
  static constexpr Bytes most_body = 1_MiB;
  static constexpr Duration limit = std::chrono::seconds(30);

  HttpForward(Loop& loop, std::span<const SocketAddress> addresses, const HttpRequest& request,
              std::function<void(HttpForward&)> done);

  void begin();  // `done` may be called during this call
  bool finished() const { return finished_; }
  const std::string& why_not() const { return why_not_; }  // empty: there is an answer
  const HttpResponse& response() const { return response_; }

 private:
  void ready(std::uint32_t events) override;
  void header(std::string_view name, std::string_view value) override;
  HttpBody head_complete(const HttpHead& head) override;
  void body(ByteView bytes) override;
  void message_complete() override;

  void dial_next(std::string why_not);
  void send_rest();
  void receive_some();
  void finish(std::string why_not);

  Loop& loop_;
  const std::span<const SocketAddress> addresses_;
  std::size_t next_ = 0;
  const bool head_only_;
  std::string out_;
  std::size_t sent_ = 0;
  std::function<void(HttpForward&)> done_;
  Descriptor socket_;
  bool connected_ = false;
  HttpParser parser_;
  Deadline give_up_;
  HttpResponse response_;
  bool in_head_ = true;
  bool complete_ = false;
  bool finished_ = false;
  std::string why_not_;
};

}  // namespace faultline::wire

#pragma once

// Names to addresses, without ever blocking the worker: libuv's thread pool asks, the answer comes
// back on the loop. Answers are kept for 30 seconds and refusals for one; questions about the same
// name share one query. Numeric addresses need none and are answered at once, by the caller's turn.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "faults/time.h"
#include "proxy/wire/loop.h"
#include "proxy/wire/socket.h"

namespace faultline::wire {

class Resolver {
 public:
  using Answer = std::function<void(const std::vector<SocketAddress>&)>;  // empty: no such address

  static constexpr Duration keep = std::chrono::seconds(30);
  static constexpr Duration keep_refusal = std::chrono::seconds(1);

  explicit Resolver(Loop& loop);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // `answer` is called during this call or later, once; never after the resolver has gone.
  void resolve(const Address& address, Answer answer);

 private:
  struct Query;
  struct Known {
    std::vector<SocketAddress> addresses;
    Instant until{};
  };
  void answered(Query& query, std::vector<SocketAddress> addresses);

  Loop& loop_;
  std::map<std::string, Known> known_;                     // by Address::text()
  std::map<std::string, std::unique_ptr<Query>> pending_;  // likewise
};

}  // namespace faultline::wire

#pragma once

// Calls to one external API over HTTP/1.1, driven without blocking as PostgreSQL is: every wait has
// a deadline and ends when the process stops.
//
// Connections are kept for the next call, unless each is to have its own. One that ended while
// nobody used it is replaced; a call whose request has been sent is never sent again, for the API
// may have carried it out.

#include <expected>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stop.h"
#include "values.h"

namespace bridge {

struct HttpCall {
  std::string method = "GET";
  std::string path{};
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string body{};  ///< JSON; empty: none
};

struct HttpReply {
  int status = 0;
  std::optional<std::chrono::seconds> retry_after;
  std::string body;
};

struct CallFailure {
  enum class Kind {
    connect,    ///< no connection; nothing was sent
    lost,       ///< the connection ended before the answer was complete
    timed_out,  ///< no complete answer by the deadline
    malformed,  ///< the answer was not the HTTP we read
    stopped,    ///< the process is ending
  };
  Kind kind = Kind::lost;
  std::string message;
};

class HttpClient {
 public:
  HttpClient(Address api, bool keep_alive);
  ~HttpClient();

  /// From any thread.
  std::expected<HttpReply, CallFailure> call(const HttpCall& call, Deadline deadline,
                                             const Stop& stop);

 private:
  class Connection;

  std::unique_ptr<Connection> idle();
  void keep(std::unique_ptr<Connection> connection);

  static constexpr std::size_t most_idle = 64;

  const Address api_;
  const bool keep_alive_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Connection>> idle_;
};

}  // namespace bridge

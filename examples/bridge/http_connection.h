#pragma once

// One client connection, served by one thread: read a request, answer it, until either side is
// done.

#include <chrono>
#include <functional>
#include <string>

#include "http.h"
#include "metrics.h"
#include "stop.h"

namespace bridge {

struct HttpLimits {
  std::size_t head = 16 * 1024;
  std::size_t body = 1024 * 1024;
  Millis idle{60000};     ///< between two requests
  Millis request{10000};  ///< for the rest of a request that has begun
  Millis send{10000};     ///< for a client to take an answer
};

class HttpConnection {
 public:
  using Answer = std::function<Response(const Request&)>;

  /// `fd` stays the caller's to close.
  HttpConnection(int fd, const HttpLimits& limits, const Answer& answer, Metrics& metrics,
                 const Stop& stop);

  /// Returns when the connection is over.
  void serve();

 private:
  enum class Read { request, over };

  Read read_request(Request& request);
  bool fill(Deadline deadline);
  /// Whether another request may follow.
  bool reply(const Request& request, Response response);
  bool send(std::string_view text);
  void refuse(int status);
  void linger();

  const int fd_;
  const std::string client_;  ///< its address, without the port
  const HttpLimits& limits_;
  const Answer& answer_;
  Metrics& metrics_;
  const Stop& stop_;
  std::string buffer_;  ///< received and not used yet
};

}  // namespace bridge

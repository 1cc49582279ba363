#pragma once

// One external API as the service sees it: a client, a deadline for every call, and a breaker in
// front of both.
//
//   counted as failure    no connection, connection lost, deadline, garbage, 5xx
//   not counted           4xx. After a 429 with Retry-After no call is made until then
//
// What did not reach the API and what failed there look alike to the caller: a failure with the
// reason why.

#include <expected>
#include <string>

#include "breaker.h"
#include "http_client.h"
#include "metrics.h"

namespace bridge {

struct ApiFailure {
  enum class Kind {
    breaker,    ///< the breaker is open; nothing was sent
    limited,    ///< the API asked for patience, just now or earlier
    failed,     ///< no answer, or a 5xx
    timed_out,  ///< no answer in time
    stopped,    ///< the process is ending
  };
  Kind kind = Kind::failed;
  std::string message;
  std::chrono::seconds retry_after{1};
};

class ExternalApi {
 public:
  struct Settings {
    Address address;
    bool keep_alive;
    Millis deadline;
    Breaker::Settings breaker;
  };

  ExternalApi(Settings settings, BreakerMetrics& metrics, Events& events, const Stop& stop);

  /// Any answer below 500 that is not 429; or why there is none. From any thread.
  std::expected<HttpReply, ApiFailure> call(const HttpCall& call);

 private:
  Breaker::Verdict judge(const std::expected<HttpReply, CallFailure>& reply) const;
  std::expected<HttpReply, ApiFailure> told(std::expected<HttpReply, CallFailure> reply);

  /// Zero when calls are welcome.
  std::chrono::seconds patience_left();

  const Bugs bugs_;
  const Millis deadline_;
  const Stop& stop_;
  HttpClient client_;
  Breaker breaker_;
  std::mutex mutex_;
  Deadline not_before_{};
};

}  // namespace bridge

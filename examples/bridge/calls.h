#pragma once

// The life of one outbound call, POST /calls/outbound:
//
//   1. read the body                 400 when it is not usable
//   2. the breaker                   503 breaker, at once, while it is open
//   3. place it with the agent API   502 agent, 504 agent after --api-deadline, 503 agent_limited
//   4. INSERT INTO voice_calls       503 pg, pool; the call has been placed nevertheless
//   5. 202
//
// The agent API is told the call's id, so a call that is repeated need not be placed twice.

#include "call_store.h"
#include "external_api.h"
#include "http.h"
#include "metrics.h"
#include "options.h"

namespace bridge {

class Calls {
 public:
  /// The options must name an agent API.
  Calls(const Options& options, CallStore& store, Metrics& metrics, Events& events,
        const Stop& stop);

  Response place(const std::string& body);

 private:
  Response refusal(int status, Reason reason, std::chrono::seconds retry_after);
  Response refusal(const ApiFailure& failure);

  CallStore& store_;
  Metrics& metrics_;
  ExternalApi agent_;
};

}  // namespace bridge

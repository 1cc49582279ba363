#pragma once

// The life of one webhook, in the order that decides what can be lost:
//
//   1. read the body                      400 when it is not usable
//   2. a place among --max-concurrent     503 semaphore after 10 s
//   3. --work-ms of work, holding it
//   4. a PostgreSQL connection            503 pool after 5 s, 503 pg at once while it is known to
//   be down
//   5. INSERT … ON CONFLICT DO NOTHING    503 pg after 800 ms or on an error
//   6. 202, and not before the commit has been acknowledged
//   7. the profile of its user, from the provider's API, is added to the row
//
// With --enrich sync the profile is fetched before 4 instead and stored with the webhook; a webhook
// without profile is stored all the same. The rate limit is asked before all of this (service.h);
// the publish queue, before 4 and after 5, becomes a file of its own, called from here.

#include <string>
#include <string_view>

#include "event_store.h"
#include "http.h"
#include "metrics.h"
#include "options.h"
#include "profiles.h"
#include "semaphore.h"

namespace bridge {

class Pipeline {
 public:
  Pipeline(const Options& options, EventStore& store, Profiles& profiles, Metrics& metrics,
           const Stop& stop);

  Response accept(std::string_view provider, const std::string& body);

  /// The answer to a webhook that cannot be taken now.
  Response refusal(Reason reason);

  /// Sends away whoever waits for a place.
  void close() { semaphore_.close(); }

 private:
  Response work(Webhook webhook);
  Response outcome(const std::expected<Stored, Reason>& stored);

  const Options& options_;
  EventStore& store_;
  Profiles& profiles_;
  Metrics& metrics_;
  const Stop& stop_;
  Semaphore semaphore_;
};

/// 400 with a sentence about what is wrong.
Response bad_request(std::string_view why);

}  // namespace bridge

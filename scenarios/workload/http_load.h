#pragma once

// HTTP/1.1 load on a thread and a loop of its own.
//
// Open model: a request starts at its scheduled instant however slow the answers are, and when the
// generator itself is late, at once; `scheduled` stays, so latency counts the lateness too. Closed
// model: a user begins a request when the one before has its outcome and its think time is over;
// `scheduled` is when it began. One who could not send anything waits 10 ms at least, so that a
// service that is away is not met with as many attempts as the processor can make.
//
// Connections are kept alive and the one used last is used next; a new one is dialed when none is
// idle. With max_in_flight requests under way a further one is not_sent, at once. The deadline of a
// request counts from its start as scheduled, dialing included. A target that is a name is looked
// up once, before the load; if it has no address, everything is not_sent.
//
// What was answered 429 or 5xx, or had no complete answer, is tried again `retry_after` after it
// ended, with the same id, kind, source and body, up to `retries` times; by its user before it
// thinks. A retry is a request like any other: a row of its own, and not_sent beyond max_in_flight.
// None begins after the end of the load or once it was stopped; beyond max_in_flight that wait, one
// is given up.
//
// Bounded by max_in_flight and the number of users; what ended is handed on in every turn.

#include <atomic>
#include <deque>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "scenarios/workload/http_client.h"
#include "scenarios/workload/load_window.h"
#include "scenarios/workload/schedule.h"
#include "scenarios/workload/session.h"
#include "scenarios/workload/workload.h"

namespace faultline {

class HttpLoad final : public Workload, private HttpClient::Owner {
 public:
  HttpLoad(const WorkloadSetting& setting, RequestReader& reader);
  ~HttpLoad() override;

  void start(Instant zero) override;
  void stop() override;
  bool finished() const override { return finished_.load(std::memory_order_acquire); }
  LoadProgress progress() const override;

 private:
  // A virtual user: working from the begin of a shift until it begins no further request.
  struct User {
    User(wire::Loop& loop, std::function<void(Instant)> due) : next(loop, std::move(due)) {}
    wire::Deadline next;           // set while it thinks, or waits to try again
    std::optional<Request> again;  // what it tries then
    Instant until{};
    std::uint64_t begun = 0;  // requests, retries not counted
    bool working = false;
  };

  void offer(Instant now);
  void begin_shifts(Instant now);
  void next_of(std::uint64_t user, Instant now);
  void rest(std::uint64_t user, Duration pause);
  void rest_unsent(std::uint64_t user);
  Duration think(std::uint64_t user) const;
  void retire(User& user);
  void begin(Instant scheduled, std::uint64_t asker);
  void send(Request request, std::uint64_t asker);
  std::optional<Request> next_attempt(const Request& ended) const;
  void wait(Request request);
  void offer_again(Instant now);
  HttpClient& connection();
  void report(Request request);
  void bury(HttpClient& client);
  void offer_no_more();
  void cut();
  void settle();
  std::string id_of(std::uint64_t ordinal) const;

  void ended(HttpClient& client) override;
  void lost(HttpClient& client) override;

  const WorkloadPlan plan_;
  const std::uint16_t index_;
  const std::uint64_t seed_;
  const std::uint64_t run_;
  const std::vector<HttpMessage> messages_;  // by kind
  Mix mix_;
  const Sources sources_;
  const std::vector<wire::SocketAddress> addresses_;
  RequestReader& reader_;
  LoadWindow window_;
  std::atomic<bool> finished_{false};

  wire::Loop loop_;
  std::vector<char> scratch_;
  const HttpClient::Setting client_setting_;
  Instant zero_{};

  // Open model.
  std::optional<Schedule> schedule_;
  std::deque<Request> again_;  // to be tried again, in order of `scheduled`
  wire::Deadline again_due_;   // of the first of them
  // Closed model.
  std::vector<Shift> shifts_;
  std::size_t next_shift_ = 0;
  std::vector<std::unique_ptr<User>> users_;
  std::uint64_t working_ = 0;

  wire::Deadline due_;  // of the next arrival or shift
  bool more_to_offer_ = true;
  bool stopped_ = false;
  std::uint64_t ordinal_ = 0;
  std::uint64_t in_flight_ = 0;
  std::unordered_map<HttpClient*, std::unique_ptr<HttpClient>> clients_;
  std::vector<HttpClient*> idle_;                    // the one used last at the end
  std::vector<std::unique_ptr<HttpClient>> closed_;  // destroyed in settle
  std::vector<Request> batch_;                       // ended in this turn

  std::thread thread_;
};

}  // namespace faultline

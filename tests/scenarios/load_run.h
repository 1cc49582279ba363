#pragma once

// A load against a target, watched from the first request to the last.

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "proxy/wire/clock.h"
#include "scenarios/workload/workload.h"

namespace faultline {

class LoadRun : private RequestReader {
 public:
  explicit LoadRun(const WorkloadPlan& plan, const Address& target, std::uint64_t seed = 1)
      : plan_(plan), load_(find_workload_kind("http")->make({plan_, 3, target, seed}, *this)) {}

  Workload& load() { return *load_; }
  void start() { load_->start(wire::now()); }
  void cut() { load_.reset(); }

  // Starts, waits for the end and gives what was read.
  std::vector<Request> run() {
    start();
    return finish();
  }

  std::vector<Request> finish() {
    const Instant limit = wire::now() + std::chrono::minutes(1);
    // The end of a load is told to nobody, so it is asked for, without taking the processor away
    // from those who bring it about.
    std::unique_lock lock(mutex_);
    while (!load_->finished() && wire::now() < limit) {
      changed_.wait_for(lock, std::chrono::milliseconds(1));
    }
    lock.unlock();
    finished_ = load_->finished();
    return requests();
  }
  bool finished() const { return finished_; }

  bool await_ended(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::minutes(1),
                             [&] { return requests_.size() >= count; });
  }

  std::vector<Request> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  void read(std::span<const Request> requests) override {
    const std::lock_guard lock(mutex_);
    requests_.insert(requests_.end(), requests.begin(), requests.end());
    changed_.notify_all();
  }

  const WorkloadPlan plan_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Request> requests_;
  bool finished_ = false;
  std::unique_ptr<Workload> load_;  // ends first: it reads into the others
};

inline std::size_t count(const std::vector<Request>& requests, Outcome outcome) {
  return static_cast<std::size_t>(std::ranges::count(requests, outcome, &Request::outcome));
}

inline std::set<std::string> ids(const std::vector<Request>& requests) {
  std::set<std::string> all;
  for (const Request& request : requests) all.insert(request.id);
  return all;
}

// `count` requests, 5 ms apart.
inline WorkloadPlan steady(int count) {
  WorkloadPlan plan;
  plan.name = "hooks";
  plan.rate = 200;
  plan.lasting = std::chrono::milliseconds(5) * count;
  plan.timeout = std::chrono::minutes(1);
  plan.body = "{id}";
  return plan;
}

// Each begins a request when the one before has its outcome, until the load is stopped.
inline WorkloadPlan users(std::uint64_t count) {
  WorkloadPlan plan = steady(1);
  plan.model = LoadModel::vus;
  plan.vus = count;
  plan.lasting = std::chrono::minutes(2);
  return plan;
}

}  // namespace faultline

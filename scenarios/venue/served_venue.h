#pragma once

// A venue that serves already: a faultline of the same machine, left in front of a dependency. A
// proxy of the drill that is there with the same upstream and protocol is used as it is and left as
// it was; the others are created for the run. What is created or armed is a lease of this run's,
// renewed by a LeaseKeeper: when the runner is killed the server takes all of it away by itself, a
// ttl later at most.
//
// A fault of a drill on several proxies is one fault per proxy there, and is told as one here.

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "scenarios/venue/journal_follower.h"
#include "scenarios/venue/lease_keeper.h"
#include "scenarios/venue/venue.h"

namespace faultline {

struct Served {
  std::string url;  // as the user wrote it
  ApiClient api;
  Duration ttl = std::chrono::seconds(5);
};

class ServedVenue final : public Venue {
 public:
  // Follows the journal there from now on. The reader outlives it, and is called on another thread.
  static Result<std::unique_ptr<Venue>> start(const Served& served, const Drill& drill,
                                              JournalReader& reader);
  ~ServedVenue() override;

  Result<wire::OpenedProxy> open(const ProxySpec& spec) override;
  Result<wire::ArmedFault> arm(const Fault& fault, const std::vector<ProxyId>& on) override;
  Result<Disarmed> disarm(FaultId fault) override;
  void heal() override;
  Touched touched(FaultId fault) override;
  std::map<std::string, std::string> environment() const override;
  std::optional<Error> trouble() override;
  Closed close() override;

 private:
  struct HeldProxy {
    std::string name;
    bool made = false;  // by this run
    bool closing = false;
  };
  // A fault as it is on one proxy.
  struct Part {
    std::string proxy;
    FaultId number = 0;
    bool armed = false;
    bool disarmed = false;
    wire::Receipt on;
    wire::Receipt off;
    Touched touched;
  };
  struct HeldFault {
    std::string id;
    bool disarming = false;
    std::vector<Part> parts = {};
  };

  ServedVenue(const Served& served, const Drill& drill, JournalReader& reader);
  Error at_server(const std::string& what) const;
  Result<HttpResponse> ask(const std::string& method, const std::string& path,
                           const std::string& body = {});
  Result<wire::OpenedProxy> create(const ProxySpec& spec);
  Result<wire::OpenedProxy> use(const ProxySpec& spec, const control::JsonValue& there);
  Result<Part> arm_part(const Fault& fault, const std::string& proxy);
  void arrived(std::vector<Event>& events);
  void note(Event& event);
  void note_fault(HeldFault& fault, Part& part, const Event& event);
  void renewed(const control::JsonValue& owned);
  template <class Reached>
  bool await(std::unique_lock<std::mutex>& lock, Reached reached);
  std::unexpected<Error> untold(std::unique_lock<std::mutex>& lock, std::string what);

  const Served served_;
  const std::string owner_;
  JournalReader& reader_;
  bool reachable_ = true;
  bool closed_ = false;
  std::map<std::string, std::vector<std::string>> faults_to_come_;  // of the drill, by proxy
  std::string faults_of_others_;  // on proxies that are used as they are

  std::mutex mutex_;  // guards what follows, against the threads of follower and keeper
  std::condition_variable changed_;
  bool over_ = false;                     // no more events will come
  std::map<ProxyId, HeldProxy> proxies_;  // by their numbers there
  std::map<FaultId, HeldFault> faults_;   // by the number of their first part
  bool unsettled_ = false;                // something may be armed that is not in faults_
  std::uint64_t lost_ = 0;
  std::string trouble_;

  std::unique_ptr<JournalFollower> journal_;
  std::unique_ptr<LeaseKeeper> keeper_;
};

}  // namespace faultline

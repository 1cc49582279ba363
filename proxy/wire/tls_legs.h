#pragma once

// The TLS legs of one worker, which own themselves: a leg may outlive its relay, to say the last
// bytes. They settle before the worker's relays do, in the same turn.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/wire/local_pair.h"
#include "proxy/wire/loop.h"
#include "proxy/wire/tls_leg.h"
#include "proxy/wire/tls_setup.h"

namespace faultline::wire {

class TlsLegs {
 public:
  // Whom the legs tell, on the worker's thread.
  struct Owner {
    std::function<bool()> take_room;  // of the connection budget; false: there is none
    std::function<void()> give_room;
    std::function<void(ConnectionId, Descriptor)> secured;        // an originating leg's near end
    std::function<void(ConnectionId, std::string_view)> refused;  // its handshake failed: why
    std::function<void(ConnectionId, std::string_view)> client_failed;  // a terminating one's
    // What a fault makes of a client's TLS; asked where it is carried out, which counts it.
    std::function<TlsFlaw(ConnectionId, TlsMoment)> flaw;
  };

  // Bytes that all legs together may move in one turn; what is ready beyond it waits for the next.
  static constexpr std::size_t turn_limit = 2 * 1024 * 1024;
  // A client that connects and does not finish its handshake is sent away then.
  static constexpr Duration client_limit = std::chrono::seconds(60);

  TlsLegs(Loop& loop, std::span<char> scratch, Owner owner);

  // Begins a handshake on a socket that is connected to the upstream and watched already.
  void originate(ConnectionId connection, Descriptor upstream, const TlsSetup& context,
                 const std::string& host, Instant limit);
  // The socket that the relay is to have for its client; the client's own is the leg's from now on.
  // Not open where no leg could be made: then the client was reset.
  Descriptor terminate(ConnectionId connection, Descriptor client, const TlsSetup& context);

  void relay_ends(ConnectionId connection);  // it will be gone, behind an end for its client
  void relay_gone(ConnectionId connection);
  void retry_stalled();  // faults have changed
  void settle(Instant now);
  void reset_all();
  bool empty() const { return legs_.empty(); }

  // For its legs.
  Loop& loop() { return loop_; }
  std::span<char> scratch() { return scratch_; }
  Owner& owner() { return owner_; }
  void mark(TlsLeg& leg);
  void count_moved(std::size_t bytes) { moved_ += bytes; }
  std::expected<LocalPair, int> pair() { return pairs_.make(); }
  void cut_short(const TlsLeg& leg);

 private:
  using Key = std::pair<ConnectionId, TlsRole>;
  TlsLeg* find(ConnectionId connection, TlsRole role);
  void remove(TlsLeg& leg);

  Loop& loop_;
  std::span<char> scratch_;
  Owner owner_;
  LocalPairs pairs_;
  std::map<Key, std::unique_ptr<TlsLeg>> legs_;
  std::vector<TlsLeg*> dirty_, settling_;
  std::size_t moved_ = 0;  // bytes in this turn
};

}  // namespace faultline::wire

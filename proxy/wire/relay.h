#pragma once

// A relay: one live connection on its worker. It owns the two sockets, moves bytes between them,
// and carries out what the pure parts decide: Connection (who closes whom) and, while faults are
// armed, a Link per direction (what waits how long).
//
// A direction is in one of three modes, chosen when faults change and not per chunk:
//   pipe    nothing armed, no codec: received bytes go straight to the other socket; bulk is
//   spliced tap     a codec observes: bytes are forwarded first and parsed after staged  a fault is
//   armed: bytes are cut into chunks that pass, wait or drop
//
// Sockets are watched for edges once, for life. A callback only notes what became ready; reading,
// writing, deciding and closing happen in settle(), within a budget per direction and turn.

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "proxy/byte_queue.h"
#include "proxy/codec.h"
#include "proxy/connection.h"
#include "proxy/journal.h"
#include "proxy/link.h"
#include "proxy/wire/bulk.h"
#include "proxy/wire/engine.h"
#include "proxy/wire/loop.h"
#include "proxy/wire/socket.h"
#include "proxy/wire/splice.h"

namespace faultline::wire {

inline constexpr std::array both_directions{Direction::upstream, Direction::downstream};

class Worker;
struct LocalProxy;
struct LocalFault;

// Bytes one direction may move in one turn, so that bulk does not starve its neighbours.
inline constexpr std::size_t turn_budget = 256 * 1024;
// How long an RST waits for the bytes before it to be taken by the other side's kernel.
inline constexpr Duration reset_flush_limit = std::chrono::seconds(1);
// How long a connection that a fault ended goes on reading (and dropping) what its peers still
// send.
inline constexpr Duration linger_limit = std::chrono::seconds(1);

class Relay final : private CodecOutlet {
 public:
  enum class Next : std::uint8_t { wait, again, finished };

  Relay(Worker& worker, LocalProxy& proxy, ConnectionId id, std::uint64_t ordinal, Accepted client);
  ~Relay() override;

  // Begins: tells the faults in force, then dials.
  void open(Instant now);
  // The upstream's name was resolved; empty means it could not be.
  void resolved(std::vector<SocketAddress> addresses, Instant now);

  // What the upstream's TLS came to: the socket with its plain bytes, or why there is none.
  void secured(Descriptor plain);
  void not_secured(std::string_view why);
  // What is wrong with its client's TLS at this moment; the fault that says so has touched it.
  TlsFlaw tls(TlsMoment moment);

  Next settle(Instant now);
  // Nothing happens to a connection that the fault is not for.
  void arm(const LocalFault& fault, Instant now, bool established);
  void update(const LocalFault& fault, Instant now);
  void disarm(FaultId fault, Instant now);
  void close(std::string_view reason);             // RST to both
  void end(std::string_view reason, Instant now);  // FIN to both, without what waits

  ConnectionId id() const { return id_; }
  std::uint64_t ordinal() const { return ordinal_; }
  LocalProxy& proxy() { return proxy_; }
  const LocalProxy& proxy() const { return proxy_; }
  LiveConnection describe() const;
  // A peer has ended or is gone.
  bool ending() const { return client_.hung_up || server_.hung_up; }
  bool dirty = false;       // the worker's mark: settle is due
  bool moved_much = false;  // the worker's mark: in its last turn

 private:
  // One socket and what is known of it.
  struct Endpoint final : Watcher {
    explicit Endpoint(Relay& r) : relay(r) {}
    void ready(std::uint32_t events) override;

    Relay& relay;
    Descriptor socket;
    bool readable = false;  // more may be read
    bool writable = false;
    bool hung_up = false;   // the peer sent FIN: read until it is seen
    bool erred = false;     // the kernel reported an error that nobody has asked for yet
    bool reset = false;     // RST (or a dead path): what is left may be read, then it is over
    bool read_out = false;  // its end was read
    bool fin_sent = false;
  };

  // One direction: where its bytes come from, wait and go.
  struct Lane final : LinkExit {
    Lane(Relay& r, Direction d) : relay(r), direction(d) {}
    void leave(ByteView bytes) override;
    void leave(std::unique_ptr<Block> block) override;
    void leave(Closing closing) override;
    void answer(FaultId fault, std::uint64_t exchange, ByteView bytes) override;
    void end_answers(FaultId fault) override;
    bool claim(FaultId fault, std::uint64_t exchange) override;
    void withhold(std::uint64_t exchange) override;
    void repeat(std::uint64_t exchange) override;
    void tell(std::uint64_t exchange, std::string_view code) override;
    void disclaim(FaultId fault) override;
    void early(FaultId fault) override;
    bool ended() const override;
    void end_other() override;
    void reset_both() override;
    void refuse() override;
    void touched(FaultId fault, std::uint64_t bytes) override;

    bool staged() const { return link != nullptr; }
    std::uint64_t held() const { return queue.size() + (link ? link->held() : 0); }

    Relay& relay;
    const Direction direction;
    ByteQueue queue;              // left the link, not yet written
    std::unique_ptr<Link> link;   // only while a fault is armed
    Bulk bulk;                    // whether it carries bulk
    PooledPipe pipe;              // only while bulk flows
    bool paused = false;          // reading stopped at the bound of what may be held
    std::uint64_t relayed = 0;    // bytes read from the source
    std::uint64_t counted = 0;    // of what is held: what the worker knows of
    Instant reset_limit = never;  // then an RST waits no longer
    std::vector<FaultId> touched_by;
  };

  Lane& lane(Direction d) { return d == Direction::upstream ? upstream_ : downstream_; }
  Endpoint& source(Direction d) { return d == Direction::upstream ? client_ : server_; }
  Endpoint& sink(Direction d) { return d == Direction::upstream ? server_ : client_; }

  bool takes(const LocalFault& fault) const;
  void arm_lane(Lane& lane, const LocalFault& fault, Instant now, bool established,
                std::unique_ptr<Fault> half = nullptr);
  void arm_rewriting(Instant now);
  void arm_halves(const LocalFault& fault, Instant now, bool established);
  void disarm_lane(Lane& lane, FaultId fault, Instant now);
  void resolve_when_due(Instant now);
  void dial_next(Instant now);
  Next settle_opening(Instant now);
  void upstream_failed(std::string_view why);
  void upstream_connected();

  void note_error(Direction d);
  bool may_read(Lane& lane);
  bool pump(Lane& lane);
  bool pump_copied(Lane& lane);
  bool pump_spliced(Lane& lane);
  void count(Lane& lane, std::size_t bytes);
  void deliver(Lane& lane, ByteView bytes);
  void deliver(Lane& lane, std::unique_ptr<Block> block);
  void count_held(Lane& lane);
  void read_back(Lane& lane);
  void give_turns(Instant now);
  void source_over(Lane& lane, Instant now);
  void flush(Lane& lane);
  void sink_failed(Direction d);
  void close_flows(Instant now);
  void carry_out(Direction d);
  void await_acknowledgement(Direction d, Instant now);
  bool over() const;
  Next finish(std::string_view reason);
  Instant wake_at() const;

  void slice(std::size_t length, const Label& label) override;
  void exchange(const Exchange& exchange) override;
  void session(SessionFact fact, std::string_view code) override;
  void desync(std::string_view reason) override;
  Event event(EventKind kind) const;

  enum class Phase : std::uint8_t { opening, resolving, dialing, securing, relaying, finished };
  enum class Doom : std::uint8_t { none, reset, refused };

  Worker& worker_;
  LocalProxy& proxy_;
  const ConnectionId id_;
  const std::uint64_t ordinal_;
  const Instant accepted_;
  const SocketAddress peer_;
  Phase phase_ = Phase::opening;
  Doom doom_ = Doom::none;
  Connection connection_;
  Endpoint client_{*this};
  Endpoint server_{*this};
  Lane upstream_{*this, Direction::upstream};
  Lane downstream_{*this, Direction::downstream};
  std::unique_ptr<Codec> codec_;
  Direction cut_direction_ = Direction::upstream;
  Lane* cutting_ = nullptr;               // the direction whose bytes the codec is being shown
  ByteView uncut_;                        // … and those of them it has not labelled yet
  std::vector<SocketAddress> addresses_;  // of the upstream, not yet tried; last first
  Deadline deadline_;
  Instant dial_limit_ = never;
  Instant linger_until_ = never;
  Instant poll_at_ = never;  // look again whether the kernel's send queue is empty
  std::string_view reason_;  // why it closes, once that is known
};

}  // namespace faultline::wire

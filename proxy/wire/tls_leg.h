#pragma once

// One TLS connection on its worker: OpenSSL between the socket of the peer that speaks TLS and the
// far end of a LocalPair, whose near end a relay has for its client or its server. What the relay
// means by closing is said in TLS, and the other way round:
//
//   on the peer's socket                          on the pair
//   close_notify (and the FIN behind it)   ◀──▶   FIN, behind all bytes; the other direction lives
//   FIN without close_notify               ───▶   FIN; the leg on the relay's other side, if there
//                                                 is one, sends its FIN without close_notify too
//   RST, an alert, a broken record         ───▶   RST, behind the bytes that came before it
//   RST                                    ◀───   RST
//
// A fault in TLS is asked about when it would be carried out: when a client's ClientHello is
// complete, and when a close_notify would be sent to it.
//
// So the client of a plain listener sees FIN where the server's TLS was cut short: what TLS would
// have told it is lost with TLS, as HTTP's own framing still is not. Back-pressure: a leg holds at
// most `held` bytes per direction, and does not read on while it does.
//
// As in a relay, callbacks note what became ready, and settle() does the rest.

#include <cstdint>
#include <string>

#include "proxy/spec.h"
#include "proxy/wire/loop.h"
#include "proxy/wire/socket.h"
#include "proxy/wire/tls_setup.h"

namespace faultline::wire {

class TlsLegs;

enum class TlsRole : std::uint8_t {
  originate,  // the peer is the server
  terminate,  // the peer is the client
};

class TlsLeg final : private HelloJudge {
 public:
  enum class Next : std::uint8_t { wait, again, finished };

  static constexpr std::size_t held = 64 * 1024;  // plain bytes, per direction
  static constexpr std::size_t turn_bytes = 256 * 1024;
  // A relay's peers are given as long for the bytes before an RST; see reset_flush_limit.
  static constexpr Duration reset_limit = std::chrono::seconds(1);
  // How long a peer may leave bytes untaken when nobody is behind the leg any more.
  static constexpr Duration orphan_limit = std::chrono::seconds(60);

  // The peer's socket is connected. A terminating leg has its end of the pair from the start; an
  // originating one gets it when the handshake is done. `handshake_limit` is an instant.
  TlsLeg(TlsLegs& legs, ConnectionId connection, TlsRole role, Descriptor peer, Ssl ssl,
         Instant handshake_limit);

  void attach(Descriptor inner);  // its end of the pair
  void relay_ends();              // it is about to end, and knows of its faults still
  void relay_gone(Instant now);   // nobody has the other end any more
  // The relay's other side was cut short: no close_notify here either.
  void withhold_notify() { withhold_notify_ = true; }
  Next settle(Instant now);
  void reset();  // at once, both sides

  ConnectionId connection() const { return connection_; }
  TlsRole role() const { return role_; }
  bool stalled() const { return stalled_; }  // by a fault: its client's handshake is not answered
  bool dirty = false;                        // the legs' mark: settle is due

 private:
  struct Side final : Watcher {
    explicit Side(TlsLeg& l) : leg(l) {}
    void ready(std::uint32_t events) override;

    TlsLeg& leg;
    Descriptor socket;
    bool readable = false;
    bool writable = false;
    bool hung_up = false;   // it sent FIN, perhaps behind bytes that nobody has read
    bool over = false;      // its end was read
    bool lost = false;      // RST, or what is as good as one
    bool fin_sent = false;  // its other direction was ended
  };
  enum class Phase : std::uint8_t { handshaking, moving };

  TlsFlaw client_said_hello() override;
  bool handshake();  // whether it goes on
  bool shaken();     // likewise
  bool nobody_waits();
  void note_stall(bool stalls);
  void handshake_failed(const std::string& why);
  bool move_out();
  bool move_in();
  bool write_out(std::string_view bytes, std::size_t& taken);
  std::size_t read_in(std::span<char> into);
  void peer_failed(int result);
  bool flawed_end();
  void say_ends();
  Next close_lost(Instant now);
  void pass_reset(const Side& from, Side& to, bool waits, Instant now);
  Instant wake_at() const;

  TlsLegs& legs_;
  const ConnectionId connection_;
  const TlsRole role_;
  Ssl ssl_;
  Phase phase_ = Phase::handshaking;
  Side peer_{*this};
  Side inner_{*this};
  std::string out_;  // plain bytes for the peer that its kernel has not taken yet
  std::string in_;   // decrypted bytes for the pair, likewise
  bool withhold_notify_ = false;
  TlsFlaw flaw_;  // that its client's ClientHello met
  bool stalled_ = false;
  bool finished_ = false;
  bool relay_gone_ = false;
  Instant handshake_limit_ = never;
  Instant limit_ = never;    // of an RST that waits, or of an orphan
  Instant poll_at_ = never;  // look again whether the kernel's send queue is empty
  Deadline deadline_;
};

}  // namespace faultline::wire

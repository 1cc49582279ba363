#include "proxy/wire/tls_leg.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>

#include <algorithm>
#include <utility>

#include "proxy/wire/tls_legs.h"

namespace faultline::wire {
namespace {

constexpr Duration acknowledgement_poll = std::chrono::milliseconds(2);

bool taken_by_kernel(int fd, bool fin_sent) { return unacknowledged(fd) <= (fin_sent ? 1 : 0); }

}  // namespace

TlsLeg::TlsLeg(TlsLegs& legs, ConnectionId connection, TlsRole role, Descriptor peer, Ssl ssl,
               Instant handshake_limit)
    : legs_(legs),
      connection_(connection),
      role_(role),
      ssl_(std::move(ssl)),
      handshake_limit_(handshake_limit),
      deadline_(legs.loop(), [this](Instant) { legs_.mark(*this); }) {
  peer_.socket = std::move(peer);
  peer_.readable = peer_.writable = true;
  judge_hello(ssl_.get(), *this);
  // The upstream was dialed by a relay, which watched it.
  if (role_ == TlsRole::originate) {
    legs_.loop().rewatch(peer_.socket.get(), peer_);
  } else {
    legs_.loop().watch(peer_.socket.get(), peer_);
  }
  deadline_.set(handshake_limit_);
}

void TlsLeg::attach(Descriptor inner) {
  inner_.socket = std::move(inner);
  legs_.loop().watch(inner_.socket.get(), inner_);
}

void TlsLeg::Side::ready(std::uint32_t events) {
  // An end or an error is found by reading, behind the bytes before it.
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) readable = true;
  // TLS may have to write before it can read.
  if ((events & (EPOLLOUT | EPOLLERR)) != 0) readable = writable = true;
  // Where reading is paused it is noticed all the same.
  if ((events & EPOLLERR) != 0) lost = true;
  if ((events & (EPOLLRDHUP | EPOLLHUP)) != 0) hung_up = true;
  leg.legs_.mark(leg);
}

// What is said to the client later is decided now, because a fault is told of it by its connection.
void TlsLeg::relay_ends() {
  const bool will_say = phase_ == Phase::moving && !peer_.fin_sent && !peer_.lost && !inner_.lost;
  if (will_say && flawed_end()) withhold_notify_ = true;
}

void TlsLeg::relay_gone(Instant now) {
  relay_gone_ = true;
  limit_ = std::min(limit_, now + orphan_limit);
}

void TlsLeg::reset() {
  reset_and_close(peer_.socket);
  reset_and_close(inner_.socket);
}

TlsLeg::Next TlsLeg::settle(Instant now) {
  if (phase_ == Phase::handshaking && !handshake()) return Next::finished;
  if (phase_ == Phase::handshaking) {
    const Instant limit = std::min(handshake_limit_, limit_);
    if (now >= limit) {
      handshake_failed("no answer in time");
      return Next::finished;
    }
    deadline_.set(limit);
    return Next::wait;
  }
  bool more = move_out();
  more = move_in() || more;
  say_ends();
  const Next next = close_lost(now);
  if (next == Next::finished) return next;
  const Instant wake = wake_at();
  if (wake != deadline_.at()) deadline_.set(wake);
  return more ? Next::again : Next::wait;
}

TlsFlaw TlsLeg::client_said_hello() {
  flaw_ = legs_.owner().flaw(connection_, TlsMoment::hello);
  return flaw_;
}

bool TlsLeg::flawed_end() {
  return role_ == TlsRole::terminate &&
         legs_.owner().flaw(connection_, TlsMoment::end).what == TlsFlaw::What::no_close_notify;
}

// Nobody waits for the outcome any more: the relay went, which for a client that is not connected
// in TLS yet means what it would mean without TLS.
bool TlsLeg::nobody_waits() {
  if (role_ == TlsRole::originate && relay_gone_) {
    reset();
    return true;
  }
  if (role_ != TlsRole::terminate || !(relay_gone_ || inner_.lost)) return false;
  char byte = 0;
  const ssize_t n = recv(inner_.socket.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  const bool failed = n < 0 && errno != EAGAIN;
  if (failed) reset();
  return failed || n == 0;  // 0: a FIN, which the client gets
}

// Who waits by order of a fault may do so for as long as the fault is in force.
void TlsLeg::note_stall(bool stalls) {
  if (stalls == stalled_) return;
  stalled_ = stalls;
  handshake_limit_ = stalls ? never : legs_.loop().now() + TlsLegs::client_limit;
}

bool TlsLeg::handshake() {
  if (nobody_waits()) return false;
  // OpenSSL, which waits for us, does not look at the socket.
  if (stalled_ && (peer_.hung_up || peer_.lost)) {
    handshake_failed(peer_.lost ? "ECONNRESET" : "the connection ended during the handshake");
    return false;
  }
  ERR_clear_error();
  errno = 0;
  const int result = SSL_do_handshake(ssl_.get());
  const int number = errno;
  const int kind = result == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl_.get(), result);
  note_stall(kind == SSL_ERROR_WANT_CLIENT_HELLO_CB);
  if (result == 1) return shaken();
  if (kind == SSL_ERROR_WANT_READ) peer_.readable = false;
  if (kind == SSL_ERROR_WANT_WRITE) peer_.writable = false;
  if (stalled_ || kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_WANT_WRITE) return true;
  errno = number;
  const bool on_purpose = flaw_.what == TlsFlaw::What::alert;
  handshake_failed(on_purpose ? "a fault sent the alert " + alert_words(flaw_.alert)
                              : why_failed(ssl_.get(), result));
  return false;
}

bool TlsLeg::shaken() {
  phase_ = Phase::moving;
  handshake_limit_ = never;
  if (role_ == TlsRole::terminate) return true;
  auto ends = legs_.pair();
  if (!ends) {
    handshake_failed(std::string(error_name(ends.error())));
    return false;
  }
  attach(std::move(ends->far));
  legs_.owner().secured(connection_, std::move(ends->near));
  return true;
}

// OpenSSL has sent its alert; the FIN follows it. A relay in front of a client that failed gets an
// RST, as it would from one that gave up.
void TlsLeg::handshake_failed(const std::string& why) {
  if (role_ == TlsRole::originate) {
    peer_.socket.close();
    legs_.owner().refused(connection_, "TLS: " + why);
    return;
  }
  shut_down_writing(peer_.socket.get());
  peer_.socket.close();
  reset_and_close(inner_.socket);
  legs_.owner().client_failed(connection_, "TLS: " + why);
}

// From the relay to the peer; true when the turn's share ended it and there is more.
bool TlsLeg::move_out() {
  std::size_t moved = 0;
  while (!peer_.lost) {
    std::size_t taken = 0;
    if (!out_.empty()) {
      if (!peer_.writable) return false;
      const bool goes_on = write_out(out_, taken);
      out_.erase(0, taken);
      if (!goes_on) return false;
      continue;
    }
    if (!inner_.readable || inner_.over) return false;
    if (moved >= turn_bytes) return true;
    const std::span<char> scratch = legs_.scratch().first(held);
    const Transfer got = receive(inner_.socket.get(), scratch);
    if (got.would_block) {
      inner_.readable = false;
    } else if (got.error != 0) {
      inner_.over = inner_.lost = true;
    } else if (got.ended) {
      inner_.over = true;
    } else {
      moved += got.count;
      legs_.count_moved(got.count);
      if (peer_.writable) write_out({scratch.data(), got.count}, taken);
      out_.assign(scratch.data() + taken, got.count - taken);
    }
  }
  out_.clear();
  return false;
}

// Whether the kernel may take more.
bool TlsLeg::write_out(std::string_view bytes, std::size_t& taken) {
  while (taken < bytes.size()) {
    ERR_clear_error();
    errno = 0;
    const int result =
        SSL_write(ssl_.get(), bytes.data() + taken, static_cast<int>(bytes.size() - taken));
    if (result > 0) {
      taken += static_cast<std::size_t>(result);
      continue;
    }
    const int kind = SSL_get_error(ssl_.get(), result);
    if (kind == SSL_ERROR_WANT_WRITE) {
      peer_.writable = false;
    } else if (kind != SSL_ERROR_WANT_READ) {
      // What the peer had said before is still read.
      peer_.lost = true;
      peer_.readable = true;
    }
    return false;
  }
  return true;
}

// From the peer to the relay; likewise.
bool TlsLeg::move_in() {
  std::size_t moved = 0;
  while (!inner_.lost) {
    if (!in_.empty()) {
      if (!inner_.writable) return false;
      const Transfer put = send_bytes(inner_.socket.get(), in_);
      if (put.error != 0) inner_.lost = true;
      if (put.would_block) inner_.writable = false;
      in_.erase(0, put.count);
      continue;
    }
    if (!peer_.readable || peer_.over) return false;
    if (moved >= turn_bytes) return true;
    const std::span<char> scratch = legs_.scratch().first(held);
    const std::size_t got = read_in(scratch);
    if (got == 0) continue;
    moved += got;
    legs_.count_moved(got);
    Transfer put;
    if (inner_.writable) put = send_bytes(inner_.socket.get(), {scratch.data(), got});
    if (put.error != 0) inner_.lost = true;
    if (put.would_block) inner_.writable = false;
    in_.assign(scratch.data() + put.count, got - put.count);
  }
  in_.clear();
  return false;
}

// As many records as are there and fit.
std::size_t TlsLeg::read_in(std::span<char> into) {
  std::size_t count = 0;
  while (count < into.size()) {
    ERR_clear_error();
    errno = 0;
    const int result =
        SSL_read(ssl_.get(), into.data() + count, static_cast<int>(into.size() - count));
    if (result <= 0) {
      peer_failed(result);
      break;
    }
    count += static_cast<std::size_t>(result);
  }
  return count;
}

void TlsLeg::peer_failed(int result) {
  const int kind = SSL_get_error(ssl_.get(), result);
  peer_.readable = false;
  if (kind == SSL_ERROR_WANT_WRITE) peer_.writable = false;
  if (kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_WANT_WRITE) return;
  peer_.over = true;
  // A close_notify is read before the FIN behind it is; without one, the FIN was.
  const bool cut = BIO_eof(SSL_get_rbio(ssl_.get())) == 1;
  if (cut) return legs_.cut_short(*this);
  if (kind != SSL_ERROR_ZERO_RETURN) peer_.lost = true;
}

void TlsLeg::say_ends() {
  if (inner_.over && !inner_.lost && !peer_.lost && out_.empty() && !peer_.fin_sent) {
    ERR_clear_error();
    const bool withheld = withhold_notify_ || flawed_end();
    const int result = withheld ? 0 : SSL_shutdown(ssl_.get());
    if (result < 0 && SSL_get_error(ssl_.get(), result) == SSL_ERROR_WANT_WRITE) {
      peer_.writable = false;
      return;
    }
    shut_down_writing(peer_.socket.get());
    peer_.fin_sent = true;
  }
  if (peer_.over && !peer_.lost && !inner_.lost && in_.empty() && !inner_.fin_sent) {
    shut_down_writing(inner_.socket.get());
    inner_.fin_sent = true;
  }
}

// Carries an RST over, and finds out whether anything is left to do.
TlsLeg::Next TlsLeg::close_lost(Instant now) {
  poll_at_ = never;
  if (peer_.lost || inner_.lost) {
    limit_ = std::min(limit_, now + reset_limit);
    if (inner_.lost) pass_reset(inner_, peer_, !out_.empty(), now);
    if (peer_.lost) pass_reset(peer_, inner_, !in_.empty(), now);
    return finished_ ? Next::finished : Next::wait;
  }
  const bool said_all = peer_.fin_sent && (inner_.fin_sent || relay_gone_);
  if (said_all && (peer_.over || relay_gone_)) return Next::finished;
  if (now < limit_) return Next::wait;
  reset();
  return Next::finished;
}

// Behind the bytes that were there before it, as far as the other side takes them.
void TlsLeg::pass_reset(const Side& from, Side& to, bool waits, Instant now) {
  const bool unread = from.readable && !from.over;
  const bool gone = to.lost && to.over;
  if (!gone && now < limit_ &&
      (waits || unread || !taken_by_kernel(to.socket.get(), to.fin_sent))) {
    poll_at_ = now + acknowledgement_poll;
    return;
  }
  reset();
  finished_ = true;
}

Instant TlsLeg::wake_at() const { return std::min({limit_, poll_at_, handshake_limit_}); }

}  // namespace faultline::wire

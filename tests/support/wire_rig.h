#pragma once

// Real sockets for tests: an engine with one proxy in front of a listening socket that the test
// holds, and what the journal said so far. Blocking sockets with a generous time limit, so a test
// that would hang fails instead.

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "faults/catalogue.h"
#include "proxy/wire/engine.h"
#include "proxy/wire/socket.h"
#include "tests/support/catch.h"

namespace faultline {

inline constexpr int patience_ms = 20'000;

// The journal's events, to be awaited.
class Events final : public JournalReader {
 public:
  void read(std::span<const Event> events) override {
    const std::lock_guard lock(mutex_);
    all_.insert(all_.end(), events.begin(), events.end());
    changed_.notify_all();
  }
  // Waits until `count` events of a kind have been told.
  std::vector<Event> await(EventKind kind, std::size_t count = 1) {
    std::unique_lock lock(mutex_);
    std::vector<Event> found;
    const bool seen = changed_.wait_for(lock, std::chrono::milliseconds(patience_ms), [&] {
      found.clear();
      for (const Event& event : all_) {
        if (event.kind == kind) found.push_back(event);
      }
      return found.size() >= count;
    });
    if (!seen) FAIL("no event " << name(kind) << " in time");
    return found;
  }
  void reserve(std::size_t count) {
    const std::lock_guard lock(mutex_);
    all_.reserve(count);
  }
  std::vector<Event> all() {
    const std::lock_guard lock(mutex_);
    return all_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Event> all_;
};

// One end of a TCP connection.
class Peer {
 public:
  explicit Peer(int fd) : socket_(fd) {
    timeval limit{patience_ms / 1000, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  }
  static Peer to(const Address& address) {
    wire::SocketAddress target;
    REQUIRE(wire::numeric(address, target));
    Peer peer(::socket(target.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
    const bool connected = connect(peer.fd(), target.get(), target.length) == 0;
    // An RST right after the handshake may come before connect() has returned, and is then told by
    // it alone.
    peer.reset_at_once_ = !connected && errno == ECONNRESET;
    REQUIRE((connected || peer.reset_at_once_));
    return peer;
  }

  int fd() const { return socket_.get(); }
  // Any thread may speak, so a failure is not asserted here: who listens misses the bytes.
  void say(ByteView bytes) {
    while (!bytes.empty()) {
      const ssize_t n = send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
  }
  // Exactly `count` bytes, or fewer if the stream ended first.
  std::string hear(std::size_t count) {
    std::string heard(count, 0);
    std::size_t have = 0;
    while (have < count) {
      const ssize_t n = recv(fd(), heard.data() + have, count - have, 0);
      if (n <= 0) break;
      have += static_cast<std::size_t>(n);
    }
    heard.resize(have);
    return heard;
  }
  // How the stream ends: "FIN", "RST", or "OPEN" when it does not.
  std::string ending() {
    if (reset_at_once_) return "RST";
    char buffer[4096];
    while (true) {
      const ssize_t n = recv(fd(), buffer, sizeof buffer, 0);
      if (n == 0) return "FIN";
      if (n < 0) return errno == ECONNRESET ? "RST" : "OPEN";
    }
  }
  bool silent() {  // nothing to read at this moment
    pollfd poll_for{fd(), POLLIN, 0};
    return poll(&poll_for, 1, 0) == 0;
  }
  void finish() { shutdown(fd(), SHUT_WR); }
  void close() { socket_.close(); }
  void reset() { wire::reset_and_close(socket_); }

 private:
  wire::Descriptor socket_;
  bool reset_at_once_ = false;
};

class WireRig {
 public:
  explicit WireRig(const std::string& protocol = "tcp", wire::EngineOptions options = {},
                   const TlsSpec& tls = {}) {
    wire::SocketAddress any;
    REQUIRE(wire::numeric({"127.0.0.1", 0}, any));
    auto listening = wire::listen_on(any);
    REQUIRE(listening.has_value());
    upstream_ = std::move(*listening);
    auto started = wire::Engine::start(options, journal_);
    REQUIRE(started.has_value());
    engine = std::move(*started);
    ProxySpec spec;
    spec.name = "rig";
    spec.listen = {"127.0.0.1", 0};
    spec.upstream = {"127.0.0.1", wire::local_address(upstream_.get()).port()};
    spec.protocol = protocol;
    spec.tls = tls;
    auto opened = engine->open(spec);
    REQUIRE(opened.has_value());
    proxy = opened->id;
    front = opened->listening;
  }

  Peer client() const { return Peer::to(front); }
  Peer server() {
    pollfd poll_for{upstream_.get(), POLLIN, 0};
    REQUIRE(poll(&poll_for, 1, patience_ms) == 1);
    return Peer(accept(upstream_.get(), nullptr, nullptr));
  }
  bool dialed() {  // a connection waits at the upstream
    pollfd poll_for{upstream_.get(), POLLIN, 0};
    return poll(&poll_for, 1, 0) == 1;
  }
  void stop_listening() { upstream_.close(); }

  FaultId arm(std::string_view kind, std::vector<RawSetting> raw = {}, Aim aim = {}) {
    FaultSpec spec;
    spec.name = "fault";
    spec.kind = find_fault_kind(kind);
    REQUIRE(spec.kind != nullptr);
    const auto settings = read_settings(spec.kind->parameters, raw, "test");
    REQUIRE(settings.has_value());
    auto made = spec.kind->make(*settings);
    REQUIRE(made.has_value());
    spec.prototype = std::move(*made);
    spec.aim = aim;
    return engine->arm(spec, {proxy}).id;
  }

  Events events;

 private:
  Journal journal_{events};
  wire::Descriptor upstream_;

 public:
  std::unique_ptr<wire::Engine> engine;
  ProxyId proxy = 0;
  Address front;
};

}  // namespace faultline

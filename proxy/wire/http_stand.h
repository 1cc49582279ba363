#pragma once

// An HTTP/1.1 server in the place of another, each of whose answers its owner decides, request by
// request: the upstream's own, a status, nothing for now, an end of the connection before or in the
// middle of an answer, bytes that are no HTTP. For whole periods it may also be as if nobody
// listened. What happens is told at once, with its instant, on the loop's thread.
//
// Bounded: connections, header blocks (the parser's limit), bodies, answers of the upstream. What
// is over is buried by bury(), which the owner calls in settle, never while it is told.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "faults/result.h"
#include "proxy/wire/http_forward.h"
#include "proxy/wire/loop.h"
#include "proxy/wire/socket.h"

namespace faultline::wire {

using StandRequest = std::uint64_t;  // from 1, in order of arrival

class HttpStand final : private Watcher {
 public:
  static constexpr std::size_t most_connections = 512;
  static constexpr Bytes most_body = 1_MiB;

  class Owner {
   public:
    virtual void arrived(StandRequest request, Instant at) = 0;
    // The client went away before its request was answered.
    virtual void left(StandRequest request, Instant at) = 0;
    virtual void answered(StandRequest request, Instant at) = 0;
    // There was no answer to relay; the client was reset.
    virtual void upstream_failed(StandRequest request, const std::string& why) = 0;

   protected:
    ~Owner() = default;
  };

  HttpStand(Loop& loop, Owner& owner, std::vector<SocketAddress> upstream);
  ~HttpStand();
  HttpStand(const HttpStand&) = delete;
  HttpStand& operator=(const HttpStand&) = delete;

  Result<void> listen(const SocketAddress& address);
  SocketAddress address() const { return address_; }
  // Nobody listens, and connections that wait for a request are ended; or somebody does again.
  Result<void> refuse(bool refused);

  // Each is about a request that has neither been answered nor left; else it does nothing.
  void forward(StandRequest request);
  void reply(StandRequest request, int status);
  void reset(StandRequest request);
  void truncate(StandRequest request);  // an answer of 200 that ends before its announced length
  void garbage(StandRequest request);

  void bury();

 private:
  class Connection;

  void ready(std::uint32_t events) override;
  void accept_some();
  Connection* find(StandRequest request);
  void relay(StandRequest request, const HttpForward& forward);

  Loop& loop_;
  Owner& owner_;
  const std::vector<SocketAddress> upstream_;
  SocketAddress address_;
  Descriptor listener_;
  bool refused_ = false;
  Deadline again_;
  StandRequest next_ = 1;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::map<StandRequest, std::unique_ptr<HttpForward>> forwards_;
};

}  // namespace faultline::wire

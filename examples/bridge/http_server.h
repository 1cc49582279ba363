#pragma once

// Accepts connections and gives each a thread of its own, up to a limit; beyond it a connection is
// told 503 with X-Reason "connections" and closed. The main thread accepts; `close` joins every
// thread.

#include <atomic>
#include <expected>
#include <list>
#include <string>
#include <thread>

#include "http_connection.h"

namespace bridge {

class HttpServer {
 public:
  HttpServer(std::size_t max_connections, HttpConnection::Answer answer, Metrics& metrics,
             const Stop& stop);
  /// `close` must have been called.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Binds and listens. The error names the address and what is wrong with it.
  std::expected<void, std::string> listen(const std::string& host, std::uint16_t port);

  /// Readable when `accept_pending` has something to do.
  int fd() const { return fd_; }
  /// HOST:PORT as bound.
  std::string address() const;

  /// Starts a thread for each connection that waits.
  void accept_pending();

  /// Joins the threads whose connection is over.
  void reap();

  /// Ends every connection and joins its thread. The process must have been told to stop.
  void close();

 private:
  struct Serving {
    int fd;
    std::atomic<bool> over{false};
    std::thread thread;
  };

  void start(int fd);
  void serve(Serving& serving);
  void turn_away(int fd);

  const std::size_t max_connections_;
  const HttpLimits limits_;
  const HttpConnection::Answer answer_;
  Metrics& metrics_;
  const Stop& stop_;
  int fd_ = -1;
  std::list<Serving> serving_;
};

}  // namespace bridge

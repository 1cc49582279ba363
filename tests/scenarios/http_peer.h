#pragma once

// A scripted HTTP server on a free loopback port: a thread per connection, and for each request
// what the script says. It remembers what it was asked.

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "proxy/wire/socket.h"

namespace faultline {

struct Seen {
  std::size_t connection = 0;  // in order of acceptance, from 0
  std::size_t ordinal = 0;     // of the request on its connection, from 0
  std::string head;            // with the blank line
  std::string body;
};

struct Reply {
  enum class Then : std::uint8_t { keep, close, reset };
  std::string bytes = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  Then then = Then::keep;
  bool held = false;  // until release()
};

class HttpPeer {
 public:
  using Script = std::function<Reply(const Seen&)>;

  explicit HttpPeer(Script script);
  ~HttpPeer();

  Address address() const;
  // Blocks until so many requests came, at most a minute.
  bool await_requests(std::size_t count);
  // Held replies go out, now and from now on.
  void release();
  std::vector<Seen> seen() const;
  std::size_t connections() const;

 private:
  void accept_all();
  void serve(std::size_t connection);
  bool read_request(int fd, std::string& buffer, Seen& seen) const;

  Script script_;
  wire::Descriptor listener_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Seen> seen_;
  std::vector<int> sockets_;  // by connection; closed by its thread
  std::vector<std::thread> threads_;
  bool released_ = false;
  bool ending_ = false;
  std::thread accepting_;
};

}  // namespace faultline

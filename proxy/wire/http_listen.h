#pragma once

// Where the control API listens: a TCP address or a unix socket. A unix socket is its owner's alone
// (0600); one that was left behind by a process that is gone is replaced, one that is in use not.

#include <string>
#include <string_view>

#include "faults/result.h"
#include "proxy/wire/socket.h"

namespace faultline::wire {

class HttpDoor {
 public:
  // "127.0.0.1:8474", "[::1]:0", "localhost:8474" (127.0.0.1) or "unix:/run/faultline.sock". No
  // host, 0.0.0.0 and [::] are every address of this machine, of both families where it has both.
  static Result<HttpDoor> open(std::string_view where);

  HttpDoor(HttpDoor&& other) noexcept;
  HttpDoor& operator=(HttpDoor&& other) noexcept;
  ~HttpDoor();  // closes it, and removes a unix socket's file

  int fd() const { return socket_.get(); }
  bool is_unix() const { return !path_.empty(); }
  bool beyond_loopback() const { return beyond_loopback_; }
  const std::string& text() const { return text_; }  // as given, with the real port

 private:
  HttpDoor() = default;
  static Result<HttpDoor> open_unix(std::string path);
  static Result<HttpDoor> open_tcp(std::string_view where);

  Descriptor socket_;
  std::string path_;  // of a unix socket
  std::string text_;
  bool beyond_loopback_ = false;
};

}  // namespace faultline::wire

#pragma once

// One HTTP request, asked of a control API by a program that waits for the answer: a connection of
// its own, blocking, with a limit on the whole of it.

#include <functional>
#include <string>
#include <string_view>

#include "faults/bytes.h"
#include "faults/time.h"
#include "proxy/http_service.h"
#include "proxy/spec.h"

namespace faultline::wire {

struct HttpTarget {
  Address address;        // over TCP; or
  std::string unix_path;  // … a unix socket

  std::string text() const { return unix_path.empty() ? address.text() : "unix:" + unix_path; }
};

// "http://localhost:8474", "localhost:8474" or "unix:///run/faultline.sock". Without a port 8474.
Result<HttpTarget> http_target(std::string_view url);

struct HttpAsk {
  std::string method = "GET";
  std::string path = "/";
  std::string body = {};  // JSON, when there is one
  std::vector<HttpField> fields = {};
  Duration limit = std::chrono::seconds(30);
  // Told of the body in pieces, as they come, instead of gathering it; false ends the request. From
  // the answer's header on there is no limit then. Only for answers of 2xx.
  std::function<bool(ByteView)> piece = {};
  // Asked every 100 ms of waiting for the answer; true ends the request.
  std::function<bool()> abandoned = {};
};

// Status and body. The error says why there is no answer.
Result<HttpResponse> fetch(const HttpTarget& target, const HttpAsk& ask);

}  // namespace faultline::wire

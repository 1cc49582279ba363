#pragma once

// HTTP on real sockets through the proxy, and what the journal says of it.

#include <string>
#include <vector>

#include "tests/support/wire_rig.h"

namespace faultline::http_line {

inline const std::string get =
    "GET /orders/7?page=2 HTTP/1.1\r\nHost: api\r\nX-Tenant: acme\r\n\r\n";
inline const std::string other = "GET /health HTTP/1.1\r\nHost: api\r\n\r\n";
inline const std::string post =
    "POST /orders HTTP/1.1\r\nHost: api\r\nContent-Length: 22\r\n\r\n{\"customer\":{\"id\":42}}";
inline const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

// One connection through the proxy, with both its ends.
struct Line {
  explicit Line(WireRig& rig) : client(rig.client()), server(rig.server()) {}

  // The server is given the request and responds.
  void serve(const std::string& request, const std::string& response = ok) {
    client.say(request);
    respond(request, response);
  }
  void respond(const std::string& request, const std::string& response = ok) {
    CHECK(server.hear(request.size()) == request);
    server.say(response);
  }
  // The exchange is passed as it is.
  void untouched(const std::string& request = other) {
    serve(request);
    CHECK(client.hear(ok.size()) == ok);
  }
  // The next response, which declares its length.
  std::string hear_response() {
    std::string text;
    while (!text.ends_with("\r\n\r\n")) {
      const std::string byte = client.hear(1);
      if (byte.empty()) return text;
      text += byte;
    }
    const std::size_t at = text.find("Content-Length: ");
    return text + client.hear(at == text.npos ? 0 : std::stoul(text.substr(at + 16)));
  }

  Peer client, server;
};

inline std::string status_of(const std::string& response) { return response.substr(9, 3); }

// "1 forwarded 502": what the journal says of an exchange that a fault claimed.
inline std::string told(const Event& event) {
  const Exchange& e = event.exchange;
  return std::to_string(e.ordinal) + " " + std::string(name(e.fate)) + " " +
         std::string(name(e.told)) + " " + std::string(e.code.view()) +
         (e.fault != 0 ? " fault" : "");
}

inline std::vector<std::string> journal(WireRig& rig, std::size_t count) {
  std::vector<std::string> lines;
  for (const Event& event : rig.events.await(EventKind::exchange, count))
    lines.push_back(told(event));
  return lines;
}

using Lines = std::vector<std::string>;

}  // namespace faultline::http_line

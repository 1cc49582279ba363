#pragma once

// What stands between a client that speaks to a proxy by the proxy's address and a server that goes
// by a name of its own: the heads of messages are changed so that each is spoken to by its name.
//
//   request   Host (and the target, where it is a whole URL)   ─▶ the server's name
//   response  Location that is the server's own                ─▶ the name the client used
//             Set-Cookie: Domain that is the server's          ─▶ removed: the cookie is for the
//             name
//                                                                 that the client used
//             Set-Cookie: Secure, where the client speaks plain ─▶ removed
//             Alt-Svc, Strict-Transport-Security               ─▶ removed: they lead past the proxy
//
// No kind of fault: a proxy that rewrites does so to every connection, always. On the way to the
// server it comes behind all faults, and on the way to the client before them, so a fault sees what
// the client says and hears. Every other byte of a head, and every byte of a body, stays as it is.
// A header block that comes in more or larger pieces than a fault may keep passes unchanged.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "faults/fault.h"

namespace faultline::http {

struct HostRewrite {
  std::vector<std::string> names;  // by which the server knows itself; Host says the first
  std::uint16_t port = 80;
  bool upstream_tls = false;
  bool client_tls = false;

  // "api.example.com", "api.example.com:8443", "[::1]:8080"
  std::string authority() const;
  // Of a header block: the same with another Host. `client_host` is what the client called it.
  std::string request(ByteView block, std::string& client_host) const;
  // Of a header block, for a client that called the proxy so; empty: it did not say.
  std::string response(ByteView block, std::string_view client_host) const;
};

// The prototype: its halves are for the two links of a connection.
std::unique_ptr<Fault> host_rewriter(HostRewrite rewrite);

}  // namespace faultline::http

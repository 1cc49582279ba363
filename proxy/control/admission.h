#pragma once

// Who may speak to the control API: programs may, browsers may not. A page that the user happens to
// look at can make the browser send requests to loopback addresses, and by rebinding a name of its
// own to 127.0.0.1 it can even read the answers. What gives it away, in this order:
//
//   1. Host is not a name of this server's own (rebinding).           421
//   2. Origin is there, or Sec-Fetch-Site names another site.         403
//   3. A token is set, and the request does not carry it. Only that it is alive and ready
//      (/healthz, /readyz) is told to everybody.                      401
//   4. In the native API: a change whose body is not JSON (a form can be sent without asking).  415
//
// CORS headers are never sent, and nothing of this is asked of a unix socket's clients.

#include <optional>
#include <string>
#include <vector>

#include "proxy/http_service.h"

namespace faultline::control {

struct Admission {
  std::vector<std::string> hosts;    // names besides localhost and addresses in numbers
  std::vector<std::string> origins;  // "http://localhost:3000", to be let in all the same
  std::string token;  // what "Authorization: Bearer" must carry; empty: nothing is asked for
  // Listening beyond loopback: names without a dot and those of no public zone (.local, .internal)
  // are this server's, too. That is how containers call each other.
  bool private_names = false;

  // The refusal, or nothing.
  std::optional<HttpResponse> refuses(const HttpRequest& request) const;

 private:
  bool knows_host(const std::string& host) const;
  bool knows_token(const HttpRequest& request) const;
};

}  // namespace faultline::control

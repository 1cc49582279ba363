#pragma once

// How a response stands on the wire, and what a request's target means.

#include <string>
#include <string_view>

#include "proxy/http_service.h"

namespace faultline::wire {

// What of a response depends on the request and the connection rather than on the service.
struct Framing {
  bool close = false;       // the last response on this connection
  bool chunked = false;     // a stream, to a client of HTTP/1.1
  bool open_ended = false;  // a stream, to an older one: it ends with the connection
};

std::string head_of(const HttpResponse& response, const Framing& framing);
void append_chunk(std::string& out, std::string_view bytes);

// Splits "/a?b" into path and query, and "http://host/a?b" into host, path and query.
void read_target(std::string_view target, HttpRequest& request);

// An answer of the server's own, before or instead of the service's.
HttpResponse plain_answer(int status);

}  // namespace faultline::wire

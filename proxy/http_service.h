#pragma once

// What an HTTP server and what answers it say to each other: plain data, no sockets. A service is
// handed whole requests, one after the other, and answers each at once; it never waits. An answer
// may go on: then the service is given the number of a stream, and writes to it whenever it has
// something to say, until the client has left.

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "faults/bytes.h"
#include "proxy/http_text.h"

namespace faultline {

struct HttpField {
  std::string name;
  std::string value;
};

struct HttpRequest {
  std::string method;
  std::string host;   // what the client calls this server: of the Host field or of the target
  std::string path;   // still percent-encoded, without the query; begins with '/' or is "*"
  std::string query;  // behind the '?'
  std::vector<HttpField> fields;  // as sent
  std::string body;
  bool through_unix_socket = false;

  // The first field of that name (in small letters), or nothing.
  const std::string* field(std::string_view lower_name) const {
    const auto found = std::find_if(fields.begin(), fields.end(), [&](const HttpField& field) {
      return same_word(field.name, lower_name);
    });
    return found == fields.end() ? nullptr : &found->value;
  }
};

using HttpStreamId = std::uint64_t;

struct HttpResponse {
  int status = 200;
  std::vector<HttpField> fields = {};  // Date, Connection and what frames the body are the server's
  std::string body = {};

  // For an answer that goes on behind `body`. `opened` is called when writing may begin, `left`
  // when the stream is over, unless the service itself has ended it: the client has gone, was too
  // slow, or the server stops. Writing to what is over does nothing.
  std::function<void(HttpStreamId)> opened = {};
  std::function<void(HttpStreamId)> left = {};
  Bytes may_wait = {};  // what its reader may let wait; none: what the server lets any reader
};

using HttpService = std::function<HttpResponse(const HttpRequest&)>;

// Where a service writes to the streams it was given.
class HttpStreams {
 public:
  // False when the stream is over; the client that lets too much wait is dropped.
  virtual bool write(HttpStreamId stream, std::string_view bytes) = 0;
  virtual void end(HttpStreamId stream) = 0;

 protected:
  ~HttpStreams() = default;
};

}  // namespace faultline

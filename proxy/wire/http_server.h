#pragma once

// The control API's HTTP/1.1 server, on a loop of its own thread: that thread, and no other, runs
// the service, and with it every change to the engine. Requests are answered in the order in which
// their last byte came. Others have tasks run there with loop.post(), and wait with a Deadline.
//
// Everything is limited (HttpLimits): connections, headers (the parser's), bodies, the time a
// request may take to arrive, an answer to be taken, a connection to be idle. A request is answered
// only when it is whole, so half a request changes nothing.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "proxy/http_service.h"
#include "proxy/wire/http_connection.h"
#include "proxy/wire/http_listen.h"
#include "proxy/wire/loop.h"

namespace faultline::wire {

class HttpServer final : public HttpStreams {
 public:
  // Takes the loop's settle. The service is called on the loop's thread.
  HttpServer(Loop& loop, HttpService service, HttpLimits limits = {});
  ~HttpServer();  // closes every connection at once
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  void serve(HttpDoor door);  // as many as wanted
  // Listens no more, answers what has been asked, ends the streams, and calls `stopped` when the
  // last connection has gone, after limits.stop at the latest.
  void stop(std::function<void()> stopped);

  bool write(HttpStreamId stream, std::string_view bytes) override;
  void end(HttpStreamId stream) override;

  std::size_t connections() const { return connections_.size(); }

 private:
  class Doorway;

  void adopt(Descriptor socket, bool unix_socket);
  bool found_room();
  bool made_room();
  void settle();
  void bury();
  HttpConnection* find(HttpStreamId id);

  Loop& loop_;
  const HttpService service_;
  const HttpLimits limits_;
  std::vector<std::unique_ptr<Doorway>> doorways_;
  std::map<HttpStreamId, std::unique_ptr<HttpConnection>> connections_;  // by the order of arrival
  std::vector<HttpStreamId> marked_;
  HttpStreamId next_ = 1;
  bool doors_wait_ = false;  // for a connection to end
  std::function<void()> stopped_;
  Deadline stop_by_;
};

}  // namespace faultline::wire

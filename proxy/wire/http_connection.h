#pragma once

// One client of the HTTP server. Requests are read, answered and written one after the other, in
// the order in which they came; while an answer waits to be written nothing more is read, so a
// client that pipelines cannot make this process hold more than one answer beyond a bound.
//
//   reading ─▶ answering ─▶ writing ─▶ reading …        (kept alive)
//                  └▶ streaming ─▶ reading …
//   after the last answer: FIN, then what the client still sends is read and dropped until it has
//   seen the answer and closes (else the kernel's RST would take the answer away), then closed.

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>

#include "proxy/http_parser.h"
#include "proxy/http_service.h"
#include "proxy/wire/http_message.h"
#include "proxy/wire/loop.h"
#include "proxy/wire/socket.h"

namespace faultline::wire {

struct HttpLimits {
  std::size_t connections = 96;                 // beyond it the one that waited longest makes room
  Bytes body = 1_MiB;                           // of a request
  Bytes stream_backlog = 1_MiB;                 // what a slow reader of a stream may let wait
  Duration request = std::chrono::seconds(15);  // from its first byte to its last
  Duration write = std::chrono::seconds(30);    // without any progress
  Duration idle = std::chrono::seconds(60);     // between two requests
  Duration linger = std::chrono::seconds(2);    // for the client to take the last answer
  Duration stop = std::chrono::seconds(2);      // for answers under way when the server stops
};

class HttpConnection final : private Watcher, private HttpListener {
 public:
  // What it needs of its server.
  struct Home {
    Loop& loop;
    const HttpLimits& limits;
    const HttpService& service;
    std::function<void(HttpConnection&)> mark;  // have it settle at the end of this turn
  };

  HttpConnection(Home home, Descriptor socket, HttpStreamId id, bool unix_socket);
  ~HttpConnection();

  void settle();  // does what can be done; afterwards it may be over
  bool over() const { return !socket_.open(); }
  bool waiting() const { return phase_ == Phase::reading && !busy(); }  // for (more of) a request
  bool idle() const { return waiting() && parser_.between_messages(); }
  Instant waiting_since() const { return since_; }

  bool write(std::string_view bytes);  // to its stream
  void end_stream();
  void stop();   // answers what is whole, ends its stream, then closes
  void close();  // at once

  bool marked = false;  // of the server

 private:
  enum class Phase : std::uint8_t { reading, streaming, finishing, lingering };
  struct Asked {
    HttpRequest request;
    bool keep_alive = true;
    bool http_1_0 = false;
  };

  static constexpr std::size_t read_size = 16 * 1024;
  static constexpr int reads_per_turn = 16;
  static constexpr std::size_t most_unsent = 256 * 1024;  // before the next request is answered

  void ready(std::uint32_t events) override;
  void message_begun() override;
  void header(std::string_view name, std::string_view value) override;
  HttpBody head_complete(const HttpHead& head) override;
  void body(ByteView bytes) override;
  void message_complete() override;

  std::size_t unsent() const { return out_.size() - sent_; }
  bool busy() const { return !asked_.empty() || unsent() > 0; }
  bool read_some();
  void feed(ByteView bytes);
  void client_finished();
  void answer(Asked asked);
  void begin_stream(HttpResponse response, const Asked& asked);
  void refuse(int status);
  void last_answer(HttpResponse response);
  bool flush();
  void forget_sent();
  void finish_writing();
  void leave_stream();
  void note_progress();
  void set_deadline();

  const Home home_;
  Descriptor socket_;
  const HttpStreamId id_;
  const bool unix_socket_;
  HttpParser parser_;
  Deadline deadline_;
  Phase phase_ = Phase::reading;
  bool readable_ = true;
  bool ended_ = false;     // the client sent its FIN
  bool last_ = false;      // no request after the one read last
  bool stopping_ = false;  // the server does
  bool timed_out_ = false;

  Asked current_;  // being read
  bool in_head_ = false;
  bool continue_due_ = false;
  int refusal_ = 0;  // the status that the current request is refused with
  std::deque<Asked> asked_;

  std::string out_;
  std::size_t sent_ = 0;
  bool chunked_ = false;  // the stream
  std::function<void(HttpStreamId)> left_;
  Bytes may_wait_;  // of its stream

  Instant since_{};  // of what the deadline is about
};

}  // namespace faultline::wire

#pragma once

// One client connection and at most one request on it. What happened to the request is told as it
// was: nothing is tried again, on a new connection as on a used one.
//
//   unconnected ─ask▶ dialing ─connected▶ asking ─answered, keep-alive▶ idle ─ask▶ asking …
//                        │                   │                            │
//                        └───────────────────┴──── failed, timed out ─────┴─ peer ended ▶ closed
//
// Belongs to a loop's thread. Its owner destroys it in settle or later, never while being told.

#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "proxy/http_parser.h"
#include "proxy/wire/loop.h"
#include "proxy/wire/socket.h"
#include "scenarios/recording/recording.h"
#include "scenarios/workload/http_message.h"

namespace faultline {

class HttpClient final : private wire::Watcher, private HttpListener {
 public:
  class Owner {
   public:
    // The outcome is known; take the request with take_request(). reusable() says whether the
    // connection can carry another one.
    virtual void ended(HttpClient& client) = 0;
    // The peer ended an idle connection, or spoke unasked: it is closed.
    virtual void lost(HttpClient& client) = 0;

   protected:
    ~Owner() = default;
  };

  // Shared by all connections of a load; outlives them.
  struct Setting {
    wire::Loop& loop;
    Owner& owner;
    const HttpMessage& message;
    std::span<const wire::SocketAddress> addresses;  // of the target, tried in order
    std::span<char> scratch;                         // what is received goes through it
  };

  explicit HttpClient(const Setting& setting);

  // Sends the request, dialing first if there is no connection. Instants in it are of the monotonic
  // clock; its id and `scheduled` are set. `asker` is the owner's. The answer is expected before
  // `give_up`. The owner may be told of the end during this call.
  void ask(Request request, std::uint64_t asker, Instant give_up) {
    ask(std::move(request), asker, give_up, setting_.message);
  }
  // The same with a message other than the setting's, which outlives the answer.
  void ask(Request request, std::uint64_t asker, Instant give_up, const HttpMessage& message);

  // Ends the request in flight because the run is over: not_sent if no byte of it left, else
  // abandoned.
  void cut();

  // An idle connection that the peer has neither ended nor written to, as far as is known here.
  bool usable();
  bool reusable() const { return state_ == State::idle; }
  bool asking() const { return state_ == State::dialing || state_ == State::asking; }
  std::uint64_t asker() const { return asker_; }
  bool any_sent() const { return sent_ > 0; }  // of the last request
  Request take_request() { return std::move(request_); }

 private:
  enum class State : std::uint8_t { unconnected, dialing, asking, idle, closed };

  void ready(std::uint32_t events) override;
  void message_begun() override;
  void header(std::string_view name, std::string_view value) override;
  HttpBody head_complete(const HttpHead& head) override;
  void message_complete() override;

  void dial_next(int last_error);
  void connected();
  void send_rest();
  void receive_rest();
  bool take(ByteView bytes);
  void peer_ended();
  void timed_out();
  void answered();
  void end(Outcome outcome, bool keep = false);

  const Setting& setting_;
  State state_ = State::unconnected;
  wire::Descriptor socket_;
  std::size_t next_address_ = 0;
  HttpParser parser_;
  wire::Deadline give_up_;
  wire::Deadline read_on_;  // there was more to read than one turn may

  Request request_;
  const HttpMessage* message_ = nullptr;  // of the last request
  std::uint64_t asker_ = 0;
  std::string outgoing_;
  std::size_t sent_ = 0;
  int send_error_ = 0;

  // Of the response.
  bool in_head_ = false;
  bool final_ = false;     // the head read last is not an interim one
  bool complete_ = false;  // the final response, whole
  bool surplus_ = false;   // bytes behind it
  bool keep_alive_ = false;
  bool peer_gone_ = false;  // told with the bytes: the connection is over after them
};

}  // namespace faultline

// A rewriting proxy on the links of a connection, with the codec that labels their messages:
// however the bytes are split, the heads change and nothing else does.

#include <map>
#include <string>
#include <vector>

#include "proxy/codec.h"
#include "proxy/link.h"
#include "tests/support/catch.h"
#include "tests/support/link_tape.h"

using namespace faultline;

namespace {

constexpr Instant noon{std::chrono::hours(12)};

// A connection without sockets: codec, two links, and what left them.
class Talk final : private CodecOutlet {
 public:
  explicit Talk(const ProxySpec& spec) : codec_(find_codec_kind("http")->make()) {
    const auto rewriter = http::host_rewriter(host_rewrite(spec));
    Halves halves = rewriter->fresh_halves();
    upstream_.arm({behind_faults, *rewriter, Draw(0), noon, {}}, noon, false,
                  std::move(halves.upstream));
    downstream_.arm({before_faults, *rewriter, Draw(0), noon, {}}, noon, false,
                    std::move(halves.downstream));
  }

  void say(Direction direction, std::string_view bytes, std::size_t piece) {
    for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
      at_ = direction;
      uncut_ = bytes.substr(0, piece);
      codec_->cut(direction, uncut_, noon, *this);
    }
  }
  void finish(Direction direction) {
    codec_->ended(direction, noon, *this);
    link(direction).sender_closed(Closing::end, noon);
  }
  std::string server_heard() { return to_server.take(); }
  std::string client_heard() { return to_client.take(); }

  LinkTape to_server, to_client;

 private:
  Link& link(Direction d) { return d == Direction::upstream ? upstream_ : downstream_; }
  void slice(std::size_t length, const Label& label) override {
    link(at_).arrive({uncut_.substr(0, length), noon, label});
    uncut_.remove_prefix(length);
  }
  void exchange(const Exchange&) override {}
  void session(SessionFact, std::string_view) override {}
  void desync(std::string_view) override {}

  std::unique_ptr<Codec> codec_;
  Link upstream_{Direction::upstream, to_server};
  Link downstream_{Direction::downstream, to_client};
  Direction at_ = Direction::upstream;
  ByteView uncut_;
};

ProxySpec api() {
  ProxySpec spec;
  spec.protocol = "http";
  spec.upstream = {"api.example.com", 443};
  spec.tls.upstream = true;
  return spec;
}

constexpr std::string_view requests =
    "POST /a HTTP/1.1\r\nHost: one:1\r\nTransfer-Encoding: chunked\r\n\r\n"
    "6\r\nHost: \r\n0\r\nHost: x\r\n\r\n"
    "GET /b HTTP/1.1\r\nX: y\r\nHost: a-much-longer-name-than-the-servers.example:1234\r\n\r\n"
    "PUT /c HTTP/1.1\r\nHost: three\r\nContent-Length: 18\r\n\r\n\r\n\r\nHost: body\r\n\r\n";
constexpr std::string_view responses =
    "HTTP/1.1 100 Continue\r\n\r\n"
    "HTTP/1.1 302 Found\r\nLocation: https://api.example.com/x\r\nContent-Length: 14\r\n\r\n"
    "Location: x\r\n\r"
    "HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Secure\r\nContent-Length: 0\r\n\r\n"
    "HTTP/1.1 201 Created\r\nLocation: https://api.example.com/c\r\n\r\n"
    "Set-Cookie: a=b; Secure\r\n\r\n";
constexpr std::string_view requests_out =
    "POST /a HTTP/1.1\r\nHost: api.example.com\r\nTransfer-Encoding: chunked\r\n\r\n"
    "6\r\nHost: \r\n0\r\nHost: x\r\n\r\n"
    "GET /b HTTP/1.1\r\nX: y\r\nHost: api.example.com\r\n\r\n"
    "PUT /c HTTP/1.1\r\nHost: api.example.com\r\nContent-Length: 18\r\n\r\n\r\n\r\nHost: "
    "body\r\n\r\n";
constexpr std::string_view responses_out =
    "HTTP/1.1 100 Continue\r\n\r\n"
    "HTTP/1.1 302 Found\r\nLocation: http://one:1/x\r\nContent-Length: 14\r\n\r\n"
    "Location: x\r\n\r"
    "HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n"
    "HTTP/1.1 201 Created\r\nLocation: http://three/c\r\n\r\n"
    "Set-Cookie: a=b; Secure\r\n\r\n";

}  // namespace

TEST_CASE("heads are rewritten and bodies are not, however the bytes are split") {
  for (std::size_t piece = 1; piece <= requests.size(); ++piece) {
    INFO("pieces of " << piece);
    Talk connection(api());
    connection.say(Direction::upstream, requests, piece);
    REQUIRE(connection.server_heard() == requests_out);
    connection.say(Direction::downstream, responses, piece);
    connection.finish(Direction::downstream);
    REQUIRE(connection.client_heard() == std::string(responses_out) + "<end>");
  }
}

TEST_CASE("a head that is cut off, or that nobody understands, goes on as it came") {
  for (const std::size_t piece : {1, 3, 1000}) {
    Talk cut(api());
    cut.say(Direction::upstream, "GET / HTTP/1.1\r\nHost: a\r\nX: ", piece);
    CHECK(cut.server_heard().empty());
    cut.finish(Direction::upstream);
    CHECK(cut.server_heard() == "GET / HTTP/1.1\r\nHost: a\r\nX: <end>");

    Talk garbled(api());
    const std::string bytes = "GET / HTTP/1.1\r\nHost: a\r\nX\n: y\r\n\r\nGET / HTTP/1.1\r\n\r\n";
    garbled.say(Direction::upstream, bytes, piece);
    CHECK(garbled.server_heard() == bytes);
  }
}

TEST_CASE("a head beyond what may be kept of it goes on as it came") {
  const auto with_field_of = [](std::size_t size) {
    return "GET / HTTP/1.1\r\nX: " + std::string(size, 'x') + "\r\nHost: a\r\n\r\n";
  };
  const std::string next = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  Talk kept(api());
  kept.say(Direction::upstream, with_field_of(62'000) + next, 1000);
  CHECK(kept.server_heard() ==
        with_field_of(62'000) + "GET / HTTP/1.1\r\nHost: api.example.com\r\n\r\n");
  Talk opaque(api());  // it is beyond the codec's own bound, which ends HTTP here
  opaque.say(Direction::upstream, with_field_of(70'000) + next, 1000);
  CHECK(opaque.server_heard() == with_field_of(70'000) + next);
}

TEST_CASE("what follows an upgrade is no message any more") {
  const std::string asks =
      "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
  Talk connection(api());
  connection.say(Direction::upstream, asks, 7);
  CHECK(connection.server_heard() ==
        "GET /ws HTTP/1.1\r\nHost: api.example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "\r\n");
  const std::string agrees =
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
  connection.say(Direction::downstream, agrees + "Location: https://api.example.com/", 7);
  CHECK(connection.client_heard() == agrees + "Location: https://api.example.com/");
  connection.say(Direction::upstream, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 7);
  CHECK(connection.server_heard() == "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
}

TEST_CASE("a proxy rewrites where its upstream is a URL, or where it is told to") {
  ProxySpec spec = api();
  CHECK(spec.rewrites_host());
  spec.rewrite_host = false;
  CHECK_FALSE(spec.rewrites_host());
  spec = api();
  spec.protocol = "tcp";
  CHECK_FALSE(spec.rewrites_host());
  spec = ProxySpec{};
  spec.protocol = "http";
  CHECK_FALSE(spec.rewrites_host());
  spec.rewrite_host = true;
  CHECK(spec.rewrites_host());
  CHECK(rewrite_problem(true, "http").empty());
  CHECK(rewrite_problem(false, "tcp").empty());
  CHECK(rewrite_problem({}, "tcp").empty());
  CHECK_FALSE(rewrite_problem(true, "tcp").empty());

  spec = api();
  spec.tls.server_name = "name.example.com";
  CHECK(host_rewrite(spec).authority() == "name.example.com");
  spec.tls.generate = "localhost";
  CHECK(host_rewrite(spec).client_tls);
}

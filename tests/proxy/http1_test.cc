#include <string>
#include <vector>

#include "tests/proxy/http1_tape.h"
#include "tests/support/catch.h"

using namespace faultline;

namespace {

using Lines = std::vector<std::string>;

const std::string get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const std::string ask_upgrade =
    "GET /chat HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
const std::string agree =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n";

struct Dialogue {
  const char* name;
  std::vector<Step> steps;
  Lines lines;
};

const std::vector<Dialogue>& dialogues() {
  static const std::vector<Dialogue> all{
      {"one request", {c(get), s(ok)}, {"1 GET / 200 ack 1-1 2-2"}},
      {"keep-alive",
       {c(get), s(ok), c("DELETE /a HTTP/1.1\r\nHost: x\r\n\r\n"),
        s("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n")},
       {"1 GET / 200 ack 1-1 2-2", "2 DELETE /a 404 failure 3-3 4-4"}},
      {"pipelining",
       {c(get + "POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nab"), s(ok),
        c("cGET /c HTTP/1.1\r\nHost: x\r\n\r\n"), s("HTTP/1.1 201 Created\r\nContent-Le"),
        s("ngth: 0\r\n\r\n" + ok)},
       {"1 GET / 200 ack 1-1 2-2", "2 POST /b 201 ack 1-3 4-5", "3 GET /c 200 ack 3-3 5-5"}},
      {"chunks, extensions and trailers both ways",
       {c("PUT /f HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"),
        c("5;sig=\"a b\"\r\nhello\r\n00a\r\n0123456789\r\n"), c("0\r\nX-Sum: 1\r\n\r\n"),
        s("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n\n\r\n"),
        s("0\r\nETag: x\r\nX-Sum: 2\r\n\r\n")},
       {"1 PUT /f 200 ack 1-3 4-5"}},
      {"a coding before chunked",
       {c("PUT /f HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
        s("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n0\r\n\r\n")},
       {"1 PUT /f 200 ack 1-1 2-2"}},
      {"100-continue",
       {c("POST /u HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"),
        s("HTTP/1.1 100 Continue\r\n\r\n"), c("body"),
        s("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")},
       {"1 POST /u 202 ack 1-3 4-4"}},
      {"several interim responses",
       {c(get), s("HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"),
        s(ok)},
       {"1 GET / 200 ack 1-1 3-3"}},
      {"an interim response in the segment of the final one",
       {c(get), s("HTTP/1.1 100 Continue\r\n\r\n" + ok)},
       {"1 GET / 200 ack 1-1 2-2"}},
      {"nothing but an interim response is no answer",
       {c(get), s("HTTP/1.1 100 Continue\r\n\r\n"), server_end()},
       {"1 GET / nothing 1-1 ---"}},
      {"HEAD has no body whatever it declares",
       {c("HEAD /h HTTP/1.1\r\nHost: x\r\n\r\n"),
        s("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"),
        c("HEAD /h HTTP/1.1\r\nHost: x\r\n\r\n"),
        s("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), c(get), s(ok)},
       {"1 HEAD /h 200 ack 1-1 2-2", "2 HEAD /h 200 ack 3-3 4-4", "3 GET / 200 ack 5-5 6-6"}},
      {"204 and 304 have no body whatever they declare",
       {c(get + get + get),
        s("HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n" +
          ok)},
       {"1 GET / 204 ack 1-1 2-2", "2 GET / 304 ack 1-1 2-2", "3 GET / 200 ack 1-1 2-2"}},
      {"the end of the stream completes a body",
       {c(get), s("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nsome"), s(" more"), server_end()},
       {"1 GET / 200 ack 1-1 2-4"}},
      {"HTTP/1.0",
       {c("GET /old HTTP/1.0\r\n\r\n"), s("HTTP/1.0 200 OK\r\n\r\nold"), server_end()},
       {"1 GET /old 200 ack 1-1 2-3"}},
      {"HTTP/1.0 keep-alive",
       {c("GET /old HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
        s("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n"), c(get), s(ok)},
       {"1 GET /old 200 ack 1-1 2-2", "2 GET / 200 ack 3-3 4-4"}},
      {"a client that has finished is still answered",
       {c("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), client_end(), s(ok),
        server_end()},
       {"1 GET / 200 ack 1-1 3-3"}},
      {"no answer", {c(get), server_end()}, {"1 GET / nothing 1-1 ---"}},
      {"an answer cut off in its header block",
       {c(get), s("HTTP/1.1 200 OK\r\nConten"), server_end()},
       {"1 GET / nothing 1-1 2--"}},
      {"an answer cut off in its body",
       {c(get), s("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab"), server_end()},
       {"1 GET / 200 nothing 1-1 2--"}},
      {"an answer cut off between chunks",
       {c(get), s("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n"), server_end()},
       {"1 GET / 200 nothing 1-1 2--"}},
      {"a request cut off in its body",
       {c("POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nab"), client_end()},
       {"1 POST /p nothing 1-1 ---"}},
      {"half a header block is no exchange", {c("POST /p HTTP/1.1\r\nHo"), client_end()}, {}},
      {"an early final response",
       {c("POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nabc"),
        s("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n"), c("def" + get), s(ok)},
       {"1 POST /p 413 failure 1-1 2-2", "2 GET / 200 ack 3-3 4-4"}},
      {"what the status tells",
       {c(get + get + get + get + get + get + get),
        s("HTTP/1.1 302 F\r\nContent-Length: 0\r\n\r\nHTTP/1.1 408 T\r\nContent-Length: 0\r\n\r\n"
          "HTTP/1.1 409 C\r\nContent-Length: 0\r\n\r\nHTTP/1.1 429 M\r\nContent-Length: 0\r\n\r\n"
          "HTTP/1.1 500 E\r\nContent-Length: 0\r\n\r\nHTTP/1.1 503 U\r\nContent-Length: 0\r\n\r\n"
          "HTTP/1.1 504 G\r\nContent-Length: 0\r\n\r\n")},
       {"1 GET / 302 ack 1-1 2-2", "2 GET / 408 ambiguous 1-1 2-2", "3 GET / 409 failure 1-1 2-2",
        "4 GET / 429 failure 1-1 2-2", "5 GET / 500 ambiguous 1-1 2-2",
        "6 GET / 503 failure 1-1 2-2", "7 GET / 504 ambiguous 1-1 2-2"}},
      {"names have no query, no authority and an end",
       {c("GET /a/b?token=1 HTTP/1.1\r\nHost: x\r\n\r\n"
          "GET http://user:pw@host/p?q=1 HTTP/1.1\r\nHost: x\r\n\r\n"
          "GET http://host?q HTTP/1.1\r\nHost: x\r\n\r\n"
          "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n"
          "GET /0123456789012345678901234567890123456789012345678901234567890123 "
          "HTTP/1.1\r\n\r\n")},
       {"1 GET /a/b nothing 1-1 ---", "2 GET /p nothing 1-1 ---", "3 GET / nothing 1-1 ---",
        "4 OPTIONS * nothing 1-1 ---",
        "5 GET /01234567890123456789012345678901234567890123456789012345678 nothing 1-1 ---"}},
      {"blank lines before a request",
       {c("\r\n" + get), s(ok), c("\r\n"), c("\r\n" + get), s(ok)},
       {"1 GET / 200 ack 1-1 2-2", "2 GET / 200 ack 4-4 5-5"}},
      {"an upgrade",
       {c(ask_upgrade), s(agree + "\x81\x02hi"), c("\x81\x82zzzzzz"), s("GET"), c("\r\n\r\r")},
       {"1 GET /chat 101 ack 1-1 2-2", "upgraded 101"}},
      {"an upgrade behind a request, with bytes before its answer",
       {c(get + ask_upgrade + "\x01\x02"), s(ok + agree), c("more")},
       {"1 GET / 200 ack 1-1 2-2", "2 GET /chat 101 ack 1-1 2-2", "upgraded 101"}},
      {"a declined upgrade goes on as HTTP",
       {c(ask_upgrade), s(ok), c(get), s(ok)},
       {"1 GET /chat 200 ack 1-1 2-2", "2 GET / 200 ack 3-3 4-4"}},
      {"what was sent before an upgrade was declined is read then",
       {c(ask_upgrade + get), c(ask_upgrade + "PUT /x HTTP/1.1\r\nHost: x\r\nContent-"),
        s("HTTP/1.1 426 No\r\nContent-Length: 0\r\n\r\n" + ok), c("Length: 1\r\n\r\nx"),
        s(ok + "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")},
       {"1 GET /chat 426 failure 1-1 3-3", "2 GET / 200 ack 1-1 3-3", "3 GET /chat 200 ack 2-2 5-5",
        "4 PUT /x 200 ack 2-4 5-5"}},
      {"an upgrade declined before its request was sent",
       {c("POST /chat HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: h2c\r\nContent-Length: "
          "4\r\n\r\n"),
        s(ok), c("abcd" + get), s(ok)},
       {"1 POST /chat 200 ack 1-1 2-2", "2 GET / 200 ack 3-3 4-4"}},
      {"CONNECT agreed",
       {c("CONNECT db:5432 HTTP/1.1\r\nHost: db:5432\r\n\r\n"),
        s("HTTP/1.1 200 Connected\r\nContent-Length: 5\r\n\r\n"), c("anything"), s("at all")},
       {"1 CONNECT db:5432 200 ack 1-1 2-2", "upgraded 200"}},
      {"CONNECT declined",
       {c("CONNECT db:5432 HTTP/1.1\r\nHost: db:5432\r\n\r\n"),
        s("HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno"), c(get), s(ok)},
       {"1 CONNECT db:5432 403 failure 1-1 2-2", "2 GET / 200 ack 3-3 4-4"}},
  };
  return all;
}

}  // namespace

TEST_CASE("http codec tells the exchanges of a dialogue, however it is split") {
  for (const Dialogue& dialogue : dialogues()) {
    INFO(dialogue.name);
    const Played played = play_every_way(dialogue.steps);
    CHECK(played.lines == dialogue.lines);
    CHECK(played.desyncs() == 0);
  }
}

TEST_CASE("http codec labels the bytes of each message") {
  const Played played = play({c("\r\n" + get + "POST /b HTTP/1.1\r\nContent-Length: 4\r\n\r\nab"),
                              c("cd"), s("HTTP/1.1 100 Continue\r\n\r\n" + ok)});
  struct Expected {
    const char* message;
    std::uint64_t exchange;
    bool first, last;
    std::size_t length;
  };
  const std::vector<Expected> expected{
      {"", 0, false, false, 2},        {"GET", 1, true, true, get.size()},
      {"POST", 2, true, false, 41},    {"POST", 2, false, true, 2},
      {"response", 1, true, true, 25}, {"response", 1, true, true, ok.size()},
  };
  REQUIRE(played.slices.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    INFO(i);
    CHECK(played.slices[i].message == expected[i].message);
    CHECK(played.slices[i].exchange == expected[i].exchange);
    CHECK(played.slices[i].first == expected[i].first);
    CHECK(played.slices[i].last == expected[i].last);
    CHECK(played.slices[i].bytes.size() == expected[i].length);
  }
}

TEST_CASE("http codec calls a request whose method is not yet known a request") {
  const Played played = play({c("POST /b HTTP/1.1\r\nConte"), c("nt-Length: 0\r\n\r\n")});
  REQUIRE(played.slices.size() == 2);
  CHECK(played.slices[0].message == "request");
  CHECK(played.slices[1].message == "POST");
  CHECK(played.slices[1].last);
}

TEST_CASE("http codec is at a boundary between messages only") {
  CHECK(play({c(get)}, {}, false).client_boundary);
  CHECK(play({c(get)}, {}, false).server_boundary);
  CHECK_FALSE(play({c("GET /")}, {}, false).client_boundary);
  CHECK_FALSE(play({c(get), s("HTTP/1.1 200 OK\r\n")}, {}, false).server_boundary);
  CHECK(play({c(get), s(ok)}, {}, false).server_boundary);
  CHECK(play({c(ask_upgrade)}, {}, false).client_boundary);
  CHECK_FALSE(play({c(ask_upgrade + "x")}, {}, false).client_boundary);
  CHECK(play({c(ask_upgrade + "x"), s(agree)}, {}, false).client_boundary);
}

TEST_CASE("http codec keeps a bounded number of open exchanges") {
  std::string pipelined;
  for (int i = 0; i < 1024; ++i) pipelined += get;
  CHECK(play({c(pipelined)}).lines.size() == 1024);
  const Played beyond = play({c(pipelined + get)});
  CHECK(beyond.opaque);
  CHECK(beyond.desyncs() == 1);
  CHECK(beyond.lines.size() == 1025);
  const Played answered = play({c(pipelined), s(ok), c(get), s(ok)});
  CHECK_FALSE(answered.opaque);
  CHECK(answered.lines[1] == "2 GET / 200 ack 1-1 4-4");
}

TEST_CASE("http codec holds a bounded number of bytes before the answer to an upgrade") {
  CHECK_FALSE(play({c(ask_upgrade + std::string(16384, 'x'))}).opaque);
  const Played beyond = play({c(ask_upgrade + std::string(16384, 'x')), c("x")});
  CHECK(beyond.opaque);
  CHECK(beyond.lines.front() == "desync: too many bytes before the answer to an upgrade");
}

TEST_CASE("http codec says desync once and is opaque for ever") {
  const Played played = play({c(get), s("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxjunk"),
                              c(get), s(ok), c("\r\r\r"), server_end(), client_end()});
  CHECK(played.lines == Lines{"1 GET / 200 ack 1-1 2-2", "desync: response without a request"});
  CHECK(played.slices.back().exchange == 0);
  CHECK(played.slices.back().message.empty());
}

TEST_CASE("http codec reports what was open at a desync when the connection is over") {
  const std::vector<Step> steps{c(get), c("nonsense\r\n\r\n"), s(ok)};
  CHECK(play(steps, {}, false).lines.size() == 1);
  CHECK(play(steps).lines.back() == "1 GET / nothing 1-1 ---");
}

namespace {

// Counts exchanges and how many bytes were labelled as part of one.
class Counting final : public CodecOutlet {
 public:
  void slice(std::size_t length, const Label& label) override {
    if (label.exchange != 0) labelled += length;
  }
  void exchange(const Exchange&) override { ++exchanges; }
  void session(SessionFact, std::string_view) override {}
  void desync(std::string_view) override { ++desyncs; }

  std::uint64_t labelled = 0;
  int exchanges = 0, desyncs = 0;
};

}  // namespace

TEST_CASE("http codec follows bodies beyond 4 GiB in both directions") {
  constexpr std::uint64_t blocks = 4097;  // of 1 MiB
  const std::string block(1 << 20, 'x');
  const std::string length =
      "Content-Length: " + std::to_string(blocks * block.size()) + "\r\n\r\n";
  const std::unique_ptr<Codec> codec = find_codec_kind("http")->make();
  Counting out;
  const auto message = [&](Direction direction, const std::string& start) {
    codec->cut(direction, start + length, Instant{}, out);
    for (std::uint64_t i = 0; i < blocks; ++i) codec->cut(direction, block, Instant{}, out);
    CHECK(codec->at_boundary(direction));
    return start.size() + length.size() + blocks * block.size();
  };
  std::uint64_t sent = message(Direction::upstream, "POST / HTTP/1.1\r\nHost: x\r\n");
  sent += message(Direction::downstream, "HTTP/1.1 200 OK\r\n");
  CHECK(out.exchanges == 1);
  CHECK(out.desyncs == 0);
  CHECK(out.labelled == sent);
}

#include "proxy/http_parser.h"

#include <string>
#include <vector>

#include "tests/support/catch.h"

using namespace faultline;
using Side = HttpParser::Side;

namespace {

// Remembers what it was told, bodies joined.
class Heard final : public HttpListener {
 public:
  void message_begun() override {
    told += "[";
    begun_at.push_back(fed_before + parser->offset());
  }
  void header(std::string_view name, std::string_view value) override {
    told += std::string(name) + "=" + std::string(value) + ";";
  }
  HttpBody head_complete(const HttpHead& head) override {
    told += head.status == 0 ? std::string(head.method) + " " + std::string(head.target)
                             : std::to_string(head.status);
    told += " 1." + std::to_string(head.minor);
    if (head.keep_alive) told += " keep";
    if (head.upgrade) told += " upgrade";
    if (head.expects_continue) told += " expects";
    told += "|";
    return answer;
  }
  void body(ByteView bytes) override { told += bytes; }
  void message_complete() override {
    told += "]";
    completed_at.push_back(fed_before + parser->offset());
  }

  const HttpParser* parser = nullptr;
  HttpBody answer = HttpBody::as_declared;
  std::size_t fed_before = 0;
  std::string told;
  std::vector<std::size_t> begun_at;
  std::vector<std::size_t> completed_at;
};

struct Outcome {
  std::string told;
  std::vector<std::size_t> begun_at, completed_at;
  std::size_t consumed = 0;
  bool upgraded = false;
  bool between = false;
  std::string error;
  std::string finish_error;
};

Outcome parse(Side side, ByteView bytes, std::size_t split, HttpBody answer) {
  Heard heard;
  heard.answer = answer;
  HttpParser parser(side, heard);
  heard.parser = &parser;
  Outcome outcome;
  const std::size_t step = split == 0 ? 1 : bytes.size();
  for (std::size_t i = 0; i < bytes.size() && outcome.error.empty() && !outcome.upgraded;) {
    const std::size_t n = i < split ? split - i : std::min(step, bytes.size() - i);
    const std::vector<char> piece(bytes.begin() + static_cast<std::ptrdiff_t>(i),
                                  bytes.begin() + static_cast<std::ptrdiff_t>(i + n));
    heard.fed_before = i;
    const HttpParser::Progress progress = parser.feed({piece.data(), piece.size()});
    outcome.consumed += progress.consumed;
    outcome.upgraded = progress.upgraded;
    if (progress.error != nullptr) outcome.error = progress.error;
    i += n;
  }
  heard.fed_before = bytes.size();
  outcome.between = parser.between_messages();
  const HttpParser::Progress last = parser.finish();
  if (last.error != nullptr) outcome.finish_error = last.error;
  outcome.told = heard.told;
  outcome.begun_at = heard.begun_at;
  outcome.completed_at = heard.completed_at;
  return outcome;
}

// Byte by byte and with every split, all of which must agree with the unsplit stream.
Outcome parse(Side side, ByteView bytes, HttpBody answer = HttpBody::as_declared) {
  const Outcome whole = parse(side, bytes, bytes.size(), answer);
  for (std::size_t split = 0; split < bytes.size(); ++split) {
    const Outcome other = parse(side, bytes, split, answer);
    INFO("split at " << split << " of " << bytes);
    CHECK(other.told == whole.told);
    CHECK(other.begun_at == whole.begun_at);
    CHECK(other.completed_at == whole.completed_at);
    CHECK(other.upgraded == whole.upgraded);
    CHECK(other.between == whole.between);
    CHECK(other.error == whole.error);
    CHECK(other.finish_error == whole.finish_error);
    if (whole.error.empty()) CHECK(other.consumed == whole.consumed);
  }
  return whole;
}

}  // namespace

TEST_CASE("http parser delivers method, target and headers whole") {
  const Outcome o = parse(Side::request,
                          "POST /a?b=c HTTP/1.1\r\nHost:  x \r\nEmpty:\r\nExpect: 100-Continue\r\n"
                          "Content-Length: 5\r\n\r\nhello");
  CHECK(o.told ==
        "[Host=x;Empty=;Expect=100-Continue;Content-Length=5;POST /a?b=c 1.1 keep expects|hello]");
  CHECK(o.error.empty());
  CHECK(o.finish_error.empty());
  CHECK(o.between);
}

TEST_CASE("http parser tells where messages begin and end") {
  const Outcome o = parse(Side::request,
                          "\r\nGET /a HTTP/1.1\r\n\r\n"
                          "PUT /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
                          "2;x=\"y z\"\r\nab\r\n1\r\nc\r\n0\r\nT: u\r\n\r\n"
                          "GET /c HTTP/1.0\r\n\r\n");
  CHECK(o.told ==
        "[GET /a 1.1 keep|][Transfer-Encoding=chunked;PUT /b 1.1 keep|abcT=u;][GET /c 1.0|]");
  CHECK(o.begun_at == std::vector<std::size_t>{2, 21, 100});
  CHECK(o.completed_at == std::vector<std::size_t>{21, 100, 119});
  CHECK(o.consumed == 119);
}

TEST_CASE("http parser reads a response's body as its head declares") {
  CHECK(parse(Side::response, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").told ==
        "[Content-Length=2;200 1.1 keep|ok]");
  CHECK(parse(Side::response, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 N\r\n\r\n").told ==
        "[100 1.1 keep|][204 1.1 keep|]");
  CHECK(parse(Side::response,
              "HTTP/1.1 304 N\r\nContent-Length: 9\r\n\r\nHTTP/1.1 103 E\r\n"
              "Content-Length: 9\r\n\r\nHTTP/1.1 204 N\r\nTransfer-Encoding: chunked\r\n\r\n")
            .told ==
        "[Content-Length=9;304 1.1 keep|][Content-Length=9;103 1.1 keep|]"
        "[Transfer-Encoding=chunked;204 1.1 keep|]");
  CHECK(parse(Side::response, "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nzz").told ==
        "[Transfer-Encoding=gzip;200 1.1 keep|zz]");
}

TEST_CASE("http parser completes a body that the end of the stream delimits") {
  const Outcome o = parse(Side::response, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc");
  CHECK(o.told == "[Connection=close;200 1.1|abc]");
  CHECK_FALSE(o.between);
  CHECK(o.finish_error.empty());
}

TEST_CASE("http parser calls a message that was cut off an error") {
  for (const char* cut : {"GET / HT", "POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\na",
                          "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
                          "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"}) {
    const Outcome o = parse(Side::request, cut);
    CHECK(o.error.empty());
    CHECK(o.finish_error == "stream ended inside a message");
    CHECK_FALSE(o.between);
  }
}

TEST_CASE("http parser follows what its listener knows of a response") {
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
  const Outcome none = parse(Side::response, head + head, HttpBody::none);
  CHECK(none.told == "[Content-Length=5;200 1.1 keep|][Content-Length=5;200 1.1 keep|]");
  const Outcome tunnel = parse(Side::response, head + "hello", HttpBody::tunnel);
  CHECK(tunnel.told == "[Content-Length=5;200 1.1 keep|]");
  CHECK(tunnel.upgraded);
  CHECK(tunnel.consumed == head.size());
  const Outcome refused = parse(Side::response, head + "hello", HttpBody::refuse);
  CHECK(refused.told == "[Content-Length=5;200 1.1 keep|");
  CHECK(refused.error == "message refused by its reader");
}

TEST_CASE("http parser stops at an upgrade and goes on when it was declined") {
  const std::string ask = "GET /w HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: w\r\n\r\n";
  const Outcome o = parse(Side::request, ask + "\x01\x02");
  CHECK(o.upgraded);
  CHECK(o.consumed == ask.size());
  CHECK(o.told == "[Connection=upgrade;Upgrade=w;GET /w 1.1 keep upgrade|]");
  const Outcome agreed =
      parse(Side::response, "HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: w\r\n\r\n\x01\x02");
  CHECK(agreed.upgraded);

  Heard heard;
  HttpParser parser(Side::request, heard);
  heard.parser = &parser;
  CHECK(parser.feed(ask + "GET").consumed == ask.size());
  CHECK(parser.feed("GET").consumed == 0);
  CHECK_FALSE(parser.between_messages());
  parser.resume_after_upgrade();
  CHECK(parser.between_messages());
  CHECK(parser.feed("GET / HTTP/1.1\r\n\r\n").error == nullptr);
  CHECK(heard.told.ends_with("][GET / 1.1 keep|]"));
}

TEST_CASE("http parser stays failed") {
  Heard heard;
  HttpParser parser(Side::request, heard);
  heard.parser = &parser;
  const HttpParser::Progress failed = parser.feed("GET / HTTP/1.1\r\nX: y\n\r\n");
  CHECK(std::string(failed.error) == "LF without CR");
  CHECK(failed.consumed < 24);
  CHECK(parser.feed("GET / HTTP/1.1\r\n\r\n").consumed == 0);
  CHECK(std::string(parser.feed("G").error) == "LF without CR");
  CHECK(std::string(parser.finish().error) == "LF without CR");
}

TEST_CASE("http parser can be moved between messages and within one") {
  Heard heard;
  HttpParser first(Side::request, heard);
  heard.parser = &first;
  first.feed("GET /mo");
  HttpParser second(std::move(first));
  heard.parser = &second;
  CHECK(second.feed("ved HTTP/1.1\r\n\r\n").error == nullptr);
  CHECK(heard.told == "[GET /moved 1.1 keep|]");
}

TEST_CASE("http parser bounds chunk extensions but not how many chunks there are") {
  const std::string head = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
  const auto error_of = [&](const std::string& body) {
    Heard heard;
    HttpParser parser(Side::request, heard);
    heard.parser = &parser;
    const char* error = parser.feed(head + body).error;
    return std::string(error == nullptr ? "" : error);
  };
  CHECK(error_of("1;a=" + std::string(4090, 'x') + "\r\na\r\n").empty());
  CHECK(error_of("1;a=" + std::string(4091, 'x') + "\r\na\r\n") ==
        "chunk size line longer than its limit");
  std::string many;
  for (int i = 0; i < 10000; ++i) many += "1;signature=0123456789\r\nx\r\n";
  CHECK(error_of(many + "0\r\n\r\n").empty());
}

// What a fault says of exchanges, and what the HTTP codec makes of it.

#include "tests/support/catch.h"
#include "tests/support/codec_tape.h"

using namespace faultline;
using faultline::dialogue::instant_of;

namespace {

const std::string get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

struct Told final : CodecOutlet {
  void slice(std::size_t, const Label& label) override { claimed = label.claimed; }
  void exchange(const Exchange& e) override {
    lines.push_back(std::to_string(e.ordinal) + " " + std::string(name(e.fate)) + " " +
                    std::string(name(e.told)) + " " + std::string(e.code.view()) + " by " +
                    std::to_string(e.fault));
  }
  void session(SessionFact, std::string_view) override {}
  void desync(std::string_view reason) override { lines.emplace_back(reason); }

  std::vector<std::string> lines;
  bool claimed = false;
};

struct Talk {
  Talk& client(const std::string& bytes) {
    codec->cut(Direction::upstream, bytes, instant_of(step++), told);
    return *this;
  }
  Talk& server(const std::string& bytes) {
    codec->cut(Direction::downstream, bytes, instant_of(step++), told);
    return *this;
  }
  Talk& tell(std::uint64_t exchange, std::string_view code) {
    codec->tell(exchange, code, instant_of(step++), told);
    return *this;
  }
  Talk& over() {
    codec->closed(instant_of(step++), told);
    return *this;
  }

  std::unique_ptr<Codec> codec = find_codec_kind("http")->make();
  Told told;
  std::size_t step = 0;
};

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("a withheld exchange leaves the queue: the next response is its successor's") {
  Talk talk;
  talk.client(get + get);
  CHECK(talk.codec->claim(1, 9));
  CHECK_FALSE(talk.codec->claim(1, 8));  // it is another's
  CHECK_FALSE(talk.codec->claim(3, 9));  // there is none
  talk.codec->withhold(1);
  CHECK(talk.codec->settled_before(1));
  CHECK_FALSE(talk.codec->settled_before(2));
  talk.tell(1, "502").server(ok);
  CHECK(talk.told.lines == Lines{"1 withheld ambiguous 502 by 9", "2 forwarded ack 200 by 0"});
  CHECK(talk.codec->settled_before(3));
}

TEST_CASE("only the exchange whose turn it is can be withheld") {
  Talk talk;
  talk.client(get + get);
  CHECK(talk.codec->claim(2, 9));
  CHECK_FALSE(talk.codec->settled_before(2));
  talk.codec->withhold(2);  // too early: its predecessor is unanswered
  talk.server(ok).server(ok).tell(2, "500");
  CHECK(talk.told.lines == Lines{"1 forwarded ack 200 by 0", "2 forwarded ambiguous 500 by 9"});
}

TEST_CASE("a repeated exchange is answered by its second response, and told of by either") {
  Talk first;
  CHECK(first.client(get + get).codec->claim(1, 9));
  first.codec->repeat(1);
  first.server(ok).tell(1, "200");
  CHECK(first.told.lines.empty());
  CHECK_FALSE(first.codec->settled_before(2));
  first.server("HTTP/1.1 103 Early\r\n\r\n" + ok).server(ok);
  CHECK(first.told.lines == Lines{"1 repeated ack 200 by 9", "2 forwarded ack 200 by 0"});

  Talk second;
  CHECK(second.client(get).codec->claim(1, 9));
  second.codec->repeat(1);
  CHECK(second.server(ok + ok).told.lines.empty());
  CHECK(second.tell(1, "404").told.lines == Lines{"1 repeated failure 404 by 9"});
  second.server(ok);
  CHECK(second.told.lines.back() == "response without a request");
}

TEST_CASE("a repeated exchange whose second response never comes is reported at the end") {
  Talk talk;
  CHECK(talk.client(get).codec->claim(1, 9));
  talk.codec->repeat(1);
  CHECK(talk.server(ok).tell(1, "200").over().told.lines == Lines{"1 repeated ack 200 by 9"});
}

TEST_CASE("a claimed exchange is reported when it was answered and told of, in either order") {
  Talk first;
  CHECK(first.client(get).codec->claim(1, 4));
  CHECK(first.server(ok).told.lines.empty());
  CHECK(first.told.claimed);
  CHECK_FALSE(first.codec->settled_before(2));
  CHECK(first.tell(1, "500").told.lines == Lines{"1 forwarded ambiguous 500 by 4"});
  CHECK(first.tell(1, "404").over().told.lines.size() == 1);

  Talk second;
  CHECK(second.client(get).codec->claim(1, 4));
  CHECK(second.server(ok.substr(0, 30)).tell(1, "").told.lines.empty());
  CHECK(second.server(ok.substr(30)).told.lines == Lines{"1 forwarded nothing  by 4"});
}

TEST_CASE("what was claimed and never told of is reported at the end: nothing was told") {
  Talk talk;
  CHECK(talk.client(get + get).codec->claim(1, 4));
  CHECK(talk.server(ok).codec->claim(2, 4));
  CHECK(talk.over().told.lines == Lines{"1 forwarded nothing  by 4", "2 forwarded nothing  by 4"});
}

TEST_CASE("a disclaimed exchange is reported as if it had not been claimed") {
  Talk talk;
  CHECK(talk.client(get + get).codec->claim(1, 4));
  CHECK(talk.codec->claim(2, 4));
  talk.server(ok).codec->disclaim(4, talk.told);
  CHECK(talk.server(ok).told.lines ==
        Lines{"1 forwarded ack 200 by 0", "2 forwarded ack 200 by 0"});
}

TEST_CASE("a request that asks for another protocol cannot be claimed") {
  Talk talk;
  talk.client("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n");
  CHECK_FALSE(talk.codec->claim(1, 4));
}

#include "proxy/http_scan.h"

#include <string>

#include "tests/support/catch.h"

using namespace faultline;
using Block = HttpScan::Block;

namespace {

// "ended N" after N bytes, "refused N" before byte N, or "more"; the same for every split.
std::string scan(Block block, const std::string& bytes) {
  std::string first;
  for (std::size_t split = 0; split <= bytes.size(); ++split) {
    HttpScan scan;
    scan.begin(block);
    std::size_t walked = scan.advance(ByteView(bytes).substr(0, split));
    if (!scan.ended() && scan.violation() == nullptr) {
      walked += scan.advance(ByteView(bytes).substr(split));
    }
    const std::string outcome = scan.violation() != nullptr ? "refused " + std::to_string(walked)
                                : scan.ended()              ? "ended " + std::to_string(walked)
                                                            : "more";
    if (split == 0) first = outcome;
    INFO("split at " << split);
    CHECK(outcome == first);
  }
  return first;
}

}  // namespace

TEST_CASE("http scan ends a block at its blank line") {
  CHECK(scan(Block::request_head, "GET / HTTP/1.1\r\nA: b\r\n\r\nrest\n") == "ended 24");
  CHECK(scan(Block::response_head, "HTTP/1.1 200 All is well\r\n\r\n") == "ended 28");
  CHECK(scan(Block::trailers, "\r\nrest") == "ended 2");
  CHECK(scan(Block::trailers, "A: b\tc\r\n\r\n") == "ended 10");
  CHECK(scan(Block::chunk_size, "1f;a=b\r\n\r\n") == "ended 8");
  CHECK(scan(Block::request_head, "GET / HTTP/1.1\r\nA: b\r\n\r") == "more");
}

TEST_CASE("http scan refuses line ends that are not CR LF") {
  CHECK(scan(Block::request_head, "GET / HTTP/1.1\r\nA:\rB: c\r\n\r\n") == "refused 19");
  CHECK(scan(Block::request_head, "GET / HTTP/1.1\r\nA: b\r\r\n\r\n") == "refused 21");
  CHECK(scan(Block::request_head, "GET / HTTP/1.1\r\nA: b\r\n\rC: d\r\n\r\n") == "refused 23");
  CHECK(scan(Block::request_head, "GET / HTTP/1.1\nA: b\r\n\r\n") == "refused 14");
  CHECK(scan(Block::response_head, "HTTP/1.1 200 OK\r\nA: 0123456789abc\n\r\n") == "refused 33");
  CHECK(scan(Block::trailers, "\n") == "refused 0");
  CHECK(scan(Block::chunk_size, "1\rx") == "refused 2");
}

TEST_CASE("http scan refuses folded lines and start lines that are none") {
  CHECK(scan(Block::trailers, "A: b\r\n c\r\n\r\n") == "refused 6");
  CHECK(scan(Block::trailers, "A: b\r\n\tc\r\n\r\n") == "refused 6");
  CHECK(scan(Block::response_head, "\r\nHTTP/1.1 200 OK\r\n\r\n") == "refused 0");
  CHECK(scan(Block::request_head, "GET  / HTTP/1.1\r\n\r\n") == "refused 15");
  CHECK(scan(Block::request_head, "GET /\r\n\r\n") == "refused 5");
  CHECK(scan(Block::request_head, "GET / RTSP/1.0\r\n\r\n") == "refused 14");
  CHECK(scan(Block::request_head, "GET / HTTP/1.1 \r\n\r\n") == "refused 15");
}

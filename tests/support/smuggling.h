#pragma once

// What two readers of one stream are known to disagree about: requests and responses that a codec
// must not claim to understand, and that a proxy must forward as they are.

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace faultline::smuggling {

struct Probe {
  std::string name;
  std::string bytes;
};

using std::string_literals::operator""s;

// Follows each request's line with Host and these header lines.
inline std::string post(const std::string& headers, const std::string& body = "") {
  return "POST / HTTP/1.1\r\nHost: x\r\n" + headers + "\r\n" + body;
}

inline std::string chunks(const std::string& body) {
  return post("Transfer-Encoding: chunked\r\n", body);
}

inline std::string lines(std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += "A: b\r\n";
  return text;
}

// Bytes that some reader skips and another takes for part of a word.
inline constexpr std::array<unsigned char, 10> odd_bytes{0x00, 0x01, 0x08, 0x0b, 0x0c,
                                                         0x1f, 0x7f, 0x85, 0xa0, 0xff};

// A framing header with an odd byte in each place where a lenient reader would overlook it.
inline void add_obfuscated(std::vector<Probe>& all, const std::string& start,
                           const std::string& name, const std::string& value,
                           const std::string& body) {
  for (const unsigned char byte : odd_bytes) {
    const std::string odd(1, static_cast<char>(byte));
    const std::array<std::string, 4> fields{odd + name + ": " + value, name + odd + ": " + value,
                                            name + ": " + odd + value, name + ": " + value + odd};
    constexpr std::array places{"before the name", "behind the name", "before the value",
                                "behind the value"};
    for (std::size_t i = 0; i < fields.size(); ++i) {
      all.push_back({name + " with byte " + std::to_string(byte) + " " + places[i],
                     start + fields[i] + "\r\n\r\n" + body});
    }
  }
}

inline std::vector<Probe> plain_requests() {
  const std::string smuggled = "GET /admin HTTP/1.1\r\nHost: x\r\n\r\n";
  return {
      {"CVE-2023-30589: a CR ends a header", post("X:\rTransfer-Encoding: chunked\r\n")},
      {"CVE-2024-27982: a folded Content-Length", post("X: y\r\n Content-Length: 5\r\n", "hello")},
      {"a Content-Length folded onto Host",
       "POST / HTTP/1.1\r\nHost: x\r\n\tContent-Length: 5\r\n\r\nhello"},
      {"a folded first header", "GET / HTTP/1.1\r\n Host: x\r\n\r\n"},
      {"a folded value", post("X: a\r\n b\r\n")},
      {"a request line that ends in LF", "GET / HTTP/1.1\nHost: x\r\n\r\n"},
      {"a header that ends in LF", "GET / HTTP/1.1\r\nHost: x\n\r\n"},
      {"a header block that ends in LF", "GET / HTTP/1.1\r\nHost: x\r\n\n"},
      {"LF throughout", "GET / HTTP/1.1\nHost: x\n\n"},
      {"a request line that ends in CR", "GET / HTTP/1.1\rHost: x\r\n\r\n"},
      {"CR CR LF at the end of a header", "GET / HTTP/1.1\r\nHost: x\r\r\n\r\n"},
      {"CVE-2025-23167: CR LF CR X ends the block", "GET / HTTP/1.1\r\nHost: x\r\n\rX: y\r\n\r\n"},
      {"a bare CR before the request", "\rGET / HTTP/1.1\r\n\r\n"},
      {"a bare LF before the request", "\nGET / HTTP/1.1\r\n\r\n"},
      {"blank lines without end",
       "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n"},
      {"CL and TE", post("Content-Length: 6\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\nG")},
      {"TE and CL", post("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "8\r\nSMUGGLED")},
      {"two lengths", post("Content-Length: 5\r\nContent-Length: 6\r\n", "hello")},
      {"the same length twice", post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello")},
      {"a list of lengths", post("Content-Length: 5, 5\r\n", "hello")},
      {"an empty length", post("Content-Length:\r\n")},
      {"a blank length", post("Content-Length:  \r\n")},
      {"a length with a plus", post("Content-Length: +5\r\n", "hello")},
      {"a negative length", post("Content-Length: -1\r\n")},
      {"a hexadecimal length", post("Content-Length: 0x5\r\n", "hello")},
      {"a length with a gap", post("Content-Length: 1 0\r\n", "helloworld")},
      {"a length with an underscore", post("Content-Length: 1_0\r\n", "helloworld")},
      {"a length with letters", post("Content-Length: 5a\r\n", "hello")},
      {"a length beyond 64 bits", post("Content-Length: 18446744073709551616\r\n")},
      {"a space before the colon of CL", post("Content-Length : 5\r\n", "hello")},
      {"a space before the colon of TE", post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n")},
      {"a tab before the colon", post("Transfer-Encoding\t: chunked\r\n", "0\r\n\r\n")},
      {"chunked is not last", post("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n")},
      {"chunked twice", post("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n")},
      {"chunked in two lines",
       post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")},
      {"identity after chunked",
       post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n")},
      {"identity", post("Transfer-Encoding: identity\r\n")},
      {"an unknown coding", post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n")},
      {"a coding with a prefix", post("Transfer-Encoding: x chunked\r\n", "0\r\n\r\n")},
      {"a vertical tab before chunked", post("Transfer-Encoding: \vchunked\r\n", "0\r\n\r\n")},
      {"a quoted coding", post("Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n")},
      {"an empty coding", post("Transfer-Encoding: , chunked\r\n", "0\r\n\r\n")},
      {"a coding with a parameter", post("Transfer-Encoding: chunked;a=b\r\n", "0\r\n\r\n")},
      {"no coding", post("Transfer-Encoding:\r\n")},
      {"TE in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {"a chunk size with 0x", chunks("0x1\r\na\r\n0\r\n\r\n")},
      {"a chunk size with a space", chunks("1 \r\na\r\n0\r\n\r\n")},
      {"a chunk size with a sign", chunks("+1\r\na\r\n0\r\n\r\n")},
      {"a negative chunk size", chunks("-1\r\na\r\n0\r\n\r\n")},
      {"no chunk size", chunks("\r\na\r\n0\r\n\r\n")},
      {"a chunk size beyond 64 bits", chunks("10000000000000001\r\na\r\n0\r\n\r\n")},
      {"a chunk size that ends in LF", chunks("1\na\r\n0\r\n\r\n")},
      {"a chunk size that ends in CR", chunks("1\ra\r\n0\r\n\r\n")},
      {"a chunk extension that holds LF", chunks("1;a=\n\r\na\r\n0\r\n\r\n")},
      {"chunk data that no CRLF follows", chunks("1\r\naXX0\r\n\r\n")},
      {"chunk data that LF follows", chunks("1\r\na\n0\r\n\r\n")},
      {"a chunk longer than its size", chunks("1\r\nab\r\n0\r\n\r\n")},
      {"a chunk extension without end", chunks("1;" + std::string(5000, 'a') + "\r\na\r\n")},
      {"trailers that end in LF", chunks("0\r\n\n")},
      {"a trailer with a bare CR", chunks("0\r\nX:\rY: z\r\n\r\n")},
      {"a folded trailer", chunks("0\r\nX: y\r\n z\r\n\r\n")},
      {"a folded first trailer", chunks("0\r\n X: y\r\n\r\n")},
      {"a length among the trailers", chunks("0\r\nContent-Length: 5\r\n\r\n")},
      {"a coding among the trailers", chunks("0\r\nTransfer-Encoding: chunked\r\n\r\n")},
      {"more trailers than the limit", chunks("0\r\n" + lines(201) + "\r\n")},
      {"a header with no name", post(": x\r\n")},
      {"a header with no colon", post("Nonsense\r\n")},
      {"a space within a name", post("Content Length: 5\r\n", "hello")},
      {"a NUL within a name", post("X\0Y: z\r\n"s)},
      {"a NUL within a value", post("X: a\0b\r\n"s)},
      {"a byte above 127 within a name", post("X\xff: z\r\n")},
      {"a control byte within a value", post("X: a\x01z\r\n")},
      {"a space before the method", " GET / HTTP/1.1\r\n\r\n"},
      {"two spaces before the target", "GET  / HTTP/1.1\r\n\r\n"},
      {"two spaces after the target", "GET /  HTTP/1.1\r\n\r\n"},
      {"a tab before the target", "GET\t/ HTTP/1.1\r\n\r\n"},
      {"a space after the version", "GET / HTTP/1.1 \r\n\r\n"},
      {"a space within the target", "GET /a b HTTP/1.1\r\n\r\n"},
      {"a fragment in the target", "GET /a#b HTTP/1.1\r\n\r\n"},
      {"a byte above 127 in the target", "GET /\xff HTTP/1.1\r\n\r\n"},
      {"a NUL in the target", "GET /\0 HTTP/1.1\r\n\r\n"s},
      {"no target", "GET HTTP/1.1\r\n\r\n"},
      {"no version", "GET /\r\n\r\n"},
      {"HTTP/0.9", "GET / HTTP/0.9\r\n\r\n"},
      {"HTTP/1.2", "GET / HTTP/1.2\r\n\r\n"},
      {"HTTP/2.0", "GET / HTTP/2.0\r\n\r\n"},
      {"HTTP/01.1", "GET / HTTP/01.1\r\n\r\n"},
      {"a lower-case protocol", "GET / http/1.1\r\n\r\n"},
      {"another protocol", "GET / RTSP/1.0\r\n\r\n"},
      {"an unknown method", "STEAL / HTTP/1.1\r\n\r\n"},
      {"a lower-case method", "get / HTTP/1.1\r\n\r\n"},
      {"the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
      {"a TLS client hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"s},
      {"a response", "HTTP/1.1 200 OK\r\n\r\n"},
      {"a CONNECT with a body", "CONNECT a:1 HTTP/1.1\r\nContent-Length: 30\r\n\r\n" + smuggled},
      {"a CONNECT with chunks",
       "CONNECT a:1 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {"a request after Connection: close", post("Connection: close\r\n", smuggled)},
      {"more header lines than the limit", post(lines(200))},
      {"a request line longer than a header block",
       "GET /" + std::string(65536, 'a') + " HTTP/1.1\r\n\r\n"},
      {"a header block longer than the limit", post("X: " + std::string(65536, 'a') + "\r\n")},
  };
}

inline std::vector<Probe> requests() {
  std::vector<Probe> all = plain_requests();
  const std::string start = "POST / HTTP/1.1\r\nHost: x\r\n";
  add_obfuscated(all, start, "Transfer-Encoding", "chunked", "0\r\n\r\n");
  add_obfuscated(all, start, "Content-Length", "5", "hello");
  for (const char* coding : {"chunked,", "chunked;", "'chunked'", "chunk ed", "chunked chunked",
                             "CHUNKED, chunked", "deflate, identity", "chunked/1.0", "=chunked"})
    all.push_back({std::string("the coding ") + coding,
                   post("Transfer-Encoding: " + std::string(coding) + "\r\n", "0\r\n\r\n")});
  for (const char* length : {"5;", "5.0", "5e0", "5,", ",5", "'5'", "5 5", "0x05", "5h", "$5"})
    all.push_back({std::string("the length ") + length,
                   post("Content-Length: " + std::string(length) + "\r\n", "hello")});
  return all;
}

inline std::vector<Probe> responses() {
  std::vector<Probe> all{
      {"a status line that ends in LF", "HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n"},
      {"a bare CR", "HTTP/1.1 200 OK\r\nX:\rContent-Length: 0\r\n\r\n"},
      {"a folded length", "HTTP/1.1 200 OK\r\nX: y\r\n Content-Length: 0\r\n\r\n"},
      {"CL and TE",
       "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"},
      {"an empty length", "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n"},
      {"chunked twice", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n"},
      {"chunked is not last", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\n"},
      {"TE in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {"a bad chunk size", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"},
      {"a blank line before the status line", "\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
      {"bytes that are no HTTP", "SSH-2.0-OpenSSH_9.2\r\n"},
      {"HTTP/0.9", "<html>old</html>"},
      {"HTTP/2.0", "HTTP/2.0 200 OK\r\n\r\n"},
      {"a status of two digits", "HTTP/1.1 20 OK\r\n\r\n"},
      {"a status of four digits", "HTTP/1.1 2000 OK\r\n\r\n"},
      {"a body longer than its length", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab"},
      {"two responses to one request",
       "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
      {"an upgrade nobody asked for",
       "HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n"},
      {"more header lines than the limit", "HTTP/1.1 200 OK\r\n" + lines(200) + "\r\n"},
  };
  const std::string start = "HTTP/1.1 200 OK\r\n";
  add_obfuscated(all, start, "Transfer-Encoding", "chunked", "0\r\n\r\n");
  add_obfuscated(all, start, "Content-Length", "5", "hello");
  return all;
}

}  // namespace faultline::smuggling

#pragma once

// Error responses as they come from what stands in front of services: plain data, in the words and
// with the headers by which clients tell them apart. Bodies are HTML where JSON is expected, which
// is part of the failure.

#include <array>
#include <cstdint>
#include <string_view>

namespace faultline::http {

struct Preset {
  std::string_view name;
  std::uint16_t status;
  std::string_view fields;  // each with its CRLF
  std::string_view body;
};

// `none` first: the response is what the other settings say.
inline constexpr std::array<Preset, 11> presets = {{
    {"none", 0, "", ""},
    {"nginx_502", 502, "Server: nginx\r\nContent-Type: text/html\r\n",
     "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad "
     "Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"},
    {"nginx_503", 503, "Server: nginx\r\nContent-Type: text/html\r\n",
     "<html>\r\n<head><title>503 Service Temporarily Unavailable</title></head>\r\n<body>\r\n"
     "<center><h1>503 Service Temporarily Unavailable</h1></center>\r\n<hr><center>nginx</center>"
     "\r\n</body>\r\n</html>\r\n"},
    {"nginx_504", 504, "Server: nginx\r\nContent-Type: text/html\r\n",
     "<html>\r\n<head><title>504 Gateway Time-out</title></head>\r\n<body>\r\n<center><h1>504 "
     "Gateway Time-out</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"},
    {"envoy_503", 503, "server: envoy\r\ncontent-type: text/plain\r\n",
     "upstream connect error or disconnect/reset before headers. reset reason: connection "
     "failure"},
    {"envoy_504", 504, "server: envoy\r\ncontent-type: text/plain\r\n", "upstream request timeout"},
    {"aws_alb_502", 502, "Server: awselb/2.0\r\nContent-Type: text/html\r\n",
     "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad "
     "Gateway</h1></center>\r\n</body>\r\n</html>\r\n"},
    {"aws_alb_503", 503, "Server: awselb/2.0\r\nContent-Type: text/html\r\n",
     "<html>\r\n<head><title>503 Service Temporarily Unavailable</title></head>\r\n<body>\r\n"
     "<center><h1>503 Service Temporarily Unavailable</h1></center>\r\n</body>\r\n</html>\r\n"},
    {"cloudflare_520", 520, "Server: cloudflare\r\nContent-Type: text/plain; charset=UTF-8\r\n",
     "error code: 520"},
    {"cloudflare_522", 522, "Server: cloudflare\r\nContent-Type: text/plain; charset=UTF-8\r\n",
     "error code: 522"},
    {"problem_503", 503, "Content-Type: application/problem+json\r\n",
     R"({"type":"about:blank","title":"Service Unavailable","status":503})"},
}};

}  // namespace faultline::http

#include "proxy/control/toxiproxy_route.h"

#include <algorithm>
#include <charconv>
#include <vector>

namespace faultline::control {
namespace {

using Place = ToxiproxyRoute::Place;

// "/a/b" is a and b, "/a/" is a and nothing.
std::vector<std::string_view> segments(std::string_view path) {
  std::vector<std::string_view> parts;
  while (path.starts_with('/')) {
    path.remove_prefix(1);
    const std::size_t end = std::min(path.find('/'), path.size());
    parts.push_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return parts;
}

std::optional<ToxiproxyRoute> top_level(std::string_view word) {
  if (word == "version") return ToxiproxyRoute{.place = Place::version};
  if (word == "proxies") return ToxiproxyRoute{.place = Place::proxies};
  if (word == "populate") return ToxiproxyRoute{.place = Place::populate};
  if (word == "reset") return ToxiproxyRoute{.place = Place::reset};
  return std::nullopt;
}

}  // namespace

bool ToxiproxyRoute::knows(std::string_view method) const {
  switch (place) {
    case Place::version:
      return method == "GET";
    case Place::proxies:
    case Place::toxics:
      return method == "GET" || method == "POST";
    case Place::proxy:
    case Place::toxic:
      return method == "GET" || method == "POST" || method == "PATCH" || method == "DELETE";
    case Place::populate:
    case Place::reset:
      return method == "POST";
  }
  return false;
}

std::optional<ToxiproxyRoute> toxiproxy_route(std::string_view path) {
  const std::vector<std::string_view> parts = segments(path);
  if (parts.empty()) return std::nullopt;
  if (parts.size() == 1) return top_level(parts[0]);
  const bool named = parts[0] == "proxies" && !parts[1].empty() && parts.size() <= 4;
  if (!named || (parts.size() > 2 && parts[2] != "toxics")) return std::nullopt;
  const std::optional<std::string> proxy = percent_decoded(parts[1]);
  if (!proxy) return std::nullopt;
  if (parts.size() == 2) return ToxiproxyRoute{Place::proxy, *proxy, {}};
  if (parts.size() == 3) return ToxiproxyRoute{Place::toxics, *proxy, {}};
  const std::optional<std::string> toxic = percent_decoded(parts[3]);
  if (!toxic || toxic->empty()) return std::nullopt;
  return ToxiproxyRoute{Place::toxic, *proxy, *toxic};
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    unsigned value = 0;
    const char* const digits = text.data() + i + 1;
    if (std::from_chars(digits, digits + 2, value, 16).ptr != digits + 2) return std::nullopt;
    out += static_cast<char>(value);
    i += 2;
  }
  return out;
}

std::string clean_path(std::string_view path) {
  std::vector<std::string_view> kept;
  const std::vector<std::string_view> parts = segments(path);
  for (const std::string_view part : parts) {
    if (part == "..") {
      if (!kept.empty()) kept.pop_back();
    } else if (!part.empty() && part != ".") {
      kept.push_back(part);
    }
  }
  std::string out;
  for (const std::string_view part : kept) out += "/" + std::string(part);
  const bool slash_behind = !parts.empty() && parts.back().empty();
  return out.empty() || slash_behind ? out + "/" : out;
}

}  // namespace faultline::control

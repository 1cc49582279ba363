#include "faults/http/request_aim.h"

#include <charconv>
#include <optional>

#include "faults/http/json_place.h"
#include "faults/random.h"

namespace faultline::http {
namespace {

std::vector<std::string> split(std::string_view text, char by) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t at = text.find(by);
    parts.emplace_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

bool is_parameter(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

std::optional<std::uint16_t> status_from(std::string_view text) {
  std::uint16_t status = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), status);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  if (status < 100 || status > 599) return std::nullopt;
  return status;
}

// The value of a member of a query; nothing if it is not there.
std::optional<std::string_view> in_query(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::string_view member = query.substr(0, query.find('&'));
    const std::size_t sign = member.find('=');
    if (member.substr(0, sign) == name)
      return sign == std::string_view::npos ? std::string_view() : member.substr(sign + 1);
    query.remove_prefix(std::min(query.size(), member.size() + 1));
  }
  return std::nullopt;
}

}  // namespace

Checked<RequestAim> RequestAim::from(const Settings& settings) {
  RequestAim aim;
  Errors errors;
  if (const std::string& methods = settings.text("method"); methods != "any") {
    aim.methods_ = split(methods, ',');
    for (const std::string& method : aim.methods_) {
      if (!method.empty() &&
          method.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ-") == std::string::npos)
        continue;
      errors.push_back({settings.where("method"), quoted(methods) + " is no method; write GET, or "
                                                                    "several as PUT,POST"});
      break;
    }
  }
  aim.read_route(settings, errors);
  aim.read_pairs(settings, errors);
  aim.read_status(settings, errors);
  aim.read_key(settings, errors);
  if (!errors.empty()) return std::unexpected(std::move(errors));
  return aim;
}

void RequestAim::read_route(const Settings& settings, Errors& errors) {
  const std::string& route = settings.text("route");
  if (route == "any") return;
  any_route_ = false;
  if (!route.starts_with('/') || route.find_first_of("?# ") != std::string::npos) {
    errors.push_back({settings.where("route"),
                      quoted(route) + " is no route; write a path such as /orders/{id}"});
    return;
  }
  route_ = split(route.substr(1), '/');
}

void RequestAim::read_pairs(const Settings& settings, Errors& errors) {
  if (const std::string& query = settings.text("query"); query != "any") {
    for (const std::string& member : split(query, '&')) {
      const std::size_t sign = member.find('=');
      if (sign == 0 || member.empty()) {
        errors.push_back(
            {settings.where("query"), quoted(query) + " is no query; write page, or page=2&sort"});
        break;
      }
      const bool any = sign == std::string::npos;
      query_.push_back({member.substr(0, sign), any ? "" : member.substr(sign + 1), any});
    }
  }
  if (const std::string& header = settings.text("header"); header != "any") {
    const std::size_t sign = header.find(':');
    const bool any = sign == std::string::npos;
    const std::size_t value = any ? 0 : header.find_first_not_of(' ', sign + 1);
    header_.push_back({header.substr(0, sign),
                       any || value == std::string::npos ? "" : header.substr(value), any});
    if (header_.front().name.empty() || header_.front().name.find(' ') != std::string::npos)
      errors.push_back({settings.where("header"),
                        quoted(header) + " is no header; write X-Tenant, or X-Tenant: acme"});
  }
  if (const std::string& body = settings.text("body_pointer"); body != "any") {
    const std::size_t sign = body.find('=');
    const bool any = sign == std::string::npos;
    body_.push_back({body.substr(0, sign), any ? "" : body.substr(sign + 1), any});
    if (!body.starts_with('/'))
      errors.push_back({settings.where("body_pointer"), quoted(body) +
                                                            " is no JSON pointer; write "
                                                            "/customer/id, or /customer/id=42"});
  }
}

void RequestAim::read_status(const Settings& settings, Errors& errors) {
  const std::string& text = settings.text("upstream_status");
  if (text == "any") return;
  const std::size_t dash = text.find('-');
  if (text.size() == 3 && text.ends_with("xx") && text[0] >= '1' && text[0] <= '5') {
    status_low_ = static_cast<std::uint16_t>((text[0] - '0') * 100);
    status_high_ = static_cast<std::uint16_t>(status_low_ + 99);
    return;
  }
  const auto low = status_from(std::string_view(text).substr(0, dash));
  const auto high =
      dash == std::string::npos ? low : status_from(std::string_view(text).substr(dash + 1));
  if (!low || !high || *low > *high) {
    errors.push_back({settings.where("upstream_status"),
                      quoted(text) + " is no status; write 200, 2xx, or 500-503"});
    return;
  }
  status_low_ = *low;
  status_high_ = *high;
}

void RequestAim::read_key(const Settings& settings, Errors& errors) {
  const std::string& key = settings.text("key");
  key_share_ = settings.ratio("key_share");
  if (key_share_ == 1.0 && key == "path") return;
  if (key == "path") {
    key_of_ = KeyOf::path;
  } else if (key.starts_with("header:") && key.size() > 7) {
    key_of_ = KeyOf::header;
    key_name_ = key.substr(7);
  } else if (key.starts_with("query:") && key.size() > 6) {
    key_of_ = KeyOf::query;
    key_name_ = key.substr(6);
  } else if (is_parameter(key) && std::ranges::count(route_, key) > 0) {
    key_of_ = KeyOf::route;
    key_name_ = key;
  } else {
    errors.push_back({settings.where("key"),
                      quoted(key) + " is no key; write path, query:NAME, header:NAME, or a "
                                    "{parameter} of the route"});
  }
}

RequestAim::Match RequestAim::matches(const AskedRequest& request) const {
  const Head& head = request.head;
  if (!methods_.empty() && std::ranges::count(methods_, head.method()) == 0) return Match::no;
  if (!any_route_ && !takes_route(path_of(head.target()))) return Match::no;
  if (!query_.empty() && !takes_query(query_of(head.target()))) return Match::no;
  for (const Pair& header : header_) {
    const auto value = head.field(header.name);
    if (!value || (!header.any && *value != header.value)) return Match::no;
  }
  if (!takes_key(head)) return Match::no;
  return takes_body(request);
}

bool RequestAim::takes_route(std::string_view path) const {
  if (!path.starts_with('/')) return false;
  for (std::size_t i = 0; i < route_.size(); ++i) {
    if (path.empty()) return false;
    path.remove_prefix(1);
    if (route_[i] == "*" && i + 1 == route_.size()) return true;
    const std::string_view segment = path.substr(0, path.find('/'));
    if (is_parameter(route_[i]) ? segment.empty() : segment != route_[i]) return false;
    path.remove_prefix(segment.size());
  }
  return path.empty();
}

bool RequestAim::takes_query(std::string_view query) const {
  return std::ranges::all_of(query_, [query](const Pair& asked) {
    const auto value = in_query(query, asked.name);
    return value && (asked.any || *value == asked.value);
  });
}

std::string_view RequestAim::key(const Head& head) const {
  const std::string_view path = path_of(head.target());
  switch (key_of_) {
    case KeyOf::nothing:
      return {};
    case KeyOf::path:
      return path;
    case KeyOf::header:
      return head.field(key_name_).value_or("");
    case KeyOf::query:
      return in_query(query_of(head.target()), key_name_).value_or("");
    case KeyOf::route:
      break;
  }
  std::string_view rest = path;
  for (const std::string& segment : route_) {
    rest.remove_prefix(std::min<std::size_t>(rest.size(), 1));
    const std::string_view here = rest.substr(0, rest.find('/'));
    if (segment == key_name_) return here;
    rest.remove_prefix(here.size());
  }
  return {};
}

// A request without the key is none of them.
bool RequestAim::takes_key(const Head& head) const {
  if (key_of_ == KeyOf::nothing) return true;
  const std::string_view is = key(head);
  return !is.empty() && Draw().about(is).unit() < key_share_;
}

RequestAim::Match RequestAim::takes_body(const AskedRequest& request) const {
  if (body_.empty()) return Match::yes;
  const Pair& asked = body_.front();
  const JsonPlace place = json_place(request.body, asked.name);
  if (place.state == JsonPlace::State::absent) return Match::no;
  if (place.state == JsonPlace::State::incomplete)
    return request.whole ? Match::no : Match::needs_more;
  std::string_view value = request.body.substr(place.from, place.to - place.from);
  if (value.starts_with('"')) value = value.substr(1, value.size() - 2);
  return asked.any || value == asked.value ? Match::yes : Match::no;
}

}  // namespace faultline::http

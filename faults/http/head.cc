#include "faults/http/head.h"

#include <algorithm>
#include <charconv>

namespace faultline::http {
namespace {

constexpr std::string_view line_end = "\r\n";

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

bool same_word(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

std::size_t Head::length(ByteView bytes) {
  const std::size_t end = bytes.find("\r\n\r\n");
  return end == std::string_view::npos ? 0 : end + 4;
}

Head::Head(ByteView block) {
  const std::size_t end = block.find(line_end);
  start_ = block.substr(0, end);
  fields_ = end == std::string_view::npos ? "" : block.substr(end + line_end.size());
  if (fields_.ends_with(line_end)) fields_.remove_suffix(line_end.size());
}

template <class Each>
void Head::for_each(Each each) const {
  std::string_view rest = fields_;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find(line_end));
    rest.remove_prefix(std::min(rest.size(), line.size() + line_end.size()));
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    if (!each(line.substr(0, colon), trimmed(line.substr(colon + 1)))) return;
  }
}

std::optional<std::string_view> Head::field(std::string_view name) const {
  std::optional<std::string_view> found;
  for_each([&](std::string_view is, std::string_view value) {
    if (same_word(is, name)) found = value;
    return !found;
  });
  return found;
}

bool Head::lists(std::string_view name, std::string_view word) const {
  bool found = false;
  for_each([&](std::string_view is, std::string_view value) {
    if (!same_word(is, name)) return true;
    while (!value.empty() && !found) {
      const std::string_view member = value.substr(0, value.find(','));
      found = same_word(trimmed(member), word);
      value.remove_prefix(std::min(value.size(), member.size() + 1));
    }
    return !found;
  });
  return found;
}

std::string_view Head::method() const { return start_.substr(0, start_.find(' ')); }

std::string_view Head::target() const {
  const std::size_t from = start_.find(' ');
  const std::size_t to = start_.rfind(' ');
  return from == to ? std::string_view() : start_.substr(from + 1, to - from - 1);
}

std::uint16_t Head::status() const {
  std::uint16_t status = 0;
  const std::size_t from = start_.find(' ');
  if (from == std::string_view::npos) return 0;
  std::from_chars(start_.data() + from + 1, start_.data() + start_.size(), status);
  return status;
}

bool Head::keeps_alive() const {
  if (lists("Connection", "close")) return false;
  return !http_1_0() || lists("Connection", "keep-alive");
}

std::string Head::without(std::initializer_list<std::string_view> names) const {
  std::string block(start_);
  block += line_end;
  for_each([&](std::string_view is, std::string_view value) {
    if (std::ranges::any_of(names, [is](auto name) { return same_word(is, name); })) return true;
    block.append(is).append(": ").append(value).append(line_end);
    return true;
  });
  return block;
}

Request request_from(const Head& head, std::uint64_t exchange) {
  Request request;
  request.exchange = exchange;
  request.method = head.method();
  request.target = head.target();
  request.host = head.field("Host").value_or("");
  request.http_1_0 = head.http_1_0();
  request.keeps_alive = head.keeps_alive();
  const auto length = head.field("Content-Length");
  request.has_body = head.chunked() || (length && length->find_first_not_of('0') != length->npos);
  request.expects_continue = head.lists("Expect", "100-continue") && !head.http_1_0();
  return request;
}

std::string_view path_of(std::string_view target) {
  const std::size_t scheme = target.starts_with('/') ? std::string_view::npos : target.find("://");
  if (scheme != std::string_view::npos) {
    target.remove_prefix(scheme + 3);
    const std::size_t path = target.find_first_of("/?");
    if (path == std::string_view::npos || target[path] == '?') return "/";
    target.remove_prefix(path);
  }
  return target.substr(0, target.find('?'));
}

std::string_view query_of(std::string_view target) {
  const std::size_t mark = target.find('?');
  return mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
}

}  // namespace faultline::http

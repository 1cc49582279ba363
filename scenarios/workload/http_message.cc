#include "scenarios/workload/http_message.h"

#include <algorithm>

namespace faultline {
namespace {

constexpr std::string_view id_open = "{id}";
constexpr std::string_view source_open = "{source}";

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool sends_length(const RequestPlan& plan) {
  return !plan.body.empty() || plan.method == "POST" || plan.method == "PUT" ||
         plan.method == "PATCH";
}

bool looks_like_json(std::string_view body) {
  const std::size_t first = body.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && (body[first] == '{' || body[first] == '[');
}

std::string head_of(const RequestPlan& plan, const SourcePlan& sources, const Address& target) {
  std::string head = plan.method + " " + plan.path + " HTTP/1.1\r\n";
  const auto named = [&](std::string_view name) {
    return std::ranges::any_of(plan.headers,
                               [&](const auto& header) { return same_header(header.first, name); });
  };
  if (!named("host")) head += "Host: " + target.text() + "\r\n";
  if (!named("content-type") && looks_like_json(plan.body)) {
    head += "Content-Type: application/json\r\n";
  }
  for (const auto& [name, value] : plan.headers) {
    if (same_header(name, "content-length") || same_header(name, "transfer-encoding")) continue;
    head += name + ": " + value + "\r\n";
  }
  if (sources.pool > 0 && !named(sources.header)) {
    head.append(sources.header).append(": ").append(source_open).append("\r\n");
  }
  return head + (sends_length(plan) ? "Content-Length: " : "\r\n");
}

}  // namespace

bool same_header(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

HttpMessage::Pattern::Pattern(std::string_view text) {
  while (true) {
    const std::size_t id = text.find(id_open);
    const std::size_t source = text.find(source_open);
    const std::size_t found = std::min(id, source);
    if (found == std::string_view::npos) {
      pieces.push_back({std::string(text), Open::nothing});
      return;
    }
    pieces.push_back({std::string(text.substr(0, found)), id < source ? Open::id : Open::source});
    text.remove_prefix(found + (id < source ? id_open : source_open).size());
  }
}

void HttpMessage::Pattern::write(std::string_view id, std::string_view source,
                                 std::string& into) const {
  for (const Piece& piece : pieces) {
    into += piece.text;
    if (piece.then == Open::id) into += id;
    if (piece.then == Open::source) into += source;
  }
}

std::size_t HttpMessage::Pattern::length(std::string_view id, std::string_view source) const {
  std::size_t sum = 0;
  for (const Piece& piece : pieces) {
    sum += piece.text.size();
    if (piece.then == Open::id) sum += id.size();
    if (piece.then == Open::source) sum += source.size();
  }
  return sum;
}

HttpMessage::HttpMessage(const WorkloadPlan& plan, const Address& target)
    : HttpMessage(plan, requests_of(plan).front(), target) {}

HttpMessage::HttpMessage(const WorkloadPlan& workload, const RequestPlan& plan,
                         const Address& target)
    : head_(head_of(plan, workload.sources, target)),
      body_(plan.body),
      has_length_(sends_length(plan)),
      asks_for_head_(plan.method == "HEAD"),
      wait_header_(workload.wait_header) {}

void HttpMessage::write(std::string_view id, std::string_view source, std::string& into) const {
  head_.write(id, source, into);
  if (!has_length_) return;
  into.append(std::to_string(body_.length(id, source))).append("\r\n\r\n");
  body_.write(id, source, into);
}

}  // namespace faultline

#include "scenarios/workload/http_message.h"

#include <algorithm>

namespace faultline {
namespace {

constexpr std::string_view placeholder = "{id}";

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool sends_length(const WorkloadPlan& plan) {
  return !plan.body.empty() || plan.method == "POST" || plan.method == "PUT" ||
         plan.method == "PATCH";
}

bool looks_like_json(std::string_view body) {
  const std::size_t first = body.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && (body[first] == '{' || body[first] == '[');
}

std::string head_of(const WorkloadPlan& plan, const Address& target) {
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
  return head + (sends_length(plan) ? "Content-Length: " : "\r\n");
}

}  // namespace

bool same_header(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

HttpMessage::Pattern::Pattern(std::string_view text) {
  while (true) {
    const std::size_t found = text.find(placeholder);
    pieces.emplace_back(text.substr(0, found));
    if (found == std::string_view::npos) return;
    text.remove_prefix(found + placeholder.size());
  }
}

void HttpMessage::Pattern::write(std::string_view id, std::string& into) const {
  into += pieces.front();
  for (std::size_t i = 1; i < pieces.size(); ++i) into.append(id).append(pieces[i]);
}

std::size_t HttpMessage::Pattern::length(std::string_view id) const {
  std::size_t sum = (pieces.size() - 1) * id.size();
  for (const std::string& piece : pieces) sum += piece.size();
  return sum;
}

HttpMessage::HttpMessage(const WorkloadPlan& plan, const Address& target)
    : head_(head_of(plan, target)),
      body_(plan.body),
      has_length_(sends_length(plan)),
      asks_for_head_(plan.method == "HEAD") {}

void HttpMessage::write(std::string_view id, std::string& into) const {
  head_.write(id, into);
  if (!has_length_) return;
  into.append(std::to_string(body_.length(id))).append("\r\n\r\n");
  body_.write(id, into);
}

}  // namespace faultline

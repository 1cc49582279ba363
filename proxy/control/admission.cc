#include "proxy/control/admission.h"

#include <arpa/inet.h>

#include <algorithm>

#include "faults/result.h"

namespace faultline::control {
namespace {

HttpResponse refusal(int status, std::string text) {
  return {.status = status,
          .fields = {{"Content-Type", "text/plain; charset=utf-8"},
                     {"X-Content-Type-Options", "nosniff"}},
          .body = std::move(text) + "\n"};
}

std::string small(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

// "localhost:8474" is localhost, "[::1]:8474" is ::1, whole: what begins like a name is not it.
std::string host_name(std::string_view host) {
  if (host.starts_with('[')) {
    const std::size_t close = host.find(']');
    return close == std::string_view::npos ? std::string() : std::string(host.substr(1, close - 1));
  }
  std::string name = small(host.substr(0, host.find(':')));
  if (name.ends_with('.')) name.pop_back();
  return name;
}

bool is_address(const std::string& host) {
  in_addr v4{};
  in6_addr v6{};
  return inet_pton(AF_INET, host.c_str(), &v4) == 1 || inet_pton(AF_INET6, host.c_str(), &v6) == 1;
}

bool is_private_name(std::string_view host) {
  return host.find('.') == std::string_view::npos || host.ends_with(".local") ||
         host.ends_with(".internal");
}

// In a time that says nothing about where they differ.
bool same_secret(std::string_view given, std::string_view secret) {
  unsigned difference = given.size() == secret.size() ? 0 : 1;
  for (std::size_t i = 0; i < given.size(); ++i) {
    difference |= static_cast<unsigned>(given[i] ^ secret[i % secret.size()]);
  }
  return difference == 0;
}

bool changes_something(std::string_view method) { return method != "GET" && method != "HEAD"; }

bool is_json(const HttpRequest& request) {
  const std::string* const type = request.field("content-type");
  if (type == nullptr) return request.body.empty();
  return same_word(trimmed(std::string_view(*type).substr(0, type->find(';'))), "application/json");
}

}  // namespace

bool Admission::knows_host(const std::string& host) const {
  const std::string name = host_name(host);
  if (name.empty() || name.find('\0') != std::string::npos) return false;
  if (name == "localhost" || name.ends_with(".localhost") || is_address(name)) return true;
  if (private_names && is_private_name(name)) return true;
  return std::any_of(hosts.begin(), hosts.end(),
                     [&](const std::string& known) { return small(known) == name; });
}

bool Admission::knows_token(const HttpRequest& request) const {
  if (token.empty() || request.path == "/healthz" || request.path == "/readyz") return true;
  const std::string* const given = request.field("authorization");
  constexpr std::string_view scheme = "Bearer ";
  return given != nullptr && given->starts_with(scheme) &&
         same_secret(std::string_view(*given).substr(scheme.size()), token);
}

std::optional<HttpResponse> Admission::refuses(const HttpRequest& request) const {
  if (request.through_unix_socket) return std::nullopt;
  const bool named = !request.host.empty() || request.field("host") != nullptr;
  if (named && !knows_host(request.host)) {
    return refusal(421, "host " + quoted(request.host) +
                            " is not a name of this server; use localhost, an address in numbers, "
                            "or start it with --allow-host");
  }
  const std::string* const origin = request.field("origin");
  if (origin != nullptr && std::find(origins.begin(), origins.end(), *origin) == origins.end()) {
    return refusal(403, "requests of web pages are not allowed");
  }
  const std::string* const site = request.field("sec-fetch-site");
  if (site != nullptr && *site != "none" && *site != "same-origin") {
    return refusal(403, "requests of other sites are not allowed");
  }
  if (!knows_token(request)) {
    HttpResponse response = refusal(401, "this server asks for a token");
    response.fields.push_back({"WWW-Authenticate", "Bearer"});
    return response;
  }
  const bool native = request.path == "/v1" || request.path.starts_with("/v1/");
  if (native && changes_something(request.method) && !is_json(request)) {
    return refusal(415, "the body of a change is application/json");
  }
  return std::nullopt;
}

}  // namespace faultline::control

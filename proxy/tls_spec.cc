#include "proxy/tls_spec.h"

#include <algorithm>
#include <utility>

namespace faultline {
namespace {

constexpr std::string_view https = "https://";

bool has_port(std::string_view host) {
  const std::size_t close = host.rfind(']');
  const std::size_t colon = host.rfind(':');
  if (colon == std::string_view::npos) return false;
  return close == std::string_view::npos || colon > close;
}

// A host name, perhaps with a * in front, or a numeric address.
bool is_host(std::string_view text) {
  return text.size() <= 253 && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  c == '.' || c == '-' || c == '_' || c == ':' || c == '*';
         });
}

}  // namespace

Errors contradictions(const TlsSpec& tls) {
  Errors errors;
  const auto needs_https = [&](const char* key, bool given) {
    if (given && !tls.upstream)
      errors.push_back({key, "is for an upstream in TLS; write the upstream as https://host:port"});
  };
  needs_https("server_name", !tls.server_name.empty());
  needs_https("ca_file", !tls.ca_file.empty());
  needs_https("insecure", tls.insecure);
  if (tls.insecure && !tls.ca_file.empty())
    errors.push_back({"insecure", "verifies nothing, so ca_file would not be read; leave one out"});
  if (!tls.certificate_file.empty() && tls.key_file.empty())
    errors.push_back({"certificate_file", "needs key_file, the certificate's private key"});
  if (tls.certificate_file.empty() && !tls.key_file.empty())
    errors.push_back({"key_file", "needs certificate_file, the certificate of this key"});
  for (const auto& [key, host] :
       {std::pair("server_name", &tls.server_name), std::pair("generate", &tls.generate)}) {
    if (!is_host(*host))
      errors.push_back({key, quoted(*host) + " is neither a host name nor a numeric address"});
  }
  if (!tls.generate.empty() && !tls.certificate_file.empty())
    errors.push_back({"generate", "makes a certificate, and one is given; leave one out"});
  if (!tls.write_ca.empty() && tls.generate.empty())
    errors.push_back(
        {"write_ca", "is for a certificate made here; add generate with its host name"});
  return errors;
}

std::string_view lacks(const TlsSpec& tls, NeedsTls needed) {
  if (needed == NeedsTls::nothing) return "";
  if (needed == NeedsTls::issued_here && tls.generate.empty()) {
    return tls.terminates()
               ? "has a certificate that was given, whose CA cannot sign another here; "
                 "generate one instead"
               : "does not speak TLS with them; generate a certificate for it";
  }
  return tls.terminates() ? "" : "does not speak TLS with them; generate or give it a certificate";
}

Result<WrittenUpstream> upstream_from(std::string_view text) {
  const std::size_t scheme = text.find("://");
  if (scheme == std::string_view::npos) return WrittenUpstream{std::string(text), false};
  if (!text.starts_with(https))
    return error("", quoted(text) + " has the scheme " + quoted(text.substr(0, scheme)) +
                         "; write host:port, or https://host for TLS");
  std::string_view host = text.substr(https.size());
  if (host.ends_with('/')) host.remove_suffix(1);
  if (host.empty())
    return error("", quoted(text) + " has no host; an example is https://api.example.com");
  if (host.find_first_of("/?#@") != std::string_view::npos)
    return error("", quoted(text) +
                         " has more than a host and a port; an upstream is a server, "
                         "and paths are the client's");
  std::string address(host);
  // A reference to a run stands for what has a port of its own, or is followed by one.
  const bool late = host.find("${") != std::string_view::npos;
  if (!late && !has_port(host)) address += ":443";
  return WrittenUpstream{std::move(address), true};
}

}  // namespace faultline

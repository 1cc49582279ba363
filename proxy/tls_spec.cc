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

// Certificates and a key as they were given, by the keys they were given with.
struct Named {
  std::string_view key;
  const std::string& value;
};
struct Given {
  Named ca, certificate, key;
};

void check_pair(const Given& given, Errors& errors) {
  const auto& [ca, certificate, key] = given;
  const auto lacks_other = [&](const Named& one, const Named& other, const char* what) {
    if (!one.value.empty() && other.value.empty())
      errors.push_back(
          {std::string(one.key), "needs " + std::string(other.key) + ", the certificate" + what});
  };
  lacks_other(certificate, key, "'s private key");
  lacks_other(key, certificate, " of this key");
}

// A text is never repeated in what is said of it: it may be a key.
void check_pem(const Named& text, Errors& errors) {
  const auto wrong = [&](std::string what) {
    errors.push_back({std::string(text.key), std::move(what)});
  };
  if (text.value.size() > longest_pem)
    return wrong("has " + std::to_string(text.value.size()) + " bytes; at most " +
                 std::to_string(longest_pem) + " are taken");
  if (!text.value.empty() && text.value.find("-----BEGIN ") == std::string::npos)
    wrong("is no PEM; it holds what a file would, from -----BEGIN to the last line");
}

}  // namespace

Errors contradictions(const TlsSpec& tls) {
  Errors errors;
  const auto needs_https = [&](const char* key, bool given) {
    if (given && !tls.upstream)
      errors.push_back({key, "is for an upstream in TLS; write the upstream as https://host:port"});
  };
  const Given files{{"ca_file", tls.ca_file},
                    {"certificate_file", tls.certificate_file},
                    {"key_file", tls.key_file}};
  const Given texts{{"ca", tls.ca}, {"certificate", tls.certificate}, {"key", tls.key}};
  needs_https("server_name", !tls.server_name.empty());
  needs_https("ca_file", !tls.ca_file.empty());
  needs_https("ca", !tls.ca.empty());
  needs_https("insecure", tls.insecure);
  for (const Named& ca : {files.ca, texts.ca}) {
    if (tls.insecure && !ca.value.empty())
      errors.push_back({"insecure", "verifies nothing, so " + std::string(ca.key) +
                                        " would not be read; leave one out"});
  }
  for (const Given& given : {files, texts}) check_pair(given, errors);
  for (const Named& text : {texts.ca, texts.certificate, texts.key}) check_pem(text, errors);
  for (const auto& [key, host] :
       {std::pair("server_name", &tls.server_name), std::pair("generate", &tls.generate)}) {
    if (!is_host(*host))
      errors.push_back({key, quoted(*host) + " is neither a host name nor a numeric address"});
  }
  if (!tls.generate.empty() && !(tls.certificate_file.empty() && tls.certificate.empty()))
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

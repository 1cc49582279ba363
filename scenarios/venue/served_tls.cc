#include "scenarios/venue/served_tls.h"

#include <errno.h>
#include <string.h>

#include <array>
#include <fstream>
#include <iterator>
#include <utility>

#include "proxy/json_line.h"
#include "scenarios/venue/api_client.h"

namespace faultline {
namespace {

using control::JsonValue;

struct Place {
  const char* file_key;
  const char* key;
  std::string TlsSpec::* file;
  std::string TlsSpec::* text;
};
constexpr std::array places{
    Place{"ca_file", "ca", &TlsSpec::ca_file, &TlsSpec::ca},
    Place{"certificate_file", "certificate", &TlsSpec::certificate_file, &TlsSpec::certificate},
    Place{"key_file", "key", &TlsSpec::key_file, &TlsSpec::key},
};

Result<std::string> content_of(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text(longest_pem + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.is_open() || file.bad())
    return error("", "cannot read " + quoted(path) + ": " + strerror(errno == 0 ? EIO : errno));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.empty()) return error("", quoted(path) + " is empty; it holds PEM");
  if (text.size() > longest_pem)
    return error("", quoted(path) + " has more than " + std::to_string(longest_pem) +
                         " bytes; certificates have fewer");
  return text;
}

// "" for what it does not have.
std::string its(const JsonValue& tls, std::string_view key) { return member(tls, key).text; }

bool has(const JsonValue& tls, const char* file_key, const char* key) {
  return !its(tls, file_key).empty() || !its(tls, key).empty();
}

std::string upstream_difference(const ProxySpec& wanted, const JsonValue& tls) {
  const std::string asks = its(tls, "server_name");
  const std::string theirs = asks.empty() ? wanted.upstream.host : asks;
  const std::string ours =
      wanted.tls.server_name.empty() ? wanted.upstream.host : wanted.tls.server_name;
  if (theirs != ours) return "its upstream is verified to be " + theirs + ", the drill's " + ours;
  if (member(tls, "insecure").truth != wanted.tls.insecure)
    return wanted.tls.insecure ? "it verifies its upstream's certificate, the drill's does not"
                               : "it does not verify its upstream's certificate, the drill's does";
  const bool private_ca = !wanted.tls.ca_file.empty();
  if (has(tls, "ca_file", "ca") != private_ca)
    return private_ca ? "it verifies its upstream with the system's CAs, the drill's has its own"
                      : "it verifies its upstream with a CA of its own, the drill's has none";
  return "";
}

}  // namespace

Result<TlsSpec> with_texts(TlsSpec tls) {
  for (const Place& place : places) {
    std::string& file = tls.*place.file;
    if (file.empty()) continue;
    Result<std::string> text = content_of(file);
    if (!text) return error("", "tls: " + std::string(place.file_key) + ": " + text.error().what);
    tls.*place.text = std::move(*text);
    file.clear();
  }
  return tls;
}

std::string tls_body(const TlsSpec& tls) {
  if (!tls.any()) return "";
  std::string body;
  {
    JsonObject object(body);
    if (tls.insecure) object.boolean("insecure", true);
    for (const auto& [key, text] :
         {std::pair("server_name", &tls.server_name), std::pair("ca", &tls.ca),
          std::pair("certificate", &tls.certificate), std::pair("key", &tls.key),
          std::pair("generate", &tls.generate)}) {
      if (!text->empty()) object.text(key, *text);
    }
  }
  return body == "{}" ? "" : body;
}

Result<void> write_authority(const TlsSpec& tls, const JsonValue& there) {
  if (tls.write_ca.empty()) return {};
  const std::string authority = its(member(there, "tls"), "authority");
  if (authority.empty()) return error("", "tls: write_ca: the server does not tell its CA");
  errno = 0;
  std::ofstream file(tls.write_ca, std::ios::trunc);
  file << authority;
  file.close();
  if (!file)
    return error("", "tls: write_ca: cannot write " + quoted(tls.write_ca) + ": " +
                         strerror(errno == 0 ? EIO : errno));
  return {};
}

std::string tls_difference(const ProxySpec& wanted, const JsonValue& there) {
  const JsonValue& tls = member(there, "tls");
  if (wanted.tls.upstream) {
    if (std::string why = upstream_difference(wanted, tls); !why.empty()) return why;
  }
  if (its(tls, "generate") != wanted.tls.generate) {
    const auto told = [](const std::string& host) {
      return host.empty() ? "none" : "one made for " + host;
    };
    return "its certificate is " + told(its(tls, "generate")) + ", the drill's is " +
           told(wanted.tls.generate);
  }
  if (has(tls, "certificate_file", "certificate") == wanted.tls.certificate_file.empty())
    return wanted.tls.certificate_file.empty()
               ? "it speaks TLS with its clients, the drill's does not"
               : "it speaks plain with its clients, the drill's TLS";
  for (const Place& place : places) {
    const std::string& file = wanted.tls.*place.file;
    const std::string theirs = its(tls, place.key);
    if (file.empty() || theirs.empty()) continue;
    const Result<std::string> ours = content_of(file);
    if (!ours) return ours.error().what;
    if (*ours != theirs)
      return "its " + std::string(place.key) + " is not what is in " + quoted(file);
  }
  return "";
}

}  // namespace faultline

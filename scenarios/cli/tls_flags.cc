#include "scenarios/cli/tls_flags.h"

#include <array>

#include "proxy/wire/engine.h"

namespace faultline::cli {
namespace {

struct TlsFlag {
  const char* option;
  const char* key;  // of TlsSpec, as its errors name it
  std::string TlsSpec::* member;
};
constexpr std::array tls_flags{
    TlsFlag{"ca", "ca_file", &TlsSpec::ca_file},
    TlsFlag{"server-name", "server_name", &TlsSpec::server_name},
    TlsFlag{"tls-cert", "certificate_file", &TlsSpec::certificate_file},
    TlsFlag{"tls-key", "key_file", &TlsSpec::key_file},
    TlsFlag{"tls-generate", "generate", &TlsSpec::generate},
    TlsFlag{"tls-write-ca", "write_ca", &TlsSpec::write_ca},
};

std::string option_of(const std::string& key) {
  for (const TlsFlag& flag : tls_flags) {
    if (key == flag.key) return std::string("--") + flag.option;
  }
  return "--" + key;
}

// The words of the keys, in the words of the options.
std::string in_options(std::string text) {
  for (const TlsFlag& flag : tls_flags) {
    for (std::size_t at = 0; (at = text.find(flag.key, at)) != std::string::npos;) {
      const std::string option = option_of(flag.key);
      text.replace(at, std::string(flag.key).size(), option);
      at += option.size();
    }
  }
  return text;
}

}  // namespace

std::vector<std::string> with_tls_flags(std::vector<std::string> own) {
  for (const TlsFlag& flag : tls_flags) own.emplace_back(flag.option);
  return own;
}

void read_tls_flags(const Arguments& arguments, ProxySpec& proxy, Errors& errors) {
  bool empty = false;
  for (const TlsFlag& flag : tls_flags) {
    const std::optional<std::string> value = arguments.value(flag.option);
    if (!value) continue;
    if (value->empty()) {
      empty = true;
      errors.push_back({option_of(flag.key), "is empty"});
    }
    proxy.tls.*flag.member = *value;
  }
  proxy.tls.insecure = arguments.has(insecure_flag);
  if (empty) return;
  for (const Error& error : wire::Engine::tls_problems(proxy)) {
    const bool own_words = error.what.find('"') == std::string::npos;  // else it quotes the user
    errors.push_back({option_of(error.where), own_words ? in_options(error.what) : error.what});
  }
}

}  // namespace faultline::cli

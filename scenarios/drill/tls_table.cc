#include "scenarios/drill/tls_table.h"

#include <utility>

namespace faultline {

void read_tls(Section& section, TlsSpec& tls) {
  auto table = section.section("tls");
  if (!table) return;
  for (const auto& [key, into] : {
           std::pair("server_name", &tls.server_name),
           std::pair("ca_file", &tls.ca_file),
           std::pair("certificate_file", &tls.certificate_file),
           std::pair("key_file", &tls.key_file),
           std::pair("generate", &tls.generate),
           std::pair("write_ca", &tls.write_ca),
       }) {
    if (table->text(key, *into) && into->empty()) table->wrong(key, "is empty; leave it out");
  }
  table->boolean("insecure", tls.insecure);
  table->finish();
  for (const Error& error : contradictions(tls)) table->wrong(error.where, error.what);
}

bool take_scheme(Section& section, std::string& upstream, TlsSpec& tls) {
  Result<WrittenUpstream> written = upstream_from(upstream);
  if (!written) {
    section.wrong("upstream", written.error().what);
    return false;
  }
  upstream = std::move(written->address);
  tls.upstream = written->tls;
  return true;
}

void read_rewrite_host(Section& section, std::optional<bool>& rewrite_host,
                       std::string_view protocol) {
  bool wanted = false;
  if (section.boolean("rewrite_host", wanted)) rewrite_host = wanted;
  if (const std::string_view problem = rewrite_problem(rewrite_host, protocol); !problem.empty())
    section.wrong("rewrite_host", std::string(problem));
}

}  // namespace faultline

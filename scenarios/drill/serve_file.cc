#include "scenarios/drill/serve_file.h"

#include <algorithm>
#include <set>

#include "faults/catalogue.h"
#include "proxy/codec.h"
#include "scenarios/drill/drill_reader.h"
#include "scenarios/drill/drill_sections.h"
#include "scenarios/drill/tls_table.h"

namespace faultline {
namespace {

// An address that is known when the file is read.
bool read_known_address(Section& section, std::string_view key, std::string& into, TlsSpec& tls) {
  if (!section.text(key, into)) return false;
  if (key == "upstream" && !take_scheme(section, into, tls)) return false;
  const Result<Address> address = address_from(into);
  if (!address) section.wrong(key, address.error().what);
  if (address && key == "upstream" && address->port == 0) {
    section.wrong(key, "port 0 cannot be dialed; name the server's port");
  }
  return address.has_value();
}

void read_proxies(Section& root, ServeFile& file, Drill& names) {
  std::set<std::string> taken;
  std::set<std::string> listening;
  for (Section& section : root.sections("proxy")) {
    ServedProxy proxy;
    proxy.where = section.reading().where(section.place());
    read_name(section, "name", taken, proxy.name);
    section.require("listen", "\"127.0.0.1:6432\"");
    section.require("upstream", "\"127.0.0.1:5432\"");
    const bool listens = read_known_address(section, "listen", proxy.listen, proxy.tls);
    if (listens && !proxy.listen.ends_with(":0") && !listening.insert(proxy.listen).second) {
      section.wrong("listen", "two proxies listen on " + proxy.listen);
    }
    read_known_address(section, "upstream", proxy.upstream, proxy.tls);
    read_tls(section, proxy.tls);
    section.choice("protocol", proxy.protocol, codec_kind_names());
    read_rewrite_host(section, proxy.rewrite_host, proxy.protocol);
    section.duration("connect_timeout", proxy.connect_timeout, shortest, std::chrono::hours(1));
    section.boolean("enabled", proxy.enabled);
    section.finish();
    ProxySpec named;
    named.name = proxy.name;
    names.proxies.push_back(named);
    file.proxies.push_back(std::move(proxy));
  }
}

// What is wrong with the aim as a whole; with its settings one by one it was told.
void check_aim(Section& section, const FaultKind& kind, const FaultPlan& fault) {
  const auto settings = read_settings(aim_parameters(), fault.aim, fault.where);
  if (!settings) return;
  const auto aim = aim_from(kind, *settings);
  if (!aim) section.reading().adopt(aim.error(), section.place());
}

void read_fault(Section& section, std::set<std::string>& ids, const Drill& names, ServeFile& file) {
  FaultPlan fault;
  fault.where = section.reading().where(section.place());
  read_name(section, "id", ids, fault.id);
  section.require("kind", "\"latency\"");
  const bool known = section.choice("kind", fault.kind, fault_kind_names());
  read_fault_targets(section, names, fault);
  if (known) {
    const FaultKind& kind = *find_fault_kind(fault.kind);
    read_fault_settings(section, kind, fault);
    check_aim(section, kind, fault);
  }
  file.faults.push_back(std::move(fault));
}

}  // namespace

Checked<ServeFile> read_serve_file(const DrillSource& source) {
  Result<Node> root = parse_document(source.text, source.file);
  if (!root) return std::unexpected(Errors{root.error()});
  Reading reading(source.file, source.environment);
  for (std::size_t i = 0; i < source.sets.size(); ++i)
    if (const auto applied = apply_override(*root, source.sets[i], i + 1); !applied)
      reading.wrong({.set = i + 1}, applied.error().what);

  ServeFile file;
  Drill names;  // what faults may be on
  Section top(reading, *root, "the configuration");
  read_proxies(top, file, names);
  std::set<std::string> ids;
  for (Section& section : top.sections("fault")) read_fault(section, ids, names, file);
  top.finish();
  if (Errors errors = reading.errors(); !errors.empty()) return std::unexpected(std::move(errors));
  return file;
}

}  // namespace faultline

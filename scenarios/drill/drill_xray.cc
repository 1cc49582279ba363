// The section about an examination: the X-ray, and what cannot stand beside it.

#include <algorithm>
#include <array>
#include <utility>

#include "proxy/wire/probe.h"
#include "scenarios/drill/drill_sections.h"
#include "scenarios/xray/contract_table.h"

namespace faultline {
namespace {

// The stand that takes the proxy's place speaks plain HTTP on both sides.
void read_place(Section& section, const Drill& drill, XrayPlan& plan) {
  std::vector<std::string> proxies;
  for (const ProxySpec& proxy : drill.proxies) proxies.push_back(proxy.name);
  section.require("on", "\"agent\"");
  section.choice("on", plan.on, proxies);
  const auto on = std::ranges::find(drill.proxies, plan.on, &ProxySpec::name);
  if (on == drill.proxies.end()) return;
  if (on->protocol != "http")
    section.wrong("on", "proxy " + quoted(plan.on) + " speaks " + on->protocol +
                            "; an X-ray answers requests, on one with protocol = \"http\"");
  if (on->tls.any())
    section.wrong("on", "proxy " + quoted(plan.on) +
                            " speaks TLS, which an X-ray does not; stand it on one without");
  if (on->rewrites_host())
    section.wrong("on", "proxy " + quoted(plan.on) +
                            " rewrites Host, which an X-ray does not; leave rewrite_host out");
}

void read_drive(Section& section, XrayPlan& plan) {
  section.require("drive", "\"http://127.0.0.1:${port.app}/call\"");
  if (!section.text("drive", plan.drive, Late::all)) return;
  // What only a run knows is checked by its shape, with stand-ins.
  const std::string shape =
      replace_late(plan.drive, [](const LateReference& reference) -> std::optional<std::string> {
        if (reference.part == "host") return "127.0.0.1";
        return reference.part == "listen" ? "127.0.0.1:1" : "1";
      });
  const Result<wire::ProbeTarget> target = wire::probe_target_from(plain(shape));
  if (!target) return section.wrong("drive", target.error().what);
  if (target->address.port == 0) section.wrong("drive", "port 0 cannot be dialed");
  if (std::ranges::any_of(target->http_path, [](char c) { return c <= ' ' || c == 127; }))
    section.wrong("drive", quoted(plan.drive) + " has blanks in its path");
}

void read_request(Section& section, XrayPlan& plan) {
  auto request = section.section("request");
  if (!request) return;
  read_request_parts(*request, plan.request);
  const auto says = [](const std::string& text) { return text.find("{source}") != text.npos; };
  if (says(plan.request.body) ||
      std::ranges::any_of(plan.request.headers, [&](const auto& one) { return says(one.second); }))
    section.wrong("request", "names {source}; the calls of an X-ray have none");
  if (request->find("path"))
    request->wrong("path", "stands in drive, which is a whole URL; take it out here");
  request->finish();
}

void take_contract(Section& section, Checked<xray::Contract> read, XrayPlan& plan, bool of_file) {
  if (!read && of_file) {
    for (const Error& error : read.error()) section.wrong("contract", error.text());
  } else if (!read) {
    section.reading().adopt(read.error(), section.place("contract"));
  } else {
    plan.contract = std::move(*read);
    if (plan.contract.empty())
      section.wrong("contract", "promises nothing; name an answer, such as rule = \"ratio\"");
  }
  // A report on the drill points into the drill.
  if (of_file)
    for (auto& [name, expected] : plan.contract)
      expected.where = section.reading().where(section.place("contract"));
}

// A table of the drill, or a file beside it.
void read_contract(Section& section, const Drill& drill, XrayPlan& plan) {
  const Node* node = section.find("contract");
  if (!node) return;
  if (node->kind == NodeKind::table)
    return take_contract(section, xray::contract_from(*node, drill.file), plan, false);
  if (node->kind != NodeKind::text)
    return section.wrong("contract", "found " + std::string(name(node->kind)) +
                                         "; expected the path of a file, or [xray.contract]");
  if (!section.text("contract", plan.contract_file)) return;
  const auto& beside = section.reading().beside;
  const Result<std::string> text =
      beside ? beside(plan.contract_file) : error(plan.contract_file, "cannot be read here");
  if (!text) return section.wrong("contract", text.error().text());
  plan.contract_text = *text;
  take_contract(section, xray::contract_from(*text, plan.contract_file), plan, true);
}

// Each name of the contract can fail the drill, and is asked for as an expectation.
void expect_contract(Drill& drill) {
  for (const auto& [name, expected] : drill.xray->contract) {
    Expectation kept;
    kept.text = "xray." + name + " is " + expected.text;
    kept.measure = "xray.kept";
    kept.arguments = {name};
    kept.comparison = Comparison::equal;
    kept.value = 1;
    kept.where = expected.where;
    drill.expectations.push_back(std::move(kept));
  }
}

// The X-ray makes its own calls, breaks what it needs broken and takes the time it needs.
void refuse_others(Section& root) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> others = {
      {{"workload", "it drives the service itself"},
       {"fault", "it decides what becomes of each call itself"},
       {"limit", "no load comes that a rate limit could be judged by"},
       {"sink", "no load comes that could be stored"},
       {"timing", "it has no warm-up and no baseline"}}};
  for (const auto& [key, why] : others) {
    const Node* node = root.find(key);
    if (!node) continue;
    const bool several = node->kind == NodeKind::array && !node->items.empty();
    const Place& place = several ? node->items.front().place : node->place;
    root.reading().wrong(place, std::string(key) + ": does not go with [xray]: " +
                                    std::string(why) + "; take one of the two out");
  }
}

}  // namespace

void read_xray(Section& root, Drill& drill) {
  refuse_others(root);
  auto section = root.section("xray");
  if (!section) return;
  XrayPlan plan;
  plan.where = section->reading().where(section->place());
  section->choice("kind", plan.kind, {"breaker"});
  read_place(*section, drill, plan);
  read_drive(*section, plan);
  read_request(*section, plan);
  section->duration("within", plan.within, std::chrono::seconds(1), longest);
  read_contract(*section, drill, plan);
  section->finish();
  drill.xray = std::move(plan);
  expect_contract(drill);
}

}  // namespace faultline

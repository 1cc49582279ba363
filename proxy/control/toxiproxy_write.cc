#include "proxy/control/toxiproxy_write.h"

#include <system_error>

#include "proxy/control/json_text.h"

namespace faultline::control {
namespace {

// A fault of the native API has no word for its direction here: what it acts on first.
std::string stream_of(const HeldFault& fault) {
  if (!fault.order.stream.empty()) return fault.order.stream;
  const Directions directions =
      fault.order.aim.directions.value_or(fault.order.kind->default_directions);
  return directions == Directions::upstream ? "upstream" : "downstream";
}

bool is_upstream(const HeldFault& fault) {
  const Directions directions =
      fault.order.aim.directions.value_or(fault.order.kind->default_directions);
  return directions == Directions::upstream;
}

struct ValueText {
  std::string operator()(Duration value) const { return json_string(to_string(value)); }
  std::string operator()(Bytes value) const { return json_string(to_string(value)); }
  std::string operator()(std::int64_t value) const { return std::to_string(value); }
  std::string operator()(double value) const { return json_number(value); }
  std::string operator()(const std::string& value) const { return json_string(value); }
  std::string operator()(bool value) const { return value ? "true" : "false"; }
};

std::string attributes_json(const HeldFault& fault) {
  std::string out = "{";
  for (const Parameter& parameter : fault.order.kind->parameters) {
    if (out.size() > 1) out += ',';
    out += json_string(parameter.name) + ":" +
           std::visit(ValueText{}, fault.settings.values.find(parameter.name)->second);
  }
  return out + "}";
}

// The kernel's words as Go says them: "address already in use".
std::string kernel_words(int code) {
  std::string words = std::generic_category().message(code);
  if (!words.empty() && words[0] >= 'A' && words[0] <= 'Z') {
    words[0] = static_cast<char>(words[0] - 'A' + 'a');
  }
  return words;
}

std::string listen_words(const ListenRefusal& refusal) {
  switch (refusal.why) {
    case ListenRefusal::Why::no_port:
      return "address " + refusal.address + ": missing port in address";
    case ListenRefusal::Why::too_many_colons:
      return "address " + refusal.address + ": too many colons in address";
    case ListenRefusal::Why::bad_port:
      return "address " + refusal.address + ": invalid port";
    case ListenRefusal::Why::unknown_port:
      return "lookup tcp/" + refusal.address + ": unknown port";
    case ListenRefusal::Why::no_such_host:
      return "lookup " + refusal.address + ": no such host";
    case ListenRefusal::Why::kernel:
      break;
  }
  const bool no_socket = refusal.code == static_cast<int>(std::errc::too_many_files_open);
  return refusal.address + (no_socket ? ": socket: " : ": bind: ") + kernel_words(refusal.code);
}

std::string bound_words(const ListenRefusal& refusal) {
  const bool kernel = refusal.why == ListenRefusal::Why::kernel;
  return (kernel ? "listen tcp " : "listen tcp: ") + listen_words(refusal);
}

std::string all_of(const Errors& errors) {
  std::string out;
  for (const Error& error : errors) out += (out.empty() ? "" : "; ") + error.text();
  return out;
}

std::string error_json(const ToxiproxyError& error) {
  return "\"error\":" + json_string(error.text) + ",\"status\":" + std::to_string(error.status);
}

}  // namespace

std::string toxic_json(const HeldFault& fault) {
  return "{\"attributes\":" + attributes_json(fault) +
         ",\"name\":" + json_string(fault.order.name) +
         ",\"type\":" + json_string(fault.order.kind->name) +
         ",\"stream\":" + json_string(stream_of(fault)) +
         ",\"toxicity\":" + json_number(fault.order.toxicity) + "}";
}

std::string toxics_json(const HeldProxy& proxy) {
  std::string out = "[";
  for (const bool upstream : {true, false}) {
    for (const HeldFault& fault : proxy.faults) {
      if (is_upstream(fault) != upstream) continue;
      if (out.size() > 1) out += ',';
      out += toxic_json(fault);
    }
  }
  return out + "]";
}

std::string proxy_json(const HeldProxy& proxy) {
  return "{\"name\":" + json_string(proxy.name) + ",\"listen\":" + json_string(proxy.listen) +
         ",\"upstream\":" + json_string(proxy.upstream) +
         ",\"enabled\":" + (proxy.enabled ? "true" : "false") +
         ",\"toxics\":" + toxics_json(proxy) + "}";
}

std::string proxies_json(const Registry& registry) {
  std::string out = "{";
  for (const auto& [name, proxy] : registry.proxies()) {
    if (out.size() > 1) out += ',';
    out += json_string(name) + ":" + proxy_json(proxy);
  }
  return out + "}";
}

ToxiproxyError bad_request_body(std::string_view why) {
  return {400, "bad request body: " + std::string(why)};
}

ToxiproxyError missing_field(std::string_view what) {
  return {400, "missing required field: " + std::string(what)};
}

ToxiproxyError in_toxiproxy_words(const Refusal& refusal) {
  switch (refusal.why) {
    case Refusal::Why::bad_name:
      return {400, "invalid name " + quoted(refusal.subject) + ": no path can address it"};
    case Refusal::Why::proxy_exists:
      return {409, "proxy already exists"};
    case Refusal::Why::no_such_proxy:
      return {404, "proxy not found"};
    case Refusal::Why::fault_exists:
      return {409, "toxic already exists"};
    case Refusal::Why::no_such_fault:
      return {404, "toxic not found"};
    case Refusal::Why::unknown_protocol:
      return {400, "unknown protocol " + quoted(refusal.subject)};
    case Refusal::Why::bad_settings:
      return bad_request_body(all_of(refusal.errors));
    case Refusal::Why::bad_address:
      return {500, listen_words(refusal.listen)};
    case Refusal::Why::cannot_listen:
      return {500, bound_words(refusal.listen)};
    case Refusal::Why::upstream_not_allowed:
      return {403, "upstream " + quoted(refusal.subject) + " is not allowed here"};
  }
  return {};
}

HttpResponse json_answer(int status, std::string body) {
  return {
      .status = status, .fields = {{"Content-Type", "application/json"}}, .body = std::move(body)};
}

HttpResponse no_content() { return {.status = 204}; }

HttpResponse plain_error(int status, std::string_view text) {
  return {.status = status,
          .fields = {{"Content-Type", "text/plain; charset=utf-8"},
                     {"X-Content-Type-Options", "nosniff"}},
          .body = std::string(text) + "\n"};
}

HttpResponse error_answer(const ToxiproxyError& error) {
  return plain_error(error.status, "{" + error_json(error) + "}");
}

HttpResponse populate_answer(const std::vector<const HeldProxy*>& proxies,
                             const ToxiproxyError* error) {
  std::string list;
  for (const HeldProxy* proxy : proxies) list += (list.empty() ? "" : ",") + proxy_json(*proxy);
  const std::string said = error != nullptr ? error_json(*error) + "," : "";
  return json_answer(
      error != nullptr ? error->status : 201,
      "{" + said + "\"proxies\":" + (list.empty() ? "null" : "[" + list + "]") + "}");
}

}  // namespace faultline::control

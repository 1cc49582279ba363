#include "proxy/event_line.h"

#include "proxy/json_line.h"

namespace faultline {
namespace {

void append_exchange(std::string& out, const Exchange& exchange) {
  JsonObject object(out);
  object.count("ordinal", exchange.ordinal);
  object.text_if_any("name", exchange.name.view());
  object.text_if_any("code", exchange.code.view());
  object.text("told", name(exchange.told));
  if (exchange.fate != Fate::forwarded) object.text("fate", name(exchange.fate));
  object.count_if_any("fault", exchange.fault);
  if (exchange.transaction != 0) object.text("transaction", {&exchange.transaction, 1});
  object.instant("request_first", exchange.request_first);
  object.instant("request_last", exchange.request_last);
  object.instant_if_any("response_first", exchange.response_first);
  object.instant_if_any("response_last", exchange.response_last);
  object.text_if_any("source", exchange.source.view());
  object.text_if_any("retry_after", exchange.retry_after.view());
}

bool says_anything(const Touched& touched) {
  return touched.any() || touched.early != 0 || touched.messages != 0 || touched.bytes != 0 ||
         touched.first != never || touched.last != Instant{};
}

}  // namespace

void append_event(std::string& out, const Event& event) {
  {
    JsonObject object(out);
    object.instant("at", event.at);
    object.text("kind", name(event.kind));
    object.count_if_any("proxy", event.proxy);
    object.count_if_any("connection", event.connection);
    object.count_if_any("fault", event.fault);
    if (event.direction != Direction::upstream) object.text("direction", name(event.direction));
    if (event.kind == EventKind::session) object.text("session", name(event.session));
    object.count_if_any("count", event.count);
    object.count_if_any("more", event.more);
    object.text_if_any("text", event.text.view());
    if (event.kind == EventKind::exchange) append_exchange(object.key("exchange"), event.exchange);
    if (says_anything(event.touched)) append_touched(object.key("touched"), event.touched);
  }
  out += '\n';
}

void append_touched(std::string& out, const Touched& touched) {
  JsonObject object(out);
  object.count("connections", touched.connections);
  object.count("messages", touched.messages);
  object.count("bytes", touched.bytes);
  object.count_if_any("early", touched.early);
  object.instant_if_any("first", touched.first);
  object.instant_if_any("last", touched.last);
}

}  // namespace faultline

// Responses that no parser should have to see: the work is done (or not, as `phase` says), and what
// comes back is half a response, none, or one that breaks the rules.

#include <algorithm>
#include <array>

#include "faults/http/rule.h"

namespace faultline {
namespace http {
namespace {

constexpr std::string_view phases[] = {"after", "before"};
constexpr std::string_view doubled[] = {"content_length", "content_type", "date"};

constexpr Parameter phase_parameter = {
    .name = "phase",
    .summary = "after: the server has done the work; before: it never sees the request",
    .type = ParameterType::choice,
    .fallback = "after",
    .choices = phases};

constexpr auto phase_parameters = with_request_aim(std::array<Parameter, 1>{{phase_parameter}});
constexpr auto garbage_parameters = with_request_aim(std::array<Parameter, 2>{{
    phase_parameter,
    {.name = "size",
     .summary = "so many bytes that are no HTTP",
     .type = ParameterType::bytes,
     .fallback = "64B",
     .least = "1B",
     .most = "64KiB"},
}});
constexpr auto huge_parameters = with_request_aim(std::array<Parameter, 1>{{
    {.name = "size",
     .summary = "of the header that is added",
     .type = ParameterType::bytes,
     .fallback = "300KiB",
     .least = "1B",
     .most = "4MiB"},
}});
constexpr auto double_parameters = with_request_aim(std::array<Parameter, 1>{{
    {.name = "field",
     .summary = "the header that comes twice, with two values",
     .type = ParameterType::choice,
     .fallback = "content_length",
     .choices = doubled},
}});

// A reply that is the same for every request, but for what chance puts in it.
class Instead final : public HttpRule {
 public:
  using Bytes = std::string (*)(const Moment&, std::size_t size);

  struct Terms {
    Phase phase = Phase::after;
    Bytes bytes = nullptr;
    std::size_t size = 0;
    std::string_view told;
  };
  Instead(RequestAim aim, const Terms& terms) : HttpRule(std::move(aim)), terms_(terms) {}

  Phase phase() const override { return terms_.phase; }
  std::optional<Reply> reply(const Request&, const Moment& moment) const override {
    return Reply{terms_.bytes(moment, terms_.size), std::string(terms_.told), Ending::close};
  }

 private:
  Terms terms_;
};

// The response with one more header.
class Added final : public HttpRule {
 public:
  using Field = std::string (*)(const Head&, std::size_t size, std::string_view name);

  Added(RequestAim aim, Field field, std::size_t size, std::string_view name)
      : HttpRule(std::move(aim)), field_(field), size_(size), name_(name) {}

  Phase phase() const override { return Phase::after; }
  std::optional<Reply> reply(const Request&, const Moment&) const override { return std::nullopt; }
  std::optional<std::string> rewrite(const Head& head) const override {
    return head.without({}) + field_(head, size_, name_) + "\r\n";
  }

 private:
  Field field_;
  std::size_t size_;
  std::string_view name_;
};

std::string status_line(const Moment&, std::size_t) { return "HTTP/1.1 200 OK\r\n"; }

std::string bad_chunks(const Moment&, std::size_t) {
  return "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
         "5\r\nhello\r\nxyz\r\n";
}

// Any bytes, but for the first, by which a reader knows that it is no HTTP.
std::string garbage(const Moment& moment, std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i)
    bytes[i] = static_cast<char>(moment.draw.about(i).bits() & 0xff);
  bytes.front() = '\x7f';
  return bytes;
}

std::string filler(const Head&, std::size_t size, std::string_view) {
  return "X-Filler: " + std::string(size, 'x') + "\r\n";
}

std::string another(const Head& head, std::size_t, std::string_view name) {
  if (name == "content_length") {
    const std::string length(head.field("Content-Length").value_or("0"));
    return "Content-Length: " + length + "1\r\n";
  }
  if (name == "date") return "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n";
  return "Content-Type: application/x-other\r\n";
}

Checked<std::unique_ptr<Fault>> make_instead(const Settings& settings, Instead::Terms terms) {
  auto aim = RequestAim::from(settings);
  if (!aim) return std::unexpected(std::move(aim.error()));
  terms.phase = settings.text("phase") == "before" ? Phase::before : Phase::after;
  if (terms.phase == Phase::before && aim->asks_status())
    return std::unexpected(Errors{{settings.where("upstream_status"),
                                   "a request that the server never sees has no status; write "
                                   "phase = \"after\", or leave it out"}});
  return by_request(std::make_shared<Instead>(std::move(*aim), terms));
}

Checked<std::unique_ptr<Fault>> make_status_line_only(const Settings& settings) {
  return make_instead(settings, {.bytes = status_line, .told = "200"});
}
Checked<std::unique_ptr<Fault>> make_bad_chunk(const Settings& settings) {
  return make_instead(settings, {.bytes = bad_chunks, .told = ""});
}
Checked<std::unique_ptr<Fault>> make_garbage(const Settings& settings) {
  return make_instead(settings, {.bytes = garbage,
                                 .size = static_cast<std::size_t>(settings.bytes("size").count),
                                 .told = ""});
}

Checked<std::unique_ptr<Fault>> make_huge_header(const Settings& settings) {
  auto aim = RequestAim::from(settings);
  if (!aim) return std::unexpected(std::move(aim.error()));
  const auto size = static_cast<std::size_t>(settings.bytes("size").count);
  return by_request(std::make_shared<Added>(std::move(*aim), filler, size, ""));
}

Checked<std::unique_ptr<Fault>> make_dup_header(const Settings& settings) {
  auto aim = RequestAim::from(settings);
  if (!aim) return std::unexpected(std::move(aim.error()));
  const std::string_view name = *std::ranges::find(doubled, settings.text("field"));
  return by_request(std::make_shared<Added>(std::move(*aim), another, 0, name));
}

}  // namespace
}  // namespace http

extern const FaultKind status_line_only_kind;
constinit const FaultKind status_line_only_kind = {
    .name = "status_line_only",
    .summary = "the response is a status line, 200, and the end of the connection",
    .contract =
        "Arm: holds for requests that begin from now on. After: the server is given the request "
        "(done); before: it never sees it (not done). The client is told 200 by a line that "
        "nothing follows but a FIN, which some clients take for success. Update: for requests that "
        "begin from then on. Disarm: a request whose answer is still to come, or whose replaced "
        "response is not over, costs the connection: it is reset. Half-close: passes. Reset: "
        "passes.",
    .parameters = http::phase_parameters,
    .default_directions = Directions::both,
    .by_exchange = true,
    .protocol = "http",
    .make = http::make_status_line_only,
};

extern const FaultKind garbage_kind;
constinit const FaultKind garbage_kind = {
    .name = "garbage",
    .summary = "the response is bytes that are no HTTP, and the end of the connection",
    .contract =
        "Arm: holds for requests that begin from now on. After: the server is given the request "
        "(done); before: it never sees it (not done). The client is told nothing. Update: for "
        "requests that begin from then on. Disarm: a request whose answer is still to come, or "
        "whose replaced response is not over, costs the connection: it is reset. Half-close: "
        "passes. Reset: passes.",
    .parameters = http::garbage_parameters,
    .default_directions = Directions::both,
    .by_exchange = true,
    .protocol = "http",
    .make = http::make_garbage,
};

extern const FaultKind bad_chunk_kind;
constinit const FaultKind bad_chunk_kind = {
    .name = "bad_chunk",
    .summary = "the response is chunked, and its second chunk has a length that is no number",
    .contract =
        "Arm: holds for requests that begin from now on. After: the server is given the request "
        "(done); before: it never sees it (not done). The client is told nothing that it may rely "
        "on: a 200 whose body breaks off, and a FIN. Update: for requests that begin from then "
        "on. Disarm: a request whose answer is still to come, or whose replaced response is not "
        "over, costs the connection: it is reset. Half-close: passes. Reset: passes.",
    .parameters = http::phase_parameters,
    .default_directions = Directions::both,
    .by_exchange = true,
    .protocol = "http",
    .make = http::make_bad_chunk,
};

extern const FaultKind huge_header_kind;
constinit const FaultKind huge_header_kind = {
    .name = "huge_header",
    .summary = "the server does the work, and its response gains a header beyond any limit",
    .contract =
        "Arm: holds for requests that begin from now on: the server is given each (done), its "
        "response goes on with one more header and tells the client what the server said, if the "
        "client can read it. Update: for requests that begin from then on. Disarm: what has "
        "changed stays so. Half-close: passes. Reset: passes.",
    .parameters = http::huge_parameters,
    .default_directions = Directions::both,
    .by_exchange = true,
    .protocol = "http",
    .make = http::make_huge_header,
};

extern const FaultKind dup_header_kind;
constinit const FaultKind dup_header_kind = {
    .name = "dup_header",
    .summary =
        "the server does the work, and a header of its response comes twice, with two values",
    .contract =
        "Arm: holds for requests that begin from now on: the server is given each (done), its "
        "response goes on with a second header of that name and tells the client what the server "
        "said, if the client accepts it. Update: for requests that begin from then on. Disarm: "
        "what has changed stays so. Half-close: passes. Reset: passes.",
    .parameters = http::double_parameters,
    .default_directions = Directions::both,
    .by_exchange = true,
    .protocol = "http",
    .make = http::make_dup_header,
};

}  // namespace faultline

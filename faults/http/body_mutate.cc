// body_mutate: the server's response with another body, well framed. Headers say the new length, a
// chunked body is one chunk and keeps its trailers; so only who reads the content can notice.

#include <algorithm>
#include <array>
#include <charconv>

#include "faults/http/chunked.h"
#include "faults/http/json_place.h"
#include "faults/http/rule.h"

namespace faultline {
namespace http {
namespace {

constexpr std::string_view ways[] = {"type", "set", "delete", "noise"};
constexpr std::size_t longest_value = 4096;
constexpr std::int64_t most_noise = 16;

constexpr auto mutate_parameters = with_request_aim(std::array<Parameter, 3>{{
    {.name = "how",
     .summary = "a value of a JSON body gets another type, is set, or goes; noise: some letters "
                "more, in any body",
     .type = ParameterType::choice,
     .fallback = "type",
     .choices = ways},
    {.name = "pointer",
     .summary = "which value: /items/0/price; any: one that is drawn by the seed",
     .type = ParameterType::text,
     .fallback = "any"},
    {.name = "value",
     .summary = "what it is set to, as JSON",
     .type = ParameterType::text,
     .fallback = "null"},
}});

enum class Way : std::uint8_t { type, set, erase, noise };

// Numbers and words become texts; all others become a list of themselves.
std::string of_another_type(std::string_view value) {
  const bool word = std::string_view("\"{[").find(value.front()) == std::string_view::npos;
  const std::string_view before = word ? "\"" : "[", after = word ? "\"" : "]";
  return std::string(before).append(value).append(after);
}

std::string with_noise(const std::string& content, Draw draw) {
  const auto size = static_cast<std::int64_t>(content.size());
  std::string noise(static_cast<std::size_t>(draw.about("size").between(1, most_noise)), ' ');
  for (std::size_t i = 0; i < noise.size(); ++i)
    noise[i] = static_cast<char>(draw.about("letter").about(i).between('a', 'z'));
  std::string text = content;
  return text.insert(static_cast<std::size_t>(draw.about("place").between(0, size)), noise);
}

class BodyMutate final : public HttpRule {
 public:
  struct Terms {
    Way way = Way::type;
    std::optional<std::string> pointer;  // nothing: drawn
    std::string value;
  };
  BodyMutate(RequestAim aim, Terms terms) : HttpRule(std::move(aim)), terms_(std::move(terms)) {}

  Phase phase() const override { return Phase::after; }
  std::optional<Reply> reply(const Request&, const Moment&) const override { return std::nullopt; }
  bool remakes() const override { return true; }

  std::optional<std::string> remake(const Head& head, ByteView body,
                                    const Moment& moment) const override {
    std::string content;
    Chunked chunked;
    for (; head.chunked() && !body.empty() && !chunked.over(); body.remove_prefix(1))
      chunked.read(body.substr(0, 1), content);
    if (!head.chunked()) content = body;
    const std::optional<std::string> other = mutated(content, moment.draw);
    if (!other || *other == content) return std::nullopt;
    std::array<char, 16> length{};
    const auto end =
        std::to_chars(length.begin(), length.end(), other->size(), head.chunked() ? 16 : 10).ptr;
    const std::string_view size(length.data(), end);
    if (!head.chunked())
      return head.without({"Content-Length"})
          .append("Content-Length: ")
          .append(size)
          .append("\r\n\r\n" + *other);
    std::string text = head.without({}) + "\r\n";
    if (!other->empty()) text.append(size).append("\r\n" + *other + "\r\n");
    return text.append("0\r\n").append(body);  // what is left are the trailers
  }

 private:
  std::optional<std::string> mutated(const std::string& content, Draw draw) const {
    if (content.empty()) return std::nullopt;
    if (terms_.way == Way::noise) return with_noise(content, draw);
    const std::optional<JsonPlace> place = place_in(content, draw);
    if (!place) return std::nullopt;
    std::string text = content;
    if (terms_.way == Way::erase)
      return text.erase(place->member_from, place->member_to - place->member_from);
    const std::string_view value =
        std::string_view(content).substr(place->from, place->to - place->from);
    return text.replace(place->from, value.size(),
                        terms_.way == Way::set ? terms_.value : of_another_type(value));
  }

  // A space says that a number at the end of the text is over.
  std::optional<JsonPlace> place_in(const std::string& content, Draw draw) const {
    const std::string text = content + " ";
    if (terms_.pointer) {
      const JsonPlace place = json_place(text, *terms_.pointer);
      return place.state == JsonPlace::State::found ? std::optional(place) : std::nullopt;
    }
    const std::vector<JsonPlace> leaves = json_leaves(text);
    if (leaves.empty()) return std::nullopt;
    return leaves[static_cast<std::size_t>(draw.bits() % leaves.size())];
  }

  Terms terms_;
};

bool is_json(const std::string& text) {
  const JsonPlace place = json_place(text + " ", "");
  return place.state == JsonPlace::State::found && place.from == 0 && place.to == text.size();
}

Checked<std::unique_ptr<Fault>> make(const Settings& settings) {
  auto aim = RequestAim::from(settings);
  if (!aim) return std::unexpected(std::move(aim.error()));
  Errors errors;
  const std::string& pointer = settings.text("pointer");
  if (pointer != "any" && !pointer.empty() && !pointer.starts_with('/'))
    errors.push_back({settings.where("pointer"),
                      quoted(pointer) + " is no JSON pointer; write /items/0/price, or any"});
  const std::string& value = settings.text("value");
  if (value.size() > longest_value || !is_json(value))
    errors.push_back({settings.where("value"), quoted(value.substr(0, 64)) +
                                                   " is no JSON of at most 4 KiB; write null, 42 "
                                                   "or \"text\" with its quotes"});
  if (!errors.empty()) return std::unexpected(std::move(errors));
  const auto way = std::ranges::find(ways, settings.text("how")) - std::begin(ways);
  BodyMutate::Terms terms{static_cast<Way>(way), std::nullopt, value};
  if (pointer != "any") terms.pointer = pointer;
  return by_request(std::make_shared<BodyMutate>(std::move(*aim), std::move(terms)));
}

}  // namespace
}  // namespace http

extern const FaultKind body_mutate_kind;
constinit const FaultKind body_mutate_kind = {
    .name = "body_mutate",
    .summary = "the server does the work, and the body of its response is changed",
    .contract =
        "Arm: holds for requests that begin from now on: the server is given each (done). A "
        "response waits until it is whole; of its JSON body a value changes (by noise: of any "
        "body), its length is corrected, and it tells the client what the server said. A response "
        "passes as it came, and is no request that the aim counts, if it has no such value, says "
        "no length and is not chunked, is encoded, or has more than 16 KiB of headers or body. "
        "Update: for requests that begin from then on. Disarm: what has changed stays so. "
        "Half-close: passes. Reset: passes.",
    .parameters = http::mutate_parameters,
    .default_directions = Directions::both,
    .by_exchange = true,
    .protocol = "http",
    .make = http::make,
};

}  // namespace faultline

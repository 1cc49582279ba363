// The door to Boost.JSON in proxy/: its parser tells what it meets, and the value is built here.

#include "proxy/control/json_value.h"

#include <boost/json/basic_parser_impl.hpp>
#include <cstdint>
#include <limits>
#include <utility>

namespace faultline::control {
namespace {

namespace json = boost::json;
using Kind = JsonValue::Kind;

constexpr std::size_t deepest = 32;
constexpr std::size_t most_values = 100'000;  // each takes far more room than its text
constexpr std::string_view spaces = " \t\r\n";

// What Boost.JSON's parser calls. Values under construction are a stack; a value that is complete
// moves into the one below it.
struct Builder {
  static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_array_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_key_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_string_size = std::numeric_limits<std::size_t>::max();

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_object_begin(json::error_code&) { return begin(Kind::object); }
  bool on_object_end(std::size_t, json::error_code& failure) { return end(failure); }
  bool on_array_begin(json::error_code&) { return begin(Kind::array); }
  bool on_array_end(std::size_t, json::error_code& failure) { return end(failure); }
  bool on_key_part(json::string_view part, std::size_t, json::error_code&) { return piece(part); }
  bool on_key(json::string_view part, std::size_t, json::error_code&) {
    piece(part);
    open.back().members.push_back({.key = std::exchange(pieces, {})});
    return true;
  }
  bool on_string_part(json::string_view part, std::size_t, json::error_code&) {
    return piece(part);
  }
  bool on_string(json::string_view part, std::size_t, json::error_code& failure) {
    piece(part);
    return add({.kind = Kind::string, .text = std::exchange(pieces, {})}, failure);
  }
  bool on_number_part(json::string_view part, json::error_code&) { return piece(part); }
  bool on_int64(std::int64_t, json::string_view part, json::error_code& failure) {
    return number(part, failure);
  }
  bool on_uint64(std::uint64_t, json::string_view part, json::error_code& failure) {
    return number(part, failure);
  }
  bool on_double(double, json::string_view part, json::error_code& failure) {
    return number(part, failure);
  }
  bool on_bool(bool truth, json::error_code& failure) {
    return add({.kind = Kind::boolean, .truth = truth}, failure);
  }
  bool on_null(json::error_code& failure) { return add({}, failure); }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }

  bool piece(json::string_view part) {
    pieces.append(part.data(), part.size());
    return true;
  }
  bool number(json::string_view part, json::error_code& failure) {
    piece(part);
    return add({.kind = Kind::number, .text = std::exchange(pieces, {})}, failure);
  }
  bool begin(Kind kind) {
    open.push_back({.kind = kind});
    return true;
  }
  bool end(json::error_code& failure) {
    JsonValue whole = std::move(open.back());
    open.pop_back();
    return add(std::move(whole), failure);
  }
  bool add(JsonValue value, json::error_code& failure) {
    if (++values > most_values) {
      failure = json::error::array_too_large;
      return false;
    }
    if (open.empty()) {
      result = std::move(value);
    } else if (open.back().is(Kind::array)) {
      open.back().elements.push_back(std::move(value));
    } else {
      JsonValue& member = open.back().members.back();
      value.key = std::move(member.key);
      member = std::move(value);
    }
    return true;
  }

  std::vector<JsonValue> open;
  std::string pieces;
  std::size_t values = 0;
  JsonValue result;
};

// Where the parser stopped, told by what stands before it.
std::string_view place_of(std::string_view before, const std::vector<JsonValue>& open) {
  const std::size_t last = before.find_last_not_of(spaces);
  const char previous = last == std::string_view::npos ? '\0' : before[last];
  if (open.empty() || previous == ':') return "looking for beginning of value";
  const bool object = open.back().is(Kind::object);
  if (previous == '{' || (object && previous == ',')) {
    return "looking for beginning of object key string";
  }
  if (previous == '[' || previous == ',') return "looking for beginning of value";
  return object ? "after object key:value pair" : "after array element";
}

std::string wrong_byte(std::string_view text, std::size_t at, const Builder& builder) {
  const char byte = text[at];
  const bool shown = byte > ' ' && byte < '\x7f';
  constexpr std::string_view digits = "0123456789abcdef";
  const auto value = static_cast<unsigned char>(byte);
  std::string quoted{byte};
  if (byte == '\'') quoted = "\\'";
  if (byte == '"') quoted = "\\\"";
  if (!shown) quoted = std::string("\\x") + digits[value >> 4U] + digits[value & 15U];
  return "invalid character '" + quoted + "' " +
         std::string(place_of(text.substr(0, at), builder.open));
}

}  // namespace

std::expected<JsonValue, std::string> read_json(std::string_view text, std::size_t* end) {
  if (text.find_first_not_of(spaces) == std::string_view::npos) return std::unexpected("EOF");
  json::parse_options options;
  options.max_depth = deepest;
  options.allow_invalid_utf8 = true;  // replaced where it is written out
  json::basic_parser<Builder> parser(options);
  json::error_code failure;
  const std::size_t read = parser.write_some(false, text.data(), text.size(), failure);
  if (!failure && end != nullptr) *end = read;
  if (!failure) return std::move(parser.handler().result);
  if (failure == json::error::too_deep) return std::unexpected("exceeded max depth");
  if (failure == json::error::array_too_large) return std::unexpected("too many values");
  if (failure == json::error::incomplete || read >= text.size()) {
    return std::unexpected("unexpected EOF");
  }
  return std::unexpected(wrong_byte(text, read, parser.handler()));
}

}  // namespace faultline::control

#include "proxy/control/toxiproxy_read.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

namespace faultline::control {
namespace {

using Kind = JsonValue::Kind;

// What a member is read into: the names are those of Go's types, for the refusal.
struct Place {
  std::string_view owner;  // "Proxy"
  std::string field;       // "enabled"
  std::string_view type;   // "bool"
};

std::string_view kind_name(const JsonValue& value) {
  switch (value.kind) {
    case Kind::null:
      return "null";
    case Kind::boolean:
      return "bool";
    case Kind::number:
      return "number";
    case Kind::string:
      return "string";
    case Kind::array:
      return "array";
    case Kind::object:
      return "object";
  }
  return "value";
}

std::string misfit(std::string_view what, const Place& place) {
  return "json: cannot unmarshal " + std::string(what) + " into Go struct field " +
         std::string(place.owner) + "." + place.field + " of type " + std::string(place.type);
}

std::string misfit_of_whole(const JsonValue& value, std::string_view type) {
  return "json: cannot unmarshal " + std::string(kind_name(value)) + " into Go value of type " +
         std::string(type);
}

bool same_key(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; };
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [&](char x, char y) { return lower(x) == lower(y); });
}

// Nothing if it is too large; what is too small is 0.
std::optional<float> float_from(std::string_view literal) {
  double number = 0;
  const auto done = std::from_chars(literal.data(), literal.data() + literal.size(), number);
  if (done.ec == std::errc::result_out_of_range) {
    const bool tiny = literal.find_first_of("eE") == std::string_view::npos
                          ? literal.find_first_of("123456789") > literal.find('.')
                          : literal.find("e-") != std::string_view::npos ||
                                literal.find("E-") != std::string_view::npos;
    return tiny ? std::optional<float>(0.0F) : std::nullopt;
  }
  if (std::fabs(number) > std::numeric_limits<float>::max()) return std::nullopt;
  return static_cast<float>(number);
}

// Reads the members of an object one by one and remembers the first that does not fit.
class Members {
 public:
  Members(const JsonValue& object, std::string_view owner) : object_(object), owner_(owner) {}

  void read(std::string_view key, std::optional<std::string>& into) {
    each(key, [&](const JsonValue& value) {
      if (!value.is(Kind::string)) return wrong(kind_name(value), key, "string");
      into = value.text;
    });
  }
  void read(std::string_view key, std::optional<bool>& into) {
    each(key, [&](const JsonValue& value) {
      if (!value.is(Kind::boolean)) return wrong(kind_name(value), key, "bool");
      into = value.truth;
    });
  }
  void read(std::string_view key, std::optional<float>& into) {
    each(key, [&](const JsonValue& value) {
      if (!value.is(Kind::number)) return wrong(kind_name(value), key, "float32");
      const std::optional<float> number = float_from(value.text);
      if (!number) return wrong("number " + value.text, key, "float32");
      into = number;
    });
  }
  void read_object(std::string_view key, JsonValue& into, std::string_view type) {
    each(key, [&](const JsonValue& value) {
      if (!value.is(Kind::object)) return wrong(kind_name(value), key, type);
      if (!into.is(Kind::object)) into = {.kind = Kind::object};
      into.members.insert(into.members.end(), value.members.begin(), value.members.end());
    });
  }
  void keep(std::string_view key, JsonValue& into) {
    each(key, [&](const JsonValue& value) { into = value; });
  }

  const std::string& first_wrong() const { return first_wrong_; }

 private:
  template <class Read>
  void each(std::string_view key, Read read_one) {
    for (const JsonValue& member : object_.members) {
      if (same_key(member.key, key) && !member.is(Kind::null)) read_one(member);
    }
  }
  void wrong(std::string_view what, std::string_view key, std::string_view type) {
    if (first_wrong_.empty()) first_wrong_ = misfit(what, {owner_, std::string(key), type});
  }

  const JsonValue& object_;
  const std::string_view owner_;
  std::string first_wrong_;
};

GoRead<ProxyBody> proxy_from(const JsonValue& value, std::string_view owner) {
  ProxyBody body;
  if (value.is(Kind::null)) return body;
  if (!value.is(Kind::object)) {
    return std::unexpected(misfit_of_whole(value, "toxiproxy." + std::string(owner)));
  }
  Members members(value, owner);
  members.read("name", body.name);
  members.read("listen", body.listen);
  members.read("upstream", body.upstream);
  members.read("enabled", body.enabled);
  members.keep("toxics", body.toxics);
  if (!members.first_wrong().empty()) return std::unexpected(members.first_wrong());
  return body;
}

// "limit_data" is LimitDataToxic to Go.
std::string go_type(std::string_view kind) {
  std::string out;
  bool upper = true;
  for (const char c : kind) {
    const bool small = c >= 'a' && c <= 'z';
    if (c != '_') out += upper && small ? static_cast<char>(c - 'a' + 'A') : c;
    upper = c == '_';
  }
  return out + "Toxic";
}

GoRead<RawSetting> read_integer(const JsonValue& value, const Place& place, std::string name) {
  const std::string where = place.field;
  if (!value.is(Kind::number)) return std::unexpected(misfit(kind_name(value), place));
  std::int64_t number = 0;
  const char* const end = value.text.data() + value.text.size();
  const auto done = std::from_chars(value.text.data(), end, number);
  if (done.ec != std::errc() || done.ptr != end) {
    return std::unexpected(misfit("number " + value.text, place));
  }
  return RawSetting{std::move(name), number, where};
}

GoRead<RawSetting> read_float(const JsonValue& value, const Place& place, std::string name) {
  const std::string where = place.field;
  if (!value.is(Kind::number)) return std::unexpected(misfit(kind_name(value), place));
  double number = 0;
  const char* const end = value.text.data() + value.text.size();
  if (std::from_chars(value.text.data(), end, number).ec != std::errc()) {
    return std::unexpected(misfit("number " + value.text, place));
  }
  return RawSetting{std::move(name), number, where};
}

GoRead<RawSetting> read_attribute(const JsonValue& value, const Parameter& parameter,
                                  std::string_view owner) {
  const std::string name(parameter.name);
  const std::string field = "attributes." + name;
  switch (parameter.type) {
    case ParameterType::ratio:
      return read_float(value, {owner, field, "float64"}, name);
    case ParameterType::boolean:
      if (value.is(Kind::boolean)) return RawSetting{name, value.truth, field};
      return std::unexpected(misfit(kind_name(value), {owner, field, "bool"}));
    case ParameterType::integer:
      return read_integer(value, {owner, field, "int64"}, name);
    default:
      if (value.is(Kind::string)) return RawSetting{name, value.text, field};
      return std::unexpected(misfit(kind_name(value), {owner, field, "string"}));
  }
}

}  // namespace

GoRead<ProxyBody> read_proxy(std::string_view json) {
  const auto value = read_json(json);
  if (!value) return std::unexpected(value.error());
  return proxy_from(*value, "Proxy");
}

GoRead<std::vector<ProxyBody>> read_proxies(std::string_view json) {
  const auto value = read_json(json);
  if (!value) return std::unexpected(value.error());
  std::vector<ProxyBody> bodies;
  if (value->is(Kind::null)) return bodies;
  if (!value->is(Kind::array)) return std::unexpected(misfit_of_whole(*value, "[]toxiproxy.Proxy"));
  for (const JsonValue& element : value->elements) {
    GoRead<ProxyBody> body = proxy_from(element, "");
    if (!body) return std::unexpected(std::move(body.error()));
    bodies.push_back(std::move(*body));
  }
  return bodies;
}

GoRead<ToxicBody> read_toxic(const JsonValue& value) {
  ToxicBody body;
  if (value.is(Kind::null)) return body;
  if (!value.is(Kind::object)) {
    return std::unexpected(misfit_of_whole(value, "toxics.ToxicWrapper"));
  }
  Members members(value, "ToxicWrapper");
  members.read_object("attributes", body.attributes, "toxics.NoopToxic");
  members.read("name", body.name);
  members.read("type", body.type);
  members.read("stream", body.stream);
  members.read("toxicity", body.toxicity);
  if (!members.first_wrong().empty()) return std::unexpected(members.first_wrong());
  return body;
}

GoRead<ToxicBody> read_toxic(std::string_view json) {
  const auto value = read_json(json);
  if (!value) return std::unexpected(value.error());
  return read_toxic(*value);
}

GoRead<ToxicBody> read_toxic_update(std::string_view json) {
  const auto value = read_json(json);
  if (!value) return std::unexpected(value.error());
  ToxicBody body;
  if (value->is(Kind::null)) return body;
  constexpr std::string_view type =
      "struct { Attributes interface {} \"json:\\\"attributes\\\"\"; Toxicity float32 "
      "\"json:\\\"toxicity\\\"\" }";
  if (!value->is(Kind::object)) return std::unexpected(misfit_of_whole(*value, type));
  Members members(*value, "");
  members.read_object("attributes", body.attributes, "toxics.Toxic");
  members.read("toxicity", body.toxicity);
  if (!members.first_wrong().empty()) return std::unexpected(members.first_wrong());
  return body;
}

GoRead<std::vector<RawSetting>> read_attributes(const JsonValue& attributes,
                                                const FaultKind& kind) {
  std::vector<RawSetting> settings;
  const std::string owner = go_type(kind.name);
  for (const JsonValue& member : attributes.members) {
    const auto parameter =
        std::find_if(kind.parameters.begin(), kind.parameters.end(),
                     [&](const Parameter& one) { return same_key(one.name, member.key); });
    if (parameter == kind.parameters.end() || member.is(Kind::null)) continue;
    GoRead<RawSetting> setting = read_attribute(member, *parameter, owner);
    if (!setting) return std::unexpected(std::move(setting.error()));
    std::erase_if(settings, [&](const RawSetting& old) { return old.name == setting->name; });
    settings.push_back(std::move(*setting));
  }
  return settings;
}

}  // namespace faultline::control

#include "proxy/control/openapi.h"

#include <set>

#include "proxy/control/json_value.h"
#include "proxy/control/native_route.h"
#include "tests/control/control_rig.h"

using namespace faultline;
using control::JsonValue;

namespace {

const JsonValue* find(const JsonValue& object, std::string_view key) {
  for (const JsonValue& member : object.members) {
    if (member.key == key) return &member;
  }
  return nullptr;
}

// Every {"$ref": "#/…"} leads somewhere.
void check_references(const JsonValue& value, const JsonValue& document) {
  if (const JsonValue* ref = find(value, "$ref")) {
    INFO(ref->text);
    REQUIRE(ref->text.starts_with("#/"));
    const JsonValue* place = &document;
    std::string_view rest = std::string_view(ref->text).substr(2);
    while (place != nullptr && !rest.empty()) {
      const std::string_view key = rest.substr(0, rest.find('/'));
      rest.remove_prefix(std::min(rest.size(), key.size() + 1));
      place = find(*place, key);
    }
    CHECK(place != nullptr);
  }
  for (const JsonValue& member : value.members) check_references(member, document);
  for (const JsonValue& element : value.elements) check_references(element, document);
}

}  // namespace

TEST_CASE("the document has the paths and methods that the code has") {
  const auto document = control::read_json(control::openapi_document());
  REQUIRE(document.has_value());
  const JsonValue* const paths = find(*document, "paths");
  REQUIRE(paths != nullptr);
  std::set<std::string> written;
  std::set<std::string> operations;
  for (const JsonValue& path : paths->members) {
    for (const JsonValue& method : path.members) {
      if (method.key == "parameters") continue;
      std::string name = method.key;
      for (char& c : name) c = static_cast<char>(c - 'a' + 'A');
      written.insert(name + " " + path.key);
      const JsonValue* const id = find(method, "operationId");
      REQUIRE(id != nullptr);
      INFO(id->text);
      CHECK(operations.insert(id->text).second);
    }
  }
  std::set<std::string> existing;
  for (const control::NativeRoute& route : control::native_routes()) {
    existing.insert(std::string(route.method) + " " + std::string(route.path));
  }
  CHECK(written == existing);
  check_references(*document, *document);
}

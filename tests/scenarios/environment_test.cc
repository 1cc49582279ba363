#include "scenarios/run/environment.h"

#include <cstdlib>
#include <optional>

#include "tests/support/catch.h"

using namespace faultline;

namespace {

// The locale's variables as a test wants them; as they were afterwards.
class Locale {
 public:
  Locale() {
    for (std::size_t i = 0; i < 3; ++i) {
      if (const char* value = std::getenv(names[i]); value != nullptr) before_[i] = value;
      unsetenv(names[i]);
    }
  }
  ~Locale() {
    for (std::size_t i = 0; i < 3; ++i) {
      unsetenv(names[i]);
      if (before_[i]) setenv(names[i], before_[i]->c_str(), 1);
    }
  }
  Locale(const Locale&) = delete;
  Locale& operator=(const Locale&) = delete;

 private:
  static constexpr const char* names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
  std::optional<std::string> before_[3];
};

std::string charset() { return environment_of_this_machine().at("charset"); }

}  // namespace

TEST_CASE("the charset is that of the first locale variable that is set") {
  const Locale restored_afterwards;
  CHECK(charset() == "ASCII");
  setenv("LANG", "de_DE.UTF-8", 1);
  CHECK(charset() == "UTF-8");
  setenv("LC_CTYPE", "en_US.utf8", 1);
  CHECK(charset() == "UTF-8");
  setenv("LC_ALL", "C", 1);
  CHECK(charset() == "ASCII");
  setenv("LC_ALL", "", 1);
  CHECK(charset() == "UTF-8");
  setenv("LC_CTYPE", "de_DE.ISO-8859-1", 1);
  CHECK(charset() == "ASCII");
}

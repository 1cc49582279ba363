#include "faults/http/http_date.h"

#include "tests/support/catch.h"

using namespace faultline::http;
using std::chrono::sys_seconds;

TEST_CASE("a date is written as RFC 9110 writes it, and read back") {
  const auto at = [](long long seconds) { return sys_seconds(std::chrono::seconds(seconds)); };
  for (const auto& [seconds, text] : {
           std::pair(784111777LL, "Sun, 06 Nov 1994 08:49:37 GMT"),
           std::pair(0LL, "Thu, 01 Jan 1970 00:00:00 GMT"),
           std::pair(951782399LL, "Mon, 28 Feb 2000 23:59:59 GMT"),
           std::pair(951782400LL, "Tue, 29 Feb 2000 00:00:00 GMT"),
           std::pair(4102444800LL, "Fri, 01 Jan 2100 00:00:00 GMT"),
       }) {
    CHECK(http_date(at(seconds)) == text);
    CHECK(http_date_from(text) == at(seconds));
  }
  // The first and the last day of every month of a leap year and another.
  for (long long day = 19'700; day < 19'700 + 2 * 366; ++day)
    CHECK(http_date_from(http_date(at(day * 86'400 + 3'661))) == at(day * 86'400 + 3'661));
}

TEST_CASE("a leap second is the second behind it") {
  CHECK(http_date_from("Sat, 31 Dec 2016 23:59:60 GMT") ==
        http_date_from("Sun, 01 Jan 2017 00:00:00 GMT"));
}

TEST_CASE("what is not a date to the letter is none") {
  for (const char* text : {
           "",
           "soon, perhaps",
           "Sun, 06 Nov 1994 08:49:37",       // no GMT
           "Sun, 06 Nov 1994 08:49:37 UTC",   // another zone
           "Sun, 06 Nov 1994 08:49:37 gmt",   // another case
           "sun, 06 Nov 1994 08:49:37 GMT",   //
           "Sun, 06 nov 1994 08:49:37 GMT",   //
           "Sun, 6 Nov 1994 08:49:37 GMT",    // one digit
           "Sun, 6  Nov 1994 08:49:37 GMT",   //
           "Mon, 06 Nov 1994 08:49:37 GMT",   // it was a Sunday
           "Fri, 31 Feb 2020 08:49:37 GMT",   // no such day
           "Wed, 29 Feb 2023 08:49:37 GMT",   //
           "Sun, 00 Nov 1994 08:49:37 GMT",   //
           "Sun, 06 Nov 1994 24:00:00 GMT",   // no such time
           "Sun, 06 Nov 1994 08:60:37 GMT",   //
           "Sun, 06 Nov 1994 08:49:61 GMT",   //
           "Sun, 06 Nov 1994 -8:49:37 GMT",   // no digits
           "Sun, 06 Nov +994 08:49:37 GMT",   //
           "Sun, 06-Nov-1994 08:49:37 GMT",   // other marks
           "Sunday, 06-Nov-94 08:49:37 GMT",  // forms that are no longer written
           "Sun Nov  6 08:49:37 1994",        //
           "Sun, 06 Nov 1994 08:49:37 GMT ",  // more
           " Sun, 06 Nov 1994 08:49:37 GMT",  //
           "2016-11-06T08:49:37Z",
       }) {
    INFO(text);
    CHECK_FALSE(http_date_from(text).has_value());
  }
}

#include "proxy/codecs/postgres_exchange.h"

#include "tests/support/postgres_talk.h"

using namespace faultline;
using namespace faultline::postgres_talk;

TEST_CASE("postgres: a statement is acknowledged by ReadyForQuery, not by its tag") {
  Talk talk = in_session();
  SECTION("in autocommit") {
    talk.c(query("insert into t")).s(tag("INSERT 0 1"));
    CHECK(after_start(talk).empty());
    CHECK(after_start(talk.s(ready('I'))) == Lines{"1 INSERT ack I @3,3,4,5"});
  }
  SECTION("a tag without ReadyForQuery is no acknowledgement") {
    talk.c(query("insert into t")).s(tag("INSERT 0 1")).close();
    CHECK(after_start(talk) == Lines{"1 INSERT nothing @3,3,4,0"});
  }
  SECTION("an error behind the tag takes it back") {
    talk.c(parse("insert into t") + bind + execute + sync_now);
    talk.s(parsed + bound + tag("INSERT 0 1") + failed("23505") + ready('I'));
    CHECK(after_start(talk) == Lines{"1 INSERT failure I 23505 @3,3,4,4"});
  }
  SECTION("in a transaction it is pending") {
    talk.c(query("insert into t")).s(tag("INSERT 0 1") + ready('T'));
    CHECK(after_start(talk) == Lines{"1 INSERT pending T @3,3,4,4"});
  }
  SECTION("COMMIT AND CHAIN has committed") {
    talk.c(query("commit and chain")).s(tag("COMMIT") + ready('T'));
    CHECK(after_start(talk) == Lines{"1 COMMIT ack T @3,3,4,4"});
  }
  SECTION("a function call has no tag") {
    talk.c(message('F', std::string(10, '\0'))).s(message('V', number(0xffffffff)) + ready('I'));
    CHECK(after_start(talk) == Lines{"1 FunctionCall ack I @3,3,4,4"});
  }
}

TEST_CASE("postgres: COMMIT answered by ROLLBACK is a failure") {
  Talk talk = in_session();
  SECTION("COMMIT by text") {
    talk.c(query("/* app */ commit")).s(tag("ROLLBACK") + ready('I'));
    CHECK(after_start(talk) == Lines{"1 COMMIT failure I @3,3,4,4"});
  }
  SECTION("END by text, extended") {
    talk.c(parse("END", "s1") + bind + execute + sync_now);
    talk.s(parsed + bound + tag("ROLLBACK") + ready('I'));
    CHECK(after_start(talk) == Lines{"1 END failure I @3,3,4,4"});
  }
  SECTION("a prepared statement, after a failed transaction") {
    talk.c(query("SELECT")).s(failed("22012") + ready('E'));
    talk.c(bind + execute + sync_now).s(bound + tag("ROLLBACK") + ready('I'));
    CHECK(after_start(talk).back() == "2 ROLLBACK failure I @5,5,6,6");
  }
  SECTION("a ROLLBACK that was asked for is not") {
    talk.c(query("SELECT")).s(failed("22012") + ready('E'));
    talk.c(query("rollback")).s(tag("ROLLBACK") + ready('I'));
    CHECK(after_start(talk).back() == "2 ROLLBACK ack I @5,5,6,6");
  }
}

TEST_CASE("postgres: errors") {
  Talk talk = in_session();
  SECTION("the first code counts") {
    talk.c(query("SELECT")).s(failed("40001") + failed("XX000") + ready('E'));
    CHECK(after_start(talk) == Lines{"1 SELECT failure E 40001 @3,3,4,4"});
  }
  SECTION("two codes leave the work in doubt") {
    talk.c(query("COMMIT")).s(failed("40003") + ready('I'));
    talk.c(query("COMMIT")).s(failed("08007") + ready('I'));
    CHECK(after_start(talk) ==
          Lines{"1 COMMIT ambiguous I 40003 @3,3,4,4", "2 COMMIT ambiguous I 08007 @5,5,6,6"});
  }
  SECTION("FATAL is told at once, and once") {
    talk.c(query("SELECT")).s(failed("57P01", "FATAL"));
    CHECK(after_start(talk) == Lines{"1 SELECT failure 57P01 @3,3,4,4"});
    CHECK(after_start(talk.close()).size() == 1);
  }
  SECTION("FATAL in an unfinished batch is told once") {
    talk.c(parse("SELECT") + bind).s(failed("57P01", "FATAL")).c(execute + sync_now);
    talk.c(query("SELECT")).close();
    CHECK(after_start(talk) ==
          Lines{"1 SELECT failure 57P01 @3,3,4,4", "2 SELECT nothing @6,6,0,0"});
  }
  SECTION("an error without ReadyForQuery was told") {
    talk.c(query("SELECT")).s(failed("42601")).close();
    CHECK(after_start(talk) == Lines{"1 SELECT failure 42601 @3,3,4,4"});
  }
  SECTION("an error to an idle session belongs to no exchange") {
    const std::string fatal = failed("57P01", "FATAL");
    talk.s(fatal.substr(0, 9)).c(query("SELECT")).s(fatal.substr(9)).close();
    CHECK(after_start(talk) == Lines{"session server_error 57P01", "1 SELECT nothing @4,4,0,0"});
  }
  SECTION("values never become a name") {
    talk.c(query("select'secret'")).s(failed("42601") + ready('I'));
    talk.c(query("'secret'")).s(failed("42601") + ready('I'));
    talk.c(query("TRUNCATETABLESANDMORE")).s(failed("42601") + ready('I'));
    CHECK(after_start(talk) == Lines{"1 SELECT failure I 42601 @3,3,4,4",
                                     "2 Query failure I 42601 @5,5,6,6",
                                     "3 TRUNCATETABLESAN failure I 42601 @7,7,8,8"});
  }
}

TEST_CASE("postgres: pipelines") {
  Talk talk = in_session();
  const std::string batch = parse("insert into t") + bind + describe + execute;
  const std::string done = parsed + bound + no_data + tag("INSERT 0 1");
  SECTION("answers belong to requests in their order") {
    talk.c(batch + sync_now + query("SELECT") + batch + sync_now);
    talk.s(done + ready('I')).s(tag("SELECT 1")).s(ready('I') + parsed + failed("23505"));
    talk.s(ready('I'));
    CHECK(after_start(talk) == Lines{"1 INSERT ack I @3,3,4,4", "2 SELECT ack I @3,3,5,6",
                                     "3 INSERT failure I 23505 @3,3,6,7"});
  }
  SECTION("an error skips to the next Sync and no further") {
    talk.c(batch + batch + sync_now + batch + sync_now);
    talk.s(failed("42601") + ready('I') + done + ready('I'));
    CHECK(after_start(talk) ==
          Lines{"1 INSERT failure I 42601 @3,3,4,4", "2 INSERT ack I @3,3,4,4"});
  }
  SECTION("a Query may end a batch") {
    talk.c(batch + query("SELECT")).s(done + tag("SELECT 1") + ready('I'));
    CHECK(after_start(talk) == Lines{"1 SELECT ack I @3,3,4,4"});
  }
  SECTION("an error of that Query skips nothing") {
    talk.c(batch + query("SELECT") + query("SHOW"));
    talk.s(done + failed("22012") + ready('I') + tag("SHOW") + ready('I'));
    CHECK(after_start(talk) == Lines{"1 INSERT failure I 22012 @3,3,4,4", "2 SHOW ack I @3,3,4,4"});
  }
  SECTION("an error before that Query skips it, and all up to a Sync") {
    talk.c(batch + query("SELECT") + query("SELECT") + sync_now + query("SHOW"));
    talk.s(failed("42601") + ready('I') + tag("SHOW") + ready('I'));
    CHECK(after_start(talk) == Lines{"1 INSERT failure I 42601 @3,3,4,4", "4 SHOW ack I @3,3,4,4"});
  }
  SECTION("… also when they come after the error") {
    talk.c(batch).s(failed("42601")).c(query("SELECT")).c(sync_now).s(ready('I'));
    CHECK(after_start(talk) == Lines{"1 INSERT failure I 42601 @3,6,4,7"});
  }
  SECTION("Flush asks for answers and ends nothing") {
    talk.c(batch + message('H')).s(done).c(sync_now).s(ready('I'));
    CHECK(after_start(talk) == Lines{"1 INSERT ack I @3,5,4,6"});
  }
  SECTION("a suspended portal and an empty statement are answers") {
    talk.c(parse("") + bind + execute + execute + sync_now);
    talk.s(parsed + bound + message('s') + message('I') + ready('T'));
    CHECK(after_start(talk) == Lines{"1 Execute pending T @3,3,4,4"});
  }
  SECTION("too many requests without an answer are given up on") {
    std::string many;
    for (std::size_t i = 0; i < postgres::UnitQueue::limit; ++i) many += sync_now;
    talk.c(many);
    CHECK(after_start(talk).empty());
    talk.c(sync_now);
    CHECK(talk.told().back() == "desync too many outstanding requests");
    CHECK(talk.told().size() == 1 + postgres::UnitQueue::limit + 1);
  }
}

TEST_CASE("postgres: COPY FROM STDIN") {
  Talk talk = in_session();
  const std::string data = message('d', "1\n");
  const std::string copy = parse("copy t from stdin") + bind + execute;
  SECTION("a Sync is ignored while data is taken in") {
    talk.c(copy + sync_now).s(parsed + bound + copy_in).c(data + sync_now + copy_done + sync_now);
    talk.s(tag("COPY 1") + ready('I')).c(query("SELECT")).s(tag("SELECT 1") + ready('I'));
    CHECK(after_start(talk) == Lines{"1 COPY ack I @3,5,4,6", "2 SELECT ack I @7,7,8,8"});
  }
  SECTION("data that does not wait to be asked for") {
    talk.c(copy + data + copy_done + sync_now)
        .s(parsed + bound + copy_in + tag("COPY 1") + ready('I'));
    talk.c(query("SELECT")).s(tag("SELECT 1") + ready('I'));
    CHECK(after_start(talk) == Lines{"1 COPY ack I @3,3,4,4", "2 SELECT ack I @5,5,6,6"});
  }
  SECTION("data behind the error is ignored") {
    talk.c(query("copy t from stdin")).s(copy_in).c(data).s(failed("22P02") + ready('I'));
    talk.c(data + copy_done + query("SELECT")).s(tag("SELECT 1") + ready('I'));
    CHECK(after_start(talk) == Lines{"1 COPY failure I 22P02 @3,3,4,6", "2 SELECT ack I @7,7,8,8"});
  }
  SECTION("the error of a batch waits for the Sync behind the data") {
    talk.c(copy + sync_now).s(parsed + bound + copy_in).c(data).s(failed("22P02"));
    talk.c(copy_done + sync_now).s(ready('I'));
    CHECK(after_start(talk) == Lines{"1 COPY failure I 22P02 @3,7,4,8"});
  }
}

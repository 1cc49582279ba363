#include <map>

#include "proxy/codecs/postgres_frame.h"
#include "tests/support/postgres_talk.h"

using namespace faultline;
using namespace faultline::postgres_talk;

TEST_CASE("postgres: recorded dialogues tell what their client was told") {
  const std::map<std::string, Lines> expected = {
      {"simple",
       {"session ready", "1 SELECT ack I @5,5,6,6", "2 INSERT ack I @7,7,8,8",
        "3 Query ack I @9,9,10,10", "4 BEGIN pending T @11,11,12,12",
        "5 INSERT pending T @13,13,14,14", "6 COMMIT ack I @15,15,16,16",
        "7 INSERT ack I @17,17,18,18", "8 LISTEN ack I @19,19,20,20", "9 NOTIFY ack I @21,21,22,22",
        "10 SET ack I @23,23,24,24"}},
      {"failures",
       {"session ready", "1 SELECT failure I 22012 @5,5,6,6", "2 BEGIN pending T @7,7,8,8",
        "3 INSERT pending T @9,9,10,10", "4 INSERT failure E 23505 @11,11,12,12",
        "5 SELECT failure E 25P02 @13,13,14,14", "6 COMMIT failure I @15,15,16,16",
        "7 DO ack I @17,17,19,19", "8 INSERT failure I 23505 @20,20,21,21",
        "9 INSERT ack I @22,22,23,23", "10 INSERT failure I 23505 @24,24,25,25",
        "11 UPDATE ack I @26,26,27,27", "12 BEGIN pending T @28,28,29,29",
        "13 ROLLBACK ack I @30,30,31,31"}},
      {"copy",
       {"session ready", "1 COPY ack I @5,7,6,8", "2 COPY ack I @9,9,10,10",
        "3 COPY failure I 23505 @11,13,12,15", "4 COPY failure I 22P02 @16,18,17,20",
        "5 SELECT ack I @21,21,22,22"}},
      {"libpq",
       {"session ready", "1 COPY ack I @5,7,6,8", "2 COPY failure I 23505 @9,11,10,12",
        "3 COPY failure I 57014 @13,15,14,16", "4 Sync ack I @17,17,18,18",
        "5 Sync ack I @19,19,20,20", "6 Sync ack I @21,21,22,22", "7 BEGIN pending T @23,23,24,24",
        "8 INSERT pending T @25,25,26,26", "9 COMMIT ack I @27,27,28,28",
        "10 BEGIN pending T @29,29,30,30", "11 Execute failure E 23505 @31,31,32,32",
        "12 ROLLBACK failure I @33,33,34,34", "13 BEGIN pending T @35,35,36,36",
        "14 ROLLBACK ack I @37,37,38,38", "15 INSERT failure I 23505 @39,39,40,40",
        "16 INSERT failure I 22012 @41,41,43,43", "17 SELECT ack I @42,42,43,43",
        "18 SELECT failure I 57014 @44,44,45,45"}},
      {"pgbench_pipeline", {"session ready", "1 SELECT ack I @5,5,6,6", "2 SELECT ack I @7,7,8,8"}},
      {"pgbench_prepared",
       {"session ready", "1 Sync ack I @5,5,6,6", "2 SELECT ack I @7,7,8,8",
        "3 SELECT ack I @9,9,10,10"}},
      {"killed_in_query",
       {"session ready", "1 SELECT ack I @5,5,6,6", "2 SELECT failure 57P01 @7,7,8,8"}},
      {"killed_when_idle",
       {"session ready", "1 BEGIN pending T @5,5,6,6", "2 SELECT pending T @7,7,8,8",
        "session server_error 57P01", "3 SELECT nothing @11,11,0,0"}},
      {"no_such_database", {"session server_error 3D000"}},
      {"cancel_request", {"session cancel_requested"}},
      {"encrypted", {"session encrypted"}},
      {"greeting_refused", {"session server_error 53300"}},
      {"notices", {"session ready", "1 COMMIT ack I @5,5,8,9", "2 COMMIT nothing @10,10,0,0"}},
      {"replication", {"session ready", "1 COPY ack I @3,8,4,9"}},
  };
  for (const auto& [file, lines] : expected) {
    INFO(file);
    const auto codec = postgres_kind.make();
    dialogue::CodecTape tape;
    CHECK(play(*codec, tape, dialogue::dialogue_named("postgres/" + file), dialogue::all_at_once));
    CHECK(tape.told == lines);
  }
}

TEST_CASE("postgres: the start-up dialogue") {
  Talk talk;
  SECTION("encryption is refused twice") {
    talk.c(gss_request).s("N").c(ssl_request).s("N").c(startup).s(ready('I'));
    CHECK(talk.told() == Lines{"session ready"});
  }
  SECTION("encryption is agreed on") {
    talk.c(ssl_request).s("S");
    CHECK(talk.codec().opaque());
    talk.c("\x16\x03\x01").s("whatever");
    CHECK(talk.told() == Lines{"session encrypted"});
  }
  SECTION("GSS encryption is agreed on") {
    CHECK(talk.c(gss_request).s("G").told() == Lines{"session encrypted"});
  }
  SECTION("TLS comes at once") {
    CHECK(talk.c("\x16\x03\x01").told() == Lines{"session encrypted"});
    CHECK(talk.codec().opaque());
  }
  SECTION("a server older than encryption answers with an error") {
    talk.c(ssl_request).s(failed("0A000", "FATAL"));
    CHECK(talk.told() == Lines{"session server_error 0A000"});
    CHECK_FALSE(talk.codec().opaque());
  }
  SECTION("the server is starting up") {
    talk.c(startup).s(failed("57P03", "FATAL")).close();
    CHECK(talk.told() == Lines{"session server_error 57P03"});
  }
  SECTION("the password is wrong") {
    talk.c(startup).s(message('R', number(3))).c(message('p', "secret\0"s));
    talk.s(failed("28P01", "FATAL"));
    CHECK(talk.told() == Lines{"session server_error 28P01"});
    CHECK(talk.tape().slices[2].label.message == "PasswordMessage");
  }
  SECTION("a cancel request with a long key") {
    talk.c(number(268) + number(80'877'102) + std::string(260, 'k')).close();
    CHECK(talk.told() == Lines{"session cancel_requested"});
  }
}

TEST_CASE("postgres: bytes that make no sense at the start are given up on once") {
  Talk talk;
  const auto reason = [&] {
    talk.c("more").s("more").close();
    CHECK(talk.tape().desyncs == 1);
    CHECK(talk.codec().opaque());
    return talk.told().back();
  };
  const std::string no_startup = "desync not a PostgreSQL start-up packet";
  SECTION("HTTP") {
    talk.c("GET / HTTP/1.1\r\n\r\n");
    CHECK(reason() == no_startup);
  }
  SECTION("a start-up too long") {
    talk.c(number(10'005) + "\0\3\0\0"s);
    CHECK(reason() == no_startup);
  }
  SECTION("a start-up too short") {
    talk.c(number(7) + "\0\3\0\0"s);
    CHECK(reason() == no_startup);
  }
  SECTION("protocol 2") {
    talk.c(number(14) + "\0\2\0\0"s);
    CHECK(reason() == no_startup);
  }
  SECTION("an SSLRequest with a tail") {
    talk.c(number(9) + number(80'877'103));
    CHECK(reason() == no_startup);
  }
  SECTION("a cancel request too long") {
    talk.c(number(269) + number(80'877'102));
    CHECK(reason() == no_startup);
  }
  SECTION("bytes that do not wait for the answer about encryption") {
    talk.c(ssl_request + startup);
    CHECK(reason() == "desync bytes before the answer to an encryption request");
  }
  SECTION("an answer that is none") {
    talk.c(ssl_request).s("X");
    CHECK(reason() == "desync unknown answer to an encryption request");
  }
  SECTION("bytes behind a cancel request") {
    talk.c(cancel + "x");
    CHECK(reason() == "desync bytes behind a CancelRequest");
  }
  SECTION("a server that speaks first") {
    talk.s(ready('I'));
    CHECK(reason() == "desync response before the start-up");
  }
}

TEST_CASE("postgres: bytes that make no sense in a session are given up on once") {
  Talk talk = in_session();
  const auto reason = [&] {
    talk.c("more").s("more").close();
    CHECK(talk.tape().desyncs == 1);
    CHECK(talk.codec().opaque());
    return talk.told().back();
  };
  SECTION("a request type there is not") {
    talk.c("?");
    CHECK(reason() == "desync unknown request type");
  }
  SECTION("a response type there is not") {
    talk.s("\xff");
    CHECK(reason() == "desync unknown response type");
  }
  SECTION("a length below its own size") {
    talk.c("Q" + number(3));
    CHECK(reason() == "desync impossible message length");
  }
  SECTION("a negative length") {
    talk.c("Q" + number(0xffffffff));
    CHECK(reason() == "desync impossible message length");
  }
  SECTION("a Sync with a body") {
    talk.c("S" + number(5));
    CHECK(reason() == "desync impossible message length");
  }
  SECTION("an Execute longer than servers take") {
    talk.c("E" + number(10'001));
    CHECK(reason() == "desync impossible message length");
  }
  SECTION("a CommandComplete longer than clients take") {
    talk.c(query("SELECT")).s("C" + number(30'001));
    CHECK(reason() == "desync impossible message length");
  }
  SECTION("a response to nothing") {
    talk.s(tag("SELECT 1"));
    CHECK(reason() == "desync response without a request");
  }
  SECTION("a ParseComplete for a Query") {
    talk.c(query("SELECT")).s(parsed);
    CHECK(reason() == "desync response without a request");
  }
  SECTION("ready before the end of the request") {
    talk.c(parse("SELECT")).s(ready('I'));
    CHECK(reason() == "desync ReadyForQuery before the end of the request");
  }
  SECTION("a transaction status there is not") {
    talk.c(sync_now).s(ready('X'));
    CHECK(reason() == "desync unknown transaction status");
  }
  SECTION("a second log-in") {
    talk.s(message('R', number(0)));
    CHECK(reason() == "desync log-in after the start-up");
  }
  SECTION("a password nobody asked for") {
    talk.c(message('p', "x"));
    CHECK(reason() == "desync password after the start-up");
  }
  SECTION("a request sent into COPY FROM STDIN") {
    talk.c(query("COPY t FROM STDIN") + query("SELECT")).s(copy_in);
    CHECK(reason() == "desync request sent into COPY FROM STDIN");
  }
}

TEST_CASE("postgres: what is open when the codec gives up is told nothing") {
  Talk talk = in_session();
  talk.c(query("INSERT")).c(query("SELECT")).s("?");
  CHECK(after_start(talk) == Lines{"1 INSERT nothing @3,3,0,0", "2 SELECT nothing @4,4,0,0",
                                   "desync unknown response type"});
}

TEST_CASE("postgres: messages are labelled with their exchange") {
  Talk talk = in_session();
  talk.c(query("SELECT")).c(message('X')).s(message('T', "\0\0"s) + tag("SELECT 0"));
  talk.s(ready('I'));
  std::string labels;
  for (const auto& slice : talk.tape().slices) {
    labels += std::string(slice.label.message) + "/" + std::to_string(slice.label.exchange) + " ";
    CHECK(slice.label.first);
    CHECK(slice.label.last);
  }
  CHECK(labels ==
        "StartupPacket/0 Authentication/0 ReadyForQuery/0 Query/1 Terminate/0 RowDescription/1 "
        "CommandComplete/1 ReadyForQuery/1 ");
}

TEST_CASE("postgres: a long body leaves as continuations, without waiting") {
  Talk talk = in_session();
  const std::string whole = query(std::string(100'000, 'x'));
  talk.c(whole.substr(0, 3));
  CHECK_FALSE(talk.codec().at_boundary(Direction::upstream));
  CHECK(talk.codec().at_boundary(Direction::downstream));
  talk.c(whole.substr(3, 50'000)).c(whole.substr(50'003));
  CHECK(talk.codec().at_boundary(Direction::upstream));
  const auto& slices = talk.tape().slices;
  REQUIRE(slices.size() == 6);
  CHECK((slices[3].label.first && !slices[3].label.last && slices[3].length == 3));
  CHECK((!slices[4].label.first && !slices[4].label.last && slices[4].length == 50'000));
  CHECK((!slices[5].label.first && slices[5].label.last));
}

TEST_CASE("postgres: the first word of a statement") {
  using postgres::keyword_of;
  CHECK(keyword_of("select 1").view() == "SELECT");
  CHECK(keyword_of(" \t\n(Select 1)").view() == "SELECT");
  CHECK(keyword_of("-- why\nupdate t").view() == "UPDATE");
  CHECK(keyword_of("/* a /* nested */ one */ delete from t").view() == "DELETE");
  CHECK(keyword_of(";;commit;").view() == "COMMIT");
  CHECK(keyword_of("").empty());
  CHECK(keyword_of("-- nothing else").empty());
  CHECK(keyword_of("/* not closed").empty());
  CHECK(keyword_of("/*").empty());
  CHECK(keyword_of("$1").empty());
}

TEST_CASE("postgres: an error is read whatever the order and the language of its fields") {
  const auto scan = [](const std::string& body) {
    postgres::ErrorScan s;
    for (const char c : body) s.feed({&c, 1});
    return std::string(s.code()) + (s.fatal() ? " fatal" : "");
  };
  CHECK(scan("SFATAL\0C57P01\0Mx\0\0"s) == "57P01 fatal");
  CHECK(scan("SFATAL\0VERROR\0C57P01\0Mx\0\0"s) == "57P01");
  CHECK(scan("MC11111\0C57P01\0VPANIC\0\0"s) == "57P01 fatal");
  CHECK(scan("SERROR\0C57P0\0\0"s).empty());
  CHECK(scan("SERROR\0C57P012\0\0"s).empty());
  CHECK(scan("SERROR\0C57p01\0\0"s).empty());
  CHECK(scan("\0SFATAL\0C57P01\0"s).empty());
}

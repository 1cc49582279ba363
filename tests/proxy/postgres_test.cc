#include <map>

#include "proxy/codecs/postgres_exchange.h"
#include "proxy/codecs/postgres_frame.h"
#include "tests/support/catch.h"
#include "tests/support/codec_tape.h"

using namespace faultline;
using namespace std::string_literals;

namespace faultline {
extern const CodecKind postgres_kind;
}

namespace {

using Lines = std::vector<std::string>;

std::string number(std::size_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift);
  return bytes;
}

std::string message(char type, const std::string& body = "") {
  return type + number(body.size() + 4) + body;
}
std::string query(const std::string& text) { return message('Q', text + '\0'); }
std::string parse(const std::string& text, const std::string& statement = "") {
  return message('P', statement + '\0' + text + "\0\0\0"s);
}
const std::string bind = message('B', "\0\0\0\0\0\0\0\0"s);
const std::string execute = message('E', "\0\0\0\0\0"s);
const std::string describe = message('D', "P\0"s);
const std::string sync_now = message('S');
const std::string copy_done = message('c');

std::string tag(const std::string& text) { return message('C', text + '\0'); }
std::string ready(char status) { return message('Z', {status}); }
std::string failed(const std::string& code, const std::string& severity = "ERROR") {
  return message('E', "S" + severity + '\0' + "V" + severity + '\0' + "C" + code + "\0Mno\0\0"s);
}
const std::string parsed = message('1');
const std::string bound = message('2');
const std::string no_data = message('n');
const std::string copy_in = message('G', "\0\0\0"s);
const std::string startup = number(14) + "\0\3\0\0user\0\0"s;
const std::string cancel = number(16) + number(80'877'102) + "\0\0\0\1\0\0\0\2"s;
const std::string ssl_request = number(8) + number(80'877'103);
const std::string gss_request = number(8) + number(80'877'104);

// A client and a server that speak in turns; every turn is one step.
class Talk {
 public:
  Talk& c(const std::string& bytes) { return say({Direction::upstream, bytes, false}); }
  Talk& s(const std::string& bytes) { return say({Direction::downstream, bytes, false}); }
  Talk& close() {
    codec_->closed(dialogue::instant_of(steps_), tape_);
    return *this;
  }
  const Lines& told() const { return tape_.told; }
  const dialogue::CodecTape& tape() const { return tape_; }
  const Codec& codec() const { return *codec_; }

 private:
  Talk& say(const dialogue::Step& step) {
    REQUIRE(play(*codec_, tape_, step, dialogue::instant_of(steps_++), dialogue::all_at_once));
    return *this;
  }

  std::unique_ptr<Codec> codec_ = postgres_kind.make();
  dialogue::CodecTape tape_;
  std::size_t steps_ = 0;
};

// Behind the start-up: the first request is step 3.
Talk in_session() {
  Talk talk;
  talk.c(startup).s(message('R', number(0)) + ready('I'));
  REQUIRE(talk.told() == Lines{"session ready"});
  return talk;
}

Lines after_start(const Talk& talk) { return {talk.told().begin() + 1, talk.told().end()}; }

}  // namespace

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

// The PostgreSQL sink. What needs a server runs only where FAULTLINE_TEST_POSTGRES holds the
// conninfo of a throw-away database: tests/services/postgres_sink_test.py provides one.

#include <cstdlib>

#include "proxy/wire/socket.h"
#include "scenarios/sinks/postgres_session.h"
#include "scenarios/sinks/sink.h"
#include "tests/support/catch.h"
#include "tests/support/nobody.h"

namespace faultline {
namespace {

using namespace std::chrono_literals;

const SinkKind& postgres() {
  const SinkKind* const kind = find_sink_kind("postgres");
  REQUIRE(kind != nullptr);
  return *kind;
}

SinkReading read(const SinkPlan& plan) {
  return postgres().read(plan, [] { return false; });
}

bool says(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

SinkPlan plan_at(const std::string& conninfo) {
  SinkPlan plan;
  plan.name = "events";
  plan.kind = "postgres";
  plan.connection = conninfo;
  plan.query = "select id from events";
  plan.quiet = 20ms;
  plan.within = 2s;
  plan.where = "drill.toml:7:1";
  return plan;
}

TEST_CASE("a server that is not there is asked until the time is over") {
  const Nobody nobody;
  const SinkReading reading =
      read(plan_at("host=127.0.0.1 port=" + nobody.port() + " dbname=shop user=a password=hush"));
  CHECK_FALSE(reading.complete);
  CHECK(reading.sink == "events");
  CHECK(reading.stored.empty());
  CHECK(
      says(reading.why_not, "could not be read within 2s: 127.0.0.1:" + nobody.port() + "/shop: "));
  CHECK(says(reading.why_not, "refused"));
  CHECK_FALSE(says(reading.why_not, "hush"));
}

TEST_CASE("a probe says where it could not connect, and nothing secret") {
  const Nobody nobody;
  const auto probed = postgres().probe(
      plan_at("host=127.0.0.1 port=" + nobody.port() + " dbname=shop user=a password=hush"));
  REQUIRE_FALSE(probed);
  CHECK(probed.error().where == "drill.toml:7:1");
  CHECK(says(probed.error().what, "sink \"events\": cannot connect to PostgreSQL at 127.0.0.1:" +
                                      nobody.port() + "/shop"));
  CHECK_FALSE(says(probed.error().text(), "hush"));
}

TEST_CASE("a conninfo that cannot be read is refused at once, without repeating it") {
  const auto probed = postgres().probe(plan_at("host=127.0.0.1 password=hush money"));
  REQUIRE_FALSE(probed);
  CHECK(says(probed.error().what, "cannot be read; write one like"));
  CHECK_FALSE(says(probed.error().text(), "money"));
  const auto misspelt = postgres().probe(plan_at("hots=127.0.0.1"));
  REQUIRE_FALSE(misspelt);
  CHECK(says(misspelt.error().what, "hots"));
  CHECK(says(read(plan_at("hots=127.0.0.1")).why_not, "hots"));
}

TEST_CASE("a reading that is abandoned ends and says so") {
  const Nobody nobody;
  SinkPlan plan = plan_at("host=127.0.0.1 port=" + nobody.port());
  plan.within = 1h;
  int asked = 0;
  const SinkReading reading = postgres().read(plan, [&] { return ++asked > 5; });
  CHECK_FALSE(reading.complete);
  CHECK(says(reading.why_not, "the run ended"));
}

TEST_CASE("a server that accepts and says nothing does not hold a reading") {
  wire::SocketAddress loopback;
  wire::numeric({"127.0.0.1", 0}, loopback);
  const wire::Descriptor silent = std::move(*wire::listen_on(loopback));
  const std::string port = std::to_string(wire::local_address(silent.get()).port());
  const SinkReading reading = read(plan_at("host=127.0.0.1 port=" + port + " dbname=shop"));
  CHECK_FALSE(reading.complete);
  CHECK(says(reading.why_not, "no answer"));
}

// Runs statements in the throw-away database, each in a session of its own.
class Server {
 public:
  Server() { run("drop table if exists events"); }

  static std::string conninfo() {
    const char* const text = std::getenv("FAULTLINE_TEST_POSTGRES");
    return text != nullptr ? text : "";
  }

  void run(const std::string& sql) const {
    const std::function<bool()> patient;
    const Allowance allowance{never, patient};
    PostgresSession session;
    PostgresAnswer answer = session.connect(conninfo(), allowance);
    if (answer.end == PostgresEnd::done) {
      answer = session.query(sql, allowance, [](const std::string_view*) { return true; });
    }
    INFO(answer.why);
    REQUIRE((answer.end == PostgresEnd::done || answer.why == "the statement gives no rows"));
  }
};

SinkPlan patient_plan() {
  SinkPlan plan = plan_at(Server::conninfo());
  plan.within = 60s;
  return plan;
}

TEST_CASE("every stored id is counted", "[.postgres]") {
  const Server server;
  server.run("create table events (id text)");
  server.run("insert into events select 'e' || n from generate_series(1, 5000) n");
  server.run("insert into events values ('e7'), ('e7')");
  REQUIRE(postgres().probe(patient_plan()));
  const SinkReading reading = read(patient_plan());
  CHECK(reading.complete);
  CHECK(reading.why_not.empty());
  CHECK(reading.stored.size() == 5000);
  CHECK(reading.stored.at("e7") == 3);
  CHECK(reading.stored.at("e8") == 1);
}

TEST_CASE("an empty table is a complete reading of nothing", "[.postgres]") {
  const Server server;
  server.run("create table events (id text)");
  const SinkReading reading = read(patient_plan());
  CHECK(reading.complete);
  CHECK(reading.stored.empty());
}

TEST_CASE("a sink that is still written to is not at rest", "[.postgres]") {
  const Server server;
  server.run("create table events (id text)");
  SinkPlan plan = patient_plan();
  plan.query = "select random()::text";  // never twice the same
  plan.within = 5s;                      // time for many readings, of which two are needed
  const SinkReading reading = read(plan);
  CHECK_FALSE(reading.complete);
  CHECK(says(reading.why_not, "was not at rest for 20ms within 5s"));
  CHECK(reading.stored.size() == 1);
}

TEST_CASE("a sink that was read once and never again is not called unquiet", "[.postgres]") {
  const Server server;
  server.run("create sequence readings");
  SinkPlan plan = patient_plan();
  // The first reading is answered at once, the second not in time.
  plan.query = "select pg_sleep(case nextval('readings') when 1 then 0 else 600 end)::text";
  plan.within = 5s;
  const SinkReading reading = read(plan);
  CHECK_FALSE(reading.complete);
  CHECK(says(reading.why_not, "was read once but not again within 5s: "));
  CHECK(says(reading.why_not, "no answer"));
  CHECK(reading.stored.size() == 1);
}

TEST_CASE("a table may come into being during the reading", "[.postgres]") {
  const Server server;
  REQUIRE(postgres().probe(patient_plan()));
  bool created = false;
  const SinkReading reading = postgres().read(patient_plan(), [&] {
    if (!created) server.run("create table events as select 'late' as id");
    created = true;
    return false;
  });
  CHECK(reading.complete);
  CHECK(reading.stored.contains("late"));
  SinkPlan missing = patient_plan();
  missing.query = "select id from nowhere";
  missing.within = 3s;
  CHECK(says(read(missing).why_not, "\"nowhere\" does not exist"));
}

TEST_CASE("a wrong query is told before the drill and ends a reading at once", "[.postgres]") {
  const Server server;
  server.run("create table events (id text)");
  SinkPlan plan = patient_plan();
  for (const char* const query : {"selct id from events", "select i from events",
                                  "delete from events returning id", "select 1; select 2"}) {
    plan.query = query;
    INFO(query);
    const auto probed = postgres().probe(plan);
    REQUIRE_FALSE(probed);
    CHECK(says(probed.error().what, "the query does not work at "));
  }
  plan.query = "selct id from events";
  plan.within = 1h;
  CHECK(says(read(plan).why_not, "syntax error"));
  plan.query = "select null";
  CHECK(says(read(plan).why_not, "NULL"));
  plan.query = "set application_name = 'x'";
  CHECK(says(read(plan).why_not, "gives no rows"));
  plan.query = "select id from events -- all of them\n;\n";
  CHECK(postgres().probe(plan));
}

TEST_CASE("what a sink holds before the load is told with its number and an id", "[.postgres]") {
  const Server server;
  CHECK(postgres().find_nothing(patient_plan()));  // the table is not there yet
  server.run("create table events (id text)");
  CHECK(postgres().find_nothing(patient_plan()));
  server.run("insert into events select 'old' from generate_series(1, 3)");
  SinkPlan plan = patient_plan();
  const auto found = postgres().find_nothing(plan);
  REQUIRE_FALSE(found);
  CHECK(found.error().where == "drill.toml:7:1");
  CHECK(says(found.error().what, "its query finds 3 rows already, at "));
  CHECK(says(found.error().what, "the first of them \"old\"; empty the table or narrow the query"));
  plan.query = "select id from events where id like 'new-%'";
  CHECK(postgres().find_nothing(plan));
  plan.query = "select n::text from generate_series(1, 200000) n";
  CHECK(says(postgres().find_nothing(plan).error().what, "finds more than 100000 rows already"));
}

TEST_CASE("a query that hangs is abandoned", "[.postgres]") {
  SinkPlan plan = patient_plan();
  plan.query = "select pg_sleep(3600)";
  plan.within = 1h;
  int asked = 0;
  const SinkReading reading = postgres().read(plan, [&] { return ++asked > 20; });
  CHECK_FALSE(reading.complete);
  CHECK(says(reading.why_not, "the run ended"));
}

TEST_CASE("a connection that is cut is made again", "[.postgres]") {
  const Server server;
  server.run("create table events as select 'a' as id");
  SinkPlan plan = patient_plan();
  plan.connection += " application_name=reading";
  plan.query = "select id from events, pg_sleep(0.2)";
  int cuts = 0;
  const SinkReading reading = postgres().read(plan, [&] {
    if (++cuts < 10) {
      server.run(
          "select pg_terminate_backend(pid) from pg_stat_activity where application_name = "
          "'reading'");
    }
    return false;
  });
  CHECK(reading.complete);
  CHECK(reading.stored == std::map<std::string, std::uint64_t>{{"a", 1}});
}

}  // namespace
}  // namespace faultline

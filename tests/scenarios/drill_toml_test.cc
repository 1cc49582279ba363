#include "scenarios/drill/drill_toml.h"

#include "tests/scenarios/drill_text.h"

namespace faultline {
namespace {

using Catch::Matchers::Contains;
using namespace std::chrono_literals;

TEST_CASE("a drill is read with its defaults") {
  const Drill drill = must_read(small_drill).drill;
  CHECK(drill.name == "small");
  CHECK(drill.title == "small");
  CHECK(drill.seed == 7);
  CHECK(drill.file == "drill.toml");
  CHECK(drill.source == small_drill);
  REQUIRE(drill.proxies.size() == 2);
  CHECK(drill.proxies[1].upstream.text() == "127.0.0.1:5432");
  CHECK(drill.proxies[1].protocol == "postgres");
  CHECK(drill.proxies[1].connect_timeout == 10s);
  REQUIRE(drill.processes.size() == 1);
  CHECK(drill.processes[0].log == "app.log");
  CHECK(drill.processes[0].ready_within == 5s);
  CHECK(drill.processes[0].where == "drill.toml:17:1");
  REQUIRE(drill.workloads.size() == 1);
  CHECK(drill.workloads[0].rate == 50);
  CHECK(drill.workloads[0].method == "POST");
  CHECK(drill.workloads[0].headers.at("X-Id") == "{id}");
  REQUIRE(drill.faults.size() == 1);
  CHECK(drill.faults[0].on == std::vector<std::string>{"db"});
  CHECK(drill.faults[0].signature == Signature{{503}, ""});
  CHECK(drill.faults[0].where == "drill.toml:28:1");
  REQUIRE(drill.expectations.size() == 1);
  CHECK(drill.expectations[0].where == "drill.toml:4:11");
  CHECK(workload_end(drill) == 30s);
  CHECK(fault_end(drill, drill.faults[0]) == 20s);
}

TEST_CASE("a workload may send again what was not taken") {
  CHECK(must_read(small_drill).drill.workloads[0].retries == 0);
  const Drill drill = must_read(with(small_drill, "rate = \"50/s\"",
                                     "rate = \"50/s\"\nretry = { times = 3, after = \"500ms\" }"))
                          .drill;
  CHECK(drill.workloads[0].retries == 3);
  CHECK(drill.workloads[0].retry_after == 500ms);
}

TEST_CASE("a fault without an end lasts as long as the load") {
  const Drill drill =
      must_read(with(small_drill, "at = \"10s\"\nfor = \"10s\"", "at = \"10s\"")).drill;
  CHECK(fault_end(drill, drill.faults[0]) == 30s);
}

TEST_CASE("every mistake is told, in file order, with its place") {
  std::string text = with(small_drill, "rate = \"50/s\"", "rate = 50");
  text = with(text, "on = \"db\"", "on = \"dbs\"");
  text = with(text, "protocol = \"http\"", "protocl = \"http\"");
  text = with(text, "warmup = \"2s\"", "warmup = 2");
  text = with(text, "touched(outage) >= 1", "touched(outage) = 1");
  CHECK(errors_of(text) ==
        "drill.toml:4:11: \"touched(outage) = 1\": \"=\" is no comparison; did you mean \"==\"?\n"
        "drill.toml:6:10: warmup: found an integer; expected a duration with its unit, such as "
        "\"2s\" or \"2ms\"\n"
        "drill.toml:11:1: unknown key \"protocl\" in [[proxy]]; did you mean \"protocol\"?\n"
        "drill.toml:25:8: rate: found an integer; expected a rate with its unit, such as "
        "\"50/s\"\n"
        "drill.toml:31:6: on: there is no proxy \"dbs\"; did you mean \"db\"?\n");
}

TEST_CASE("a syntax error has its place") {
  CHECK_THAT(errors_of("name = \"a\"\nseed = = 1\n"), Contains("drill.toml:2:8: not TOML: "));
  CHECK_THAT(errors_of("name = \"a\"\nname = \"b\"\n"), Contains("drill.toml:2:"));
}

TEST_CASE("an empty drill is told what it needs") {
  const std::string errors = errors_of("");
  CHECK_THAT(errors, Contains("has no \"name\""));
  CHECK_THAT(errors, Contains("add a [[workload]]"));
  CHECK_THAT(errors, Contains("a drill without an expectation cannot fail"));
}

// One change to a right drill, and what must be said of it.
struct Wrong {
  const char* from;
  const char* to;
  const char* told;
};

void check_each(std::initializer_list<Wrong> wrongs) {
  for (const Wrong& wrong : wrongs) {
    INFO(wrong.to);
    CHECK_THAT(errors_of(with(small_drill, wrong.from, wrong.to)), Contains(wrong.told));
  }
}

TEST_CASE("unknown keys are errors at every level") {
  check_each({
      {"seed = 7", "sed = 7",
       "drill.toml:2:1: unknown key \"sed\" in the drill; did you mean "
       "\"seed\"?"},
      {"warmup = \"2s\"", "warmpu = \"2s\"", "did you mean \"warmup\"?"},
      {"within = \"5s\"", "wihtin = \"5s\"", "did you mean \"within\"?"},
      {"command = [", "comand = [", "did you mean \"command\"?"},
      {"body = \"x\"", "bdoy = \"x\"", "did you mean \"body\"?"},
      {"at = \"10s\"\n", "at = \"10s\"\nshar = 0.5\n", "did you mean \"share\"?"},
      {"at = \"10s\"\n", "at = \"10s\"\nsignature = { stauts = 503 }\n",
       "did you mean \"status\"?"},
      {"at = \"10s\"\n", "at = \"10s\"\nexpect = []\n", "belongs at the top of the file"},
  });
}

TEST_CASE("what must be there is asked for") {
  check_each({
      {"name = \"small\"\n", "", "has no \"name\""},
      {"listen = \"127.0.0.1:0\"\n", "", "drill.toml:7:1: [[proxy]] has no \"listen\""},
      {"kind = \"reset\"\n", "", "[[fault]] has no \"kind\""},
      {"id = \"outage\"\n", "", "[[fault]] has no \"id\""},
      {"on = \"db\"\n", "", "[[fault]] has no \"on\""},
      {"at = \"10s\"\n", "", "[[fault]] has no \"at\""},
      {"rate = \"50/s\"\n", "", "[[workload]] has no \"rate\""},
      {"for = \"30s\"\n", "", "[[workload]] has no \"for\""},
      {"through = \"front\"\n", "", "[[workload]] has no \"through\""},
      {"tcp = \"127.0.0.1:${port.app}\", ", "", "ready: say how"},
      {"expect = [\"touched(outage) >= 1\"]\n", "", "cannot fail"},
      {"expect = [\"touched(outage) >= 1\"]", "expect = []", "cannot fail"},
  });
}

TEST_CASE("values are checked for type, unit and range") {
  check_each({
      {"seed = 7", "seed = -7", "seed: -7 is out of range"},
      {"seed = 7", "seed = \"seven\"", "seed: \"seven\" is not an integer"},
      {"seed = 7", "seed = 1979-05-27", "seed: found a date or time; expected an integer"},
      {"\"50/s\"", "\"50\"", "write \"50/s\" or \"50/min\""},
      {"\"50/s\"", "\"fast\"", "is not a rate"},
      {"\"50/s\"", "\"50/week\"", "a rate is per /s, /min or /h"},
      {"\"50/s\"", "\"0/s\"", "more than 0/s"},
      {"\"50/s\"", "\"2000000/s\"", "up to 1000000/s"},
      {"for = \"30s\"", "for = \"30\"", "for: "},
      {"for = \"30s\"", "for = \"0s\"", "out of range"},
      {"for = \"30s\"", "for = \"3650d\"", "out of range"},
      {"rate = \"50/s\"", "model = \"vus\"\nvus = 0", "1 to 100000"},
      {"rate = \"50/s\"", "model = \"vus\"\nrate = \"5/s\"", "does not go with model = \"vus\""},
      {"rate = \"50/s\"", "rate = \"50/s\"\nthink = \"1s\"", "only goes with model = \"vus\""},
      {"rate = \"50/s\"", "rate = \"50/s\"\nmax_in_flight = 0", "1 to 100000"},
      {"rate = \"50/s\"", "rate = \"50/s\"\nretry = { times = 3 }", "after"},
      {"rate = \"50/s\"", "rate = \"50/s\"\nretry = { after = \"1s\" }", "times"},
      {"rate = \"50/s\"", "rate = \"50/s\"\nretry = { times = 0, after = \"1s\" }", "1 to 100"},
      {"rate = \"50/s\"", "rate = \"50/s\"\nretry = { times = 101, after = \"1s\" }", "1 to 100"},
      {"rate = \"50/s\"", "rate = \"50/s\"\nretry = { times = 1, after = \"0s\" }", "out of range"},
      {"rate = \"50/s\"", "rate = \"50/s\"\nretry = { time = 1 }", "unknown key \"time\""},
      {"upstream = \"127.0.0.1:5432\"", "upstream = \"127.0.0.1\"", "drill.toml:15:12: upstream: "},
      {"upstream = \"127.0.0.1:5432\"", "upstream = \"127.0.0.1:0\"", "port 0 cannot be dialed"},
      {"\"postgres\"", "\"postgre\"", "did you mean \"postgres\"?"},
      {"\"reset\"", "\"rest\"", "did you mean \"reset\"?"},
      {"path = \"/hooks/{id}\"", "path = \"hooks/{id}\"", "begins with /"},
      {"X-Id = \"{id}\"", "\"X Id\" = \"{id}\"", "is not the name of a header"},
      {"X-Id = \"{id}\"", "X-Id = \"a\\r\\nb\"", "holds a line break"},
      {"on = \"db\"", "on = []", "names no proxy"},
      {"on = \"db\"", "on = [\"db\", \"db\"]", "names \"db\" twice"},
      {"on = \"db\"", "on = [\"db\", 5]", "on: found an integer; expected a string"},
      {"at = \"10s\"\n", "at = \"10s\"\nsignature = { status = 42 }\n", "100 to 599"},
      {"at = \"10s\"\n", "at = \"10s\"\nshare = 1.5\n", "drill.toml:33:9: "},
      {"at = \"10s\"\n", "at = \"10s\"\nshare = [1]\n", "share: found an array"},
      {"kind = \"reset\"", "kind = \"latency\"\ndelay = \"soon\"", "drill.toml:31:9: "},
      {"command = [\"app\",", "command = [5,", "command: found an integer"},
      {"command = [\"app\",", "command = [\"\",", "names no program"},
      {"[timing]", "[[timing]]", "timing: found an array"},
      {"[[fault]]", "[fault]", "[[fault]], with two brackets"},
      {"within = \"5s\"", "http = \"https://a/\"", "it begins with http://"},
      {"command = [", "log = \"../app.log\"\ncommand = [", "is not a name"},
      {"command = [", "log = \"drill.toml\"\ncommand = [", "its name ends with .log"},
  });
}

TEST_CASE("times must fit each other") {
  check_each({
      {"at = \"10s\"", "at = \"2s\"", "at: begins at 2s, but the warm-up lasts until 2s"},
      {"at = \"10s\"", "at = \"30s\"", "at: begins at 30s, but the load ends at 30s"},
      {"at = \"10s\"", "at = \"25s\"", "for: ends at 35s, but the load ends at 30s"},
      {"warmup = \"2s\"", "warmup = \"30s\"", "the warm-up lasts 30s"},
  });
}

TEST_CASE("names are used once and refer to what is there") {
  check_each({
      {"name = \"db\"", "name = \"front\"", "drill.toml:13:8: name: \"front\" is taken"},
      {"name = \"db\"", "name = \"d b\"", "is not a name"},
      {"name = \"hooks\"", "name = \"front\"", "is a proxy too"},
      {"id = \"outage\"", "id = \"baseline\"", "is the name of a phase"},
      {"through = \"front\"", "through = \"fornt\"", "through: unknown \"fornt\"; did you mean"},
      {"through = \"front\"", "through = \"front\"\ntarget = \"a:1\"", "choose one"},
      {"ports = [\"app\"]", "ports = [\"app\", \"app\"]", "stands there twice"},
      {"ports = [\"app\"]", "ports = [\"a b\"]", "\"a b\" is not a name"},
      {"ports = [\"app\"]\n", "", "${port.app}: there is no port \"app\""},
      {"${proxy.db.port}", "${proxy.dbs.port}", "there is no proxy \"dbs\"; did you mean \"db\"?"},
      {"upstream = \"127.0.0.1:5432\"", "upstream = \"${proxy.front.listen}\"",
       "cannot stand here; only ${port.NAME} can"},
      {"body = \"x\"", "body = \"${port.app}\"", "is known only while the drill runs"},
      {"touched(outage) >= 1", "nonsense(outage) >= 1", "drill.toml:4:11: unknown measure"},
  });
}

TEST_CASE("a sink needs messages that can be recognised, and no proxy") {
  const std::string sink =
      small_drill +
      "[[sink]]\nname = \"events\"\nkind = \"postgres\"\nconnection = \"host=h\"\nquery = \"q\"\n";
  CHECK(must_read(sink).drill.sinks.at(0).quiet == 2s);
  CHECK_THAT(errors_of(with(with(sink, "/hooks/{id}", "/hooks"), "\"{id}\"", "\"1\"")),
             Contains("no request carries {id}"));
  CHECK_THAT(errors_of(with(sink, "host=h", "port=${proxy.db.port}")),
             Contains("cannot stand here"));
  CHECK_THAT(errors_of(with(sink, "\"postgres\"\nconn", "\"postgre\"\nconn")),
             Contains("did you mean \"postgres\"?"));
  CHECK_THAT(errors_of(sink + "quiet = \"10s\"\nwithin = \"5s\"\n"),
             Contains("shorter than quiet"));
}

TEST_CASE("stages replace rate and duration") {
  const std::string stages =
      "stages = [{ for = \"10s\", target = \"50/s\" }, { for = \"20s\", target = \"0/s\" }]\n";
  const std::string load = "rate = \"50/s\"\nfor = \"30s\"\n";
  const Drill drill = must_read(with(small_drill, load, stages)).drill;
  REQUIRE(drill.workloads[0].stages.size() == 2);
  CHECK(drill.workloads[0].stages[0].target == 50);
  CHECK(workload_end(drill) == 30s);
  CHECK_THAT(errors_of(with(small_drill, load, stages + load)),
             Contains("rate: does not go with stages") && Contains("for: does not go with stages"));
  CHECK_THAT(errors_of(with(small_drill, load, "stages = [{ for = \"1s\", target = 5 }]\n")),
             Contains("such as \"5/s\""));
  CHECK_THAT(errors_of(with(small_drill, load, "stages = [{ target = \"5/s\" }]\n")),
             Contains("stages has no \"for\"") || Contains("[[stages]] has no \"for\""));
}

TEST_CASE("a closed model has users") {
  const Drill drill =
      must_read(with(small_drill, "rate = \"50/s\"", "model = \"vus\"\nvus = 10\nthink = \"1s\""))
          .drill;
  CHECK(drill.workloads[0].model == LoadModel::vus);
  CHECK(drill.workloads[0].vus == 10);
  CHECK(drill.workloads[0].think == 1s);
}

TEST_CASE("parameters of a fault keep their places") {
  const Drill drill = must_read(with(small_drill, "kind = \"reset\"",
                                     "kind = \"latency\"\ndelay = \"100ms\"\nshare = \"50%\""))
                          .drill;
  REQUIRE(drill.faults[0].parameters.size() == 1);
  CHECK(drill.faults[0].parameters[0].name == "delay");
  CHECK(drill.faults[0].parameters[0].where == "drill.toml:31:9");
  REQUIRE(drill.faults[0].aim.size() == 1);
  CHECK(drill.faults[0].aim[0].name == "share");
}

TEST_CASE("a fault in TLS is for proxies that speak TLS with their clients") {
  const std::string drill = with(small_drill, "kind = \"reset\"", "kind = \"tls_expired\"");
  CHECK_THAT(errors_of(drill), Contains("kind: \"tls_expired\" acts on the TLS of clients, and "
                                        "proxy \"db\" does not speak TLS with them"));
  const std::string db = "upstream = \"127.0.0.1:5432\"";
  CHECK(must_read(with(drill, db, db + "\ntls = { generate = \"localhost\" }"))
            .drill.faults[0]
            .kind == "tls_expired");
  CHECK_THAT(
      errors_of(with(drill, db, db + "\ntls = { certificate_file = \"c\", key_file = \"k\" }")),
      Contains("proxy \"db\" has a certificate that was given"));
}

TEST_CASE("variables are replaced in strings, never in comments or keys") {
  const std::string text = with(small_drill, "127.0.0.1:5432\"", "${DB:-127.0.0.1:5432}\" # ${NO}");
  CHECK(must_read(text).drill.proxies[1].upstream.port == 5432);
  const ReadDrill other = must_read(text, {}, {{"DB", "db.example:6432"}});
  CHECK(other.drill.proxies[1].upstream.text() == "db.example:6432");
  CHECK(other.variables == Environment{{"DB", "db.example:6432"}});
  CHECK_THAT(errors_of(with(small_drill, "127.0.0.1:5432", "${DB}")),
             Contains("drill.toml:15:12: upstream: ${DB} is not set"));
}

TEST_CASE("numbers may come from variables") {
  const std::string text = with(small_drill, "seed = 7", "seed = \"${SEED:-9}\"");
  CHECK(must_read(text).drill.seed == 9);
  CHECK(must_read(text, {}, {{"SEED", "11"}}).drill.seed == 11);
  CHECK_THAT(errors_of(text, {}, {{"SEED", "x"}}), Contains("seed: \"x\" is not an integer"));
  const std::string nth = with(small_drill, "at = \"10s\"\n", "at = \"10s\"\nnth = \"${NTH}\"\n");
  CHECK(std::get<std::int64_t>(must_read(nth, {}, {{"NTH", "3"}}).drill.faults[0].aim[0].value) ==
        3);
}

TEST_CASE("an element of a command with three dots stands for several words") {
  const std::string text =
      with(small_drill, "\"--db\"", "\"${BUGS:-}...\", \"${A}...b\", \"--db\"");
  CHECK(must_read(text, {}, {{"A", "x y"}}).drill.processes[0].command ==
        std::vector<std::string>{"app", "--listen", "127.0.0.1:${port.app}", "x y...b", "--db",
                                 "${proxy.db.listen}"});
  const Drill drill = must_read(text, {}, {{"A", ""}, {"BUGS", " --bug  status-500 "}}).drill;
  CHECK(drill.processes[0].command[3] == "--bug");
  CHECK(drill.processes[0].command[4] == "status-500");
  CHECK(drill.processes[0].command[5] == "...b");
}

TEST_CASE("--set changes a key, adds one, and is told by its number") {
  CHECK(must_read(small_drill, {"seed=8"}).drill.seed == 8);
  const Drill drill =
      must_read(small_drill, {"workload.hooks.rate=20/s", "fault.outage.for=5s", "title=A, B",
                              "fault.outage.signature.status=[500, 503]", "seed=8", "seed=9"})
          .drill;
  CHECK(drill.workloads[0].rate == 20);
  CHECK(drill.faults[0].lasting == 5s);
  CHECK(drill.title == "A, B");
  CHECK(drill.faults[0].signature.status == std::vector<std::uint16_t>{500, 503});
  CHECK(drill.seed == 9);
}

TEST_CASE("a wrong --set says which one, after the errors of the file") {
  const auto told = [](const char* set) { return errors_of(small_drill, {"seed=1", set}); };
  CHECK_THAT(told("seed"), Contains("--set 2: \"seed\" is not key=value"));
  CHECK_THAT(told("=1"), Contains("--set 2: "));
  CHECK_THAT(told("sed=1"), Contains("--set 2: unknown key \"sed\""));
  CHECK_THAT(told("seed=x"), Contains("--set 2: seed: \"x\" is not an integer"));
  CHECK_THAT(told("fault.outgae.for=1s"),
             Contains("--set 2: there is no fault \"outgae\"; did you mean \"outage\"?"));
  CHECK_THAT(told("fault.outage=1s"), Contains("--set 2: name the key to set"));
  CHECK_THAT(told("fault.outage.share=7"), Contains("--set 2: "));
  CHECK_THAT(told("seed.x=7"), Contains("--set 2: \"seed\" is an integer"));
  CHECK_THAT(told("workload.hooks..rate=7"), Contains("--set 2: the path has an empty part"));
  CHECK_THAT(told("expect=[\"lost\"]"), Contains("--set 2: \"lost\": compares with nothing"));
  CHECK(errors_of(with(small_drill, "\"50/s\"", "\"50\""), {"sed=1"}).starts_with("drill.toml:25"));
}

TEST_CASE("a --set cannot smuggle in a second key") {
  const ReadDrill read = must_read(small_drill, {"title=\"a\"\nseed = 3"});
  CHECK(read.drill.title == "\"a\"\nseed = 3");
  CHECK(read.drill.seed == 7);
}

TEST_CASE("keys nested without end are refused before they are parsed") {
  std::string deep = "a";
  for (int i = 0; i < 200'000; ++i) deep += ".a";
  const std::string open(200'000, '[');
  for (const std::string& text :
       {deep + " = 1", "[" + deep + "]", "x = { " + deep + " = 1 }",
        "x = 1\n\"#\"." + deep + " = 1", "x = " + open, "x = [ \"]]]\\\"\", '''\n]]''', " + open,
        "# ]]\nx = [ # ]\n" + open}) {
    INFO(text.substr(0, 40));
    CHECK_THAT(errors_of(text), Contains("nested deeper than 32"));
  }
  CHECK_THAT(errors_of(std::string(2 << 20, '#')), Contains("a drill has at most 1048576"));
  CHECK(must_read("# " + std::string(40, '.') + "\nnotes = '" + open + deep + "'\n" + small_drill)
            .drill.seed == 7);
}

TEST_CASE("ports and listeners are put where a drill refers to them") {
  Drill drill = must_read(small_drill).drill;
  CHECK(drill.late_addresses.size() == 2);
  auto with_ports = resolve_ports(std::move(drill), {{"app", 8080}});
  REQUIRE(with_ports);
  CHECK(with_ports->late_addresses.empty());
  CHECK(with_ports->proxies[0].upstream.text() == "127.0.0.1:8080");
  REQUIRE(with_ports->processes[0].ready_tcp);
  CHECK(with_ports->processes[0].ready_tcp->port == 8080);
  const auto ready = resolve_listeners(std::move(*with_ports), {{"db", Address{"0.0.0.0", 15432}}});
  REQUIRE(ready);
  CHECK(ready->processes[0].command ==
        std::vector<std::string>{"app", "--listen", "127.0.0.1:8080", "--db", "127.0.0.1:15432"});
  CHECK(ready->processes[0].environment == Environment{{"DB_PORT", "15432"}, {"PRICE", "5$"}});
}

TEST_CASE("what a run does not know is an error with its place") {
  const auto no_port = resolve_ports(must_read(small_drill).drill, {});
  REQUIRE_FALSE(no_port);
  CHECK(no_port.error().front().where == "drill.toml:17:1");
  CHECK_THAT(no_port.error().front().what, Contains("${port.app}"));
  const auto no_proxy = resolve_listeners(must_read(small_drill).drill, {});
  REQUIRE_FALSE(no_proxy);
  CHECK_THAT(no_proxy.error().front().what, Contains("${proxy.db.listen}"));
}

}  // namespace
}  // namespace faultline

#include "scenarios/recording/recorder.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <fstream>
#include <iterator>
#include <thread>

#include "tests/support/catch.h"
#include "tests/support/folder.h"

using namespace faultline;

namespace {

std::string content(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::size_t lines(const std::filesystem::path& file) {
  const std::string text = content(file);
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

Event closed(Instant at) {
  Event event;
  event.at = at;
  event.kind = EventKind::connection_closed;
  return event;
}

Request answered(const std::string& id) {
  Request request;
  request.id = id;
  request.outcome = Outcome::answered;
  request.status = 202;
  return request;
}

unsigned mode(const std::filesystem::path& path) {
  struct stat status{};
  REQUIRE(stat(path.c_str(), &status) == 0);
  return status.st_mode & 0777U;
}

}  // namespace

TEST_CASE("a run folder and its files are for their owner alone") {
  const test::Folder folder;
  const auto run = folder.path() / "a" / "run";
  REQUIRE(Recorder::create(run, Drill{}));
  CHECK(mode(run) == 0700);
  for (const auto* file : {"drill.toml", "events.jsonl", "requests.jsonl", "sinks.jsonl"}) {
    CHECK(mode(run / file) == 0600);
  }
}

TEST_CASE("files of another run are never touched") {
  const auto* const file = GENERATE("drill.toml", "run.json", "events.jsonl", "requests.jsonl",
                                    "sinks.jsonl", "faults.json", "report.json");
  const test::Folder folder;
  std::ofstream(folder.path() / file) << "precious";
  const auto recorder = Recorder::create(folder.path(), Drill{});
  REQUIRE_FALSE(recorder);
  CHECK(recorder.error().text().find(std::string(file) + ": exists already") != std::string::npos);
  CHECK(content(folder.path() / file) == "precious");
  const auto left = std::distance(std::filesystem::directory_iterator(folder.path()), {});
  CHECK(left == 1);
}

TEST_CASE("events from before drill time 0 are written when it is known") {
  const test::Folder folder;
  const auto recorder = Recorder::create(folder.path() / "run", Drill{});
  REQUIRE(recorder);
  JournalReader& journal = **recorder;
  const Instant zero(std::chrono::seconds(100));
  const Event early = closed(zero - Duration(5));
  journal.read({&early, 1});
  (*recorder)->flush();
  CHECK(lines(folder.path() / "run" / "events.jsonl") == 0);
  (*recorder)->start(zero);
  const Event late = closed(zero + Duration(7));
  journal.read({&late, 1});
  (*recorder)->flush();
  CHECK(content(folder.path() / "run" / "events.jsonl") ==
        "{\"at\":-5,\"kind\":\"connection_closed\"}\n{\"at\":7,\"kind\":\"connection_closed\"}\n");
}

TEST_CASE("several threads write whole lines") {
  const test::Folder folder;
  const auto recorder = Recorder::create(folder.path() / "run", Drill{});
  REQUIRE(recorder);
  (*recorder)->start(Instant{});
  constexpr int each = 2000;
  {
    const auto write = [&](const std::string& name) {
      RequestReader& reader = **recorder;
      for (int i = 0; i < each; ++i) {
        const Request request = answered(name + std::to_string(i));
        reader.read({&request, 1});
      }
    };
    std::jthread one(write, "one");
    std::jthread other(write, "other");
  }
  (*recorder)->flush();
  std::ifstream in(folder.path() / "run" / "requests.jsonl");
  int count = 0;
  for (std::string line; std::getline(in, line); ++count) {
    REQUIRE(line.starts_with("{\"id\":\"o"));
    REQUIRE(line.ends_with("}"));
  }
  CHECK(count == 2 * each);
}

TEST_CASE("a disk that is full ends a file behind a whole line and is told") {
  const test::Folder folder;
  auto recorder = Recorder::create(folder.path() / "run", Drill{});
  REQUIRE(recorder);
  (*recorder)->start(Instant{});
  // A limit on file size stands for the disk: the same write, the same error path.
  signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{10'000, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  RequestReader& reader = **recorder;
  for (int i = 0; i < 1000; ++i) {
    const Request request = answered("request-" + std::to_string(i));
    reader.read({&request, 1});
  }
  (*recorder)->flush();
  setrlimit(RLIMIT_FSIZE, &before);
  const std::string text = content(folder.path() / "run" / "requests.jsonl");
  CHECK(text.size() <= 10'000);
  CHECK(text.size() > 9'000);
  CHECK(text.ends_with("}\n"));
  const std::size_t kept = lines(folder.path() / "run" / "requests.jsonl");
  REQUIRE((*recorder)->write_run({}));
  CHECK(content(folder.path() / "run" / "run.json")
            .find("requests.jsonl: " + std::to_string(1000 - kept) +
                  " lines could not be written") != std::string::npos);
}

TEST_CASE("a discarded recording leaves nothing") {
  const test::Folder folder;
  {
    const auto recorder = Recorder::create(folder.path() / "run", Drill{});
    REQUIRE(recorder);
    (*recorder)->discard();
  }
  CHECK_FALSE(std::filesystem::exists(folder.path() / "run"));
}

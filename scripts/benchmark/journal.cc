// What an exchange costs in the journal: one worker writes so many exchanges per second, and the
// journal's thread reads them.
//
//   journal RATE SECONDS [FILE]
//
// Without a FILE they are only counted, as by `faultline relay`; with one, each becomes a line of
// it, as in a drill's recording. RATE 0: as fast as the pen writes. Prints one line of JSON: CPU
// nanoseconds per event of either thread, and how many events found the ring full.

#include <time.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <thread>

#include "proxy/event_line.h"
#include "proxy/journal.h"
#include "scenarios/recording/output_file.h"

namespace {

using namespace faultline;
using Clock = std::chrono::steady_clock;

double cpu_nanoseconds(clockid_t clock) {
  timespec spent{};
  clock_gettime(clock, &spent);
  return static_cast<double>(spent.tv_sec) * 1e9 + static_cast<double>(spent.tv_nsec);
}

class Reader final : public JournalReader {
 public:
  explicit Reader(std::optional<OutputFile> file) : file_(std::move(file)) {}

  void read(std::span<const Event> events) override {
    for (const Event& event : events) {
      if (event.kind == EventKind::exchange) ++exchanges_;
      if (!file_) continue;
      append_event(file_->buffer(), event);
      file_->wrote(1);
    }
  }

  std::uint64_t exchanges() const { return exchanges_; }

 private:
  std::optional<OutputFile> file_;
  std::uint64_t exchanges_ = 0;
};

Event exchange_at(Instant at, std::uint64_t ordinal) {
  Event event;
  event.at = at;
  event.kind = EventKind::exchange;
  event.connection = 1 + ordinal % 50;
  event.exchange.ordinal = ordinal / 50;
  event.exchange.name = "GET /orders/17";
  event.exchange.code = "200";
  event.exchange.told = Told::ack;
  event.exchange.request_first = event.exchange.request_last = at - std::chrono::microseconds(90);
  event.exchange.response_first = event.exchange.response_last = at;
  return event;
}

// In turns of 1 ms, as a worker's turns of its loop.
std::uint64_t write_exchanges(JournalPen& pen, std::uint64_t rate, std::chrono::seconds lasting) {
  const auto start = Clock::now();
  std::uint64_t written = 0;
  for (auto now = start; now < start + lasting; now = Clock::now()) {
    const Instant at{now.time_since_epoch()};
    const double due = std::chrono::duration<double>(now - start).count();
    const std::uint64_t until =
        rate == 0 ? written + 1000 : static_cast<std::uint64_t>(static_cast<double>(rate) * due);
    for (; written < until; ++written) pen.write(exchange_at(at, written));
    if (rate > 0) std::this_thread::sleep_until(now + std::chrono::milliseconds(1));
  }
  return written;
}

}  // namespace

int main(int count, char** words) {
  if (count != 3 && count != 4) {
    std::fprintf(stderr, "journal: unknown use; the head of journal.cc tells\n");
    return 2;
  }
  std::optional<OutputFile> file;
  if (count == 4) {
    Result<OutputFile> created = OutputFile::create(words[3]);
    if (!created) {
      std::fprintf(stderr, "journal: %s\n", created.error().text().c_str());
      return 1;
    }
    file.emplace(std::move(*created));
  }
  Reader reader(std::move(file));
  std::uint64_t written = 0;
  std::uint64_t lost = 0;
  double writer = 0;
  const double before = cpu_nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
  const auto start = Clock::now();
  {
    Journal journal(reader);
    JournalPen& pen = journal.pen();
    const double own = cpu_nanoseconds(CLOCK_THREAD_CPUTIME_ID);
    written = write_exchanges(pen, static_cast<std::uint64_t>(std::atoll(words[1])),
                              std::chrono::seconds(std::atoll(words[2])));
    writer = cpu_nanoseconds(CLOCK_THREAD_CPUTIME_ID) - own;
    journal.flush();
    lost = journal.lost();
  }
  const double took = std::chrono::duration<double>(Clock::now() - start).count();
  const double all = cpu_nanoseconds(CLOCK_PROCESS_CPUTIME_ID) - before;
  const auto events = static_cast<double>(written);
  std::printf(
      "{\"n\": %llu, \"rate\": %.1f, \"writer_ns\": %.1f, \"reader_ns\": %.1f, \"lost\": %llu, "
      "\"read\": %llu}\n",
      static_cast<unsigned long long>(written), events / took, writer / events,
      (all - writer) / static_cast<double>(reader.exchanges()),
      static_cast<unsigned long long>(lost), static_cast<unsigned long long>(reader.exchanges()));
  return 0;
}

#include "pg_connection.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <string_view>
#include <vector>

namespace bridge {
namespace {

struct ClearResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, ClearResult>;

std::string one_line(std::string_view message) {
  std::string line(message);
  std::ranges::replace(line, '\n', ' ');
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

Outcome given_up(Waited waited) {
  if (waited == Waited::stopped) return {Outcome::Kind::stopped, "stopping", 0};
  return {Outcome::Kind::timed_out, "no answer within the deadline", 0};
}

std::string_view diagnostic(const PGresult* result, int field) {
  const char* text = PQresultErrorField(result, field);
  return text ? text : "";
}

Outcome judged(PGresult* result) {
  const auto status = PQresultStatus(result);
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) {
    Outcome outcome;
    const std::string_view rows = PQcmdTuples(result);
    std::from_chars(rows.data(), rows.data() + rows.size(), outcome.rows);
    return outcome;
  }
  const auto state = diagnostic(result, PG_DIAG_SQLSTATE);
  const auto severity = diagnostic(result, PG_DIAG_SEVERITY_NONLOCALIZED);
  auto kind = Outcome::Kind::sql_error;
  if (severity == "FATAL" || severity == "PANIC" || state.empty()) kind = Outcome::Kind::lost;
  if (state.starts_with("22")) kind = Outcome::Kind::bad_data;
  return {kind, one_line(PQresultErrorMessage(result)), 0};
}

}  // namespace

std::expected<std::unique_ptr<PgConnection>, std::string> PgConnection::open(
    const std::string& conninfo, Deadline deadline, const Stop& stop) {
  PGconn* raw = PQconnectStart(conninfo.c_str());
  if (!raw) return std::unexpected("out of memory");
  std::unique_ptr<PgConnection> connection(new PgConnection(raw));
  if (PQstatus(raw) == CONNECTION_BAD) return std::unexpected(one_line(PQerrorMessage(raw)));
  PQsetNoticeProcessor(raw, [](void*, const char*) {}, nullptr);

  for (auto next = PGRES_POLLING_WRITING; next != PGRES_POLLING_OK; next = PQconnectPoll(raw)) {
    if (next == PGRES_POLLING_FAILED) return std::unexpected(one_line(PQerrorMessage(raw)));
    const short events = next == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    const auto waited = wait_for(PQsocket(raw), events, deadline, stop);
    if (waited == Waited::expired) return std::unexpected("no connection within the deadline");
    if (waited == Waited::stopped) return std::unexpected("stopping");
  }
  if (PQsetnonblocking(raw, 1) != 0) return std::unexpected(one_line(PQerrorMessage(raw)));
  return connection;
}

PgConnection::~PgConnection() {
  // PQfinish says goodbye through the socket. The connection is non-blocking, so that cannot hang
  // even when the peer takes no more bytes; closing the sending side of a dead one would gain
  // nothing.
  PQfinish(connection_);
}

Outcome PgConnection::lost() const {
  return {Outcome::Kind::lost, one_line(PQerrorMessage(connection_)), 0};
}

Outcome PgConnection::run(const char* sql, std::span<const Parameter> parameters, Deadline deadline,
                          const Stop& stop) {
  std::vector<const char*> values;
  for (const Parameter& parameter : parameters) {
    values.push_back(parameter ? parameter->c_str() : nullptr);
  }
  const int sent = PQsendQueryParams(connection_, sql, static_cast<int>(values.size()), nullptr,
                                     values.data(), nullptr, nullptr, 0);
  return sent == 1 ? finish(deadline, stop) : lost();
}

Outcome PgConnection::run_script(const char* sql, Deadline deadline, const Stop& stop) {
  return PQsendQuery(connection_, sql) == 1 ? finish(deadline, stop) : lost();
}

std::optional<Outcome> PgConnection::flush(Deadline deadline, const Stop& stop) {
  for (;;) {
    const int left = PQflush(connection_);
    if (left < 0) return lost();
    if (left == 0) return std::nullopt;
    const auto waited = wait_for(socket(), POLLIN | POLLOUT, deadline, stop);
    if (waited != Waited::ready) return given_up(waited);
    // The server may be unable to read on before we have read what it says.
    if (PQconsumeInput(connection_) == 0) return lost();
  }
}

Outcome PgConnection::finish(Deadline deadline, const Stop& stop) {
  if (auto failure = flush(deadline, stop)) return *failure;
  std::optional<Outcome> answer;
  for (;;) {
    while (PQisBusy(connection_) == 1) {
      const auto waited = wait_for(socket(), POLLIN, deadline, stop);
      if (waited != Waited::ready) return given_up(waited);
      if (PQconsumeInput(connection_) == 0) return lost();
    }
    const Result result(PQgetResult(connection_));
    if (!result) break;
    auto judgement = judged(result.get());
    // Of a script the first error counts, else the last success.
    if (!answer || answer->kind == Outcome::Kind::done) answer = std::move(judgement);
  }
  if (PQstatus(connection_) == CONNECTION_BAD) return lost();
  return answer.value_or(Outcome{Outcome::Kind::lost, "no result", 0});
}

bool PgConnection::still_open() {
  char byte = 0;
  const auto seen = ::recv(socket(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (seen == 0) return false;
  if (seen < 0) return errno == EAGAIN || errno == EINTR;
  // A notice, or the farewell of a server that is being shut down; the latter is followed by the
  // end.
  if (PQconsumeInput(connection_) == 0) return false;
  (void)PQisBusy(connection_);
  return PQstatus(connection_) == CONNECTION_OK;
}

}  // namespace bridge

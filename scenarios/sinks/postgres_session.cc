#include "scenarios/sinks/postgres_session.h"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>

#include "proxy/wire/clock.h"

namespace faultline {
namespace {

constexpr int slice_ms = 50;
constexpr std::size_t rows_per_look = 1024;  // between two looks at what the caller allows

struct Clear {
  void operator()(PGresult* result) const { PQclear(result); }
};
using ResultPtr = std::unique_ptr<PGresult, Clear>;

PostgresAnswer spent(const Allowance& allowance) {
  if (allowance.abandoned && allowance.abandoned()) return {.end = PostgresEnd::abandoned};
  if (wire::now() >= allowance.until) return {.end = PostgresEnd::late};
  return {};
}

std::string one_line(const char* text) {
  std::string line(text);
  while (!line.empty() && (line.back() == '\n' || line.back() == ' ')) line.pop_back();
  std::ranges::replace(line, '\n', ' ');
  std::ranges::replace(line, '\t', ' ');
  return line;
}

std::string text_or(const char* text, const char* otherwise) {
  return text != nullptr && *text != '\0' ? text : otherwise;
}

// What libpq says of a conninfo it cannot read may quote any part of it, and a part may be of a
// password; only the name of an unknown option is safe to repeat.
std::string complaint_about(const std::string& conninfo) {
  char* message = nullptr;
  PQconninfoOption* const options = PQconninfoParse(conninfo.c_str(), &message);
  if (options != nullptr) {
    PQconninfoFree(options);
    return "";
  }
  const std::string said = one_line(message != nullptr ? message : "");
  PQfreemem(message);
  if (said.starts_with("invalid connection option")) return said;
  return "the connection string cannot be read; write one like \"host=127.0.0.1 port=5432 "
         "dbname=shop user=auditor\", values with spaces in single quotes";
}

}  // namespace

void PostgresSession::Finish::operator()(pg_conn* connection) const { PQfinish(connection); }

PostgresAnswer PostgresSession::connect(const std::string& conninfo, const Allowance& allowance) {
  place_.clear();
  connection_.reset();
  if (std::string why = complaint_about(conninfo); !why.empty()) {
    return {PostgresEnd::failed, std::move(why), "", false};
  }
  connection_.reset(PQconnectStart(conninfo.c_str()));
  if (!connection_) return {PostgresEnd::failed, "out of memory", "", false};
  pg_conn* const connection = connection_.get();
  // Notices are for people at a prompt; libpq would print them.
  PQsetNoticeProcessor(connection, [](void*, const char*) {}, nullptr);
  place_ = text_or(PQhost(connection), "localhost") + ":" + text_or(PQport(connection), "5432") +
           "/" + text_or(PQdb(connection), "?");
  PostgresPollingStatusType polling = PGRES_POLLING_WRITING;
  while (PQstatus(connection) != CONNECTION_BAD && polling != PGRES_POLLING_FAILED) {
    if (polling == PGRES_POLLING_OK) {
      PQsetnonblocking(connection, 1);
      return {};
    }
    const short events = polling == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    if (auto waited = wait(events, allowance); waited.end != PostgresEnd::done) return waited;
    polling = PQconnectPoll(connection);
  }
  return failure();
}

PostgresAnswer PostgresSession::query(const std::string& sql, const Allowance& allowance,
                                      const Row& row) {
  pg_conn* const connection = connection_.get();
  // The extended protocol takes one statement only.
  if (PQsendQueryParams(connection, sql.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0) == 0) {
    return failure();
  }
  PQsetSingleRowMode(connection);
  if (auto sent = send(allowance); sent.end != PostgresEnd::done) return sent;
  for (std::size_t rows = 0;; ++rows) {
    if (auto waited = await_result(allowance); waited.end != PostgresEnd::done) return waited;
    const ResultPtr result(PQgetResult(connection));
    if (!result) return {};
    const ExecStatusType status = PQresultStatus(result.get());
    if (status != PGRES_SINGLE_TUPLE && status != PGRES_TUPLES_OK) {
      const char* const state = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
      const std::string said = one_line(PQresultErrorMessage(result.get()));
      return {PostgresEnd::failed, said.empty() ? "the statement gives no rows" : said,
              state != nullptr ? state : "", PQstatus(connection) == CONNECTION_BAD};
    }
    if (PQnfields(result.get()) == 0) {
      return {PostgresEnd::failed, "the rows of the query have no column", "", false};
    }
    if (status == PGRES_TUPLES_OK) continue;  // the end of the rows
    const std::string_view value(PQgetvalue(result.get(), 0, 0),
                                 static_cast<std::size_t>(PQgetlength(result.get(), 0, 0)));
    const bool is_null = PQgetisnull(result.get(), 0, 0) != 0;
    if (!row(is_null ? nullptr : &value)) return {.end = PostgresEnd::stopped};
    if (rows % rows_per_look != 0) continue;
    if (auto look = spent(allowance); look.end != PostgresEnd::done) return look;
  }
}

PostgresAnswer PostgresSession::send(const Allowance& allowance) {
  while (true) {
    const int left = PQflush(connection_.get());
    if (left == 0) return {};
    if (left < 0) return failure();
    if (auto waited = wait(POLLIN | POLLOUT, allowance); waited.end != PostgresEnd::done) {
      return waited;
    }
    if (PQconsumeInput(connection_.get()) == 0) return failure();
  }
}

PostgresAnswer PostgresSession::await_result(const Allowance& allowance) {
  while (PQisBusy(connection_.get()) != 0) {
    if (auto waited = wait(POLLIN, allowance); waited.end != PostgresEnd::done) return waited;
    if (PQconsumeInput(connection_.get()) == 0) return failure();
  }
  return {};
}

PostgresAnswer PostgresSession::wait(short events, const Allowance& allowance) const {
  while (true) {
    if (auto look = spent(allowance); look.end != PostgresEnd::done) return look;
    pollfd descriptor{PQsocket(connection_.get()), events, 0};
    if (poll(&descriptor, 1, slice_ms) > 0) return {};
  }
}

PostgresAnswer PostgresSession::failure() const {
  return {PostgresEnd::failed, one_line(PQerrorMessage(connection_.get())), "", true};
}

}  // namespace faultline

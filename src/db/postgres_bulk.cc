// PostgresSession's statements over many rows: pipelines and COPY.
#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <libpq-fe.h>

#include "base/check.h"
#include "db/postgres_session.h"
#include "db/postgres_values.h"

namespace tidings::db {

namespace {

// The parameters of a statement that runs several times, with the type each has in any of them: a
// column that is NULL in one run and not in another is to be prepared with its type first.
std::vector<Param> sample_of(std::size_t stride, Params flat) {
  std::vector<Param> sample(flat.begin(), flat.begin() + std::min(stride, flat.size()));
  for (std::size_t i = stride; i < flat.size(); ++i) {
    if (type_of(sample[i % stride]) == 0) sample[i % stride] = flat[i];
  }
  return sample;
}

bool is_alike(std::span<const Param> sample, Params flat) {
  for (std::size_t i = 0; i < flat.size(); ++i) {
    const std::uint32_t type = type_of(flat[i]);
    if (type != 0 && type != type_of(sample[i % sample.size()])) return false;
  }
  return true;
}

}  // namespace

Result<void> PostgresSession::run_many(const Statement& statement, std::size_t stride, Params flat,
                                       const ReplyCallback& take) {
  CHECK(stride > 0 && flat.size() % stride == 0);
  TRY(ready_for(statement));
  TRY(check_texts(flat));
  if (flat.empty()) return {};
  TRY(begin_now());
  const std::vector<Param> sample = sample_of(stride, flat);
  CHECK(is_alike(sample, flat));
  const Prepared* const prepared = TRY(prepare(statement, sample));
  const Streaming streaming(streaming_);
  for (std::size_t at = 0; at < flat.size(); at += stride * pipeline_max) {
    const Params part = flat.subspan(at, std::min(stride * pipeline_max, flat.size() - at));
    TRY(run_chunk({*prepared, statement.name, stride, at / stride}, part, take));
  }
  return {};
}

Result<void> PostgresSession::run_chunk(const Chunk& chunk, Params flat,
                                        const ReplyCallback& take) {
  PGconn* const handle = handle_.get();
  const std::size_t count = flat.size() / chunk.stride;
  if (PQenterPipelineMode(handle) != 1) return failure(nullptr, chunk.what);
  bool sent = true;
  for (std::size_t i = 0; i < count && sent; ++i) {
    sent = send(chunk.prepared, flat.subspan(i * chunk.stride, chunk.stride));
  }
  if (!sent || PQpipelineSync(handle) != 1) {
    // Only a lost session refuses these.
    auto failed = failure(nullptr, chunk.what);
    (void)doom(Trouble::lost, failed.error());
    return failed;
  }
  Result<void> result;
  std::size_t run = chunk.first;
  bool synced = false;
  while (!synced) {
    const Reply reply(PQgetResult(handle));
    if (is_lost()) return failure(reply.get(), chunk.what);
    if (!reply) continue;  // between two statements
    const ExecStatusType status = PQresultStatus(reply.get());
    synced = status == PGRES_PIPELINE_SYNC;
    if (synced || status == PGRES_PIPELINE_ABORTED) continue;
    if (!succeeded(reply.get())) {
      auto failed = failure(reply.get(), chunk.what);
      if (result) result = std::move(failed);
    } else if (result) {
      take(run, reply.get());
      // libpq leaves the mode of an earlier query() on for the first of a pipeline: then each of
      // its rows comes by itself, and an empty reply at the end.
      if (status != PGRES_SINGLE_TUPLE) ++run;
    }
  }
  if (PQexitPipelineMode(handle) != 1) return failure(nullptr, chunk.what);
  return result;
}

Result<std::vector<std::int64_t>> PostgresSession::execute_many(const Statement& statement,
                                                                std::size_t stride, Params flat) {
  CHECK(stride > 0);
  std::vector<std::int64_t> changed(flat.size() / stride);
  TRY(run_many(statement, stride, flat, [&](std::size_t run, const pg_result* reply) {
    changed[run] = changed_rows(reply);
  }));
  return changed;
}

Result<void> PostgresSession::query_many(const Statement& statement, std::size_t stride,
                                         Params flat, const RunRowCallback& row) {
  return run_many(statement, stride, flat, [&](std::size_t run, const pg_result* reply) {
    for (int i = 0; i < PQntuples(reply); ++i) row(run, PostgresRow(reply, i));
  });
}

Result<std::vector<std::uint32_t>> PostgresSession::column_types(
    std::string_view table, std::span<const std::string_view> columns) {
  const std::string sql = fmt::format("SELECT {} FROM {}", fmt::join(columns, ", "), table);
  if (const auto found = copy_types_.find(sql); found != copy_types_.end()) return found->second;
  const Reply prepared(PQprepare(handle_.get(), "", sql.c_str(), 0, nullptr));
  if (PQresultStatus(prepared.get()) != PGRES_COMMAND_OK) return failure(prepared.get(), sql);
  const Reply described(PQdescribePrepared(handle_.get(), ""));
  if (PQresultStatus(described.get()) != PGRES_COMMAND_OK) return failure(described.get(), sql);
  std::vector<std::uint32_t> types;
  for (int i = 0; i < PQnfields(described.get()); ++i) {
    types.push_back(PQftype(described.get(), i));
  }
  if (copy_types_.size() < statements_max) copy_types_.emplace(sql, types);
  return types;
}

Result<void> PostgresSession::insert_many(std::string_view table,
                                          std::span<const std::string_view> columns, Params flat) {
  CHECK(!columns.empty() && flat.size() % columns.size() == 0);
  CHECK(!streaming_);
  if (doomed()) return std::unexpected(first_error());
  if (flat.empty()) return {};
  const std::vector<Param> sample = sample_of(columns.size(), flat);
  // COPY converts, say, numbers for a column of reals; parameters are all of one type.
  if (flat.size() / columns.size() <= insert_few && is_alike(sample, flat)) {
    return insert_rows(table, columns, flat);
  }
  return copy(table, columns, flat);
}

Result<void> PostgresSession::insert_rows(std::string_view table,
                                          std::span<const std::string_view> columns, Params flat) {
  const std::string name = fmt::format("insert_many {} ({})", table, fmt::join(columns, ", "));
  std::string sql;
  if (const auto known = statements_.find(name); known != statements_.end()) {
    sql = known->second.sql;
  } else {
    sql = fmt::format("INSERT INTO {} ({}) VALUES (", table, fmt::join(columns, ", "));
    for (std::size_t i = 1; i <= columns.size(); ++i) {
      sql += fmt::format("{}${}", i == 1 ? "" : ", ", i);
    }
    sql += ")";
  }
  return run_many({.name = name, .sql = sql}, columns.size(), flat,
                  [](std::size_t, const pg_result*) {});
}

Result<void> PostgresSession::copy(std::string_view table,
                                   std::span<const std::string_view> columns, Params flat) {
  const auto types = TRY(column_types(table, columns));
  const std::string sql =
      fmt::format("COPY {} ({}) FROM STDIN (FORMAT binary)", table, fmt::join(columns, ", "));
  {
    const Reply reply(PQexec(handle_.get(), sql.c_str()));
    if (PQresultStatus(reply.get()) != PGRES_COPY_IN) return failure(reply.get(), sql);
  }
  auto copied = copy_rows(types, flat);
  PQputCopyEnd(handle_.get(), copied ? nullptr : "given up");
  while (const Reply reply{PQgetResult(handle_.get())}) {
    if (copied && !succeeded(reply.get())) copied = failure(reply.get(), sql);
    if (is_lost()) break;
  }
  if (copied && is_lost()) return failure(nullptr, sql);
  return copied;
}

Result<void> PostgresSession::copy_rows(std::span<const std::uint32_t> types, Params flat) {
  constexpr std::size_t piece = 65'536;
  std::string out("PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19);
  out.reserve(piece + 4'096);
  const auto put = [&]() -> Result<void> {
    if (PQputCopyData(handle_.get(), out.data(), static_cast<int>(out.size())) != 1) {
      return failure(nullptr, "copy");
    }
    out.clear();
    return {};
  };
  const auto count = static_cast<std::uint16_t>(types.size());
  const char row_start[] = {static_cast<char>(count >> 8), static_cast<char>(count & 0xff)};
  for (std::size_t i = 0; i < flat.size(); ++i) {
    const std::size_t column = i % types.size();
    if (column == 0) out.append(row_start, 2);
    if (auto added = append_copy_field(out, flat[i], types[column]); !added) {
      return doom(Trouble::statement, std::move(added.error()));
    }
    if (out.size() >= piece) TRY(put());
  }
  out.append("\377\377", 2);
  return put();
}

}  // namespace tidings::db

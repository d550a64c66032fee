#include "db/testing/databases.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <system_error>

#include <fmt/format.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/check.h"
#include "db/postgres_admin.h"
#include "db/vault.h"

namespace tidings::db::testing {
namespace {

constexpr const char* server_variable = "TIDINGS_TEST_POSTGRES";

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value != nullptr ? value : "";
}

// The server's URL with another database name.
std::string with_database(const std::string& url, const std::string& name) {
  const std::size_t host = url.find("://") + 3;
  const std::size_t query = std::min(url.find('?', host), url.size());
  const std::size_t slash = std::min(url.find('/', host), query);
  return url.substr(0, slash) + "/" + name + url.substr(query);
}

template <typename T>
T must(Result<T> result, std::string_view what) {
  if (!result) {
    const std::string text = fmt::format("{}: {}", what, result.error().message);
    std::fprintf(stderr, "%s\n", text.c_str());
    check_failed("the test's database is there", std::source_location::current());
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

}  // namespace

std::vector<Kind> databases() {
  std::vector<Kind> kinds = {Kind::sqlite_memory, Kind::sqlite_file};
  if (!variable(server_variable).empty() || variable("TIDINGS_REQUIRE_POSTGRES") == "1") {
    kinds.push_back(Kind::postgres);
  }
  return kinds;
}

namespace {

// Opens only what it sealed, and only where it belongs; hides nothing.
class OpenVault final : public Vault {
 public:
  std::string seal(std::string_view context, std::string_view secret) const override {
    return fmt::format("sealed for {}: {}", context, secret);
  }
  Result<std::string> unseal(std::string_view context, std::string_view sealed) const override {
    const std::string head = seal(context, "");
    if (sealed.starts_with(head)) return std::string(sealed.substr(head.size()));
    return fail(ErrorKind::corrupt, "secret.damaged", "Sealed elsewhere.");
  }
};

DatabaseOptions options() { return {.vault = std::make_shared<OpenVault>()}; }

}  // namespace

std::string to_string(Kind kind) {
  switch (kind) {
    case Kind::sqlite_memory:
      return "SqliteMemory";
    case Kind::sqlite_file:
      return "SqliteFile";
    case Kind::postgres:
      return "Postgres";
  }
  return "";
}

namespace {

// Makes a database on the test's server; its name.
std::string create_postgres(std::string_view prefix, std::string_view copy_of) {
  const std::string server = variable(server_variable);
  if (server.empty()) {
    must(Result<void>(fail(ErrorKind::unavailable, "db.unavailable",
                           "set TIDINGS_TEST_POSTGRES to a server's URL, for example what "
                           "`tools/postgres start DIR` prints")),
         "PostgreSQL");
  }
  std::string name = fmt::format("{}_{}", prefix, to_hex(random_bytes(8)));
  must(run_outside_transaction(
           server, fmt::format("CREATE DATABASE {} ENCODING 'UTF8' TEMPLATE {} STRATEGY FILE_COPY",
                               name, copy_of)),
       "create database");
  return name;
}

void drop_postgres(const std::string& name) {
  must(run_outside_transaction(variable(server_variable),
                               fmt::format("DROP DATABASE {} WITH (FORCE)", name)),
       "drop database");
}

// The program's schema, made once in a process: a copy takes a fifth of the time.
class Migrated {
 public:
  Migrated() : name_(create_postgres("tidings_migrated", "template0")) {
    const auto database =
        must(Database::open(with_database(variable(server_variable), name_), options()), "open");
    must(migrate(*database), "migrate");
  }
  ~Migrated() { drop_postgres(name_); }
  Migrated(const Migrated&) = delete;
  Migrated& operator=(const Migrated&) = delete;
  const std::string& name() const { return name_; }

 private:
  std::string name_;
};

}  // namespace

TestDatabase::TestDatabase(Kind kind, std::span<const Migration> list) {
  if (kind == Kind::sqlite_memory) url_ = "sqlite::memory:";
  if (kind == Kind::sqlite_file) make_folder();
  if (kind == Kind::postgres) {
    make_postgres(list.data() == migrations().data() && list.size() == migrations().size());
  }
  database_ = must(Database::open(url_, options()), "open");
  must(migrate(*database_, list), "migrate");
}

void TestDatabase::make_folder() {
  std::string folder = (std::filesystem::temp_directory_path() / "tidings-test-XXXXXX").string();
  CHECK(mkdtemp(folder.data()) != nullptr);
  folder_ = folder;
  url_ = "sqlite:" + folder_ + "/tidings.db";
}

void TestDatabase::make_postgres(bool is_programs_schema) {
  std::string copy_of = "template0";
  if (is_programs_schema) {
    static const Migrated migrated;
    copy_of = migrated.name();
  }
  postgres_ = create_postgres("tidings_test", copy_of);
  url_ = with_database(variable(server_variable), postgres_);
}

TestDatabase::~TestDatabase() {
  database_.reset();
  if (!folder_.empty()) {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  if (!postgres_.empty()) drop_postgres(postgres_);
}

void TestDatabase::reopen() {
  CHECK(url_ != "sqlite::memory:");
  database_.reset();
  database_ = must(Database::open(url_, options()), "open again");
}

}  // namespace tidings::db::testing

#include "edge/cli/workplace.h"

#include <cerrno>
#include <charconv>
#include <fstream>
#include <iterator>
#include <thread>

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audience/erased_addresses.h"
#include "base/bytes.h"
#include "base/check.h"
#include "db/migrate.h"
#include "edge/cli/settings_file.h"
#include "identity/secret_vault.h"

namespace tidings::cli {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFolderKeyBytes = 16;

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string((std::istreambuf_iterator<char>(in)), {});
}

// Written whole under its final name or not at all, and on disk before it returns.
Result<void> write_new_file(const fs::path& path, std::string_view content) {
  const fs::path temporary = path.string() + ".new";
  const int fd = ::open(temporary.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  if (fd < 0) return fail_errno("workplace.write", "Cannot make " + temporary.string(), errno);
  const bool wrote =
      ::write(fd, content.data(), content.size()) == std::ssize(content) && ::fsync(fd) == 0;
  const int error = errno;
  ::close(fd);
  if (!wrote || ::rename(temporary.c_str(), path.c_str()) != 0) {
    ::unlink(temporary.c_str());
    return fail_errno("workplace.write", "Cannot write " + path.string(), wrote ? errno : error);
  }
  return {};
}

std::optional<int> pid_in(const fs::path& lock) {
  const std::string text = read_file(lock);
  int pid = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), pid);
  if (error != std::errc() || pid <= 0) return std::nullopt;
  return pid;
}

}  // namespace

Result<std::unique_ptr<Workplace>> Workplace::open(const WorkplaceOptions& options) {
  std::unique_ptr<Workplace> workplace(new Workplace);
  workplace->folder_ = options.data;
  TRY(workplace->prepare_folder(options));
  if (options.access == Access::write) TRY(workplace->take_lock());
  TRY(workplace->open_database(options));
  if (options.access == Access::write) TRY(workplace->register_node());
  TRY(workplace->find_organisation(options));
  return workplace;
}

Workplace::~Workplace() {
  if (database_) {
    if (node_.id.valid()) {
      (void)database_->write(db::Priority::ledger, [this](db::Connection& connection) {
        return identity::close_node(connection, node_.id, clock_.now());
      });
    }
    database_->close();
  }
  if (lock_fd_ >= 0) ::close(lock_fd_);
}

IdSource& Workplace::ids() {
  CHECK(ids_ != nullptr);
  return *ids_;
}

Result<void> Workplace::prepare_folder(const WorkplaceOptions& options) {
  std::error_code error;
  if (!fs::is_directory(folder_, error)) {
    if (!options.create) {
      return fail(ErrorKind::not_found, "workplace.missing",
                  fmt::format("There is no data folder {}. Name the right one with --data, or make "
                              "it with: tidings init --data {}",
                              folder_.string(), folder_.string()));
    }
    fs::create_directories(folder_, error);
    if (error) {
      return fail(
          ErrorKind::denied, "workplace.write",
          fmt::format("Cannot make the data folder {}: {}.", folder_.string(), error.message()));
    }
    fs::permissions(folder_, fs::perms::owner_all, error);
  }
  folder_ = fs::absolute(folder_, error).lexically_normal();
  const fs::path settings_file = folder_ / "tidings.toml";
  if (options.create && options.database_url && !fs::exists(settings_file, error) &&
      !fs::exists(folder_ / "tidings.db", error)) {
    std::string quoted;
    for (const char c : *options.database_url) {
      if (c == '"' || c == '\\') quoted.push_back('\\');
      quoted.push_back(c);
    }
    TRY(write_new_file(settings_file, fmt::format("database = \"{}\"\n", quoted)));
  }
  auto flags = options.flags;
  if (options.database_url) flags["database"] = *options.database_url;
  settings_ = TRY(read_settings(folder_, std::move(flags))).settings;

  const fs::path key_file = folder_ / "folder.key";
  if (!fs::exists(key_file, error)) {
    if (!options.create) {
      return fail(ErrorKind::not_found, "workplace.missing",
                  fmt::format("{} is not a data folder of Tidings: it has no folder.key. Name the "
                              "right one with --data, or start one with: tidings init --data {}",
                              folder_.string(), folder_.string()));
    }
    TRY(write_new_file(key_file, to_hex(random_bytes(kFolderKeyBytes)) + "\n"));
  }
  const std::string key_text = read_file(key_file);
  const auto key = from_hex(std::string_view(key_text).substr(0, kFolderKeyBytes * 2));
  if (!key || key->size() != kFolderKeyBytes) {
    return fail(
        ErrorKind::corrupt, "workplace.key",
        fmt::format("{} is damaged. Restore it from a backup of the folder.", key_file.string()));
  }
  folder_key_ = *key;
  // A folder that was killed while it was being made has no database yet: a key is still free to
  // be made then.
  const bool is_new = options.create && !fs::exists(folder_ / "secret.key", error);
  secrets_ = TRY(is_new ? identity::SecretBox::load_or_create(folder_)
                        : identity::SecretBox::load(folder_));
  return {};
}

Result<void> Workplace::take_lock() {
  const fs::path path = folder_ / "lock";
  lock_fd_ = ::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (lock_fd_ < 0) return fail_errno("workplace.lock", "Cannot open " + path.string(), errno);
  // Whoever asks whether somebody works here holds the lock for an instant (running_process).
  int locked = ::flock(lock_fd_, LOCK_EX | LOCK_NB);
  for (int i = 0; i < 5 && locked != 0 && errno == EWOULDBLOCK; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    locked = ::flock(lock_fd_, LOCK_EX | LOCK_NB);
  }
  if (locked != 0) {
    if (errno != EWOULDBLOCK) {
      return fail_errno("workplace.lock", "Cannot lock " + path.string(), errno);
    }
    const auto pid = pid_in(path);
    return fail(ErrorKind::conflict, "workplace.busy",
                fmt::format("Another tidings{} is already working in {}. Watch it with: tidings "
                            "status --data {}, or stop it first.",
                            pid ? fmt::format(" (process {})", *pid) : "", folder_.string(),
                            folder_.string()));
  }
  const std::string pid = fmt::format("{}\n", ::getpid());
  if (::ftruncate(lock_fd_, 0) != 0 || ::pwrite(lock_fd_, pid.data(), pid.size(), 0) < 0) {
    return fail_errno("workplace.lock", "Cannot write " + path.string(), errno);
  }
  return {};
}

Result<void> Workplace::open_database(const WorkplaceOptions& options) {
  std::string url = settings_.database_url;
  if (url.empty()) {
    url = "sqlite:" + (folder_ / "tidings.db").string();
    std::error_code error;
    if (options.access == Access::read && !fs::exists(folder_ / "tidings.db", error)) {
      return fail(ErrorKind::not_found, "workplace.missing",
                  fmt::format("{} has no database yet. Start it with: tidings init --data {}",
                              folder_.string(), folder_.string()));
    }
  }
  database_ =
      TRY(db::Database::open(url, {.vault = std::make_shared<identity::SecretVault>(*secrets_)}));
  if (options.access == Access::write) {
    TRY(db::migrate(*database_));
    return database_->write(db::Priority::web, [](db::Connection& connection) -> Result<void> {
      TRY(audience::seal_erasure_keys(connection));
      return {};
    });
  }
  const int version = TRY(db::schema_version(*database_));
  const int known = db::migrations().back().version;
  if (version > known) return db::migrate(*database_);  // says that it is newer
  if (version < known) {
    return fail(ErrorKind::unsupported, "workplace.schema_older",
                "The database is of an older version of Tidings. Start tidings serve once to bring "
                "it up to date.");
  }
  return {};
}

Result<void> Workplace::register_node() {
  // Two processes of different folders may pick the same free number at once: the unique index
  // refuses one, which tries again.
  for (int attempt = 0;; ++attempt) {
    auto node = database_->write_value(
        db::Priority::transactional, [&](db::Connection& connection) -> Result<identity::Node> {
          return identity::open_node(connection, folder_key_, clock_.now());
        });
    if (!node && node.error().kind == ErrorKind::conflict && attempt < 20) continue;
    node_ = TRY(std::move(node));
    break;
  }
  ids_ = std::make_unique<IdSource>(clock_, node_.number);
  return {};
}

Result<void> Workplace::find_organisation(const WorkplaceOptions& options) {
  auto found = TRY(database_->read_value(
      [](db::Connection& connection) { return identity::first_organisation(connection); }));
  if (!found && options.create && options.access == Access::write) {
    identity::Organisation made;
    made.id = ids_->next<OrganisationId>();
    made.name = "My organisation";
    made.locale = "en";
    made.time_zone = "UTC";
    TRY(database_->write(db::Priority::transactional, [&](db::Connection& connection) {
      return identity::create_organisation(connection, made, clock_.now());
    }));
    found = made;
  }
  if (!found) {
    return fail(ErrorKind::not_found, "workplace.missing",
                fmt::format("{} has no organisation yet. Make one with: tidings init --data {}",
                            folder_.string(), folder_.string()));
  }
  organisation_ = *std::move(found);
  return {};
}

std::optional<int> running_process(const std::filesystem::path& folder) {
  const fs::path path = folder / "lock";
  const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) return std::nullopt;
  const bool is_free = ::flock(fd, LOCK_SH | LOCK_NB) == 0;
  ::close(fd);
  if (is_free) return std::nullopt;
  return pid_in(path).value_or(0);
}

}  // namespace tidings::cli

// Workplace: what a command works with: the data folder, its database, keys, organisation, ids.
//
// The data folder holds `tidings.db` (unless another database is named), `secret.key`,
// `folder.key`, `journal/`, `imports/`, `tidings.toml`, `tidings.sock` and `lock`. One process at
// a time may write to it: the lock is held from open() until destruction, and a second writer gets
// `workplace.busy` with the first one's process id; commands then hand their work to that process
// through `tidings.sock`. Readers take no lock.
// Errors: workplace.missing, workplace.busy (conflict), and those of db and identity.
// Thread: open and destroy on one thread; the members are safe from any.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "db/database.h"
#include "domain/settings.h"
#include "identity/nodes.h"
#include "identity/organisations.h"
#include "identity/secret_box.h"

namespace tidings::cli {

enum class Access { read, write };

struct WorkplaceOptions {
  std::filesystem::path data = "./data";
  // Overrules the settings. When a folder is created with it, tidings.toml remembers it, so that
  // later commands need not name it again. Default: sqlite:DATA/tidings.db.
  std::optional<std::string> database_url;
  Access access = Access::read;
  // With write access: make the folder, database and a first organisation where missing.
  bool create = false;
  // Other settings that flags gave, by name.
  std::map<std::string, std::string, std::less<>> flags;

  // The same place, with write access.
  WorkplaceOptions writing(bool makes_what_is_missing = false) const {
    WorkplaceOptions options = *this;
    options.access = Access::write;
    options.create = makes_what_is_missing;
    return options;
  }
};

class Workplace {
 public:
  static Result<std::unique_ptr<Workplace>> open(const WorkplaceOptions& options);
  ~Workplace();

  const std::filesystem::path& folder() const { return folder_; }
  std::filesystem::path socket_path() const { return folder_ / "tidings.sock"; }
  db::Database& database() { return *database_; }
  const Clock& clock() const { return clock_; }
  // Write access only (CHECKed): ids unique among all writers of the database.
  IdSource& ids();
  const std::string& folder_key() const { return folder_key_; }
  const identity::Organisation& organisation() const { return organisation_; }
  const Settings& settings() const { return settings_; }
  const identity::SecretBox& secrets() const { return *secrets_; }
  const identity::Node& node() const { return node_; }
  // Keeps the node open at destruction: its leases are for recovery to take back.
  void abandon_node() { node_ = {}; }

 private:
  Workplace() = default;
  Result<void> prepare_folder(const WorkplaceOptions& options);
  Result<void> take_lock();
  Result<void> open_database(const WorkplaceOptions& options);
  Result<void> register_node();
  Result<void> find_organisation(const WorkplaceOptions& options);

  std::filesystem::path folder_;
  std::string folder_key_;
  int lock_fd_ = -1;
  SystemClock clock_;
  std::unique_ptr<db::Database> database_;
  std::unique_ptr<IdSource> ids_;
  identity::Node node_;
  identity::Organisation organisation_;
  Settings settings_;
  std::optional<identity::SecretBox> secrets_;
};

// True when a running process holds the folder's lock; its process id when known.
std::optional<int> running_process(const std::filesystem::path& folder);

}  // namespace tidings::cli

// Vault: opens and closes sealed columns, which are worth nothing to whoever has the database
// alone. The key is outside of it (identity/secret_box.h).
// Thread: any.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace tidings::db {

class Vault {
 public:
  virtual ~Vault() = default;
  // `context` says where the secret belongs: sealed for one place it does not open in another.
  virtual std::string seal(std::string_view context, std::string_view secret) const = 0;
  // Errors: secret.wrong_key (denied), secret.damaged (corrupt).
  virtual Result<std::string> unseal(std::string_view context, std::string_view sealed) const = 0;
};

}  // namespace tidings::db

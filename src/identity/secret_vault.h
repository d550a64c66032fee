// SecretVault: the installation's master key as what opens sealed columns of the database.
// Thread: any.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "db/vault.h"
#include "identity/secret_box.h"

namespace tidings::identity {

class SecretVault final : public db::Vault {
 public:
  explicit SecretVault(const SecretBox& box) : box_(box) {}
  std::string seal(std::string_view context, std::string_view secret) const override {
    return box_.seal(context, secret);
  }
  Result<std::string> unseal(std::string_view context, std::string_view sealed) const override {
    return box_.unseal(context, sealed);
  }

 private:
  const SecretBox box_;
};

}  // namespace tidings::identity

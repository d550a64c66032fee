#include "identity/secret_box.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/check.h"

namespace tidings::identity {

namespace {

constexpr char kEnvironment[] = "TIDINGS_SECRET_KEY";
constexpr unsigned char kVersion = 1;
constexpr std::size_t kKeyBytes = crypto_aead_xchacha20poly1305_ietf_KEYBYTES;
constexpr std::size_t kNonceBytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t kTagBytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr std::size_t kFingerprintBytes = 4;
constexpr std::size_t kHeadBytes = 1 + kFingerprintBytes + kNonceBytes;

const unsigned char* octets(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
unsigned char* octets(std::string& bytes) { return reinterpret_cast<unsigned char*>(bytes.data()); }

std::filesystem::path key_path(const std::filesystem::path& folder) {
  return folder / "secret.key";
}

// Closes a descriptor at the end of its scope.
struct Closer {
  int descriptor;
  ~Closer() {
    if (descriptor >= 0) ::close(descriptor);
  }
};

Result<std::string> read_key_file(const std::filesystem::path& path) {
  const Closer file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.descriptor < 0 && errno == ENOENT) {
    return fail(ErrorKind::not_found, "secret.missing",
                fmt::format("The master key {} is missing. Put it back from its backup, or set "
                            "{}; without it nothing that was sealed with it can be opened.",
                            path.string(), kEnvironment));
  }
  struct stat status{};
  if (file.descriptor < 0 || ::fstat(file.descriptor, &status) != 0) {
    return fail_errno("secret.failed", path.string(), errno);
  }
  if ((status.st_mode & 077) != 0) {
    return fail(ErrorKind::denied, "secret.exposed",
                fmt::format("Other users of this machine can open the master key {}: close it "
                            "with chmod 600 {}.",
                            path.string(), path.string()));
  }
  std::string text(256, '\0');
  const ssize_t count = ::read(file.descriptor, text.data(), text.size());
  if (count < 0) return fail_errno("secret.failed", path.string(), errno);
  text.resize(static_cast<std::size_t>(count));
  return text;
}

// A complete file appears under its name at once, or not at all; an existing one is kept.
Result<void> create_key_file(const std::filesystem::path& folder) {
  const auto path = key_path(folder);
  const auto draft = folder / fmt::format("secret.key.{}", to_hex(random_bytes(8)));
  std::string text = to_hex(random_bytes(kKeyBytes)) + "\n";
  Result<void> result;
  {
    const Closer file{::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
    if (file.descriptor < 0) return fail_errno("secret.failed", draft.string(), errno);
    if (::write(file.descriptor, text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
        ::fsync(file.descriptor) != 0 ||
        (::link(draft.c_str(), path.c_str()) != 0 && errno != EEXIST)) {
      result = fail_errno("secret.failed", fmt::format("Cannot write {}", path.string()), errno);
    }
  }
  sodium_memzero(text.data(), text.size());
  ::unlink(draft.c_str());
  const Closer parent{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (result && (parent.descriptor < 0 || ::fsync(parent.descriptor) != 0)) {
    return fail_errno("secret.failed", fmt::format("Cannot write {}", path.string()), errno);
  }
  return result;
}

}  // namespace

SecretBox::SecretBox(std::string_view key) {
  CHECK(sodium_init() >= 0 && key.size() == key_.size());
  std::memcpy(key_.data(), key.data(), key_.size());
  std::array<unsigned char, crypto_generichash_BYTES> digest;
  constexpr std::string_view kPurpose = "tidings master key fingerprint";
  CHECK(crypto_generichash(digest.data(), digest.size(), octets(kPurpose), kPurpose.size(),
                           key_.data(), key_.size()) == 0);
  std::ranges::copy_n(digest.begin(), kFingerprintBytes, fingerprint_.begin());
}

SecretBox::~SecretBox() { sodium_memzero(key_.data(), key_.size()); }

Result<SecretBox> SecretBox::from_text(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const auto first = std::min(text.find_first_not_of(kSpace), text.size());
  text.remove_prefix(first);
  text = text.substr(0, text.find_last_not_of(kSpace) + 1);
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
  }
  const auto key = from_hex(lower);
  if (!key || key->size() != kKeyBytes) {
    return fail(ErrorKind::invalid, "secret.malformed",
                "The master key is not 64 hexadecimal digits (0-9, a-f): put back the original, or "
                "for a new installation make one with: openssl rand -hex 32.");
  }
  return SecretBox(*key);
}

Result<SecretBox> SecretBox::load(const std::filesystem::path& folder) {
  if (const char* const given = std::getenv(kEnvironment); given != nullptr && *given != '\0') {
    auto box = from_text(given);
    if (!box) return std::unexpected(std::move(box.error()).within(kEnvironment));
    return box;
  }
  const auto path = key_path(folder);
  auto box = from_text(TRY(read_key_file(path)));
  if (!box) return std::unexpected(std::move(box.error()).within(path.string()));
  return box;
}

Result<SecretBox> SecretBox::load_or_create(const std::filesystem::path& folder) {
  auto box = load(folder);
  if (box || box.error().code != "secret.missing") return box;
  TRY(create_key_file(folder));
  return load(folder);
}

std::string SecretBox::seal(std::string_view context, std::string_view secret) const {
  std::string sealed(1, static_cast<char>(kVersion));
  sealed.append(reinterpret_cast<const char*>(fingerprint_.data()), fingerprint_.size());
  sealed += random_bytes(kNonceBytes);
  sealed.resize(kHeadBytes + secret.size() + kTagBytes);
  unsigned char* const out = octets(sealed);
  CHECK(crypto_aead_xchacha20poly1305_ietf_encrypt(
            out + kHeadBytes, nullptr, octets(secret), secret.size(), octets(context),
            context.size(), nullptr, out + 1 + kFingerprintBytes, key_.data()) == 0);
  return sealed;
}

Result<std::string> SecretBox::unseal(std::string_view context, std::string_view sealed) const {
  const auto damaged = [] {
    return fail(ErrorKind::corrupt, "secret.damaged",
                "A sealed secret is damaged or not where it belongs: enter it again, or restore "
                "the database from its backup.");
  };
  if (sealed.size() < kHeadBytes + kTagBytes || octets(sealed)[0] != kVersion) return damaged();
  if (std::memcmp(sealed.data() + 1, fingerprint_.data(), kFingerprintBytes) != 0) {
    return fail(ErrorKind::denied, "secret.wrong_key",
                fmt::format("This was sealed with another master key than the one in use: put the "
                            "secret.key that belongs to this database into the data folder, a copy "
                            "of the one it was begun with, or set {}.",
                            kEnvironment));
  }
  std::string secret(sealed.size() - kHeadBytes - kTagBytes, '\0');
  const unsigned char* const in = octets(sealed);
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(
          octets(secret), nullptr, nullptr, in + kHeadBytes, sealed.size() - kHeadBytes,
          octets(context), context.size(), in + 1 + kFingerprintBytes, key_.data()) != 0) {
    return damaged();
  }
  return secret;
}

}  // namespace tidings::identity

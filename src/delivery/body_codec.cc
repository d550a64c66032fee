#include "delivery/body_codec.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include <openssl/evp.h>
// ZSTD_c_forceAttachDict stands in the part of the header that the shared library may change.
#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/freed.h"
#include "delivery/text_delta.h"

namespace tidings::delivery {
namespace {

constexpr char kRaw = 'R';
constexpr char kPlain = 'Z';
constexpr char kWithDictionary = 'D';
constexpr char kByLines = 'L';
// How much of the reference zstd searches: its window at level 1. What stands behind, the
// attachments, is the end that all messages have in common.
constexpr std::size_t kSearched = std::size_t{256} << 10;
// Measured on a newsletter of 7.7 KB with eight values: level 1 2.1 µs and 135 octets, level 3
// 2.4 µs and 127, level 5 12.6 µs and 120.
constexpr int kLevel = 1;
// With more that is new than this, searching everywhere is worth its time.
constexpr std::size_t kFreshMax = 2048;

using CDict = std::unique_ptr<ZSTD_CDict, Freed<ZSTD_freeCDict>>;
using DDict = std::unique_ptr<ZSTD_DDict, Freed<ZSTD_freeDDict>>;
using CCtx = std::unique_ptr<ZSTD_CCtx, Freed<ZSTD_freeCCtx>>;
using DCtx = std::unique_ptr<ZSTD_DCtx, Freed<ZSTD_freeDCtx>>;

std::unexpected<Error> damaged() {
  return fail(ErrorKind::corrupt, "body.damaged",
              "The stored copy of this message is damaged and cannot be shown: restore the "
              "database from a backup.");
}

std::unexpected<Error> wrong_reference() {
  return fail(ErrorKind::corrupt, "body.wrong_reference",
              "The stored copy of this message belongs to another version of the content than the "
              "one found: the database is damaged or was restored in part.");
}

void append_little_endian(std::string& out, std::uint64_t value, int octets) {
  for (int i = 0; i < octets; ++i) out += static_cast<char>(value >> (8 * i) & 0xff);
}

// Takes `octets` octets from the front of `in`.
std::uint64_t take_little_endian(std::string_view& in, int octets) {
  std::uint64_t value = 0;
  for (int i = octets; i-- > 0;) value = value << 8 | static_cast<unsigned char>(in[i]);
  in.remove_prefix(static_cast<std::size_t>(octets));
  return value;
}

// How many octets two texts have in common at their ends, in whole blocks.
std::size_t common_end(std::string_view a, std::string_view b) {
  constexpr std::size_t kBlock = 64;
  const std::size_t most = std::min(a.size(), b.size());
  std::size_t common = 0;
  while (common + kBlock <= most &&
         std::memcmp(a.data() + a.size() - common - kBlock, b.data() + b.size() - common - kBlock,
                     kBlock) == 0) {
    common += kBlock;
  }
  return common;
}

}  // namespace

struct BodyDictionary::Prepared {
  std::string reference;
  std::uint64_t id = 0;
  std::optional<LineIndex> lines;
  CDict compress;
  DDict decompress;
};

BodyDictionary::BodyDictionary(std::string_view reference) {
  if (reference.empty()) return;
  auto prepared = std::make_shared<Prepared>();
  CHECK(reference.size() <= kMaxBody);
  prepared->reference = reference;
  prepared->id = fnv1a(reference);
  prepared->lines.emplace(prepared->reference, kSearched);
  const std::string_view kept = reference.substr(0, kSearched);
  prepared->compress.reset(ZSTD_createCDict(kept.data(), kept.size(), kLevel));
  prepared->decompress.reset(ZSTD_createDDict(kept.data(), kept.size()));
  CHECK(prepared->compress && prepared->decompress);
  prepared_ = std::move(prepared);
}

std::uint64_t BodyDictionary::id() const { return prepared_ ? prepared_->id : 0; }

struct BodyCodec::Contexts {
  Contexts() {
    ZSTD_CCtx_setParameter(compress.get(), ZSTD_c_compressionLevel, kLevel);
    // Optimisation: above 8 KB zstd would copy the dictionary's tables for each message, which took
    // more time than compressing it. Where this is refused it is only slower.
    ZSTD_CCtx_setParameter(compress.get(), ZSTD_c_forceAttachDict, ZSTD_dictForceAttach);
  }
  CCtx compress{ZSTD_createCCtx()};
  DCtx decompress{ZSTD_createDCtx()};
};

BodyCodec::BodyCodec() : contexts_(std::make_unique<Contexts>()) {
  CHECK(contexts_->compress && contexts_->decompress);
}
BodyCodec::~BodyCodec() = default;
BodyCodec::BodyCodec(BodyCodec&&) noexcept = default;
BodyCodec& BodyCodec::operator=(BodyCodec&&) noexcept = default;

std::string BodyCodec::compress(std::string_view octets, const BodyDictionary& dictionary) {
  CHECK(octets.size() <= kMaxBody);
  const BodyDictionary::Prepared* prepared = dictionary.prepared_.get();
  if (prepared) {
    std::string stored(1, kByLines);
    append_little_endian(stored, prepared->id, 8);
    const std::size_t fresh = append_delta(stored, octets, *prepared->lines);
    if (fresh <= kFreshMax) {
      stored.shrink_to_fit();
      return stored;
    }
  }
  std::string stored(1, prepared ? kWithDictionary : kPlain);
  std::string_view start = octets;
  if (prepared) {
    const std::size_t end = common_end(octets, prepared->reference);
    start.remove_suffix(end);
    append_little_endian(stored, prepared->id, 8);
    append_little_endian(stored, end, 4);
  }
  const std::size_t header = stored.size();
  ZSTD_CCtx* context = contexts_->compress.get();
  std::size_t written = 0;
  // The worst case is reserved and the rest given back: most messages fit a small string's copy.
  ZSTD_CCtx_refCDict(context, prepared ? prepared->compress.get() : nullptr);
  const auto compress = [&](char* out, std::size_t size) {
    written = ZSTD_compress2(context, out + header, size - header, start.data(), start.size());
    return ZSTD_isError(written) ? header : header + written;
  };
  stored.resize_and_overwrite(header + ZSTD_compressBound(start.size()), compress);
  if (ZSTD_isError(written) || written >= octets.size()) {
    stored.assign(1, kRaw);
    stored += octets;
  }
  stored.shrink_to_fit();
  return stored;
}

Result<std::string> BodyCodec::decompress(std::string_view stored,
                                          const BodyDictionary& dictionary) {
  if (stored.empty()) return damaged();
  const char format = stored.front();
  stored.remove_prefix(1);
  if (format == kRaw) {
    if (stored.size() > kMaxBody) return damaged();
    return std::string(stored);
  }
  if (format == kByLines) {
    if (stored.size() < 8) return damaged();
    const BodyDictionary::Prepared* prepared = dictionary.prepared_.get();
    if (prepared == nullptr || take_little_endian(stored, 8) != prepared->id) {
      return wrong_reference();
    }
    std::string octets;
    octets.reserve(prepared->reference.size() + stored.size());
    if (!apply_delta(stored, prepared->reference, kMaxBody, octets)) return damaged();
    return octets;
  }
  if (format != kPlain && format != kWithDictionary) {
    return fail(ErrorKind::corrupt, "body.unknown_format",
                "The stored copy of this message is in a form this version does not know: it was "
                "perhaps written by a later version of Tidings.");
  }
  const BodyDictionary::Prepared* prepared = nullptr;
  std::string_view end;  // taken from the reference
  if (format == kWithDictionary) {
    if (stored.size() < 12) return damaged();
    prepared = dictionary.prepared_.get();
    if (prepared == nullptr || take_little_endian(stored, 8) != prepared->id) {
      return wrong_reference();
    }
    const std::size_t common = take_little_endian(stored, 4);
    if (common > prepared->reference.size()) return damaged();
    end = std::string_view(prepared->reference).substr(prepared->reference.size() - common);
  }
  const unsigned long long size = ZSTD_getFrameContentSize(stored.data(), stored.size());
  if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR ||
      size > kMaxBody - end.size()) {
    return damaged();
  }
  // A frame says more than it holds only if it was tampered with: a block of zstd holds at most
  // 128 KiB and takes 3 octets at least, so memory stays in proportion to the input.
  if (size / (std::size_t{128} << 10) > stored.size() / 3) return damaged();
  ZSTD_DCtx* context = contexts_->decompress.get();
  std::size_t written = 0;
  std::string octets;
  octets.reserve(size + end.size());
  octets.resize_and_overwrite(size, [&](char* out, std::size_t room) {
    written = prepared ? ZSTD_decompress_usingDDict(context, out, room, stored.data(),
                                                    stored.size(), prepared->decompress.get())
                       : ZSTD_decompressDCtx(context, out, room, stored.data(), stored.size());
    return ZSTD_isError(written) ? 0 : written;
  });
  if (ZSTD_isError(written) || written != size) return damaged();
  octets += end;
  return octets;
}

struct ContentHasher::Context {
  std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>> digest{EVP_MD_CTX_new()};
  // Fetched once: finding it by name costs a microsecond each time.
  std::unique_ptr<EVP_MD, Freed<EVP_MD_free>> sha256{EVP_MD_fetch(nullptr, "SHA256", nullptr)};
};

ContentHasher::ContentHasher() : context_(std::make_unique<Context>()) {
  CHECK(context_->digest && context_->sha256);
}
ContentHasher::~ContentHasher() = default;
ContentHasher::ContentHasher(ContentHasher&&) noexcept = default;
ContentHasher& ContentHasher::operator=(ContentHasher&&) noexcept = default;

std::string ContentHasher::hash(std::string_view octets) {
  std::string result(32, '\0');
  EVP_MD_CTX* digest = context_->digest.get();
  CHECK(EVP_DigestInit_ex2(digest, context_->sha256.get(), nullptr) == 1);
  CHECK(EVP_DigestUpdate(digest, octets.data(), octets.size()) == 1);
  CHECK(EVP_DigestFinal_ex(digest, reinterpret_cast<unsigned char*>(result.data()), nullptr) == 1);
  return result;
}

}  // namespace tidings::delivery

// EmailPreparer: renders claimed e-mails into the octets that leave, and makes their body records.
// A retry sends the octets of the first attempt again, DKIM-Signature included.
//
// A secret that only the recipient may have, the link that verifies a sender, is worked out here
// from the message's id and is stored nowhere: record and sandbox get the same octets with
// kHiddenToken in its place. A retry works it out again, with the date of the first attempt.
// The return path names the message, where the domain of From has a return-path domain
// (domains/return_paths.h): the same token for each attempt.
// Thread: prepare() from any number at once: signing with RSA costs several times what the rest
// does.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "db/database.h"
#include "delivery/content_store.h"
#include "delivery/domains/return_paths.h"
#include "delivery/domains/signing_keys.h"
#include "delivery/ledger.h"
#include "delivery/octet_buffers.h"
#include "delivery/transport.h"
#include "wire/signed_token.h"

namespace tidings::delivery {

// Where the links in messages point, and who signs their tokens: one MAC for all of a message's.
struct MessageLinks {
  std::string public_url;  // "https://example.org", without a slash at its end
  std::function<Result<std::shared_ptr<const wire::TokenSigner>>(OrganisationId organisation)>
      signer;
};
// Stands for a token of a sender's link in whatever is stored: as long as one.
inline constexpr std::string_view kHiddenToken = "hidden-hidden-hidden-hidden-hid-";

class EmailPreparer {
 public:
  // Without `return_paths` every message has its content's envelope.
  EmailPreparer(db::Database& database, const Clock& clock, MessageLinks links,
                domains::SigningKeys* signing_keys = nullptr,
                domains::ReturnPaths* return_paths = nullptr);

  Result<std::unique_ptr<PreparedMessage>> prepare(const ClaimedMessage& message);

 private:
  Result<std::shared_ptr<const FrozenContent>> content(const ClaimedMessage& message);
  // MAIL FROM of a message.
  Result<std::string> reverse_path(const FrozenContent& frozen,
                                   const wire::MessageTokens& tokens) const;
  // `hides`: with kHiddenToken in place of the sender's token.
  struct Letter {
    const FrozenContent& frozen;
    const ClaimedMessage& message;
    const std::string& recipient;
    const wire::TokenSigner& signer;
    const wire::MessageTokens& tokens;
  };
  Result<BuiltEmail> build(const Letter& letter, Instant date, bool hides = false) const;
  // Postmark replaces the Message-ID and does not tell ours back; metadata it tells.
  bool leaves_by_postmark(OrganisationId organisation) const;
  // The DKIM-Signature fields of a message; empty where nothing signs for its From.
  Result<std::string> signature(const FrozenContent& frozen, std::string_view octets,
                                Instant date) const;
  std::unique_ptr<BodyRecords> take_records();
  void give_back(std::unique_ptr<BodyRecords> records);
  std::shared_ptr<const std::string> make_record(std::string_view octets,
                                                 const FrozenContent& frozen);
  Result<std::string> octets_of(std::string_view record, const FrozenContent& frozen);
  Result<void> prepare_with_secret(const Letter& letter, PreparedMessage& prepared);

  db::Database& database_;
  const Clock& clock_;
  const std::shared_ptr<OctetBuffers> buffers_ = std::make_shared<OctetBuffers>();
  const MessageLinks links_;
  domains::SigningKeys* const signing_keys_;
  domains::ReturnPaths* const return_paths_;
  mutable std::mutex mutex_;  // guards what follows
  // One for each thread that is at work.
  std::vector<std::unique_ptr<BodyRecords>> idle_records_;
  // The few versions that are being sent; forgotten altogether beyond a bound.
  std::unordered_map<ContentVersionId, std::shared_ptr<const FrozenContent>> contents_;
  std::unordered_set<OrganisationId> by_postmark_;  // have it as a mail server
};

// What a template may name besides its contact and data, and whom the message is for. Borrows.
struct EmailFacts {
  std::string_view organisation_name;
  std::string_view postal_address;
  std::string_view unsubscribe_url;
  const std::string& address;
  MessageId id;
  Instant date{};
  std::string_view sender_verification_url = {};
  std::string_view view_url = {};
  // What kTrackedLinkStart and kTrackedImage stand for; only where the content tracks.
  std::string_view tracked_link_start = {};
  std::string_view tracked_image = {};
};
// One message's octets from content and the JSON object of its contact's values; `buffer` lends its
// memory.
Result<BuiltEmail> build_email(const CompiledEmail& email, const EmailFacts& facts,
                               std::string_view contact_values, std::string buffer = {});
// The same for a message that belongs to no campaign: `direct_values` is a JSON object with the
// members `contact` and `data` (what an application gave along).
Result<BuiltEmail> build_direct_email(const CompiledEmail& email, const EmailFacts& facts,
                                      std::string_view direct_values, std::string buffer = {});

// The names that templates may use besides contact.*.
std::vector<std::string> known_variables();

}  // namespace tidings::delivery

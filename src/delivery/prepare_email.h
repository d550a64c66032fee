// EmailPreparer: renders claimed e-mails into the octets that leave, and makes their body records.
// A retry sends the octets of the first attempt again.
// Thread: one (the preparing thread); preview() too.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "base/clock.h"
#include "base/result.h"
#include "db/database.h"
#include "delivery/content_store.h"
#include "delivery/ledger.h"
#include "delivery/transport.h"

namespace tidings::delivery {

// The unsubscribe link of a message. Called for each message: keep it cheap.
using UnsubscribeUrl =
    std::function<Result<std::string>(OrganisationId organisation, MessageId id)>;

class EmailPreparer {
 public:
  EmailPreparer(db::Database& database, const Clock& clock, UnsubscribeUrl unsubscribe_url);

  Result<std::unique_ptr<PreparedMessage>> prepare(const ClaimedMessage& message);

 private:
  Result<std::shared_ptr<const FrozenContent>> content(const ClaimedMessage& message);

  db::Database& database_;
  const Clock& clock_;
  const UnsubscribeUrl unsubscribe_url_;
  BodyRecords records_;
  // The few versions that are being sent; forgotten altogether beyond a bound.
  std::unordered_map<ContentVersionId, std::shared_ptr<const FrozenContent>> contents_;
};

// One message's octets from content and the JSON object of its contact's values.
Result<BuiltEmail> build_email(const CompiledEmail& email, std::string_view organisation_name,
                               std::string_view postal_address, std::string_view contact_values,
                               const std::string& address, MessageId id,
                               std::string_view unsubscribe_url, Instant date);

// What a template may name besides its contact and data, and whom the message is for. Borrows.
struct EmailFacts {
  std::string_view organisation_name;
  std::string_view postal_address;
  std::string_view unsubscribe_url;
  const std::string& address;
  MessageId id;
  Instant date{};
};
// The same for a message that belongs to no campaign: `direct_values` is a JSON object with the
// members `contact` and `data` (what an application gave along).
Result<BuiltEmail> build_direct_email(const CompiledEmail& email, const EmailFacts& facts,
                                      std::string_view direct_values);

// The names that templates may use besides contact.*.
std::vector<std::string> known_variables();

}  // namespace tidings::delivery

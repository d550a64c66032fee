// Content versions: what a campaign froze when it was started, and what each message was exactly.
//
// A body record is what is kept of a message: the SHA-256 of its octets, the length of the end it
// shares with the version's reference rendering (its attachments), and the rest compressed against
// that reference. It is what the journal keeps beside an intent and message_body stores.
// Thread: functions any, one Connection each; a FrozenContent is immutable and may be shared.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "audience/expand.h"
#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"
#include "delivery/body_codec.h"
#include "delivery/email_builder.h"

namespace tidings::delivery {

// What the program's own message to a sender names its link with. No template of a person's gets
// anything by it: the link of another message verifies nobody.
inline constexpr std::string_view kSenderVerificationUrl = "sender_verification_url";

// What a template calls the address of its message's page.
inline constexpr std::string_view kViewInBrowserUrl = "view_in_browser_url";

struct FrozenContent {
  OrganisationId organisation_id;
  ContentVersionId id;
  std::string organisation_name;
  std::string postal_address;
  CompiledEmail email;
  audience::UsedFields used;
  std::string reference;         // whole octets of the reference rendering
  BodyDictionary dictionary;     // prepared from it
  bool has_sender_link = false;  // names the link that verifies a sender: see prepare_email.h
  bool has_view_link = false;    // names the page that shows the message in a browser
};

// Which fields the templates read of `contact` and `student`. Columns say what a name stands for;
// names that are no column stay as they are.
audience::UsedFields used_contact_fields(
    const CompiledEmail& email,
    const std::vector<std::pair<std::string, std::string>>& name_to_target);

// Stores the content with its attachments and a reference rendering.
Result<void> freeze_content(db::Connection& connection, OrganisationId organisation,
                            ContentVersionId id, const CompiledEmail& email,
                            const audience::UsedFields& used, std::string_view reference,
                            Instant now);
Result<std::shared_ptr<const FrozenContent>> load_content(db::Connection& connection,
                                                          OrganisationId organisation,
                                                          ContentVersionId id);

// Whose say a message of this content is; by_kind for content that is gone.
Result<MessageConsent> consent_of_content(db::Connection& connection, OrganisationId organisation,
                                          ContentVersionId id);

// Makes and reads body records. One thread.
class BodyRecords {
 public:
  std::string make(std::string_view octets, const FrozenContent& content);
  // Checked against the stored hash. Errors: body.* (corrupt).
  Result<std::string> octets(std::string_view record, const FrozenContent& content);
  // The stored SHA-256, 32 bytes; empty when the record is too short to hold one.
  static std::string_view hash(std::string_view record);

 private:
  BodyCodec codec_;
  ContentHasher hasher_;
};

}  // namespace tidings::delivery

// What the messages of one content version share, as the log tells it: sender, subject, whether
// there are attachments.
//
// Subjects are rendered from what the message froze at expansion, with its time of queueing as
// `now`; where that fails the subject is empty.
// Thread: ContentFacts is immutable; a ContentCache belongs to one thread.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"
#include "liquid/program.h"

namespace tidings::report {

struct ContentFacts {
  std::optional<liquid::Program> program;  // of the subject
  std::string subject;                     // as it was written
  bool is_plain = false;                   // nothing in it depends on the recipient
  std::string sender;                      // `Name <address>` or the address
  std::string message_id_domain;
  std::string time_zone;
  std::string organisation_name;
  std::string postal_address;
  bool has_attachments = false;

  // `contact_values` is message.message_values.
  std::string subject_for(std::string_view contact_values, Instant now) const;
};

class ContentCache {
 public:
  explicit ContentCache(OrganisationId organisation) : organisation_(organisation) {}

  // Valid until forget_some(). A content version that is not there has empty facts.
  // Errors: those of db.
  Result<const ContentFacts*> find(db::Connection& connection, ContentVersionId id);
  // Between pages: forgets everything beyond a bound.
  void forget_some();

 private:
  OrganisationId organisation_;
  std::unordered_map<ContentVersionId, std::unique_ptr<const ContentFacts>> known_;
};

// For plan tests.
std::span<const db::Statement> content_facts_statements();

}  // namespace tidings::report

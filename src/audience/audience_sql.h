// An audience as SQL conditions about one contact: chosen, excluded, and by which of its items.
// Thread: any; pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "audience/expand.h"
#include "audience/segment_sql.h"
#include "audience/sql_text.h"

namespace tidings::audience {

// Whether the recipients of earlier campaigns are among the chosen, or walked on their own.
enum class EarlierRecipients { left_out, chosen };

class AudienceSql {
 public:
  // All must outlive it.
  AudienceSql(SqlText& sql, const Audience& audience, const ExpandRequest& request,
              const SegmentRules& segments, bool is_frozen);

  // How the statement refers to the organisation and the channel.
  const std::string& organisation() const { return organisation_; }
  const std::string& channel() const { return channel_; }

  // True for whom the audience names. "" when it can name nobody that way.
  Result<std::string> chosen(const ContactRef& contact, EarlierRecipients earlier);
  // The index of the first item that names the contact; -1 (SQL) for none.
  Result<std::string> included_by(const ContactRef& contact);
  // True for whom it excludes; "" when it excludes nobody.
  Result<std::string> excluded(const ContactRef& contact);
  Result<std::string> excluded_by(const ContactRef& contact);

  // What became of a message, as an earlier campaign's outcome asks.
  static std::string outcome_sql(EarlierOutcome outcome, std::string_view message);

 private:
  Result<std::vector<std::string>> terms(const Selection& selection, const ContactRef& contact,
                                         EarlierRecipients earlier);
  Result<std::string> item_sql(const Selection& selection, const AudienceItem& item,
                               const ContactRef& contact);
  Result<std::string> which(const Selection& selection, const std::vector<AudienceItem>& items,
                            const ContactRef& contact);
  std::string in_groups(const std::vector<GroupId>& groups, const ContactRef& contact);
  std::string among(const std::vector<ContactId>& contacts, const ContactRef& contact);
  std::string was_in(const EarlierCampaign& campaign, const ContactRef& contact);

  SqlText& sql_;
  const Audience& audience_;
  const ExpandRequest& request_;
  const bool is_frozen_;
  const std::string organisation_;
  const std::string channel_;
  const RuleContext context_;
};

}  // namespace tidings::audience

#include "audience/audience_sql.h"

#include <fmt/format.h>

#include "audience/engagement_sql.h"
#include "domain/message_state.h"

namespace tidings::audience {

namespace {

std::string either(const std::vector<std::string>& terms) {
  return terms.size() > 1 ? "(" + join_balanced(terms, "OR") + ")" : join_balanced(terms, "OR");
}

}  // namespace

AudienceSql::AudienceSql(SqlText& sql, const Audience& audience, const ExpandRequest& request,
                         const SegmentRules& segments, bool is_frozen)
    : sql_(sql),
      audience_(audience),
      request_(request),
      is_frozen_(is_frozen),
      organisation_(sql.param(request.organisation)),
      channel_(sql.param(static_cast<std::int64_t>(request.channel))),
      context_{segments, organisation_, request.as_of, request.campaign} {}

std::string AudienceSql::in_groups(const std::vector<GroupId>& groups, const ContactRef& contact) {
  return fmt::format(
      "EXISTS (SELECT 1 FROM contact_group_member gm WHERE gm.organisation_id = {}"
      " AND {} AND gm.contact_id = {})",
      organisation_, sql_.in("gm.group_id", groups), contact.id);
}

std::string AudienceSql::among(const std::vector<ContactId>& contacts, const ContactRef& contact) {
  return sql_.in(contact.id, contacts);
}

std::string AudienceSql::outcome_sql(EarlierOutcome outcome, std::string_view message) {
  const auto number = [](auto value) { return static_cast<int>(value); };
  switch (outcome) {
    case EarlierOutcome::all:
      return "(1 = 1)";
    case EarlierOutcome::sent:
      return fmt::format("{}.state = {}", message, number(MessageState::sent));
    case EarlierOutcome::failed:
      return fmt::format("({0}.state IN ({1}, {2}) OR {0}.status = {3})", message,
                         number(MessageState::bounced), number(MessageState::failed),
                         number(Status::bounced));
    case EarlierOutcome::skipped:
      return fmt::format("{}.state IN ({}, {})", message, number(MessageState::skipped),
                         number(MessageState::dropped));
    case EarlierOutcome::not_sent:
      return fmt::format("({0}.state IN ({1}, {2}, {3}, {4}, {5}) OR {0}.status = {6})", message,
                         number(MessageState::bounced), number(MessageState::failed),
                         number(MessageState::skipped), number(MessageState::dropped),
                         number(MessageState::cancelled), number(Status::bounced));
    case EarlierOutcome::may_have_arrived:
      return fmt::format("{}.state IN ({}, {})", message, number(MessageState::sent),
                         number(MessageState::uncertain));
    case EarlierOutcome::opened:
      return opened_sql(message);
    case EarlierOutcome::not_opened:
      return fmt::format("({}.state = {} AND NOT {})", message, number(MessageState::sent),
                         opened_sql(message));
    case EarlierOutcome::clicked:
      return clicked_sql(message);
    case EarlierOutcome::not_clicked:
      return fmt::format("({}.state = {} AND NOT {})", message, number(MessageState::sent),
                         clicked_sql(message));
  }
  return "(1 = 0)";
}

std::string AudienceSql::was_in(const EarlierCampaign& campaign, const ContactRef& contact) {
  return fmt::format(
      "EXISTS (SELECT 1 FROM message_about ea JOIN message em ON em.organisation_id = {0}"
      " AND em.id = ea.message_id WHERE ea.organisation_id = {0} AND ea.contact_id = {1}"
      " AND ea.is_recipient = 1 AND em.campaign_id = {2} AND {3})",
      organisation_, contact.id, sql_.param(campaign.id), outcome_sql(campaign.outcome, "em"));
}

Result<std::vector<std::string>> AudienceSql::terms(const Selection& selection,
                                                    const ContactRef& contact,
                                                    EarlierRecipients earlier) {
  std::vector<std::string> terms;
  if (!selection.groups.empty()) terms.push_back(in_groups(selection.groups, contact));
  for (const SegmentId segment : selection.segments) {
    terms.push_back(TRY(rule_sql(sql_, Rule{SegmentTest{segment}}, contact, context_)));
  }
  if (!selection.contacts.empty()) terms.push_back(among(selection.contacts, contact));
  if (earlier == EarlierRecipients::chosen) {
    for (const EarlierCampaign& campaign : selection.campaigns) {
      terms.push_back(was_in(campaign, contact));
    }
  }
  return terms;
}

Result<std::string> AudienceSql::chosen(const ContactRef& contact, EarlierRecipients earlier) {
  if (is_frozen_) {
    // A recipient of an earlier campaign is named too, whoever that was about.
    const bool any_about = earlier == EarlierRecipients::chosen;
    return fmt::format(
        "EXISTS (SELECT 1 FROM audience_member fm WHERE fm.organisation_id = {0}"
        " AND fm.campaign_id = {1} AND fm.contact_id = {2}{3})",
        organisation_, sql_.param(request_.campaign), contact.id,
        any_about ? "" : fmt::format(" AND fm.about_id = {}", contact.id));
  }
  if (audience_.everybody) return "(1 = 1)";
  return either(TRY(terms(audience_.include, contact, earlier)));
}

Result<std::string> AudienceSql::excluded(const ContactRef& contact) {
  return either(TRY(terms(audience_.exclude, contact, EarlierRecipients::chosen)));
}

Result<std::string> AudienceSql::item_sql(const Selection& selection, const AudienceItem& item,
                                          const ContactRef& contact) {
  switch (item.kind) {
    case AudienceItem::Kind::everybody:
      return "(1 = 1)";
    case AudienceItem::Kind::group:
      return in_groups({GroupId{item.id}}, contact);
    case AudienceItem::Kind::segment:
      return rule_sql(sql_, Rule{SegmentTest{SegmentId{item.id}}}, contact, context_);
    case AudienceItem::Kind::contacts:
      return among(selection.contacts, contact);
    case AudienceItem::Kind::addresses:
      return "(1 = 0)";
    case AudienceItem::Kind::campaign:
      return was_in({CampaignId{item.id}, item.outcome}, contact);
  }
  return "(1 = 0)";
}

Result<std::string> AudienceSql::which(const Selection& selection,
                                       const std::vector<AudienceItem>& items,
                                       const ContactRef& contact) {
  if (items.empty()) return "-1";
  std::string text = "CASE";
  for (std::size_t i = 0; i < items.size(); ++i) {
    const std::string term = TRY(item_sql(selection, items[i], contact));
    fmt::format_to(std::back_inserter(text), " WHEN {} THEN {}", term, i);
  }
  return text + " ELSE -1 END";
}

Result<std::string> AudienceSql::included_by(const ContactRef& contact) {
  const auto items = included_items(audience_);
  // Nobody is asked who has no other reason to be there.
  return items.size() == 1 ? "0" : TRY(which(audience_.include, items, contact));
}
Result<std::string> AudienceSql::excluded_by(const ContactRef& contact) {
  return which(audience_.exclude, excluded_items(audience_), contact);
}

}  // namespace tidings::audience

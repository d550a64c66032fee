#include "feedback/correlate.h"

#include <algorithm>
#include <vector>

#include "base/text.h"
#include "feedback/returned_mail.h"
#include "wire/return_path.h"

namespace tidings::feedback {

namespace {

constexpr std::size_t kPathTokenLength = 39;
constexpr std::size_t kUrlTokenLength = 32;
constexpr std::string_view kUnsubscribePage = "/u/";

constexpr db::Statement kMessage{"returned.message_facts",
                                 "SELECT campaign_id, contact_id, address, normalised FROM message"
                                 " WHERE organisation_id = $1 AND id = $2 AND deleted_at IS NULL"};

struct Candidate {
  std::string token;
  bool is_path = true;  // else of an unsubscribe link
};

void add(std::vector<Candidate>& candidates, std::string_view token, bool is_path) {
  const bool is_known =
      std::ranges::any_of(candidates, [&](const Candidate& each) { return each.token == token; });
  if (!is_known && candidates.size() < kTokensMax) {
    candidates.push_back({std::string(token), is_path});
  }
}

// "bounce+TOKEN" wherever it stands, in any case.
void add_paths(std::vector<Candidate>& candidates, std::string_view text) {
  for (std::size_t at = 0; (at = text.find('+', at)) != std::string_view::npos; ++at) {
    constexpr std::size_t kBefore = wire::kReturnPathPrefix.size() - 1;
    if (at < kBefore) continue;
    const std::string_view whole = text.substr(at - kBefore, kBefore + 1 + kPathTokenLength);
    const std::string_view token = wire::return_path_token(whole);
    if (!token.empty()) add(candidates, token, true);
  }
}

void add_links(std::vector<Candidate>& candidates, std::string_view text) {
  for (std::size_t at = 0; (at = text.find(kUnsubscribePage, at)) != std::string_view::npos; ++at) {
    const std::string_view token = text.substr(at + kUnsubscribePage.size(), kUrlTokenLength);
    const auto parsed = wire::parse_url_token(token);
    if (parsed && parsed->purpose == wire::TokenPurpose::unsubscribe) {
      add(candidates, token, false);
    }
  }
}

// Surest first: where it was sent to, then what it tells, then what it brings back.
std::vector<Candidate> candidates_of(const ReturnedMail& returned, const Mail& mail) {
  std::vector<Candidate> candidates;
  const auto in_all = [&](auto look) {
    for (const std::string& text :
         {mail.feedback_report, mail.delivery_status, mail.inner_status}) {
      look(text);
    }
    look(returned.octets.substr(0, kMailMax));
    look(mail.text);
  };
  add_paths(candidates, returned.envelope_to);
  for (const std::string_view name : {"delivered-to", "x-original-to", "to"}) {
    add_paths(candidates, mail.field(name));
  }
  in_all([&](std::string_view text) { add_paths(candidates, text); });
  in_all([&](std::string_view text) { add_links(candidates, text); });
  return candidates;
}

// Message-IDs that the mail tells to be what it is about.
std::vector<std::string_view> named_ids(const Mail& mail, ReportKind kind) {
  std::vector<std::string_view> ids;
  if (const auto* id = wire::find_field(mail.returned, "message-id")) ids.emplace_back(*id);
  if (kind != ReportKind::reply && kind != ReportKind::auto_reply) return ids;
  for (const std::string_view name : {"in-reply-to", "references"}) {
    std::string_view rest = mail.field(name);
    while (!rest.empty() && ids.size() < kTokensMax) {
      const std::size_t end = std::min(rest.find('>'), rest.size() - 1) + 1;
      ids.push_back(trimmed(rest.substr(0, end)));
      rest.remove_prefix(end);
    }
  }
  return ids;
}

Result<bool> load(db::Database& database, OrganisationId organisation, MessageId id,
                  Correlation& into) {
  return database.read_value([&](db::Connection& connection) -> Result<bool> {
    const auto found =
        TRY(connection.query_first(kMessage, {organisation, id}, [&](const db::Row& row) {
          into.campaign = row.id<CampaignId>(0);
          into.contact = row.id<ContactId>(1);
          into.address = row.string(2);
          into.normalised = row.string(3);
          return true;
        }));
    if (found) into.message = id;
    return found.has_value();
  });
}

Result<Correlation> by_token(db::Database& database, identity::TokenKeys& keys,
                             const ReturnedMail& returned, const Mail& mail) {
  Correlation found;
  for (const Candidate& candidate : candidates_of(returned, mail)) {
    const auto verified = candidate.is_path
                              ? keys.verify_return_path(candidate.token, wire::TokenPurpose::bounce)
                              : keys.verify_url(candidate.token, wire::TokenPurpose::unsubscribe);
    if (!verified && verified.error().code != "token.invalid") {
      return std::unexpected(verified.error());
    }
    if (!verified || verified->organisation_id != returned.organisation) {
      found.was_forged = true;
      continue;
    }
    if (TRY(load(database, returned.organisation, verified->message_id, found))) {
      found.proof = Proof::token;
      found.is_gone = false;
      return found;
    }
    found.is_gone = true;
  }
  return found;
}

}  // namespace

Result<Correlation> correlate(db::Database& database, identity::TokenKeys& keys,
                              const ReturnedMail& returned, const Mail& mail, ReportKind kind) {
  Correlation found = TRY(by_token(database, keys, returned, mail));
  if (found.proof == Proof::token || found.is_gone) return found;
  for (const std::string_view text : named_ids(mail, kind)) {
    const auto message = TRY(database.read_value([&](db::Connection& connection) {
      return find_by_message_id(connection, text, returned.organisation);
    }));
    if (!message || !TRY(load(database, returned.organisation, message->message, found))) continue;
    found.proof = Proof::message_id;
    return found;
  }
  return found;
}

}  // namespace tidings::feedback

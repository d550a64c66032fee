#include "compose/preflight.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "audience/consent/topics.h"
#include "audience/expand.h"
#include "audience/recipients.h"
#include "compose/attachments.h"
#include "compose/content_check.h"
#include "compose/draft_content.h"
#include "compose/empty_values.h"
#include "compose/media.h"
#include "compose/preview.h"
#include "compose/senders.h"
#include "delivery/content_store.h"
#include "delivery/domains/domain_check.h"
#include "delivery/domains/nearest_domain.h"
#include "wire/email_address.h"

namespace tidings::compose {

namespace {

constexpr int kBatch = 2000;

void append(std::vector<Finding>& findings, std::vector<Finding> more) {
  for (Finding& finding : more) {
    const bool is_known = std::ranges::find(findings, finding) != findings.end();
    if (!is_known) findings.push_back(std::move(finding));
  }
}

Finding about(std::string code, Severity severity, std::string sentence, std::string what = {}) {
  return {std::move(code), severity, std::move(sentence), "", 0, 0, 0, {}, -1, {}, std::move(what)};
}

// Of the nearest domain that has return paths, as delivery takes it (domains/return_paths.h).
Result<std::string> return_path_doubt_of(db::Connection& connection, OrganisationId organisation,
                                         std::string_view sender) {
  const auto address = wire::parse_email_address(sender);
  if (!address) return std::string();
  auto known = TRY(domains::list_domains(connection, organisation));
  std::erase_if(known, [](const auto& each) { return each.return_path_domain.empty(); });
  const auto* nearest =
      domains::nearest_domain(known, address->domain(), &domains::SendingDomain::name);
  return nearest == nullptr ? std::string() : domains::return_path_doubt(*nearest);
}

Result<std::vector<Finding>> check_sender_of(db::Connection& connection,
                                             const PreflightContext& context, const Draft& draft) {
  std::vector<Finding> findings;
  for (const FieldProblem& problem : check_draft(draft)) {
    if (problem.field == "/reply_to") {
      findings.push_back(about("bad_reply_to", Severity::blocking, problem.message));
    }
  }
  const auto sender = draft.sender_id.valid()
                          ? load_sender(connection, context.organisation.id, draft.sender_id)
                          : fail(ErrorKind::not_found, "", "");
  if (!sender && sender.error().kind != ErrorKind::not_found) {
    return std::unexpected(sender.error());
  }
  if (!sender) {
    findings.push_back(about("no_sender", Severity::blocking, "Choose who the message is from."));
  } else if (!sender->is_verified()) {
    findings.push_back(about(
        "sender_unverified", context.may_override_sender ? Severity::warning : Severity::blocking,
        fmt::format(
            "The sender {} is not verified: the campaign would be held. Mail the link to "
            "that address and have it confirmed. {}",
            sender->fields.address,
            way_around_verification(context.may_override_sender ? SenderOverride::permitted
                                                                : SenderOverride::not_permitted)),
        sender->fields.address));
  }
  if (sender) {
    if (std::string doubt =
            TRY(return_path_doubt_of(connection, context.organisation.id, sender->fields.address));
        !doubt.empty()) {
      findings.push_back(about("return_path", Severity::warning, std::move(doubt)));
    }
  }
  return findings;
}

Result<std::vector<Finding>> check_attachments_of(db::Connection& connection,
                                                  const PreflightContext& context,
                                                  const Draft& draft) {
  std::vector<Finding> findings;
  std::vector<std::int64_t> sizes;
  for (const DraftAttachment& attachment : draft.attachments) {
    const auto media = load_media(connection, context.organisation.id, attachment.media_id);
    if (media) {
      sizes.push_back(media->size);
    } else if (media.error().kind != ErrorKind::not_found) {
      return std::unexpected(media.error());
    } else {
      findings.push_back(about("attachment_missing", Severity::blocking,
                               fmt::format("The attachment {} was deleted. Upload it again, or "
                                           "take it out.",
                                           attachment.file_name),
                               attachment.file_name));
    }
  }
  if (const auto fits = check_attachment_sizes(sizes, context.attachment_bytes_max); !fits) {
    findings.push_back(about("attachments_too_large", Severity::blocking, fits.error().message));
  }
  return findings;
}

using Recipients = std::vector<audience::Recipient>;

// What expansion, breakdown and sending ask of each person too.
Result<RecipientPolicy> policy_of(db::Connection& connection, OrganisationId organisation,
                                  const Draft& draft, RecipientPolicy policy) {
  policy.inactive_after = TRY(audience::inactive_after(connection, organisation));
  const auto consent = consent::consent_of(connection, organisation, draft.topic_id);
  if (consent) {
    policy.consent = *consent;
  } else if (consent.error().kind != ErrorKind::not_found) {  // told by check_topic()
    return std::unexpected(consent.error());
  }
  return policy;
}

// Each in the order it was found.
std::vector<Finding> blocking_first(std::vector<Finding> findings) {
  std::vector<Finding> ordered;
  ordered.reserve(findings.size());
  for (const Severity severity : {Severity::blocking, Severity::warning}) {
    for (Finding& finding : findings) {
      if (finding.severity == severity) ordered.push_back(std::move(finding));
    }
  }
  return ordered;
}

}  // namespace

Result<std::vector<Finding>> check_topic(db::Connection& connection,
                                         const identity::Organisation& organisation,
                                         const Draft& draft, MessageKind kind) {
  ConsentRule consent = ConsentRule::by_kind;
  std::vector<Finding> findings;
  if (draft.topic_id.valid()) {
    const auto topic = consent::find_topic(connection, organisation.id, draft.topic_id);
    if (!topic && topic.error().kind != ErrorKind::not_found) {
      return std::unexpected(topic.error());
    }
    if (!topic) {
      findings.push_back(about("topic_missing", Severity::blocking,
                               "The topic was deleted. Choose another, or none."));
    } else if (topic->archived_at) {
      findings.push_back(
          about("topic_archived", Severity::blocking,
                fmt::format("The topic \"{}\" is archived: nobody can choose about it any more. "
                            "Choose another, or none.",
                            topic->name),
                topic->name));
    } else if (!topic->on_email) {
      findings.push_back(about("topic_channel", Severity::blocking,
                               fmt::format("The topic \"{}\" is not for e-mail. Choose another, "
                                           "or none.",
                                           topic->name),
                               topic->name));
    } else if (topic->is_essential) {
      consent = ConsentRule::essential;
    }
  }
  append(findings, check_obligations(draft, kind, organisation.postal_address, consent));
  return findings;
}

bool Preflight::is_blocked() const {
  return std::ranges::any_of(findings,
                             [](const Finding& one) { return one.severity == Severity::blocking; });
}

namespace {

// What one language says about itself; `size` becomes that of the largest.
Result<std::vector<Finding>> check_language(db::Connection& connection,
                                            const PreflightContext& context, const Draft& draft,
                                            MessageKind kind, std::int64_t& size) {
  std::vector<Finding> findings = check_words(draft);
  const PreviewContext looking{context.organisation, context.public_url, context.now};
  Preview preview = TRY(preview_draft(connection, looking, draft, kind, std::nullopt));
  size = std::max(size, preview.size);
  // A template may refuse a person of whom nothing is known; that is no person's mail yet.
  for (Finding& finding : preview.findings) {
    if (finding.code == "liquid.render") finding.severity = Severity::warning;
  }
  append(findings, std::move(preview.findings));
  append(findings, TRY(check_topic(connection, context.organisation, draft, kind)));
  append(findings, check_html(draft));
  if (std::ssize(preview.html) > kHtmlShownMax) {
    Finding large =
        about("html_too_large", Severity::warning,
              fmt::format("The HTML is {} KB. Gmail cuts a message off after 102 KB, and the link "
                          "to unsubscribe with it. Shorten it.",
                          (preview.html.size() + 1023) / 1024),
              fmt::format("{} KB", (preview.html.size() + 1023) / 1024));
    large.part = "html";
    findings.push_back(std::move(large));
  }
  return findings;
}

// Who falls into which hole of the message, in their language.
class LanguageHoles {
 public:
  // Borrows.
  explicit LanguageHoles(const LocalisedDraft& content) : content_(content) {
    counters_.emplace_back(find_holes(content.draft));
    for (std::size_t i = 0; i < content.variants.size(); ++i) {
      counters_.emplace_back(find_holes(draft_of(content, i)));
    }
  }

  // What each language reads of people.
  Result<void> look_up(db::Connection& connection, OrganisationId organisation,
                       const RecipientPolicy& asked) {
    const auto owner = TRY(identity::find_organisation(connection, organisation));
    const auto names = TRY(contact_names(connection, organisation));
    const std::string& own = content_.draft.locale;
    languages_ = {own.empty() ? owner.locale : own, locales_of(content_.variants), {}};
    // One that cannot be worked out yet reads the fields of its holes at least.
    const auto used_by = [&](const Draft& draft, const HoleCounter& counter) {
      if (auto compiled = compile_draft(connection, owner, draft, asked.kind, asked.now)) {
        return std::move(compiled->used);
      }
      audience::UsedFields used;
      for (const std::string& field : counter.fields()) {
        const auto at =
            std::ranges::find(names, field, [](const auto& pair) { return pair.first; });
        used.fields.push_back({field, at == names.end() ? field : at->second});
      }
      return used;
    };
    used_ = used_by(content_.draft, counters_.front());
    for (std::size_t i = 0; i < content_.variants.size(); ++i) {
      languages_.used.push_back(used_by(draft_of(content_, i), counters_[i + 1]));
    }
    return {};
  }

  const audience::UsedFields& used() const { return used_; }
  const audience::ContentLanguages* languages() const {
    return content_.variants.empty() ? nullptr : &languages_;
  }
  void add(const audience::Recipient& recipient) {
    counters_.at(static_cast<std::size_t>(recipient.variant + 1))
        .add(recipient.values, recipient.address);
  }
  std::vector<Finding> findings() const {
    std::vector<Finding> all = counters_.front().findings();
    for (std::size_t i = 0; i < content_.variants.size(); ++i) {
      for (Finding& finding : counters_[i + 1].findings()) {
        finding.variant = static_cast<int>(i);
        finding.locale = content_.variants[i].locale;
        all.push_back(std::move(finding));
      }
    }
    return all;
  }

 private:
  const LocalisedDraft& content_;
  std::vector<HoleCounter> counters_;  // the draft's, then by variant
  audience::UsedFields used_;
  audience::ContentLanguages languages_;
};

}  // namespace

Result<Preflight> check_before_sending(db::Connection& connection, const PreflightContext& context,
                                       const LocalisedDraft& content, MessageKind kind) {
  Preflight preflight;
  std::vector<Finding> findings = TRY(check_sender_of(connection, context, content.draft));
  TRY(check_each_language(content, findings, [&](const Draft& draft) {
    return check_language(connection, context, draft, kind, preflight.size);
  }));
  append(findings, TRY(check_attachments_of(connection, context, content.draft)));
  preflight.findings = blocking_first(std::move(findings));
  return preflight;
}

Result<void> check_people(db::Database& database, OrganisationId organisation,
                          const LocalisedDraft& content, const audience::Audience& audience,
                          const RecipientPolicy& asked, Preflight& preflight) {
  RecipientPolicy policy = asked;
  LanguageHoles holes(content);
  TRY(database.read([&](db::Connection& connection) -> Result<void> {
    policy = TRY(policy_of(connection, organisation, content.draft, asked));
    return holes.look_up(connection, organisation, asked);
  }));
  audience::ExpandRequest request;
  request.organisation = organisation;
  request.as_of = asked.now;
  request.languages = holes.languages();
  std::string cursor;
  std::int64_t looked_at = 0;
  for (bool is_last = false; !is_last && looked_at < kPeopleMax;) {
    audience::Batch batch;
    const auto recipients =
        TRY(database.read_value([&](db::Connection& connection) -> Result<Recipients> {
          batch =
              TRY(audience::expand(connection, request, audience, holes.used(), cursor, kBatch));
          const auto suppressed = TRY(audience::find_suppressed_among(
              connection, organisation, request.channel, batch.candidates, policy));
          return audience::unite_recipients(batch.candidates, suppressed, policy);
        }));
    looked_at += std::ssize(batch.candidates);
    for (const audience::Recipient& recipient : recipients) {
      if (recipient.decision.state != MessageState::waiting) continue;
      ++preflight.recipients;
      holes.add(recipient);
    }
    cursor = std::move(batch.cursor);
    is_last = batch.is_last;
  }
  if (looked_at >= kPeopleMax) {
    preflight.findings.push_back(about(
        "not_everybody", Severity::warning,
        fmt::format("Only the first {} people were looked at: what is empty for others is not "
                    "told here.",
                    looked_at)));
    preflight.findings.back().count = looked_at;
  }
  if (looked_at < kPeopleMax && preflight.recipients == 0) {
    preflight.findings.push_back(
        about("nobody", Severity::blocking,
              "Nobody in this audience would get it. The breakdown of the audience tells why."));
  }
  append(preflight.findings, holes.findings());
  preflight.findings = blocking_first(std::move(preflight.findings));
  return {};
}

}  // namespace tidings::compose

#include "compose/draft_content.h"

#include <memory>

#include <fmt/format.h>

#include "audience/consent/topics.h"
#include "audience/contacts.h"
#include "compose/media.h"
#include "compose/preheader.h"
#include "compose/senders.h"
#include "compose/tracking.h"
#include "delivery/content_store.h"
#include "delivery/prepare_email.h"

namespace tidings::compose {

namespace {

// Of a message that nobody gets.
constexpr MessageId kReferenceMessage{1};

// The draft's own, else the sender's default.
Result<std::optional<wire::Mailbox>> reply_to(const Draft& draft, const Sender& sender) {
  const std::string& text = draft.reply_to.empty() ? sender.fields.reply_to : draft.reply_to;
  if (text.empty()) return std::optional<wire::Mailbox>();
  return TRY(wire::parse_mailbox(text, wire::DomainRule::any));
}

Result<std::vector<delivery::Attachment>> load_attachments(db::Connection& connection,
                                                           OrganisationId organisation,
                                                           const Draft& draft) {
  std::vector<delivery::Attachment> attachments;
  for (const DraftAttachment& one : draft.attachments) {
    const Media media = TRY(load_media(connection, organisation, one.media_id));
    auto bytes = TRY(load_media_content(connection, organisation, one.media_id));
    attachments.push_back({one.file_name.empty() ? media.file_name : one.file_name,
                           media.media_type, one.description,
                           std::make_shared<const std::string>(std::move(bytes))});
  }
  return attachments;
}

}  // namespace

Result<delivery::EmailContent> email_content(db::Connection& connection,
                                             const identity::Organisation& organisation,
                                             const Draft& draft, MessageKind kind) {
  if (!draft.sender_id.valid()) {
    return fail(ErrorKind::invalid, "draft.no_sender", "Choose who the message is from.");
  }
  const Sender sender = TRY(load_sender(connection, organisation.id, draft.sender_id));
  delivery::EmailContent content;
  content.from = TRY(sender_mailbox(sender.fields));
  content.reply_to = TRY(reply_to(draft, sender));
  content.envelope_from = content.from.address.normalised;
  content.subject = draft.subject;
  content.html = with_preheader(draft.html, draft.preheader);
  content.text = draft.text;
  content.attachments = TRY(load_attachments(connection, organisation.id, draft));
  content.time_zone = organisation.time_zone;
  content.is_test = kind == MessageKind::test;
  content.auto_submitted = kind == MessageKind::transactional;
  const bool is_list = kind == MessageKind::campaign || kind == MessageKind::test;
  if (is_list) {
    content.consent = TRY(consent::consent_of(connection, organisation.id, draft.topic_id));
    content.list_unsubscribe = content.consent.rule != ConsentRule::essential;
  }
  TRY(add_tracking(connection, organisation.id, draft.tracking, kind, content));
  const std::string_view domain = content.from.address.domain();
  if (is_list && !domain.starts_with('[')) {
    content.list_id = fmt::format("<{}.list.{}>", to_text(organisation.id), domain);
  }
  return content;
}

Result<std::vector<FieldProblem>> complete_draft(db::Connection& connection,
                                                 OrganisationId organisation, Draft& draft) {
  std::vector<FieldProblem> problems;
  if (draft.sender_id.valid()) {
    const auto sender = load_sender(connection, organisation, draft.sender_id);
    if (!sender && sender.error().kind != ErrorKind::not_found) {
      return std::unexpected(sender.error());
    }
    if (!sender) {
      problems.push_back({"/sender_id", sender.error().code, sender.error().message});
    }
  }
  if (draft.topic_id.valid()) {
    const auto topic = consent::find_topic(connection, organisation, draft.topic_id);
    if (!topic && topic.error().kind != ErrorKind::not_found) {
      return std::unexpected(topic.error());
    }
    if (!topic) problems.push_back({"/topic_id", topic.error().code, topic.error().message});
  }
  for (std::size_t i = 0; i < draft.attachments.size(); ++i) {
    DraftAttachment& attachment = draft.attachments[i];
    const auto media = load_media(connection, organisation, attachment.media_id);
    if (!media && media.error().kind != ErrorKind::not_found) {
      return std::unexpected(media.error());
    }
    if (!media) {
      problems.push_back(
          {fmt::format("/attachments/{}/media_id", i), media.error().code, media.error().message});
      continue;
    }
    if (attachment.file_name.empty()) attachment.file_name = media->file_name;
    attachment.media_type = media->media_type;
    attachment.size = media->size;
  }
  return problems;
}

Result<ContactNames> contact_names(db::Connection& connection, OrganisationId organisation) {
  ContactNames names;
  for (auto& column : TRY(audience::contact_columns(connection, organisation))) {
    names.emplace_back(std::move(column.name), std::move(column.target));
  }
  return names;
}

std::string reference_rendering(const delivery::CompiledEmail& email,
                                const identity::Organisation& organisation, Instant now) {
  const std::string nobody = "reader@example.org";
  auto built = delivery::build_email(
      email,
      {.organisation_name = organisation.name,
       .postal_address = organisation.postal_address,
       .unsubscribe_url = "https://example.org/u/00000000000000000000000000000000",
       .address = nobody,
       .id = kReferenceMessage,
       .date = now,
       .view_url = "https://example.org/v/00000000000000000000000000000000",
       .tracked_link_start = "https://example.org/c/00000000000000000000000000000000/",
       .tracked_image = "https://example.org/o/00000000000000000000000000000000.gif"},
      "{}");
  return built ? std::move(built->octets) : std::string();
}

Result<CompiledDraft> compile_draft(db::Connection& connection,
                                    const identity::Organisation& organisation, const Draft& draft,
                                    MessageKind kind, Instant now, ConsentRule consent) {
  auto content = TRY(email_content(connection, organisation, draft, kind));
  if (kind == MessageKind::transactional) content.consent.rule = consent;
  auto email = TRY(delivery::CompiledEmail::compile(std::move(content)));
  const auto names = TRY(contact_names(connection, organisation.id));
  auto used = delivery::used_contact_fields(email, names);
  std::string reference = reference_rendering(email, organisation, now);
  return CompiledDraft{std::move(email), std::move(used), std::move(reference)};
}

}  // namespace tidings::compose

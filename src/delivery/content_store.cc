#include "delivery/content_store.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cstring>
#include <set>

#include "base/bytes.h"
#include "base/check.h"
#include "base/json_text.h"
#include "delivery/link_store.h"

namespace tidings::delivery {

namespace {

namespace json = boost::json;

constexpr std::size_t kHashBytes = 32;
constexpr std::size_t kRecordHead = kHashBytes + 4;
// Shorter shared ends are left to the dictionary.
constexpr std::size_t kSharedEndMin = 4096;

constexpr db::Statement kInsertVersion{
    "content.insert_version",
    "INSERT INTO content_version (organisation_id, id, subject, html, text, from_name,"
    " from_address, reply_to, envelope_from, options, used_variables, reference_codec, reference,"
    " created_at, consent, topic_id)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 1, $12, $13, $14, $15)"};
constexpr db::Statement kInsertBlob{
    "content.insert_blob",
    "INSERT INTO blob (organisation_id, hash, size, content, created_at)"
    " VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING"};
constexpr db::Statement kInsertAttachment{
    "content.insert_attachment",
    "INSERT INTO content_attachment (organisation_id, content_version_id, position, file_name,"
    " media_type, description, blob_hash) VALUES ($1, $2, $3, $4, $5, $6, $7)"};
constexpr db::Statement kLoadVersion{
    "content.load_version",
    "SELECT v.subject, v.html, v.text, v.from_name, v.from_address, v.reply_to, v.envelope_from,"
    " v.options, v.used_variables, v.reference, o.name, o.postal_address, v.consent, v.topic_id,"
    " COALESCE(t.created_at, 0)"
    " FROM content_version v JOIN organisation o ON o.id = v.organisation_id"
    " LEFT JOIN topic t ON t.organisation_id = v.organisation_id AND t.id = v.topic_id"
    " WHERE v.organisation_id = $1 AND v.id = $2"};
constexpr db::Statement kConsentOf{
    "content.consent_of",
    "SELECT v.consent, v.topic_id, COALESCE(t.created_at, 0) FROM content_version v"
    " LEFT JOIN topic t ON t.organisation_id = v.organisation_id AND t.id = v.topic_id"
    " WHERE v.organisation_id = $1 AND v.id = $2"};
constexpr db::Statement kLoadAttachments{
    "content.load_attachments",
    "SELECT a.file_name, a.media_type, a.description, b.content FROM content_attachment a"
    " JOIN blob b ON b.organisation_id = a.organisation_id AND b.hash = a.blob_hash"
    " WHERE a.organisation_id = $1 AND a.content_version_id = $2 ORDER BY a.position"};

std::string options_text(const EmailContent& content) {
  json::object options;
  options["list_id"] = content.list_id;
  options["list_unsubscribe"] = content.list_unsubscribe;
  options["auto_submitted"] = content.auto_submitted;
  if (content.is_test) options["is_test"] = true;
  options["message_id_domain"] = content.message_id_domain;
  options["feedback_id"] = content.feedback_id;
  options["time_zone"] = content.time_zone;
  if (content.tracking.image_at) options["image_at"] = *content.tracking.image_at;
  if (content.tracking.is_total) options["is_total"] = true;
  return json::serialize(options);
}

std::string used_text(const audience::UsedFields& used) {
  json::object object;
  object["all"] = used.all;
  const auto put = [&](std::string_view key, const auto& used_fields) {
    json::object fields;
    for (const auto& field : used_fields) fields[field.name] = field.target;
    object[key] = std::move(fields);
  };
  put("fields", used.fields);
  if (used.reads_student()) {
    object["student_all"] = used.student_all;
    put("student_fields", used.student_fields);
  }
  return json::serialize(object);
}

std::unexpected<Error> damaged() {
  return fail(ErrorKind::corrupt, "content.damaged",
              "The stored content of this campaign is damaged. Restore it from a backup.");
}

// Of an object that we wrote ourselves; a wrong type reads as false.
bool bool_of(const json::object& object, std::string_view key) {
  const json::value* found = object.if_contains(key);
  return found != nullptr && found->is_bool() && found->get_bool();
}

Result<wire::Mailbox> mailbox(std::string_view name, std::string_view address) {
  wire::Mailbox made;
  made.display_name = name;
  made.address = TRY(wire::parse_email_address(address, wire::DomainRule::any));
  return made;
}

struct StoredVersion {
  EmailContent content;
  audience::UsedFields used;
  std::string reference;
  std::string organisation_name;
  std::string postal_address;
};

Result<StoredVersion> read_version(const db::Row& row) {
  StoredVersion stored;
  EmailContent& content = stored.content;
  content.subject = row.string(0);
  content.html = row.string(1);
  content.text = row.string(2);
  content.from = TRY(mailbox(row.text(3), row.text(4)));
  if (!row.text(5).empty())
    content.reply_to = TRY(wire::parse_mailbox(row.text(5), wire::DomainRule::any));
  content.envelope_from = row.string(6);
  const auto options = object_of(row.text(7));
  const auto used = object_of(row.text(8));
  if (!options || !used) return damaged();
  content.list_id = text_of(*options, "list_id");
  content.list_unsubscribe = bool_of(*options, "list_unsubscribe");
  content.auto_submitted = bool_of(*options, "auto_submitted");
  content.is_test = bool_of(*options, "is_test");
  content.message_id_domain = text_of(*options, "message_id_domain");
  content.feedback_id = text_of(*options, "feedback_id");
  content.time_zone = text_of(*options, "time_zone");
  const StoredTracking tracking = stored_tracking(row.text(7));
  content.tracking.is_total = tracking.is_total;
  // Content that was forgotten has no place for it.
  if (tracking.image_at && *tracking.image_at <= content.html.size() && !content.html.empty()) {
    content.tracking.image_at = tracking.image_at;
  }
  stored.used.all = bool_of(*used, "all");
  const auto read_fields = [&](std::string_view key, auto& into) {
    const json::value* fields = used->if_contains(key);
    if (fields == nullptr || !fields->is_object()) return;
    for (const auto& field : fields->get_object()) {
      into.push_back({field.key(), text_of(fields->get_object(), field.key())});
    }
  };
  read_fields("fields", stored.used.fields);
  stored.used.student_all = bool_of(*used, "student_all");
  read_fields("student_fields", stored.used.student_fields);
  stored.reference = row.bytes(9);
  stored.organisation_name = row.string(10);
  stored.postal_address = row.string(11);
  content.consent = {static_cast<ConsentRule>(row.integer(12)), row.id<TopicId>(13),
                     row.instant(14)};
  return stored;
}

bool names(const CompiledEmail& email, std::string_view variable) {
  return std::ranges::any_of(email.variables(), [&](const PartVariables& part) {
    return std::ranges::any_of(part.uses, [&](const liquid::VariableUse& use) {
      return !use.path.empty() && use.path[0] == variable;
    });
  });
}

std::size_t shared_end(std::string_view a, std::string_view b) {
  const std::size_t longest = std::min(a.size(), b.size());
  std::size_t shared = 0;
  while (shared < longest && a[a.size() - 1 - shared] == b[b.size() - 1 - shared]) ++shared;
  return shared;
}

}  // namespace

audience::UsedFields used_contact_fields(
    const CompiledEmail& email,
    const std::vector<std::pair<std::string, std::string>>& name_to_target) {
  audience::UsedFields used;
  std::set<std::string> names;
  std::set<std::string> student_names;
  for (const PartVariables& part : email.variables()) {
    for (const liquid::VariableUse& use : part.uses) {
      const bool is_whole = use.path.size() == 1;
      if (use.path.empty()) {
        used.all = used.student_all = true;
      } else if (use.path[0] == "contact") {
        is_whole ? void(used.all = true) : void(names.insert(use.path[1]));
      } else if (use.path[0] == "student") {
        is_whole ? void(used.student_all = true) : void(student_names.insert(use.path[1]));
      }
    }
  }
  const auto put = [&](const std::set<std::string>& from, auto& into) {
    for (const std::string& name : from) {
      const auto at =
          std::ranges::find(name_to_target, name, [](const auto& pair) { return pair.first; });
      into.push_back({name, at == name_to_target.end() ? name : at->second});
    }
  };
  put(names, used.fields);
  put(student_names, used.student_fields);
  return used;
}

Result<void> freeze_content(db::Connection& connection, OrganisationId organisation,
                            ContentVersionId id, const CompiledEmail& email,
                            const audience::UsedFields& used, std::string_view reference,
                            Instant now) {
  const EmailContent& content = email.content();
  const std::string options = options_text(content);
  const std::string used_fields = used_text(used);
  const std::string reply_to = content.reply_to ? wire::to_text(*content.reply_to) : "";
  // The derived text is frozen too: a later program might derive another.
  TRY(connection.execute(
      kInsertVersion, {organisation, id, content.subject, content.html, email.text_source(),
                       content.from.display_name, content.from.address.typed, reply_to,
                       content.envelope_from, options, used_fields, db::BytesView{reference}, now,
                       int(content.consent.rule), content.consent.topic_id}));
  TRY(store_links(connection, organisation, id, content.tracking));
  int position = 0;
  for (const Attachment& attachment : content.attachments) {
    const std::string hash = sha256(*attachment.content);
    TRY(connection.execute(kInsertBlob,
                           {organisation, db::BytesView{hash}, attachment.content->size(),
                            db::BytesView{*attachment.content}, now}));
    TRY(connection.execute(kInsertAttachment,
                           {organisation, id, position++, attachment.file_name,
                            attachment.media_type, attachment.description, db::BytesView{hash}}));
  }
  return {};
}

Result<std::shared_ptr<const FrozenContent>> load_content(db::Connection& connection,
                                                          OrganisationId organisation,
                                                          ContentVersionId id) {
  Result<StoredVersion> stored = fail(ErrorKind::not_found, "content.not_found",
                                      "There is no content version " + to_text(id) + ".");
  TRY(connection.query(kLoadVersion, {organisation, id},
                       [&](const db::Row& row) { stored = read_version(row); }));
  if (!stored) return std::unexpected(stored.error());
  TRY(connection.query(kLoadAttachments, {organisation, id}, [&](const db::Row& row) {
    stored->content.attachments.push_back({row.string(0), row.string(1), row.string(2),
                                           std::make_shared<const std::string>(row.bytes(3))});
  }));
  stored->content.tracking.links =
      TRY(load_links(connection, organisation, id, stored->content.html));
  auto email = TRY(CompiledEmail::compile(std::move(stored->content)));
  BodyDictionary dictionary(stored->reference);
  const bool has_sender_link = names(email, kSenderVerificationUrl);
  const bool has_view_link = names(email, kViewInBrowserUrl);
  return std::make_shared<const FrozenContent>(FrozenContent{
      organisation, id, std::move(stored->organisation_name), std::move(stored->postal_address),
      std::move(email), std::move(stored->used), std::move(stored->reference),
      std::move(dictionary), has_sender_link, has_view_link});
}

Result<MessageConsent> consent_of_content(db::Connection& connection, OrganisationId organisation,
                                          ContentVersionId id) {
  const auto found =
      TRY(connection.query_first(kConsentOf, {organisation, id}, [](const db::Row& row) {
        return MessageConsent{static_cast<ConsentRule>(row.integer(0)), row.id<TopicId>(1),
                              row.instant(2)};
      }));
  return found.value_or(MessageConsent());
}

std::string BodyRecords::make(std::string_view octets, const FrozenContent& content) {
  std::string record = hasher_.hash(octets);
  CHECK(record.size() == kHashBytes);
  std::size_t shared =
      content.email.content().attachments.empty() ? 0 : shared_end(octets, content.reference);
  if (shared < kSharedEndMin) shared = 0;
  const auto stored = static_cast<std::uint32_t>(shared);
  record.append(reinterpret_cast<const char*>(&stored), sizeof stored);
  record += codec_.compress(octets.substr(0, octets.size() - shared), content.dictionary);
  return record;
}

Result<std::string> BodyRecords::octets(std::string_view record, const FrozenContent& content) {
  std::uint32_t shared = 0;
  if (record.size() >= kRecordHead) std::memcpy(&shared, record.data() + kHashBytes, 4);
  if (record.size() < kRecordHead || shared > content.reference.size()) {
    return fail(ErrorKind::corrupt, "body.damaged", "The stored message is damaged.");
  }
  std::string octets = TRY(codec_.decompress(record.substr(kRecordHead), content.dictionary));
  octets += std::string_view(content.reference).substr(content.reference.size() - shared);
  if (hasher_.hash(octets) != hash(record)) {
    return fail(ErrorKind::corrupt, "body.damaged",
                "The stored message does not match the hash taken when it was sent.");
  }
  return octets;
}

std::string_view BodyRecords::hash(std::string_view record) {
  return record.size() < kHashBytes ? std::string_view() : record.substr(0, kHashBytes);
}

}  // namespace tidings::delivery

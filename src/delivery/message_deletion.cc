#include "delivery/message_deletion.h"

#include <array>
#include <vector>

#include "delivery/link_store.h"
#include "domain/message_state.h"

namespace tidings::delivery {

namespace {

using db::Connection;
using db::Row;

constexpr db::Statement kFind{
    "deletion.find_message",
    "SELECT state, campaign_id FROM message WHERE organisation_id = $1 AND id = $2"};
constexpr db::Statement kHide{
    "deletion.hide_message",
    "UPDATE message SET deleted_at = $3 WHERE organisation_id = $1 AND id = $2"
    " AND deleted_at IS NULL"};
constexpr db::Statement kUnhide{
    "deletion.unhide_message",
    "UPDATE message SET deleted_at = NULL WHERE organisation_id = $1 AND id = $2"};
// message_once stays unique by the id.
constexpr db::Statement kPurge{
    "deletion.purge_message",
    "UPDATE message SET address = '', normalised = '', values_hash = id, message_values = '{}',"
    " contact_id = NULL, deleted_at = COALESCE(deleted_at, $3)"
    " WHERE organisation_id = $1 AND id = $2"};
constexpr db::Statement kPurgeBody{
    "deletion.purge_body",
    "DELETE FROM message_body WHERE organisation_id = $1 AND message_id = $2"};
constexpr db::Statement kPurgeEvents{
    "deletion.purge_events",
    "UPDATE event SET data = '{}' WHERE organisation_id = $1 AND message_id = $2"};
constexpr db::Statement kPurgeSendOut{
    "deletion.purge_send_out", "DELETE FROM send_out WHERE organisation_id = $1 AND id = $2"};
constexpr db::Statement kContacts{
    "deletion.contacts_of_message",
    "SELECT contact_id FROM message WHERE organisation_id = $1 AND id = $2 AND contact_id IS NOT"
    " NULL UNION SELECT contact_id FROM message_about WHERE +organisation_id = $1"
    " AND message_id = $2 AND is_recipient = 0"};
constexpr db::Statement kPurgeAbout{
    "deletion.purge_about",
    "DELETE FROM message_about WHERE organisation_id = $1 AND contact_id = $2 AND message_id = $3"};
constexpr db::Statement kRecord{
    "deletion.record_purge",
    "INSERT INTO purge (organisation_id, what, id, reason, purged_by, began_at, purged_to)"
    " VALUES ($1, $2, $3, $4, $5, $6, 0) ON CONFLICT DO NOTHING"};
constexpr db::Statement kTombstone{"deletion.tombstone",
                                   "SELECT reason, purged_by, began_at, finished_at FROM purge"
                                   " WHERE organisation_id = $1 AND what = $2 AND id = $3"};
constexpr db::Statement kFinish{
    "deletion.finish_purge",
    "UPDATE purge SET finished_at = COALESCE(finished_at, $4), purged_to = $5"
    " WHERE organisation_id = $1 AND what = $2 AND id = $3"};
constexpr db::Statement kAdvance{
    "deletion.advance_purge",
    "UPDATE purge SET purged_to = $4 WHERE organisation_id = $1 AND what = $2 AND id = $3"};
// Those that are purged already have no address: they stand before these in the index.
constexpr db::Statement kNext{"deletion.next_of_campaign",
                              "SELECT id FROM message WHERE campaign_id = $1 AND normalised > ''"
                              " AND message.organisation_id + 0 = $2 LIMIT $3"};
// Those that never had one.
constexpr db::Statement kNextWithoutAddress{
    "deletion.next_without_address",
    "SELECT id FROM message WHERE campaign_id = $1 AND normalised = '' AND values_hash <> id"
    " AND message.organisation_id + 0 = $2 LIMIT $3"};

constexpr db::Statement kLetter{
    "deletion.letter_of_message",
    "SELECT content_version_id FROM message WHERE organisation_id = $1 AND id = $2"
    " AND campaign_id IS NULL AND template_id IS NULL"};
// state: waiting, deferred, leased, held.
constexpr db::Statement kLetterInUse{
    "deletion.letter_in_use",
    "SELECT 1 FROM message m WHERE m.organisation_id = $1 AND m.content_version_id = $2"
    " AND m.campaign_id IS NULL AND m.template_id IS NULL AND (m.state IN (0, 1, 2, 10)"
    " OR EXISTS (SELECT 1 FROM message_body b WHERE b.organisation_id = m.organisation_id"
    " AND b.message_id = m.id)) LIMIT 1"};
constexpr db::Statement kForgetVersion{
    "deletion.forget_content",
    "UPDATE content_version SET subject = '', html = '', text = '', used_variables = '{}',"
    " reference = $3 WHERE organisation_id = $1 AND id = $2"};
constexpr db::Statement kForgetDigest{
    "deletion.forget_digest",
    "DELETE FROM frozen_content WHERE organisation_id = $1 AND content_version_id = $2"};
constexpr db::Statement kFilesOf{
    "deletion.files_of_content",
    "SELECT blob_hash FROM content_attachment WHERE organisation_id = $1"
    " AND content_version_id = $2"};
constexpr db::Statement kForgetFiles{
    "deletion.forget_files",
    "DELETE FROM content_attachment WHERE organisation_id = $1 AND content_version_id = $2"};
constexpr db::Statement kForgetBlob{
    "deletion.forget_blob",
    "DELETE FROM blob WHERE organisation_id = $1 AND hash = $2 AND NOT EXISTS (SELECT 1"
    " FROM content_attachment a WHERE a.organisation_id = blob.organisation_id"
    " AND a.blob_hash = blob.hash) AND NOT EXISTS (SELECT 1 FROM media m"
    " WHERE m.organisation_id = blob.organisation_id AND m.blob_hash = blob.hash)"};

std::unexpected<Error> not_found(MessageId id) {
  return fail(ErrorKind::not_found, "message.not_found",
              "There is no message " + to_text(id) + ".");
}

Result<void> check_settled(Connection& connection, OrganisationId organisation, MessageId id) {
  const auto state = TRY(connection.query_first(kFind, {organisation, id}, [](const Row& row) {
    return static_cast<MessageState>(row.integer(0));
  }));
  if (!state) return not_found(id);
  if (is_final(*state)) return {};
  return fail(ErrorKind::conflict, "message.not_settled",
              "This message is not done yet: it can be deleted from the history when it was sent "
              "or cancelled.");
}

Result<void> purge_one(Connection& connection, OrganisationId organisation, MessageId id,
                       Instant now) {
  std::vector<ContactId> contacts;
  TRY(connection.query(kContacts, {organisation, id},
                       [&](const Row& row) { contacts.push_back(row.id<ContactId>(0)); }));
  for (const ContactId contact : contacts) {
    TRY(connection.execute(kPurgeAbout, {organisation, contact, id}));
  }
  const auto letter = TRY(connection.query_first(
      kLetter, {organisation, id}, [](const Row& row) { return row.id<ContentVersionId>(0); }));
  TRY(connection.execute(kPurgeBody, {organisation, id}));
  if (letter) TRY(forget_letters(connection, organisation, std::span(&*letter, 1)));
  TRY(connection.execute(kPurgeEvents, {organisation, id}));
  TRY(connection.execute(kPurgeSendOut, {organisation, id}));
  TRY(connection.execute(kPurge, {organisation, id, now}));
  return {};
}

}  // namespace

Result<void> hide_message(Connection& connection, OrganisationId organisation, MessageId id,
                          Instant now) {
  TRY(check_settled(connection, organisation, id));
  TRY(connection.execute(kHide, {organisation, id, now}));
  return {};
}

Result<void> unhide_message(Connection& connection, OrganisationId organisation, MessageId id) {
  if (TRY(find_tombstone(connection, organisation, Purged::message, id.value))) {
    return fail(ErrorKind::conflict, "message.purged",
                "This message was removed for good: there is nothing left to show.");
  }
  if (TRY(connection.execute(kUnhide, {organisation, id})) == 0) return not_found(id);
  return {};
}

Result<void> purge_message(Connection& connection, OrganisationId organisation, MessageId id,
                           std::string_view who, std::string_view reason, Instant now) {
  TRY(check_settled(connection, organisation, id));
  TRY(record_purge(connection, organisation, Purged::message, id.value, who, reason, now));
  TRY(purge_one(connection, organisation, id, now));
  TRY(connection.execute(kFinish, {organisation, int(Purged::message), id, now, id}));
  return {};
}

Result<std::int64_t> purge_some(Connection& connection, OrganisationId organisation,
                                CampaignId campaign, int limit, Instant now) {
  std::vector<MessageId> ids;
  for (const db::Statement& next : {kNext, kNextWithoutAddress}) {
    TRY(connection.query(next, {campaign, organisation, limit - std::ssize(ids)},
                         [&](const Row& row) { ids.push_back(row.id<MessageId>(0)); }));
  }
  for (const MessageId id : ids) TRY(purge_one(connection, organisation, id, now));
  if (std::ssize(ids) < limit) {
    TRY(connection.execute(kFinish, {organisation, int(Purged::campaign), campaign, now,
                                     ids.empty() ? MessageId{} : ids.back()}));
  } else {
    TRY(connection.execute(kAdvance, {organisation, int(Purged::campaign), campaign, ids.back()}));
  }
  return std::ssize(ids);
}

Result<void> record_purge(Connection& connection, OrganisationId organisation, Purged what,
                          std::int64_t id, std::string_view who, std::string_view reason,
                          Instant now) {
  TRY(connection.execute(kRecord, {organisation, int(what), id, reason, who, now}));
  return {};
}

Result<std::optional<Tombstone>> find_tombstone(Connection& connection, OrganisationId organisation,
                                                Purged what, std::int64_t id) {
  return connection.query_first(kTombstone, {organisation, int(what), id}, [](const Row& row) {
    Tombstone made;
    made.reason = row.string(0);
    made.purged_by = row.string(1);
    made.began_at = row.instant(2);
    if (!row.is_null(3)) made.finished_at = row.instant(3);
    return made;
  });
}

Result<std::int64_t> forget_letters(Connection& connection, OrganisationId organisation,
                                    std::span<const ContentVersionId> contents) {
  std::int64_t forgotten = 0;
  for (const ContentVersionId content : contents) {
    const auto yes = [](const Row&) { return true; };
    if (TRY(connection.query_first(kLetterInUse, {organisation, content}, yes))) continue;
    std::vector<std::string> files;
    TRY(connection.query(kFilesOf, {organisation, content},
                         [&](const Row& row) { files.emplace_back(row.bytes(0)); }));
    TRY(connection.execute(kForgetFiles, {organisation, content}));
    for (const std::string& file : files)
      TRY(connection.execute(kForgetBlob, {organisation, db::BytesView{file}}));
    TRY(connection.execute(kForgetDigest, {organisation, content}));
    TRY(forget_links(connection, organisation, content));
    forgotten += TRY(connection.execute(
        kForgetVersion, {organisation, content, db::BytesView{std::string_view()}}));
  }
  return forgotten;
}

std::span<const db::Statement> message_deletion_statements() {
  static constexpr std::array kAll = {kFind,          kHide,
                                      kUnhide,        kPurge,
                                      kPurgeBody,     kPurgeEvents,
                                      kPurgeSendOut,  kContacts,
                                      kPurgeAbout,    kTombstone,
                                      kFinish,        kAdvance,
                                      kNext,          kNextWithoutAddress,
                                      kLetter,        kLetterInUse,
                                      kForgetVersion, kForgetDigest,
                                      kFilesOf,       kForgetFiles,
                                      kForgetBlob};
  return kAll;
}

}  // namespace tidings::delivery

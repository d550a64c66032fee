#include "audience/people/erase_contact.h"

#include <algorithm>
#include <boost/json.hpp>
#include <span>

#include <fmt/format.h>

#include "audience/consent/carried_choices.h"
#include "audience/erased_addresses.h"
#include "audience/groups.h"
#include "audience/people/activities.h"
#include "audience/people/notes.h"
#include "audience/people/relations.h"
#include "audience/people/search_index.h"
#include "audience/suppressions.h"
#include "base/json_text.h"
#include "wire/case_folding.h"

namespace tidings::people {
namespace {

namespace json = boost::json;
using audience::ContactAddress;
using db::Row;
using db::Statement;

constexpr Statement empty_contact{
    "erase.contact",
    "UPDATE contact SET external_id = NULL, first_name = '', last_name = '', name = '', "
    "locale = '', time_zone = '', fields = '{}', row_identity = NULL, do_not_contact = 1, "
    "last_interaction_at = NULL, changed_at = $3, deleted_at = $3, erased_at = $3 "
    "WHERE organisation_id = $1 AND id = $2"};
constexpr Statement erase_addresses{
    "erase.addresses",
    "DELETE FROM contact_address WHERE organisation_id = $1 AND contact_id = $2"};
constexpr Statement erase_notes{"erase.notes",
                                "DELETE FROM note WHERE organisation_id = $1 AND contact_id = $2"};
constexpr Statement erase_activities{
    "erase.activities", "DELETE FROM activity WHERE organisation_id = $1 AND contact_id = $2"};
constexpr Statement erase_relations{
    "erase.relations",
    "DELETE FROM relation WHERE organisation_id = $1 AND id IN "
    "(SELECT id FROM relation WHERE organisation_id = $1 AND from_id = $2 "
    "UNION ALL SELECT id FROM relation WHERE organisation_id = $1 AND to_id = $2)"};
#define TIDINGS_ABOUT \
  "(SELECT message_id FROM message_about WHERE organisation_id = $1 AND contact_id = $2)"
constexpr Statement erase_bodies{
    "erase.bodies",
    "DELETE FROM message_body WHERE organisation_id = $1 AND message_id IN " TIDINGS_ABOUT};
// What is still to be sent becomes suppressed under $3 whoever its recipient is, and is dropped at
// its next turn: its values are gone.
constexpr Statement erase_values{
    "erase.values",
    "UPDATE message SET message_values = '{}', "
    "normalised = CASE WHEN contact_id = $2 OR state IN (0, 1, 2, 10) THEN $3 ELSE normalised END, "
    "address = CASE WHEN contact_id = $2 THEN '' ELSE address END "
    "WHERE organisation_id = $1 AND id IN " TIDINGS_ABOUT};
constexpr Statement erase_events{
    "erase.events",
    "UPDATE event SET data = '{}' WHERE organisation_id = $1 AND message_id IN "
    "(SELECT message_id FROM message_about WHERE organisation_id = $1 AND contact_id = $2 "
    "AND is_recipient = 1)"};
// What came back about its messages, and what it answered; before what they are about goes.
#define TIDINGS_RETURNED                                                          \
  "(SELECT id FROM returned_mail WHERE organisation_id = $1 AND contact_id = $2 " \
  "UNION ALL SELECT id FROM returned_mail WHERE organisation_id = $1 "            \
  "AND message_id IN " TIDINGS_ABOUT ")"
constexpr Statement erase_returned_octets{
    "erase.returned_octets",
    "DELETE FROM returned_mail_octets WHERE organisation_id = $1 AND id IN " TIDINGS_RETURNED};
constexpr Statement erase_returned{
    "erase.returned",
    "DELETE FROM returned_mail WHERE organisation_id = $1 AND id IN " TIDINGS_RETURNED};
constexpr Statement erase_about{
    "erase.about", "DELETE FROM message_about WHERE organisation_id = $1 AND contact_id = $2"};
constexpr Statement suppressions_of{
    "erase.suppressions",
    "UPDATE suppression SET normalised = $4, note = '', release_note = "
    "CASE WHEN released_at IS NULL THEN '' ELSE 'erased' END "
    "WHERE organisation_id = $1 AND channel = $2 AND normalised = $3 AND NOT EXISTS "
    "(SELECT 1 FROM suppression o WHERE o.organisation_id = suppression.organisation_id "
    "AND o.channel = suppression.channel AND o.normalised = $4 AND o.reason = suppression.reason "
    "AND o.kinds = suppression.kinds AND o.topic_id = suppression.topic_id)"};
// What bounces said of the address (src/feedback).
constexpr Statement remove_problems{
    "erase.address_problems",
    "DELETE FROM address_problem WHERE organisation_id = $1 AND channel = $2 AND normalised = $3"};
// Those that the hash has already, from an earlier erasure.
constexpr Statement remove_suppressions{
    "erase.remove_suppressions",
    "DELETE FROM suppression WHERE organisation_id = $1 AND channel = $2 AND normalised = $3"};
constexpr Statement erase_changes{
    "erase.changes", "DELETE FROM import_change WHERE organisation_id = $1 AND contact_id = $2"};
constexpr Statement import_files{
    "erase.import_files",
    "SELECT i.path FROM contact_group_member m JOIN import_job i "
    "ON i.organisation_id = m.organisation_id AND i.group_id = m.group_id AND i.state = 2 "
    "WHERE m.organisation_id = $1 AND m.contact_id = $2"};

constexpr Statement letters_of{
    "erase.letters",
    "SELECT DISTINCT m.content_version_id FROM message_about a CROSS JOIN message m "
    "WHERE a.organisation_id = $1 AND a.contact_id = $2 AND m.organisation_id = $1 "
    "AND m.id = a.message_id AND m.campaign_id IS NULL "
    "AND m.template_id IS NULL"};
// What the list of send-outs says a message was about.
constexpr Statement erase_subjects{
    "erase.subjects",
    "UPDATE send_out SET subject_key = '' WHERE organisation_id = $1 AND id IN " TIDINGS_ABOUT};
constexpr Statement findings_of{
    "erase.findings",
    "SELECT e.import_id, e.line, e.field, e.value FROM contact_group_member m "
    "CROSS JOIN import_job i CROSS JOIN import_error e "
    "WHERE m.organisation_id = $1 AND m.contact_id = $2 AND i.organisation_id = $1 "
    "AND i.group_id = m.group_id AND e.organisation_id = $1 AND e.import_id = i.id "
    "AND e.value <> ''"};
constexpr Statement erase_finding{
    "erase.finding",
    "UPDATE import_error SET value = '' WHERE organisation_id = $1 AND import_id = $2 "
    "AND line = $3 AND field = $4"};

constexpr Statement messages_of{
    "export.messages",
    "SELECT m.id, m.kind, m.channel, m.address, m.message_values, m.status, m.reason, m.queued_at, "
    "v.subject, a.is_recipient FROM message_about a CROSS JOIN message m "
    "LEFT JOIN content_version v ON v.organisation_id = m.organisation_id "
    "AND v.id = m.content_version_id "
    "WHERE a.organisation_id = $1 AND a.contact_id = $2 AND m.organisation_id = $1 "
    "AND m.id = a.message_id ORDER BY a.message_id"};
constexpr Statement events_of{
    "export.events",
    "SELECT type, occurred_at, source, data FROM event WHERE organisation_id = $1 "
    "AND message_id = $2 ORDER BY id"};
constexpr Statement suppressed_as{
    "export.suppressions",
    "SELECT reason, kinds, origin, created_at, released_at, note FROM suppression "
    "WHERE organisation_id = $1 AND channel = $2 AND normalised = $3 ORDER BY +id"};

constexpr std::string_view channel_word(Channel channel) {
  return channel == Channel::email ? "email" : "sms";
}

// `normalised` is a hash: whoever has it is not written to any more.
Result<bool> suppress_form(db::Connection& connection, const Writer& writer, Channel channel,
                           std::string_view normalised) {
  return audience::suppress(connection, writer.ids, writer.organisation,
                            {.channel = channel,
                             .normalised = std::string(normalised),
                             .reason = "erased",
                             .kinds = audience::SuppressedKinds::everything,
                             .origin = "erasure",
                             .note = {},
                             .message_id = {},
                             .expires_at = {}},
                            writer.now);
}

// The addresses nobody else has go on being suppressed, under their hash.
Result<void> keep_hashes(db::Connection& connection, const Writer& writer,
                         const audience::Contact& contact, const std::string& key,
                         Erasure& erasure) {
  for (const ContactAddress& address : contact.addresses) {
    const auto owners = TRY(audience::find_contacts_by_address(
        connection, writer.organisation, address.channel, address.normalised));
    if (owners.size() > 1) continue;
    const std::string hash = audience::erased_form(key, address.channel, address.normalised);
    TRY(connection.execute(suppressions_of, {writer.organisation, static_cast<int>(address.channel),
                                             address.normalised, hash}));
    TRY(connection.execute(
        remove_suppressions,
        {writer.organisation, static_cast<int>(address.channel), address.normalised}));
    TRY(connection.execute(remove_problems, {writer.organisation, static_cast<int>(address.channel),
                                             address.normalised}));
    TRY(suppress_form(connection, writer, address.channel, hash));
    ++erasure.suppressed;
    erasure.unwritten.push_back(address.normalised);
  }
  return {};
}

// What reports of imports quote of the person: values with an address, number or name of theirs.
// The rest of a report is about others.
Result<void> erase_findings(db::Connection& connection, OrganisationId organisation,
                            const audience::Contact& contact) {
  constexpr std::size_t telling = 3;  // shorter ones stand in every second word
  std::vector<std::string> parts;
  const auto add = [&](std::string_view part) {
    if (part.size() >= telling) parts.push_back(wire::fold_case(part));
  };
  for (const std::string& part :
       {contact.external_id, contact.first_name, contact.last_name, contact.name})
    add(part);
  for (const ContactAddress& address : contact.addresses) {
    add(address.typed);
    add(address.normalised);
  }
  struct Finding {
    ImportId import;
    std::int64_t line = 0;
    std::string field;
  };
  std::vector<Finding> findings;
  TRY(connection.query(findings_of, {organisation, contact.id}, [&](const Row& row) {
    const std::string value = wire::fold_case(row.text(3));
    if (std::ranges::any_of(parts, [&](const std::string& part) { return value.contains(part); }))
      findings.push_back({row.id<ImportId>(0), row.integer(1), row.string(2)});
  }));
  for (const Finding& finding : findings)
    TRY(connection.execute(erase_finding,
                           {organisation, finding.import, finding.line, finding.field}));
  return {};
}

// Our own JSON, which is an object.
json::object parsed(std::string_view text) { return object_of(text).value_or(json::object()); }

json::object contact_json(const Person& person) {
  const audience::Contact& contact = person.contact;
  json::array addresses;
  for (const ContactAddress& address : contact.addresses)
    addresses.push_back(json::object{{"channel", channel_word(address.channel)},
                                     {"address", address.typed},
                                     {"primary", address.primary}});
  return {{"id", to_text(contact.id)},
          {"external_id", contact.external_id},
          {"first_name", contact.first_name},
          {"last_name", contact.last_name},
          {"name", contact.name},
          {"locale", contact.locale},
          {"time_zone", contact.time_zone},
          {"do_not_contact", contact.do_not_contact},
          {"fields", parsed(contact.fields)},
          {"addresses", std::move(addresses)},
          {"created_at", to_rfc3339(person.created_at)},
          {"changed_at", to_rfc3339(person.changed_at)},
          {"last_interaction_at", person.last_interaction_at
                                      ? json::value(to_rfc3339(*person.last_interaction_at))
                                      : json::value()}};
}

Result<json::array> messages_json(db::Connection& connection, OrganisationId organisation,
                                  ContactId id) {
  json::array messages;
  std::vector<MessageId> ids;
  TRY(connection.query(messages_of, {organisation, id}, [&](const Row& row) {
    ids.push_back(row.id<MessageId>(0));
    messages.push_back(
        json::object{{"id", to_text(ids.back())},
                     {"kind", row.integer(1)},
                     {"channel", channel_word(static_cast<Channel>(row.integer(2)))},
                     {"is_recipient", row.boolean(9)},
                     {"address", row.boolean(9) ? row.text(3) : std::string_view()},
                     {"subject", row.text(8)},
                     {"values", parsed(row.text(4))},
                     {"status", row.integer(5)},
                     {"reason", row.text(6)},
                     {"queued_at", to_rfc3339(row.instant(7))},
                     {"as_sent", fmt::format("/api/v1/messages/{}/eml", to_text(ids.back()))}});
  }));
  for (std::size_t i = 0; i < ids.size(); ++i) {
    json::array events;
    TRY(connection.query(events_of, {organisation, ids[i]}, [&](const Row& row) {
      events.push_back(json::object{{"type", row.integer(0)},
                                    {"occurred_at", to_rfc3339(row.instant(1))},
                                    {"source", row.text(2)},
                                    {"data", parsed(row.text(3))}});
    }));
    messages[i].as_object()["events"] = std::move(events);
  }
  return messages;
}

}  // namespace

Result<Erasure> erase_contact(db::Connection& connection, const Writer& writer, ContactId id) {
  const Person person = TRY(find_person(connection, writer.organisation, id));
  const ContactId contact = person.contact.id;
  const OrganisationId organisation = writer.organisation;
  Erasure erasure;
  const std::string key = TRY(audience::make_erasure_key(connection, organisation, writer.now));
  TRY(keep_hashes(connection, writer, person.contact, key, erasure));

  const std::string nobody =
      audience::erased_form(key, Channel::email, "contact " + to_text(contact));
  for (const Channel channel : {Channel::email, Channel::sms})
    TRY(suppress_form(connection, writer, channel, nobody));
  TRY(connection.query(letters_of, {organisation, contact}, [&](const Row& row) {
    erasure.letters.push_back(row.id<ContentVersionId>(0));
  }));
  TRY(erase_findings(connection, organisation, person.contact));
  TRY(connection.execute(erase_subjects, {organisation, contact}));
  TRY(connection.execute(erase_bodies, {organisation, contact}));
  erasure.messages = TRY(connection.execute(erase_values, {organisation, contact, nobody}));
  for (const Statement& statement :
       {erase_events, erase_returned_octets, erase_returned, erase_about, erase_changes,
        erase_notes, erase_activities, erase_relations, erase_addresses})
    TRY(connection.execute(statement, {organisation, contact}));
  TRY(consent::forget_kept_choices(connection, organisation, contact));
  TRY(connection.query(import_files, {organisation, contact},
                       [&](const Row& row) { erasure.files.push_back(row.string(0)); }));
  TRY(audience::leave_all_groups(connection, organisation, contact));
  TRY(forget_contacts(connection, organisation, std::span(&contact, 1)));
  TRY(connection.execute(empty_contact, {organisation, contact, writer.now}));
  return erasure;
}

Result<std::string> export_contact(db::Connection& connection, OrganisationId organisation,
                                   ContactId id) {
  const Person person = TRY(find_person(connection, organisation, id));
  const ContactId contact = person.contact.id;
  json::object all{{"contact", contact_json(person)}};
  json::array groups;
  for (const auto& group : TRY(audience::groups_of(connection, organisation, contact)))
    groups.push_back(json::object{{"id", to_text(group.id)}, {"name", group.name}});
  all["groups"] = std::move(groups);
  json::array relations;
  for (const Relation& relation : TRY(list_relations(connection, organisation, contact)))
    relations.push_back(json::object{{"from_id", to_text(relation.from_id)},
                                     {"to_id", to_text(relation.to_id)},
                                     {"name", relation.name},
                                     {"receives_messages", relation.receives_messages}});
  all["relations"] = std::move(relations);
  json::array notes;
  constexpr int some = 1'000;
  NoteId before;
  for (bool more = true; more;) {
    const auto page = TRY(list_notes(connection, organisation, contact, before, some));
    for (const Note& note : page)
      notes.push_back(json::object{{"body", note.body},
                                   {"author", note.author},
                                   {"created_at", to_rfc3339(note.created_at)}});
    more = std::ssize(page) == some;
    if (more) before = page.back().id;
  }
  all["notes"] = std::move(notes);
  json::array activities;
  ActivityPage wanted{.before_at = {}, .before_id = {}, .limit = some};
  for (bool more = true; more;) {
    const auto page = TRY(list_activities(connection, organisation, contact, wanted));
    for (const Activity& activity : page)
      activities.push_back(json::object{{"type", activity.type},
                                        {"occurred_at", to_rfc3339(activity.occurred_at)},
                                        {"source", activity.source},
                                        {"data", parsed(activity.data)}});
    more = std::ssize(page) == some;
    if (!more) break;
    wanted.before_at = page.back().occurred_at;
    wanted.before_id = page.back().id;
  }
  all["activities"] = std::move(activities);
  all["messages"] = TRY(messages_json(connection, organisation, contact));
  json::array suppressions;
  for (const ContactAddress& address : person.contact.addresses)
    TRY(connection.query(
        suppressed_as, {organisation, static_cast<int>(address.channel), address.normalised},
        [&](const Row& row) {
          suppressions.push_back(json::object{
              {"channel", channel_word(address.channel)},
              {"address", address.typed},
              {"reason", row.text(0)},
              {"covers_everything", row.boolean(1)},
              {"origin", row.text(2)},
              {"created_at", to_rfc3339(row.instant(3))},
              {"released_at",
               row.is_null(4) ? json::value() : json::value(to_rfc3339(row.instant(4)))},
              {"note", row.text(5)}});
        }));
  all["suppressions"] = std::move(suppressions);
  return json::serialize(all);
}

}  // namespace tidings::people

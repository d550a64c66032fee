#include "audience/import_apply.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cstdint>
#include <cstring>
#include <deque>
#include <map>
#include <memory_resource>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "audience/consent/carried_choices.h"
#include "audience/groups.h"
#include "audience/import_people.h"
#include "audience/import_values.h"
#include "audience/people/import_undo.h"
#include "audience/people/search_index.h"
#include "audience/suppressions.h"
#include "base/json_text.h"

namespace tidings::audience {
namespace {

using db::Param;
using db::Row;
using db::Statement;
using db::StatementPair;

// Batch look-ups: $2 is a JSON list. CROSS JOIN makes SQLite walk the list and probe the index.
constexpr StatementPair contacts_by_address{
    {"import.contacts_by_address",
     "SELECT j.value, a.contact_id FROM json_each($2) j CROSS JOIN contact_address a "
     "WHERE a.organisation_id = $1 AND a.channel = $3 AND a.normalised = j.value"},
    {"import.contacts_by_address",
     "SELECT j.value, a.contact_id FROM json_array_elements_text($2::json) AS j(value) "
     "JOIN contact_address a ON a.normalised = j.value "
     "WHERE a.organisation_id = $1 AND a.channel = $3"}};
constexpr StatementPair contacts_by_external_id{
    {"import.contacts_by_external_id",
     "SELECT c.id FROM json_each($2) j CROSS JOIN contact c "
     "WHERE c.organisation_id = $1 AND c.external_id = j.value AND c.deleted_at IS NULL"},
    {"import.contacts_by_external_id",
     "SELECT c.id FROM json_array_elements_text($2::json) AS j(value) "
     "JOIN contact c ON c.external_id = j.value "
     "WHERE c.organisation_id = $1 AND c.deleted_at IS NULL"}};
constexpr Statement contact_by_identity{
    "import.contact_by_identity",
    "SELECT id FROM contact WHERE organisation_id = $1 AND row_identity = $2 "
    "AND deleted_at IS NULL ORDER BY +id LIMIT 1"};
constexpr StatementPair load_contacts{
    {"import.load_contacts",
     "SELECT c.id, c.external_id, c.first_name, c.last_name, c.name, c.locale, c.time_zone, "
     "c.fields, m.contact_id FROM json_each($2) j CROSS JOIN contact c "
     "LEFT JOIN contact_group_member m ON m.organisation_id = $1 AND m.group_id = $3 "
     "AND m.contact_id = c.id "
     "WHERE c.organisation_id = $1 AND c.id = j.value AND c.deleted_at IS NULL"},
    {"import.load_contacts",
     "SELECT c.id, c.external_id, c.first_name, c.last_name, c.name, c.locale, c.time_zone, "
     "c.fields, m.contact_id FROM json_array_elements_text($2::json) AS j(value) "
     "JOIN contact c ON c.id = j.value::bigint "
     "LEFT JOIN contact_group_member m ON m.organisation_id = $1 AND m.group_id = $3 "
     "AND m.contact_id = c.id WHERE c.organisation_id = $1 AND c.deleted_at IS NULL"}};
constexpr StatementPair load_addresses{
    {"import.load_addresses",
     "SELECT a.contact_id, a.channel, a.normalised, a.address, a.is_primary "
     "FROM json_each($2) j CROSS JOIN contact_address a "
     "WHERE a.organisation_id = $1 AND a.contact_id = j.value"},
    {"import.load_addresses",
     "SELECT a.contact_id, a.channel, a.normalised, a.address, a.is_primary "
     "FROM json_array_elements_text($2::json) AS j(value) "
     "JOIN contact_address a ON a.contact_id = j.value::bigint WHERE a.organisation_id = $1"}};
constexpr Statement update_contact{
    "import.update_contact",
    "UPDATE contact SET external_id = $3, first_name = $4, last_name = $5, name = $6, "
    "locale = $7, time_zone = $8, fields = $9, changed_at = $10 "
    "WHERE organisation_id = $1 AND id = $2"};
constexpr Statement put_address{
    "import.put_address",
    "INSERT INTO contact_address (organisation_id, contact_id, channel, normalised, address, "
    "is_primary, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7) "
    "ON CONFLICT (organisation_id, contact_id, channel, normalised) "
    "DO UPDATE SET address = excluded.address, is_primary = excluded.is_primary"};
constexpr Statement put_member{
    "import.put_member",
    "INSERT INTO contact_group_member (organisation_id, group_id, contact_id, added_at) "
    "VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING"};
constexpr Statement group_exists{
    "import.group_exists", "SELECT 1 FROM contact_group WHERE organisation_id = $1 AND id = $2"};
constexpr Statement put_finding{
    "import.put_finding",
    "INSERT INTO import_error (organisation_id, import_id, line, field, severity, value, reason) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING"};

using Address = ImportedAddress;
using Person = ImportedPerson;
using People = std::pmr::vector<Person*>;
using Index = std::pmr::unordered_map<std::string_view, People>;

class ChunkWriter {
 public:
  ChunkWriter(db::Connection& connection, IdSource& ids, const ImportTarget& target, Instant now)
      : connection_(connection), ids_(ids), target_(target), now_(now) {}

  Result<ImportCounts> apply(const ImportChunk& chunk);

 private:
  Result<void> load_known(const ImportChunk& chunk);
  Result<void> find_by_address(Channel channel, const std::string& list,
                               std::set<ContactId>& found);
  Result<void> load(const std::set<ContactId>& found);
  Person* find(const ImportRow& row);
  void take(const ImportRow& row);
  Person& create(const ImportRow& row);
  void update(Person& person, const ImportRow& row);
  void put_fields(Person& person, std::string_view fields);
  void put(Person& person, Channel channel, std::string_view normalised, std::string_view typed);
  void note_duplicate(const ImportRow& row);
  std::vector<Person*> new_people(const ImportChunk& chunk);
  Result<void> prove_references();
  Result<void> write_new(const ImportChunk& chunk);
  Result<void> write_changed();
  Result<void> carry_choices();
  Result<void> write_members();
  Result<void> write_findings(const ImportChunk& chunk);
  std::string_view keep(std::string_view text);
  Index& index(Channel channel) { return channel == Channel::email ? by_email_ : by_phone_; }

  db::Connection& connection_;
  IdSource& ids_;
  const ImportTarget& target_;
  const Instant now_;
  // Optimisation: what a chunk needs is freed all at once.
  std::pmr::monotonic_buffer_resource memory_{1 << 18};
  std::pmr::deque<Person> people_{&memory_};
  std::pmr::vector<Person*> of_row_{&memory_};  // whom each row of the chunk is about
  std::pmr::unordered_map<std::string_view, Person*> by_external_id_{&memory_};
  std::pmr::unordered_map<std::string_view, Person*> by_identity_{&memory_};
  Index by_email_{&memory_};
  Index by_phone_{&memory_};
  std::pmr::map<std::string_view, People> group_members_{&memory_};  // of the group column
  std::vector<Person*> joining_;  // known contacts that are new in this import
  std::vector<ImportFinding> notes_;
  ImportCounts counts_;
};

std::string_view ChunkWriter::keep(std::string_view text) {
  if (text.empty()) return {};
  char* const copy = static_cast<char*>(memory_.allocate(text.size(), 1));
  std::memcpy(copy, text.data(), text.size());
  return {copy, text.size()};
}

// A JSON list, in the order of the indexes, so that a look-up visits each of their pages once;
// empty without items.
std::string to_sorted_list(std::vector<std::string_view> items) {
  std::ranges::sort(items);
  std::string list;
  for (const std::string_view item : items) {
    list += list.empty() ? '[' : ',';
    append_json_string(list, item);
  }
  if (!list.empty()) list += ']';
  return list;
}

Result<void> ChunkWriter::find_by_address(Channel channel, const std::string& list,
                                          std::set<ContactId>& found) {
  if (list.empty()) return {};
  return connection_.query(contacts_by_address.in(connection_.dialect()),
                           {target_.organisation, list, static_cast<int>(channel)},
                           [&](const Row& row) { found.insert(row.id<ContactId>(1)); });
}

Result<void> ChunkWriter::load(const std::set<ContactId>& found) {
  if (found.empty()) return {};
  std::string list;
  for (const ContactId id : found) list += fmt::format("{}{}", list.empty() ? '[' : ',', id.value);
  list += ']';
  std::unordered_map<std::int64_t, Person*> by_id;
  TRY(connection_.query(load_contacts.in(connection_.dialect()),
                        {target_.organisation, list, target_.import_group}, [&](const Row& row) {
                          Person& person = people_.emplace_back(&memory_);
                          person.id = row.id<ContactId>(0);
                          person.external_id = keep(row.text(1));
                          person.first_name = keep(row.text(2));
                          person.last_name = keep(row.text(3));
                          person.name = keep(row.text(4));
                          person.locale = keep(row.text(5));
                          person.time_zone = keep(row.text(6));
                          person.fields = keep(row.text(7));
                          person.touched = !row.is_null(8);
                          by_id[person.id.value] = &person;
                          if (!person.external_id.empty())
                            by_external_id_[person.external_id] = &person;
                        }));
  return connection_.query(
      load_addresses.in(connection_.dialect()), {target_.organisation, list}, [&](const Row& row) {
        const auto owner = by_id.find(row.integer(0));
        if (owner == by_id.end()) return;
        Person& person = *owner->second;
        Address& address =
            person.addresses.emplace_back(static_cast<Channel>(row.integer(1)), keep(row.text(2)),
                                          keep(row.text(3)), row.boolean(4));
        address.was_primary = address.primary;
        index(address.channel)[address.normalised].push_back(&person);
      });
}

// Everybody whom a row of the chunk could be about.
Result<void> ChunkWriter::load_known(const ImportChunk& chunk) {
  std::vector<std::string_view> external_ids;
  std::vector<std::pair<std::string_view, ContactId>> identities;
  std::set<ContactId> found;
  for (const ImportRow& row : chunk.rows) {
    if (!row.external_id.empty()) external_ids.push_back(row.external_id);
    if (row.row_identity.empty()) continue;
    const auto known = TRY(connection_.query_first(
        contact_by_identity, {target_.organisation, db::BytesView{row.row_identity}},
        [](const Row& each) { return each.id<ContactId>(0); }));
    if (!known || !known->valid()) continue;
    identities.emplace_back(row.row_identity, *known);
    found.insert(*known);
  }
  TRY(find_by_address(Channel::email, chunk.email_list, found));
  TRY(find_by_address(Channel::sms, chunk.phone_list, found));
  if (!external_ids.empty())
    TRY(connection_.query(contacts_by_external_id.in(connection_.dialect()),
                          {target_.organisation, to_sorted_list(std::move(external_ids))},
                          [&](const Row& row) { found.insert(row.id<ContactId>(0)); }));
  TRY(load(found));
  for (const auto& [identity, id] : identities)
    for (Person& person : people_)
      if (person.id == id) by_identity_[identity] = &person;
  return {};
}

// The oldest of those that share an address; with an external id only one that has none yet.
Person* oldest(const Index& index, std::string_view key, bool without_external_id) {
  const auto entry = index.find(key);
  if (entry == index.end()) return nullptr;
  Person* best = nullptr;
  for (Person* person : entry->second)
    if ((!without_external_id || person->external_id.empty()) &&
        (best == nullptr || person->id < best->id))
      best = person;
  return best;
}

Person* ChunkWriter::find(const ImportRow& row) {
  const bool by_id = !row.external_id.empty();
  if (by_id) {
    const auto known = by_external_id_.find(row.external_id);
    if (known != by_external_id_.end()) return known->second;
  }
  if (!row.email_key.empty()) return oldest(by_email_, row.email_key, by_id);
  if (!row.phone_key.empty()) return oldest(by_phone_, row.phone_key, by_id);
  const auto known = by_identity_.find(row.row_identity);
  return !by_id && known != by_identity_.end() ? known->second : nullptr;
}

void ChunkWriter::put(Person& person, Channel channel, std::string_view normalised,
                      std::string_view typed) {
  if (normalised.empty()) return;
  Address* same = nullptr;
  for (Address& address : person.addresses) {
    if (address.channel != channel) continue;
    if (address.normalised == normalised) {
      same = &address;
    } else if (address.primary) {
      address.primary = false;
      address.changed = true;
      person.changed = true;
    }
  }
  if (same == nullptr) {
    same = &person.addresses.emplace_back(channel, normalised);
    same->is_added = true;
    index(channel)[normalised].push_back(&person);
  }
  if (same->primary && same->typed == typed) return;
  same->primary = true;
  same->typed = typed;
  same->changed = true;
  person.changed = true;
}

Person& ChunkWriter::create(const ImportRow& row) {
  Person& person = people_.emplace_back(&memory_);
  person.id = ids_.next<ContactId>();
  person.is_new = true;
  person.external_id = row.external_id;
  person.first_name = row.first_name;
  person.last_name = row.last_name;
  person.name = row.name;
  person.locale = row.locale;
  person.time_zone = row.time_zone;
  person.fields = row.fields.empty() ? "{}" : row.fields;
  person.row_identity = row.row_identity;
  put(person, Channel::email, row.email_key, row.email);
  put(person, Channel::sms, row.phone_key, row.phone);
  if (!row.external_id.empty()) by_external_id_[row.external_id] = &person;
  if (!row.row_identity.empty()) by_identity_[row.row_identity] = &person;
  return person;
}

// Values are parsed only for contacts that exist already; both sides are our own JSON.
void ChunkWriter::put_fields(Person& person, std::string_view fields) {
  if (fields.empty() || fields == person.fields) return;
  boost::json::value known = parse_json(person.fields);
  const boost::json::value more = parse_json(fields);
  if (!known.is_object()) known = boost::json::object();
  if (!more.is_object()) return;
  bool changed = false;
  for (const auto& [name, value] : more.as_object()) {
    auto& slot = known.as_object()[name];
    if (slot == value) continue;
    slot = value;
    changed = true;
  }
  if (!changed) return;
  person.fields = keep(boost::json::serialize(known));
  person.changed = true;
}

void ChunkWriter::update(Person& person, const ImportRow& row) {
  const auto put_text = [&](std::string_view& known, std::string_view value) {
    if (value.empty() || known == value) return;
    known = value;
    person.changed = true;
  };
  if (!row.external_id.empty() && person.external_id.empty())
    by_external_id_[row.external_id] = &person;
  put_text(person.external_id, row.external_id);
  put_text(person.first_name, row.first_name);
  put_text(person.last_name, row.last_name);
  put_text(person.name, row.name);
  put_text(person.locale, row.locale);
  put_text(person.time_zone, row.time_zone);
  put_fields(person, row.fields);
  put(person, Channel::email, row.email_key, row.email);
  put(person, Channel::sms, row.phone_key, row.phone);
}

void ChunkWriter::note_duplicate(const ImportRow& row) {
  const auto [field, value] = !row.external_id.empty() ? std::pair("external_id", row.external_id)
                              : !row.email.empty()     ? std::pair("email", row.email)
                              : !row.phone.empty()     ? std::pair("phone", row.phone)
                              : !row.name.empty()      ? std::pair("name", row.name)
                                                       : std::pair("first_name", row.first_name);
  notes_.push_back({.line = row.line,
                    .field = field,
                    .severity = Severity::note,
                    .value = std::string(value),
                    .reason = "An earlier row is about the same person; this later row won."});
}

void ChunkWriter::take(const ImportRow& row) {
  Person* person = find(row);
  if (person == nullptr) {
    person = &create(row);
    ++counts_.created;
  } else {
    const bool changed_before = std::exchange(person->changed, false);
    update(*person, row);
    if (person->touched) {
      ++counts_.duplicates;
      note_duplicate(row);
    } else {
      ++(person->changed ? counts_.updated : counts_.unchanged);
      joining_.push_back(person);
    }
    person->changed = person->changed || changed_before;
  }
  person->touched = true;
  of_row_.push_back(person);
  for (const std::string_view group : row.groups) group_members_[group].push_back(person);
}

// The new people in the order in which they are stored. Optimisation: that of the index of
// addresses, so that their addresses go to the end of their table. Which of two people is the older
// one matters where they come to share an address: within a file only when it has another
// identifier than that address; then they stay in the order of the file.
std::vector<Person*> ChunkWriter::new_people(const ImportChunk& chunk) {
  std::vector<Person*> people;
  std::vector<ContactId> ids;
  people.reserve(static_cast<std::size_t>(counts_.created));
  ids.reserve(people.capacity());
  for (Person& person : people_) {
    if (!person.is_new) continue;
    people.push_back(&person);
    ids.push_back(person.id);
  }
  if (!chunk.has_sole_identifier) return people;
  people.clear();
  for (const std::uint32_t row : chunk.order) {
    Person* const person = of_row_[row];
    if (!person->is_new || std::exchange(person->placed, true)) continue;
    person->id = ids[people.size()];
    people.push_back(person);
  }
  return people;
}

Result<void> ChunkWriter::write_new(const ImportChunk& chunk) {
  const std::vector<Person*> people = new_people(chunk);
  if (people.empty()) return {};
  const NewPeople store{connection_, target_.organisation, people, now_};
  TRY(store.contacts());
  TRY(store.addresses());
  std::vector<GroupId> groups = target_.more_groups;
  groups.push_back(target_.import_group);
  for (const GroupId group : groups) {
    TRY(store.members(group));
    TRY(count_members(connection_, target_.organisation, group,
                      static_cast<std::int64_t>(people.size())));
  }
  return {};
}

Result<void> ChunkWriter::write_changed() {
  std::vector<ContactId> changed;
  std::vector<Param> contacts;
  std::vector<Param> addresses;
  for (const Person& person : people_) {
    if (person.is_new || !person.changed) continue;
    changed.push_back(person.id);
    contacts.insert(
        contacts.end(),
        {target_.organisation, person.id,
         person.external_id.empty() ? Param() : Param(person.external_id), person.first_name,
         person.last_name, person.name, person.locale, person.time_zone, person.fields, now_});
    for (const Address& address : person.addresses)
      if (address.changed)
        addresses.insert(addresses.end(),
                         {target_.organisation, person.id, static_cast<int>(address.channel),
                          address.normalised, address.typed, address.primary ? 1 : 0, now_});
  }
  TRY(people::remember_for_undo(connection_, target_.organisation, target_.import, changed, now_));
  TRY(people::unindex_contacts(connection_, target_.organisation, changed));
  if (!contacts.empty()) TRY(connection_.execute_many(update_contact, 10, contacts));
  if (!addresses.empty()) TRY(connection_.execute_many(put_address, 7, addresses));
  return {};
}

// What somebody refused holds at the address that a row gives them. In a file a contact that is new
// has one address of a channel, or its rows tell of several: then those follow the first.
Result<void> ChunkWriter::carry_choices() {
  std::vector<consent::Gain> gains;
  for (const Person& person : people_) {
    for (const Channel channel : {Channel::email, Channel::sms}) {
      const Address* main = nullptr;
      consent::Gain gain{.contact = person.id, .channel = channel, .from = {}, .to = {}};
      for (const Address& address : person.addresses) {
        if (address.channel != channel) continue;
        const bool is_main = address.was_primary || (person.is_new && main == nullptr);
        if (is_main) main = &address;
        if (address.is_added && !is_main) gain.to.push_back(address.normalised);
      }
      if (gain.to.empty()) continue;
      if (main != nullptr) gain.from = main->normalised;
      gains.push_back(std::move(gain));
    }
  }
  return consent::carry_choices(connection_, ids_, target_.organisation, gains, now_);
}

Result<void> ChunkWriter::write_members() {
  std::vector<Param> members;
  std::vector<GroupId> groups;  // of each four members
  const auto join = [&](GroupId group, const Person* person) {
    members.insert(members.end(), {target_.organisation, group, person->id, now_});
    groups.push_back(group);
  };
  for (const Person* person : joining_) {
    join(target_.import_group, person);
    for (const GroupId group : target_.more_groups) join(group, person);
  }
  for (const auto& [name, people] : group_members_) {
    const GroupId group = TRY(find_or_create_group(connection_, ids_, target_.organisation, name,
                                                   GroupOrigin::by_hand, now_));
    for (const Person* person : people) join(group, person);
  }
  if (members.empty()) return {};
  const auto added = TRY(connection_.execute_many(put_member, 4, members));
  std::map<GroupId, std::int64_t> counts;
  for (std::size_t i = 0; i < added.size(); ++i) counts[groups[i]] += added[i];
  for (const auto& [group, count] : counts)
    TRY(count_members(connection_, target_.organisation, group, count));
  return {};
}

Result<void> ChunkWriter::write_findings(const ImportChunk& chunk) {
  std::vector<Param> findings;
  for (const std::vector<ImportFinding>* list : {&chunk.findings, &std::as_const(notes_)})
    for (const ImportFinding& finding : *list)
      findings.insert(findings.end(),
                      {target_.organisation, target_.import, finding.line, finding.field,
                       static_cast<int>(finding.severity), finding.value, finding.reason});
  if (!findings.empty()) TRY(connection_.execute_many(put_finding, 7, findings));
  return {};
}

// What apply_chunk() promises for db::Database::write_proven_async(). The people are either loaded
// or inserted in this transaction, groups of the file found or made in it; the import itself, and
// with it its organisation, is proven by the caller, whose cursor must be there to be moved.
Result<void> ChunkWriter::prove_references() {
  std::vector<GroupId> groups = target_.more_groups;
  groups.push_back(target_.import_group);
  for (const GroupId group : groups)
    if (!TRY(connection_.query_first(group_exists, {target_.organisation, group},
                                     [](const Row&) { return true; })))
      return fail(ErrorKind::conflict, "import.group_gone",
                  "A group that this import puts its people into was deleted; start the import "
                  "again with the file.");
  return {};
}

Result<ImportCounts> ChunkWriter::apply(const ImportChunk& chunk) {
  TRY(prove_references());
  by_email_.reserve(chunk.rows.size());
  of_row_.reserve(chunk.rows.size());
  TRY(load_known(chunk));
  for (const ImportRow& row : chunk.rows) take(row);
  TRY(write_new(chunk));
  TRY(write_changed());
  TRY(carry_choices());
  TRY(write_members());
  TRY(write_findings(chunk));
  counts_.rows = static_cast<std::int64_t>(chunk.rows_read);
  counts_.bad = static_cast<std::int64_t>(chunk.bad);
  return counts_;
}

}  // namespace

ImportCounts& ImportCounts::operator+=(const ImportCounts& more) {
  rows += more.rows;
  created += more.created;
  updated += more.updated;
  unchanged += more.unchanged;
  duplicates += more.duplicates;
  bad += more.bad;
  return *this;
}

Result<ImportCounts> apply_chunk(db::Connection& connection, IdSource& ids,
                                 const ImportTarget& target, const ImportChunk& chunk,
                                 Instant now) {
  return ChunkWriter(connection, ids, target, now).apply(chunk);
}

std::vector<db::Statement> import_lookups(db::Dialect dialect) {
  return {contacts_by_address.in(dialect), contacts_by_external_id.in(dialect), contact_by_identity,
          load_contacts.in(dialect), load_addresses.in(dialect)};
}

}  // namespace tidings::audience

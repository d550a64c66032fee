#include "audience/people/list_contacts.h"

#include <algorithm>
#include <boost/json.hpp>
#include <deque>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "audience/people/search_index.h"
#include "audience/people/search_text.h"
#include "base/bytes.h"
#include "base/json_text.h"

namespace tidings::people {
namespace {

namespace json = boost::json;
using db::Dialect;
using db::Param;
using db::Row;
using db::StatementPair;

// More matches than this, and a search walks the sort's index instead of sorting its matches.
constexpr int narrow_max = 5'000;
// So many are looked at before the index of words is asked: a word that many have is found there.
constexpr int glance_max = 1'000;

constexpr StatementPair addresses_of_many{
    {"contact.addresses_of_many",
     "SELECT a.contact_id, a.channel, a.normalised, a.address, a.is_primary "
     "FROM json_each($2) j CROSS JOIN contact_address a "
     "WHERE a.organisation_id = $1 AND a.contact_id = j.value "
     "ORDER BY a.contact_id, a.channel, a.is_primary DESC, a.normalised"},
    {"contact.addresses_of_many",
     "SELECT a.contact_id, a.channel, a.normalised, a.address, a.is_primary "
     "FROM json_array_elements_text($2::json) AS j(value) "
     "JOIN contact_address a ON a.contact_id = j.value::bigint WHERE a.organisation_id = $1 "
     "ORDER BY a.contact_id, a.channel, a.is_primary DESC, a.normalised"}};

// Where a page ended. phase 0: those that have the sort's value; 1: those that have none.
struct Cursor {
  int phase = 0;
  bool begun = false;  // within the phase
  std::string text;
  std::int64_t number = 0;
  std::int64_t id = 0;
};

std::string write_cursor(const Cursor& cursor) {
  return to_base64url(
      json::serialize(json::array{cursor.phase, cursor.text, cursor.number, cursor.id}));
}

Result<Cursor> read_cursor(std::string_view text) {
  Cursor cursor;
  if (text.empty()) return cursor;
  const auto plain = from_base64url(text);
  const json::value parts = plain ? parse_json(*plain) : json::value();
  const auto* list = parts.if_array();
  if (list == nullptr || list->size() != 4 || !(*list)[0].is_int64() || !(*list)[1].is_string() ||
      !(*list)[2].is_int64() || !(*list)[3].is_int64())
    return fail(ErrorKind::invalid, "list.bad_cursor",
                "This cursor is not one of ours; begin again with the first page.");
  cursor.phase = (*list)[0].get_int64() == 0 ? 0 : 1;
  cursor.begun = true;
  cursor.text = (*list)[1].get_string();
  cursor.number = (*list)[2].get_int64();
  cursor.id = (*list)[3].get_int64();
  return cursor;
}

// A statement put together with its parameters; texts given to it are kept.
class Sql {
 public:
  std::string text;

  std::string put(Param param) {
    params_.push_back(std::move(param));
    return fmt::format("${}", params_.size());
  }
  std::string put_text(std::string value) {
    return put(Param(std::string_view(kept_.emplace_back(std::move(value)))));
  }
  db::Params params() const { return params_; }

 private:
  std::vector<Param> params_;
  std::deque<std::string> kept_;
};

// How a search is answered.
enum class Plan { no_search, glance, narrow, walk, inside };

std::string_view sort_column(ContactSort sort) {
  switch (sort) {
    case ContactSort::created:
      return "c.id";
    case ContactSort::changed:
      return "c.changed_at";
    case ContactSort::name:
      return "c.sort_name";
    case ContactSort::last_interaction:
      return "c.last_interaction_at";
  }
  return "c.id";
}

bool may_lack(ContactSort sort) {
  return sort == ContactSort::name || sort == ContactSort::last_interaction;
}

class Lister {
 public:
  Lister(db::Connection& connection, OrganisationId organisation, const ContactQuery& query)
      : connection_(connection),
        organisation_(organisation),
        query_(query),
        words_(query_words(query.search)) {}

  Result<ContactPage> page(Cursor cursor, int limit);

 private:
  Result<Plan> choose();
  Result<void> read(Plan plan, const Cursor& cursor, int limit, std::vector<Person>& people,
                    std::vector<Cursor>& ends) const;
  void from(Sql& sql, Plan plan, const Cursor& cursor) const;
  void filter(Sql& sql, Plan plan) const;
  void filter_words(Sql& sql, Plan plan) const;
  void filter_field(Sql& sql, const ContactQuery::FieldFilter& field) const;
  void after(Sql& sql, const Cursor& cursor) const;
  void order(Sql& sql, const Cursor& cursor) const;
  Result<bool> glance(const Cursor& cursor, int limit, ContactPage& page) const;
  Result<void> add_addresses(std::vector<Person>& people) const;
  bool sqlite() const { return connection_.dialect() == Dialect::sqlite; }

  db::Connection& connection_;
  const OrganisationId organisation_;
  const ContactQuery& query_;
  const std::vector<std::string> words_;
  std::string found_;  // JSON list of those that the index of words has
};

Result<Plan> Lister::choose() {
  if (words_.empty()) return Plan::no_search;
  // Optimisation: what a single letter matches is many; finding that out took 30 ms of 100,000.
  if (words_.size() == 1 && words_.front().size() == 1) return Plan::walk;
  constexpr StatementPair find{
      {"search.find", "SELECT rowid FROM contact_search WHERE contact_search MATCH $1 LIMIT 5001"},
      {"search.find",
       "SELECT c.id FROM contact c WHERE c.search_text IS NOT NULL AND "
       "array_to_tsvector(string_to_array(substr(replace(' ' || c.search_text, ' ', "
       "' o' || to_hex(c.organisation_id) || 'w'), 2), ' ')) @@ CAST($1 AS tsquery) LIMIT 5001"}};
  int count = 0;
  TRY(connection_.query(find.in(connection_.dialect()),
                        {match_text(connection_.dialect(), organisation_, words_)},
                        [&](const Row& row) {
                          found_ += fmt::format("{}{}", count++ == 0 ? '[' : ',', row.integer(0));
                        }));
  if (count == 0) return Plan::inside;
  found_ += ']';
  return count > narrow_max ? Plan::walk : Plan::narrow;
}

void Lister::from(Sql& sql, Plan plan, const Cursor& cursor) const {
  sql.text =
      "SELECT c.id, c.external_id, c.first_name, c.last_name, c.name, c.locale, c.time_zone, "
      "c.fields, c.do_not_contact, c.created_at, c.changed_at, c.last_interaction_at, c.sort_name "
      "FROM ";
  const std::string organisation = sql.put(organisation_);
  switch (plan) {
    case Plan::narrow:
      // The ids as a list: PostgreSQL would guess the matches of a word wrong, and walk.
      sql.put(std::string_view(found_));
      sql.text += sqlite() ? "json_each($2) j CROSS JOIN contact c"
                           : "json_array_elements_text(CAST($2 AS json)) AS j(value) "
                             "JOIN contact c ON c.id = CAST(j.value AS BIGINT)";
      break;
    case Plan::inside:
      sql.text += fmt::format(
          "(SELECT * FROM contact WHERE organisation_id = {} AND deleted_at IS NULL "
          "ORDER BY id DESC LIMIT {}) c",
          organisation, kInsideMax);
      break;
    case Plan::glance:
      sql.text += fmt::format(
          "(SELECT * FROM contact c WHERE c.organisation_id = {} AND c.deleted_at IS NULL",
          organisation);
      after(sql, cursor);
      order(sql, cursor);
      sql.text += fmt::format(" LIMIT {}) c", glance_max);
      break;
    default:
      sql.text += "contact c";
      break;
  }
  sql.text += fmt::format(" WHERE c.organisation_id = {} AND c.deleted_at IS NULL", organisation);
}

void Lister::filter_words(Sql& sql, Plan plan) const {
  if (plan == Plan::narrow) {
    if (sqlite()) sql.text += " AND c.id = j.value";
    return;
  }
  // A word holds neither % nor _ (fold_words), so it stands for itself in a pattern.
  for (const std::string& word : words_)
    sql.text +=
        fmt::format(" AND ' ' || c.search_text LIKE {}",
                    sql.put_text(plan == Plan::inside ? "%" + word + "%" : "% " + word + "%"));
}

void Lister::filter_field(Sql& sql, const ContactQuery::FieldFilter& field) const {
  const std::string value = sql.put_text(field.value);
  if (!sqlite()) {
    sql.text +=
        fmt::format(" AND CAST(c.fields AS jsonb) ->> {} = {}", sql.put_text(field.name), value);
    return;
  }
  // Names of fields are slugs, so this path needs no escaping beyond the quotes.
  std::string name = field.name;
  std::erase(name, '"');
  const std::string path = sql.put_text("$.\"" + name + "\"");
  sql.text += fmt::format(
      " AND CASE json_type(c.fields, {0}) WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' "
      "ELSE CAST(json_extract(c.fields, {0}) AS TEXT) END = {1}",
      path, value);
}

void Lister::filter(Sql& sql, Plan plan) const {
  filter_words(sql, plan);
  for (const GroupId group : query_.groups)
    sql.text += fmt::format(
        " AND EXISTS (SELECT 1 FROM contact_group_member m WHERE m.organisation_id = "
        "c.organisation_id AND m.group_id = {} AND m.contact_id = c.id)",
        sql.put(group));
  for (const auto& field : query_.fields) filter_field(sql, field);
  const auto address = [&](std::string_view exists, std::string_view channel) {
    sql.text += fmt::format(
        " AND {} (SELECT 1 FROM contact_address a WHERE a.organisation_id = c.organisation_id "
        "AND a.contact_id = c.id{})",
        exists, channel);
  };
  if (query_.has_address == HasAddress::email) address("EXISTS", " AND a.channel = 0");
  if (query_.has_address == HasAddress::phone) address("EXISTS", " AND a.channel = 1");
  if (query_.has_address == HasAddress::none) address("NOT EXISTS", "");
  if (query_.state == ContactState::do_not_contact) sql.text += " AND c.do_not_contact = 1";
  if (query_.state == ContactState::active || query_.state == ContactState::inactive) {
    const bool active = query_.state == ContactState::active;
    sql.text += " AND c.do_not_contact = 0";
    if (query_.inactive_before)
      sql.text += fmt::format(" AND COALESCE(c.last_interaction_at, c.created_at) {} {}",
                              active ? ">=" : "<", sql.put(*query_.inactive_before));
    else if (!active)
      sql.text += " AND 1 = 0";
  }
}

void Lister::after(Sql& sql, const Cursor& cursor) const {
  const std::string_view column = sort_column(query_.sort);
  const std::string_view beyond = query_.descending ? "<" : ">";
  if (cursor.phase == 1 || query_.sort == ContactSort::created) {
    if (cursor.phase == 1) sql.text += fmt::format(" AND {} IS NULL", column);
    if (cursor.begun) sql.text += fmt::format(" AND c.id {} {}", beyond, sql.put(cursor.id));
    return;
  }
  if (may_lack(query_.sort)) sql.text += fmt::format(" AND {} IS NOT NULL", column);
  if (cursor.begun) {
    const std::string value =
        query_.sort == ContactSort::name ? sql.put_text(cursor.text) : sql.put(cursor.number);
    sql.text +=
        fmt::format(" AND ({}, c.id) {} ({}, {})", column, beyond, value, sql.put(cursor.id));
  }
}

void Lister::order(Sql& sql, const Cursor& cursor) const {
  const std::string_view direction = query_.descending ? "DESC" : "ASC";
  if (cursor.phase == 1 || query_.sort == ContactSort::created)
    sql.text += fmt::format(" ORDER BY c.id {}", direction);
  else
    sql.text += fmt::format(" ORDER BY {0} {1}, c.id {1}", sort_column(query_.sort), direction);
}

Result<void> Lister::read(Plan plan, const Cursor& cursor, int limit, std::vector<Person>& people,
                          std::vector<Cursor>& ends) const {
  Sql sql;
  from(sql, plan, cursor);
  filter(sql, plan);
  if (plan != Plan::glance) after(sql, cursor);
  order(sql, cursor);
  sql.text += " LIMIT " + sql.put(limit);
  return connection_.query({"", sql.text}, sql.params(), [&](const Row& row) {
    Person person;
    person.contact = {.id = row.id<ContactId>(0),
                      .external_id = row.string(1),
                      .first_name = row.string(2),
                      .last_name = row.string(3),
                      .name = row.string(4),
                      .locale = row.string(5),
                      .time_zone = row.string(6),
                      .fields = row.string(7),
                      .do_not_contact = row.boolean(8)};
    person.created_at = row.instant(9);
    person.changed_at = row.instant(10);
    if (!row.is_null(11)) person.last_interaction_at = row.instant(11);
    Cursor& end = ends.emplace_back(Cursor{.phase = cursor.phase, .begun = true});
    end.id = row.integer(0);
    if (query_.sort == ContactSort::name) end.text = row.string(12);
    if (query_.sort == ContactSort::changed) end.number = row.integer(10);
    if (query_.sort == ContactSort::last_interaction) end.number = row.integer(11);
    people.push_back(std::move(person));
  });
}

Result<void> Lister::add_addresses(std::vector<Person>& people) const {
  if (people.empty()) return {};
  std::string list;
  std::unordered_map<std::int64_t, Person*> by_id;
  for (Person& person : people) {
    list += fmt::format("{}{}", list.empty() ? "[" : ",", person.contact.id.value);
    by_id[person.contact.id.value] = &person;
  }
  list += "]";
  return connection_.query(
      addresses_of_many.in(connection_.dialect()), {organisation_, list}, [&](const Row& row) {
        by_id.at(row.integer(0))
            ->contact.addresses.push_back({.channel = static_cast<Channel>(row.integer(1)),
                                           .normalised = row.string(2),
                                           .typed = row.string(3),
                                           .primary = row.boolean(4)});
      });
}

// Optimisation: a page of those who come first, when the words are theirs. Collecting 5,001 matches
// of a word that everybody has took 70 ms of 100,000.
Result<bool> Lister::glance(const Cursor& cursor, int limit, ContactPage& page) const {
  if (words_.empty()) return false;
  std::vector<Cursor> ends;
  TRY(read(Plan::glance, cursor, limit + 1, page.people, ends));
  if (std::ssize(page.people) <= limit) {
    page.people.clear();
    return false;
  }
  page.people.pop_back();
  page.next_cursor = write_cursor(ends[static_cast<std::size_t>(limit) - 1]);
  TRY(add_addresses(page.people));
  return true;
}

Result<ContactPage> Lister::page(Cursor cursor, int limit) {
  ContactPage page;
  if (TRY(glance(cursor, limit, page))) return page;
  const Plan plan = TRY(choose());
  std::vector<Cursor> ends;  // behind each of the people
  for (;;) {
    // One more than asked for tells whether there is another page.
    TRY(read(plan, cursor, limit + 1 - static_cast<int>(page.people.size()), page.people, ends));
    if (std::ssize(page.people) > limit) {
      page.people.pop_back();
      page.next_cursor = write_cursor(ends[static_cast<std::size_t>(limit) - 1]);
      break;
    }
    if (cursor.phase == 1 || !may_lack(query_.sort)) break;
    cursor = Cursor{.phase = 1};
  }
  TRY(add_addresses(page.people));
  return page;
}

}  // namespace

Result<ContactPage> list_contacts(db::Connection& connection, OrganisationId organisation,
                                  const ContactQuery& query, std::string_view cursor, int limit) {
  const Cursor begin = TRY(read_cursor(cursor));
  return Lister(connection, organisation, query).page(begin, limit);
}

}  // namespace tidings::people

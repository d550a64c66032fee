// Lists of contacts: searched, filtered, sorted, page by page.
//
// Every sort has an index and pages by key, so that a page costs the same wherever it is. A search
// that matches few people reads the index of words and sorts them; one that matches many walks the
// sort's own index and tests each; one that no word begins with looks inside words, among the
// newest kInsideMax contacts. A filter on a custom field has no index: alone on a rare value it
// reads all contacts.
// Thread: as the connection. Errors: those of db, list.bad_cursor, contact.* as told below.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audience/people/contact_book.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"

namespace tidings::people {

enum class ContactSort { created, changed, name, last_interaction };
enum class HasAddress { any, email, phone, none };
enum class ContactState { any, active, inactive, do_not_contact };

inline constexpr int kInsideMax = 20'000;

struct ContactQuery {
  std::string search;           // query_words()
  std::vector<GroupId> groups;  // in all of them
  struct FieldFilter {
    std::string name;   // of a custom field
    std::string value;  // as text: "true", "2026-11-22", "5"
  };
  std::vector<FieldFilter> fields;  // all of them
  HasAddress has_address = HasAddress::any;
  ContactState state = ContactState::any;
  // Who had no interaction since is inactive (P21); absent: nobody is.
  std::optional<Instant> inactive_before;
  ContactSort sort = ContactSort::created;
  bool descending = true;
};

struct ContactPage {
  std::vector<Person> people;
  std::string next_cursor;  // empty: the last page
};

// `cursor` is what the page before answered; it belongs to the same query. limit 1..10,000.
Result<ContactPage> list_contacts(db::Connection& connection, OrganisationId organisation,
                                  const ContactQuery& query, std::string_view cursor, int limit);

}  // namespace tidings::people

// People made up in the database, for benchmarks: contacts with an address, custom fields, dates,
// and three groups. Thread: one.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/id.h"
#include "db/database.h"

namespace tidings::bench {

inline constexpr OrganisationId kOrganisation{1};
// Everybody, one in ten, one in a hundred.
inline constexpr GroupId kEverybody{11};
inline constexpr GroupId kTenth{12};
inline constexpr GroupId kHundredth{13};
inline constexpr Instant kNow = from_micros(1'790'000'000'000'000);

inline Result<void> add_people_from(db::Connection& connection, std::int64_t first,
                                    std::int64_t count) {
  constexpr std::string_view kContact[] = {
      "organisation_id", "id",     "first_name",          "last_name",  "name",
      "locale",          "fields", "last_interaction_at", "created_at", "changed_at"};
  constexpr std::string_view kAddress[] = {"organisation_id", "contact_id", "channel",
                                           "normalised",      "address",    "is_primary",
                                           "created_at"};
  constexpr std::string_view kMember[] = {"organisation_id", "group_id", "contact_id", "added_at"};
  struct Texts {
    std::string first_name, last_name, fields, address;
  };
  // Addresses in no order, as in life; numbered in the order of addresses within a chunk, as an
  // import numbers people.
  std::vector<std::string> addresses_of;
  for (std::int64_t i = first; i < first + count; ++i) {
    const std::uint64_t mixed = static_cast<std::uint64_t>(i) * 0x9E3779B97F4A7C15u;
    addresses_of.push_back(fmt::format("{:x}.person{}@example{}.org", mixed >> 40, i, i % 50));
  }
  std::ranges::sort(addresses_of);
  std::vector<Texts> texts;
  texts.reserve(static_cast<std::size_t>(count));
  std::vector<db::Param> contacts, addresses, everybody, tenth, hundredth;
  for (std::int64_t i = first; i < first + count; ++i) {
    const Texts& text = texts.emplace_back(
        Texts{fmt::format("Zoë{}", i % 1000), fmt::format("van der {}", i % 7919),
              fmt::format(R"({{"member_since":"20{:02}-05-01","city":"{}","score":{}}})", i % 25,
                          i % 3 == 0 ? "Rotterdam" : "Utrecht", i % 100),
              std::move(addresses_of[static_cast<std::size_t>(i - first)])});
    const Instant seen = kNow - std::chrono::hours(24 * (i % 900));
    contacts.insert(contacts.end(),
                    {db::Param(kOrganisation), db::Param(i), db::Param(text.first_name),
                     db::Param(text.last_name), db::Param(""),
                     db::Param(i % 4 == 0 ? "nl-NL" : "en-GB"), db::Param(text.fields),
                     i % 2 == 0 ? db::Param(seen) : db::Param(), db::Param(kNow), db::Param(kNow)});
    addresses.insert(addresses.end(),
                     {db::Param(kOrganisation), db::Param(i), db::Param(0), db::Param(text.address),
                      db::Param(text.address), db::Param(1), db::Param(0)});
    const auto join = [&](std::vector<db::Param>& into, GroupId group) {
      into.insert(into.end(),
                  {db::Param(kOrganisation), db::Param(group), db::Param(i), db::Param(0)});
    };
    join(everybody, kEverybody);
    if (i % 10 == 0) join(tenth, kTenth);
    if (i % 100 == 0) join(hundredth, kHundredth);
  }
  TRY(connection.insert_many("contact", kContact, contacts));
  TRY(connection.insert_many("contact_address", kAddress, addresses));
  for (const auto* members : {&everybody, &tenth, &hundredth}) {
    if (!members->empty()) {
      TRY(connection.insert_many("contact_group_member", kMember, *members));
    }
  }
  return {};
}

inline Result<void> add_people(db::Database& database, std::int64_t n) {
  TRY(database.write(db::Priority::web, [&](db::Connection& connection) -> Result<void> {
    TRY(connection.execute(
        {"",
         "INSERT INTO organisation (id, name, locale, time_zone, postal_address, settings,"
         " created_at) VALUES ($1, 'Bench', 'nl-NL', 'Europe/Amsterdam', '', '{}', 0)"},
        {kOrganisation}));
    for (const GroupId group : {kEverybody, kTenth, kHundredth}) {
      const std::string name = to_text(group);
      TRY(connection.execute(
          {"",
           "INSERT INTO contact_group (organisation_id, id, name, origin, created_at)"
           " VALUES ($1, $2, $3, 0, 0)"},
          {kOrganisation, group, name}));
    }
    return {};
  }));
  constexpr std::int64_t kChunk = 20'000;
  for (std::int64_t done = 0; done < n; done += kChunk) {
    TRY(database.write(db::Priority::import, [&](db::Connection& connection) {
      return add_people_from(connection, done + 1, std::min(kChunk, n - done));
    }));
  }
  if (database.dialect() == db::Dialect::postgres) {
    TRY(database.write(db::Priority::import, [](db::Connection& connection) {
      return connection.run_script("ANALYZE");
    }));
  }
  return {};
}

}  // namespace tidings::bench

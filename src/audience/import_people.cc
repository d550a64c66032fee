#include "audience/import_people.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "audience/import_rows.h"

namespace tidings::audience {
namespace {

using db::Param;
using Address = ImportedAddress;
using Person = ImportedPerson;

constexpr std::array<std::string_view, 7> address_columns = {
    "organisation_id", "contact_id", "channel",   "normalised",
    "address",         "is_primary", "created_at"};
constexpr std::array<std::string_view, 4> member_columns = {"organisation_id", "group_id",
                                                            "contact_id", "added_at"};

// Inserts a row per item, some at a time: a chunk's parameters all at once would be most of an
// import's memory. `append` adds the values of one item.
template <typename Items, typename Append>
Result<void> insert_each(db::Connection& connection, std::string_view table,
                         std::span<const std::string_view> columns, const Items& items,
                         Append append) {
  constexpr std::size_t slice_rows = 500;
  std::vector<Param> values;
  values.reserve(std::min(items.size(), slice_rows) * columns.size());
  std::size_t rows = 0;
  for (const auto& item : items) {
    append(values, item);
    if (++rows % slice_rows != 0 && rows != items.size()) continue;
    TRY(connection.insert_many(table, columns, values));
    values.clear();
  }
  return {};
}

}  // namespace

// Columns that nobody of `people` says anything about keep the defaults of the table, which are the
// same as what would be stored.
Result<void> NewPeople::contacts() const {
  const auto or_null = [](std::string_view text) { return text.empty() ? Param() : Param(text); };
  struct Optional {
    std::string_view column;
    std::string_view Person::* value;
    bool null_if_empty = false;
  };
  std::vector<std::string_view> columns = {"organisation_id", "id", "fields", "created_at",
                                           "changed_at"};
  std::vector<Optional> used;
  for (const Optional& each :
       {Optional{"external_id", &Person::external_id, true},
        Optional{"first_name", &Person::first_name}, Optional{"last_name", &Person::last_name},
        Optional{"name", &Person::name}, Optional{"locale", &Person::locale},
        Optional{"time_zone", &Person::time_zone}}) {
    if (std::ranges::all_of(people_, [&](auto* person) { return (person->*each.value).empty(); }))
      continue;
    used.push_back(each);
    columns.push_back(each.column);
  }
  const bool identities =
      std::ranges::any_of(people_, [](auto* person) { return !person->row_identity.empty(); });
  if (identities) columns.push_back("row_identity");
  return insert_each(
      connection_, "contact", columns, people_, [&](auto& values, const Person* person) {
        values.insert(values.end(), {organisation_, person->id, person->fields, now_, now_});
        for (const Optional& each : used) {
          const std::string_view value = person->*each.value;
          values.push_back(each.null_if_empty ? or_null(value) : Param(value));
        }
        if (identities)
          values.push_back(
              person->row_identity.empty() ? Param() : Param(db::BytesView{person->row_identity}));
      });
}

// In the order of their index, so that each of its pages is visited once and may leave the cache.
Result<void> NewPeople::addresses() const {
  struct Placed {
    std::uint64_t prefix = 0;
    const Address* address = nullptr;
    ContactId owner;
  };
  const auto before = [](const Placed& a, const Placed& b) {
    if (a.address->channel != b.address->channel) return a.address->channel < b.address->channel;
    if (a.prefix != b.prefix) return a.prefix < b.prefix;
    return a.address->normalised < b.address->normalised;
  };
  std::vector<Placed> addresses;
  addresses.reserve(people_.size());
  for (const Person* person : people_)
    for (const Address& address : person->addresses)
      addresses.push_back({sort_prefix(address.normalised), &address, person->id});
  if (!std::ranges::is_sorted(addresses, before)) std::ranges::sort(addresses, before);
  return insert_each(connection_, "contact_address", address_columns, addresses,
                     [&](auto& values, const Placed& each) {
                       const Address& address = *each.address;
                       values.insert(
                           values.end(),
                           {organisation_, each.owner, static_cast<int>(address.channel),
                            address.normalised, address.typed, address.primary ? 1 : 0, now_});
                     });
}

Result<void> NewPeople::members(GroupId group) const {
  return insert_each(connection_, "contact_group_member", member_columns, people_,
                     [&](auto& values, const Person* person) {
                       values.insert(values.end(), {organisation_, group, person->id, now_});
                     });
}

}  // namespace tidings::audience

// Contacts: the people who can be written to, and what templates read of them.
// Thread: as the connection. Errors: those of db.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "audience/suppressions.h"
#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"

namespace tidings::audience {

struct ContactAddress {
  Channel channel = Channel::email;
  std::string normalised;  // compared with: wire::comparison_key() or E.164
  std::string typed;       // written to (parsed again) and shown
  bool primary = false;
};

struct Contact {
  ContactId id;
  std::string external_id;  // empty: none
  std::string first_name;
  std::string last_name;
  std::string name;  // as given; see display_name()
  std::string locale;
  std::string time_zone;
  std::string fields = "{}";  // JSON object of the custom fields
  bool do_not_contact = false;
  std::vector<ContactAddress> addresses;  // by channel, the primary first

  // The name as given, else first and last name together.
  std::string display_name() const;
  // Empty when there is none.
  std::string_view primary_address(Channel channel) const;
};

// Nothing for an unknown or deleted contact.
Result<std::optional<Contact>> find_contact(db::Connection& connection, OrganisationId organisation,
                                            ContactId id);
// The same of several, in their order.
Result<std::vector<std::optional<Contact>>> find_contacts(db::Connection& connection,
                                                          OrganisationId organisation,
                                                          std::span<const ContactId> ids);
// Everybody with this address, oldest first.
Result<std::vector<ContactId>> find_contacts_by_address(db::Connection& connection,
                                                        OrganisationId organisation,
                                                        Channel channel,
                                                        std::string_view normalised);

// The same of several addresses, in their order.
Result<std::vector<std::vector<ContactId>>> find_contacts_by_addresses(
    db::Connection& connection, OrganisationId organisation, Channel channel,
    std::span<const std::string_view> normalised);

// What `contact` is in a template, as a JSON object: id, email, phone, external_id, first_name,
// last_name, name, locale, time_zone, then the custom fields, which can not hide the former.
std::string contact_values(const Contact& contact);

// A name that templates may use after `contact.`.
struct ContactColumn {
  std::string name;    // as written in a template
  std::string target;  // the standard field or custom field it stands for
  std::string header;  // of the imported column; empty for the standard names
};

// The standard names, the custom fields, and the columns of every import, the newest import
// deciding where two disagree. A mapped column is there under its slug too: `contact.voornaam` for
// first_name.
Result<std::vector<ContactColumn>> contact_columns(db::Connection& connection,
                                                   OrganisationId organisation);
// The column a template means: by name, or by its header in any spelling ("Member Number",
// "memberNumber" and "member_number" are alike). Null when there is none.
const ContactColumn* find_column(const std::vector<ContactColumn>& columns, std::string_view name);

}  // namespace tidings::audience

// Choices follow the person: what somebody refused holds at an address that they get later (P39).
//
// What a choice is against is stored at addresses (preferences.h), so each road by which a contact
// comes by an address (edited, imported, merged in, an import undone) calls here, in the same
// transaction. What counted until now is what counted at the primary address of the channel; a
// contact whose last address on a channel goes keeps the refusals for the next one. Carried are
// `unsubscribed` and `no_consent`, each with the time of the choice; bounces and complaints belong
// to an address and stay there.
// Owns the table kept_refusal.
// Thread: as the connection, within the caller's transaction. Errors: those of db.
#pragma once

#include <string_view>
#include <vector>

#include "audience/contacts.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"
#include "domain/campaign.h"

namespace tidings::consent {

// One contact that comes by addresses on one channel. Views borrow from the caller.
struct Gain {
  ContactId contact;
  Channel channel = Channel::email;
  std::string_view from;             // normalised; empty: there was none, what is kept counts
  std::vector<std::string_view> to;  // normalised, the new ones
};
// A few statements for all of `gains`.
Result<void> carry_choices(db::Connection& connection, IdSource& ids, OrganisationId organisation,
                           const std::vector<Gain>& gains, Instant now);

// What a contact's addresses were and are, when a person or an undoing writes all of them.
struct AddressChange {
  ContactId contact;
  const std::vector<audience::ContactAddress>& before;
  const std::vector<audience::ContactAddress>& after;
};
Result<void> follow_addresses(db::Connection& connection, IdSource& ids,
                              OrganisationId organisation, const AddressChange& change,
                              Instant now);

// Two contacts are one person: whoever unsubscribed as either of them did so. Before the merge.
Result<void> join_choices(db::Connection& connection, IdSource& ids, OrganisationId organisation,
                          const audience::Contact& survivor, const audience::Contact& loser,
                          Instant now);

// Nothing is kept for an erased or deleted contact.
Result<void> forget_kept_choices(db::Connection& connection, OrganisationId organisation,
                                 ContactId contact);

}  // namespace tidings::consent

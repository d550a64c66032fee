#include "feedback/message_address.h"

#include "audience/erased_addresses.h"

namespace tidings::feedback {

Result<std::optional<MessageAddress>> message_address(db::Connection& connection,
                                                      OrganisationId organisation,
                                                      MessageId message) {
  static constexpr db::Statement kFind{"feedback.message_address",
                                       "SELECT channel, kind, contact_id, normalised FROM message"
                                       " WHERE organisation_id = $1 AND id = $2"};
  return connection.query_first(kFind, {organisation, message}, [](const db::Row& row) {
    const auto kind = static_cast<MessageKind>(row.integer(1));
    return MessageAddress{.channel = static_cast<Channel>(row.integer(0)),
                          .is_trial = kind == MessageKind::test || kind == MessageKind::copy,
                          .contact = row.id<ContactId>(2),
                          .normalised = audience::is_erased_form(row.text(3)) ? "" : row.string(3)};
  });
}

}  // namespace tidings::feedback

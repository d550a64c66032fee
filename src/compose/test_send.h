// Messages that staff send outside of any campaign's count: a test of a draft to a few addresses
// (P12), and the link that verifies a sender (P6); and an answer that goes on to staff. All go
// through the queue like every other message, with a content version, and show in the record as
// what they are.
//
// A test is marked in its header (X-Tidings-Test: yes) and by its kind; its subject and text are
// those of the draft. Each runs within the caller's transaction; tell the dispatcher after the
// commit. Thread: any; the connection's.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "audience/contacts.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "compose/draft.h"
#include "compose/senders.h"
#include "db/connection.h"
#include "delivery/ledger.h"
#include "domain/campaign.h"
#include "identity/organisations.h"
#include "wire/signed_token.h"

namespace tidings::compose {

inline constexpr std::size_t kTestAddressesMax = 10;

// What queueing works with, and for whom. Borrows.
struct TestContext {
  IdSource& ids;
  const identity::Organisation& organisation;
  TransportId transport_id;
  std::string sent_by;
  bool is_test_token = false;  // then nothing leaves
  Instant now{};
};

struct TestMessage {
  MessageId id;
  std::string address;
  std::string dropped;  // why nothing goes there; empty: it is queued
};

// One test to each address, as `contact` would get it. Errors: address.* (invalid) for one that is
// no address, draft.* and those of compiling. An address that is suppressed for everything
// is dropped.
Result<std::vector<TestMessage>> send_test(db::Connection& connection, const TestContext& context,
                                           const Draft& draft,
                                           const std::vector<std::string>& addresses,
                                           const std::optional<audience::Contact>& contact);

// Makes a new link (begin_verification) and mails it to the sender's address, from that address, in
// the organisation's language. The link is in no stored part of the message: `signer`, the
// organisation's current one, makes its token of the message's id now and when it leaves.
// Errors: sender.not_found.
Result<TestMessage> send_verification(db::Connection& connection, const TestContext& context,
                                      SenderId sender, const wire::TokenSigner& signer);

// A person's answer to `message`, passed on to a member of staff from the address that the message
// was from; an answer to it goes to the person. It is marked as made by a program
// (Auto-Submitted), so that nothing answers it by itself.
struct ReplyCopy {
  MessageId message;
  std::string to;
  std::string from;  // the person's address
  std::string subject;
  std::string text;
};
// Errors: sender.not_found where that address is no sender any more, address.* (invalid).
Result<TestMessage> send_reply_copy(db::Connection& connection, const TestContext& context,
                                    const ReplyCopy& reply);

}  // namespace tidings::compose

// Transport: how messages leave, seen from the engine; and the port through which a transport
// gets its work and reports. The engine decides who is next; a transport executes and reports.
//
// A *site* is one receiving party: the servers that take the mail of one or more domains. It has a
// name: of a transport that finds the servers itself, their sorted host names; a transport that
// hands everything to one server has the one site kOneSite. The engine keeps what it has learnt of
// each site (sites.h): how many connections, how fast, whether to leave it alone for a while.
//
// Thread: everything here runs on the engine's thread (the event loop that was given to the
// transport); nothing blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/id.h"
#include "domain/campaign.h"
#include "domain/outcome.h"

namespace tidings::delivery {

// One message, ready to leave.
struct PreparedMessage {
  MessageId id;
  OrganisationId organisation_id;
  CampaignId campaign_id;
  std::string normalised;  // the recipient as suppressions know it
  std::string domain;      // the recipient's, as a lower-case A-label
  std::string site;        // whose connection it goes over; the engine's, from take() on
  MessageKind kind = MessageKind::campaign;
  Instant queued_at{};
  int attempt = 1;              // this try's number, from 1
  std::uint64_t claim = 0;      // the dispatcher's; transports pass it on
  std::string reverse_path;     // MAIL FROM without brackets; empty is the null reverse-path
  std::string recipient;        // RCPT TO without brackets
  bool needs_smtputf8 = false;  // a non-ASCII local-part or raw UTF-8 in the header
  bool is_8bit = false;         // octets contain bytes above 127
  // The exact octets, CRLF line ends, last line ended, before dot-stuffing.
  std::shared_ptr<const std::string> octets;
  bool goes_as_it_is = false;  // octets are known to need no dot-stuffing
  // What may be kept and shown of `octets` where people can read it; empty: all of it. Differs
  // where the message holds a secret of its recipient (delivery/prepare_email.h).
  std::shared_ptr<const std::string> shown;
  // What the journal keeps beside the intent so that "exactly as sent" survives a crash; opaque
  // to transports. Empty when the database has it already, from an earlier attempt.
  std::shared_ptr<const std::string> record;
};

// The site of a transport that has only one.
inline constexpr std::string_view kOneSite = "";

// What a transport with several sites can take now. Asked within take(), at most once for each
// domain that has a message ready; nothing is taken in between.
class DomainGate {
 public:
  // Is there room for a message to this domain: its servers are known, and a connection to its site
  // is free or may be opened (DeliveryPort::may_connect, connection_limit)? A transport that does
  // not know the servers yet begins to look for them, says no, and takes again when it does.
  virtual bool wants(std::string_view domain) const = 0;
  // The name of its site, empty while the servers are not known; valid until the gate is asked
  // again.
  virtual std::string_view site_of(std::string_view domain) const = 0;

 protected:
  ~DomainGate() = default;
};

// The engine as a transport sees it.
class DeliveryPort {
 public:
  virtual ~DeliveryPort() = default;

  // The next message to attempt, or nothing for now (none ready, rate limit, paused, draining):
  // wake() follows when that changes. Taking is a promise to report exactly one Outcome.
  // For a transport with the one site kOneSite.
  virtual std::unique_ptr<PreparedMessage> take() = 0;
  // The same among the domains that the gate wants; its `site` says where it goes. What waits for a
  // slow site does not hold up the others: its messages go back to the database for a while.
  virtual std::unique_ptr<PreparedMessage> take(const DomainGate& gate) = 0;
  // Gives back a message that was taken but of which nothing was attempted (the connection was
  // lost before MAIL): it is next again, no attempt is counted.
  virtual void give_back(std::unique_ptr<PreparedMessage> message) = 0;
  // May MAIL, or the last octet, still be sent? False once the node's lease ran out: the
  // transport then stops the transaction (RSET or close) and gives the message back.
  virtual bool lease_holds() const = 0;
  // Writes the intent: from `written` on, the last octet may leave. The callback runs later on
  // this thread, together with those of other connections after one write. `failed` instead when
  // the journal cannot be written: the last octet must not leave; give the message back.
  virtual void write_intent(const PreparedMessage& message, std::function<void()> written,
                            std::function<void()> failed) = 0;
  // The one Outcome of a message taken.
  virtual void report(std::unique_ptr<PreparedMessage> message, Outcome outcome) = 0;
  // Trouble that concerns the site or us and no message in particular: connection refused, 421 at
  // the greeting, AUTH refused, certificate wrong. `outcome.message_id` is unset. The engine
  // answers with back-off: the transport opens no new connection before `may_connect()`; it is
  // woken then.
  virtual void report_site_trouble(std::string_view site, Outcome outcome) = 0;
  // A connection is ready for its first message.
  virtual void report_connected(std::string_view site) = 0;
  virtual bool may_connect(std::string_view site) const = 0;
  // How many connections to the site may be open or being opened. Begins small, grows with what is
  // accepted, is halved when the site asks for patience; 1 while one that was in trouble is tried.
  // Never 0. What is open beyond it is closed when it becomes idle.
  virtual std::size_t connection_limit(std::string_view site) const = 0;
  virtual Instant now() const = 0;
};

class Transport {
 public:
  virtual ~Transport() = default;
  // Work or permission may have appeared: take again, connect again.
  virtual void wake() = 0;
  // Finish what is being attempted, take nothing more, QUIT and close; `drained` runs once.
  virtual void drain(std::function<void()> drained) = 0;
  // Close at once. Messages in the ambiguous window are reported uncertain, others given back.
  virtual void stop() = 0;
  virtual std::size_t in_flight() const = 0;
};

}  // namespace tidings::delivery

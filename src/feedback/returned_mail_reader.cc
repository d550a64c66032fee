#include "feedback/returned_mail_reader.h"

#include <algorithm>
#include <boost/json.hpp>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"
#include "feedback/apply_evidence.h"
#include "feedback/correlate.h"
#include "feedback/reading/mail.h"
#include "feedback/reading/mail_text.h"
#include "feedback/reading/read_report.h"
#include "feedback/reading/report_json.h"
#include "feedback/returned_mail_log.h"
#include "identity/organisation_settings.h"
#include "wire/dsn.h"

namespace tidings::feedback {

namespace {

namespace json = boost::json;

constexpr int kBatch = 20;
constexpr Duration kLook = std::chrono::seconds(1);
constexpr Duration kWait = std::chrono::minutes(1);
constexpr Duration kTidy = std::chrono::hours(1);
constexpr std::size_t kReplyTextMax = std::size_t{16} << 10;
constexpr std::size_t kSubjectMax = 300;
constexpr std::size_t kShownRecipients = 20;

constexpr db::Statement kDue{
    "returned.due",
    "SELECT organisation_id, id FROM returned_mail WHERE state <> 1 AND due_at <= $1"
    " ORDER BY due_at, id LIMIT $2"};
constexpr db::Statement kLoad{
    "returned.load_octets",
    "SELECT r.envelope_to, r.received_at, r.source, r.forwarded_at, o.octets FROM returned_mail r"
    " LEFT JOIN returned_mail_octets o ON o.organisation_id = r.organisation_id AND o.id = r.id"
    " WHERE r.organisation_id = $1 AND r.id = $2"};
constexpr db::Statement kFinish{
    "returned.finish",
    "UPDATE returned_mail SET state = 1, read_at = $3, kind = $4, outcome = $5, reason = $6,"
    " message_id = $7, campaign_id = $8, contact_id = $9, sender = $10, subject = $11,"
    " body_text = $12, recipients = $13, forwarded_at = $14"
    " WHERE organisation_id = $1 AND id = $2"};
constexpr db::Statement kPutOff{
    "returned.put_off",
    "UPDATE returned_mail SET attempts = attempts + 1, due_at = $3, reason = $4,"
    " state = CASE WHEN attempts + 1 >= $5 THEN 1 ELSE 2 END,"
    " outcome = CASE WHEN attempts + 1 >= $5 THEN 'failed' ELSE outcome END,"
    " read_at = CASE WHEN attempts + 1 >= $5 THEN $6 ELSE read_at END"
    " WHERE organisation_id = $1 AND id = $2"};

struct Stored {
  std::string envelope_to;
  std::string source;
  Instant received_at{};
  std::optional<std::int64_t> forwarded_at;
  std::string octets;
};

constexpr db::Statement kForgetOctets{
    "returned.forget_octets_of_erased",
    "DELETE FROM returned_mail_octets WHERE organisation_id = $1 AND id = $2"};

// What was found out about one mail.
struct Reading {
  Report report;
  std::string subject;
  std::string text;  // of a reply
  Correlation about;
  std::vector<Fact> facts;
  ReturnedOutcome outcome = ReturnedOutcome::nothing;
  std::string reason;
};

Result<Stored> load(const ReadingContext& context, OrganisationId organisation, ReturnedMailId id) {
  bool has_octets = false;
  auto stored = TRY(context.database.read_value([&](db::Connection& connection) {
    return connection.query_first(kLoad, {organisation, id}, [&](const db::Row& row) {
      has_octets = !row.is_null(4);
      return Stored{row.string(0), row.string(2), row.instant(1), row.maybe_integer(3),
                    has_octets ? std::string(row.bytes(4)) : std::string()};
    });
  }));
  if (!stored) {
    return fail(ErrorKind::not_found, "returned_mail.not_found",
                "There is no such mail. It may have been removed after its time.");
  }
  if (!has_octets) {
    return fail(ErrorKind::conflict, "returned_mail.forgotten",
                "Of this mail only what it said is still here; it can not be read again.");
  }
  return *std::move(stored);
}

EventType type_of(ReportKind kind) {
  switch (kind) {
    case ReportKind::complaint:
      return EventType::marked_as_spam;
    case ReportKind::auto_reply:
      return EventType::auto_replied;
    case ReportKind::reply:
      return EventType::replied;
    default:
      return EventType::bounced;
  }
}

// Whether the report says of this address that a server accepted it for good: relayed and expanded
// are no proof (RFC 3464 §2.3.3).
bool says_delivered(const Mail& mail, std::string_view address) {
  const wire::DeliveryStatus status = wire::read_delivery_status(mail.delivery_status);
  return std::ranges::any_of(status.recipients, [&](const wire::DsnRecipient& each) {
    return each.action == "delivered" && (lower(each.original) == lower(address) ||
                                          lower(each.final) == lower(address) || address.empty());
  });
}

bool is_the_address(const Correlation& about, std::string_view address) {
  const std::string given = lower(address);
  return given == lower(about.normalised) || given == lower(about.address);
}

// Of a bounce, the recipient whom it is about: we wrote to one. A report may tell of those the
// message was passed on to; then the one that is least bad, for the others are not ours.
const ReportRecipient* concerned(const Report& report, const Correlation& about) {
  const ReportRecipient* least = nullptr;
  for (const ReportRecipient& each : report.recipients) {
    if (is_the_address(about, each.address)) return &each;
    if (least == nullptr || each.severity < least->severity) least = &each;
  }
  return least;
}

std::string refusal_of(const Reading& reading) {
  if (reading.about.is_gone) return "The message that it is about is no longer here.";
  if (reading.about.was_forged) {
    return "Its token was not made here, so that it may be forged. Nothing follows from it.";
  }
  if (reading.about.proof == Proof::message_id) {
    return "It names a message of ours but proves nothing: it has no token, and does not name the "
           "address that was written to. Nothing follows from it.";
  }
  return "It tells no message of ours.";
}

// Whether what the mail says of its message is believed.
bool is_believed(const Reading& reading, const ReportRecipient* recipient) {
  switch (reading.about.proof) {
    case Proof::none:
      return false;
    case Proof::token:
      return true;
    case Proof::message_id:
      break;
  }
  if (reading.report.kind == ReportKind::reply || reading.report.kind == ReportKind::auto_reply) {
    return true;
  }
  return recipient != nullptr && is_the_address(reading.about, recipient->address);
}

void conclude(const Stored& stored, OrganisationId organisation, ReturnedMailId id,
              const Mail& mail, Reading& reading) {
  if (reading.report.kind == ReportKind::other) {
    reading.reason = "It is no report about mail, and no answer.";
    return;
  }
  const ReportRecipient* recipient = concerned(reading.report, reading.about);
  if (!is_believed(reading, recipient)) {
    reading.outcome = reading.about.proof == Proof::none && !reading.about.was_forged
                          ? ReturnedOutcome::unknown_message
                          : ReturnedOutcome::unverified;
    reading.reason = refusal_of(reading);
    return;
  }
  Fact fact{.organisation = organisation,
            .message = reading.about.message,
            .type = type_of(reading.report.kind),
            .about = recipient == nullptr ? ReportRecipient{} : *recipient,
            .occurred_at = stored.received_at,
            .source = reading.report.kind == ReportKind::complaint ? "complaint report" : "report",
            .dedupe_key = {}};
  const bool is_bounce = reading.report.kind == ReportKind::bounce;
  if (is_bounce && recipient == nullptr) {
    reading.reason = "The report names nobody.";
    return;
  }
  if (is_bounce && recipient->severity == Severity::none) {
    if (!says_delivered(mail, recipient->address)) {
      reading.reason = "It was passed on; whether it arrived is not said.";
      return;
    }
    fact.type = EventType::delivered;
  }
  if (reading.report.kind == ReportKind::reply) {
    fact.source = "reply";
    fact.about = {.address = reading.report.from,
                  .diagnostic = cut_text(reading.text, kReplyShownMax)};
  }
  if (reading.report.kind == ReportKind::auto_reply) {
    fact.source = "automatic answer";
    fact.about.address = reading.report.from;
    fact.about.diagnostic = cut_text(reading.subject, kReplyShownMax);
  }
  // Read again by better rules it may be another fact; the same one is the same.
  fact.dedupe_key = fmt::format("returned/{}/{}/{}", to_text(id), static_cast<int>(fact.type),
                                to_string(fact.about.reason));
  reading.facts.push_back(std::move(fact));
}

std::string recipients_json(const Report& report) {
  json::array list;
  for (const ReportRecipient& each : report.recipients) {
    if (list.size() >= kShownRecipients) break;
    list.push_back(json_of(each));
  }
  return json::serialize(list);
}

// A person's answer goes on to staff, unless they are who wrote it. Automatic ones never do, so
// nothing can go round in circles.
Result<bool> forward(const ReadingContext& context, db::Connection& connection,
                     OrganisationId organisation, ReturnedMailId id, const Stored& stored,
                     const Reading& reading, std::string& reason) {
  if (reading.report.kind != ReportKind::reply || !context.forward || stored.forwarded_at) {
    return false;
  }
  const auto settings = TRY(identity::organisation_settings(connection, organisation));
  if (settings.reply_forward_to.empty() ||
      lower(settings.reply_forward_to) == lower(reading.report.from)) {
    return false;
  }
  const auto sent = context.forward(
      connection, {organisation, id, reading.about.message, settings.reply_forward_to,
                   reading.report.from, reading.subject, reading.text});
  if (sent) return true;
  // What a person set up wrongly keeps no answer from being shown.
  const bool is_theirs =
      sent.error().kind == ErrorKind::invalid || sent.error().kind == ErrorKind::not_found ||
      sent.error().kind == ErrorKind::conflict || sent.error().kind == ErrorKind::unsupported;
  if (!is_theirs) return std::unexpected(sent.error());
  reason = "It was not passed on: " + sent.error().message;
  return false;
}

Result<void> store(const ReadingContext& context, OrganisationId organisation, ReturnedMailId id,
                   const Stored& stored, Reading& reading) {
  ReturnedOutcome outcome = reading.outcome;
  TRY(context.database.write(db::Priority::web, [&](db::Connection& connection) -> Result<void> {
    const Instant now = context.clock.now();
    outcome = reading.outcome;
    std::string reason = reading.reason;
    for (const Fact& fact : reading.facts) {
      switch (TRY(apply_evidence(connection, context.ledger, context.ids, fact, now))) {
        case Applied::applied:
        case Applied::known:
          outcome = ReturnedOutcome::applied;
          break;
        case Applied::no_such_message:
          outcome = ReturnedOutcome::unknown_message;
          reason = "The message that it is about is no longer here.";
          break;
      }
    }
    std::optional<std::int64_t> forwarded_at = stored.forwarded_at;
    if (outcome == ReturnedOutcome::applied && !reading.about.address.empty() &&
        TRY(forward(context, connection, organisation, id, stored, reading, reason))) {
      forwarded_at = to_micros(now);
    }
    const Correlation& about = reading.about;
    const auto or_null = [](auto id) {
      return id.valid() ? std::optional(id.value) : std::nullopt;
    };
    // Of somebody who was erased since only what it was is kept.
    const bool is_erased = about.message.valid() && about.address.empty();
    if (is_erased) {
      TRY(connection.execute(kForgetOctets, {organisation, id}));
      reading.report = {.kind = reading.report.kind, .from = {}, .recipients = {}};
      reading.subject.clear();
      reading.text.clear();
    }
    TRY(connection.execute(
        kFinish, {organisation, id, now, to_string(reading.report.kind), to_string(outcome), reason,
                  or_null(about.message), or_null(about.campaign), or_null(about.contact),
                  reading.report.from, reading.subject, reading.text,
                  recipients_json(reading.report), forwarded_at}));
    return {};
  }));
  if (context.figures != nullptr) {
    context.figures->read(to_string(reading.report.kind), to_string(outcome));
  }
  return {};
}

}  // namespace

Result<void> read_returned(const ReadingContext& context, OrganisationId organisation,
                           ReturnedMailId id) {
  const Stored stored = TRY(load(context, organisation, id));
  const Mail mail = read_mail(stored.octets);
  Reading reading;
  reading.report = read_report(mail);
  reading.subject = cut_text(mail.field("subject"), kSubjectMax);
  if (reading.report.kind == ReportKind::reply) reading.text = cut_text(mail.text, kReplyTextMax);
  reading.about =
      TRY(correlate(context.database, context.keys,
                    {organisation, stored.envelope_to, stored.octets}, mail, reading.report.kind));
  conclude(stored, organisation, id, mail, reading);
  return store(context, organisation, id, stored, reading);
}

ReturnedMailReader::~ReturnedMailReader() { stop(); }

void ReturnedMailReader::start() {
  thread_ = std::thread([this] { run(); });
}

void ReturnedMailReader::stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void ReturnedMailReader::wake() {
  {
    const std::lock_guard lock(mutex_);
    is_woken_ = true;
  }
  changed_.notify_all();
}

std::string ReturnedMailReader::trouble() const {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

Result<void> ReturnedMailReader::put_off(OrganisationId organisation, ReturnedMailId id,
                                         const Error& error) {
  return context_.database.write(
      db::Priority::web, [&](db::Connection& connection) -> Result<void> {
        const Instant now = context_.clock.now();
        TRY(connection.execute(
            kPutOff, {organisation, id, now + kWait, error.message, kReadingTriesMax, now}));
        return {};
      });
}

Result<int> ReturnedMailReader::read_some() {
  struct Due {
    OrganisationId organisation;
    ReturnedMailId id;
  };
  std::vector<Due> due;
  TRY(context_.database.read([&](db::Connection& connection) {
    due.clear();
    return connection.query(kDue, {context_.clock.now(), kBatch}, [&](const db::Row& row) {
      due.push_back({row.id<OrganisationId>(0), row.id<ReturnedMailId>(1)});
    });
  }));
  for (const Due& each : due) {
    const auto done = read_returned(context_, each.organisation, each.id);
    if (done) continue;
    // The database itself: nothing of it is this mail's fault.
    if (done.error().kind == ErrorKind::unavailable) return std::unexpected(done.error());
    TRY(put_off(each.organisation, each.id, done.error()));
  }
  return static_cast<int>(due.size());
}

void ReturnedMailReader::run() {
  Instant tidied{};
  for (;;) {
    auto read = read_some();
    const Instant now = context_.clock.now();
    if (read && now - tidied >= kTidy) {
      tidied = now;
      if (const auto forgot = forget_returned(context_.database, now); !forgot) {
        read = std::unexpected(forgot.error());
      }
    }
    std::unique_lock lock(mutex_);
    trouble_ = read ? std::string() : "Returned mail waits to be read: " + read.error().message;
    if (is_stopping_) return;
    if (read && *read > 0) continue;
    changed_.wait_for(lock, kLook, [this] { return is_stopping_ || is_woken_; });
    is_woken_ = false;
  }
}

}  // namespace tidings::feedback

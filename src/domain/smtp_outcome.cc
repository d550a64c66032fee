#include "domain/smtp_outcome.h"

#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace tidings {
namespace {

using wire::SmtpCause;
using wire::SmtpStage;
using wire::SmtpVerdict;

constexpr std::size_t reply_text_max = 4096;

struct Meaning {
  OutcomeKind kind;
  Scope scope;
  std::string_view reason;
};

// The subject and detail of "5.1.1": "1.1"; empty when there is none.
std::string_view detail_of(const wire::SmtpReply& reply) {
  std::string_view code = reply.enhanced_code;
  return code.size() > 2 ? code.substr(2) : std::string_view();
}

// A word for programs, by RFC 3463 §3 and the IANA registry.
std::string_view reason_of(std::string_view detail, std::string_view otherwise) {
  struct Row {
    std::string_view detail;
    std::string_view reason;
  };
  static constexpr Row rows[] = {
      {"1.0", "address_unknown"},
      {"1.1", "address_unknown"},
      {"1.2", "domain_unknown"},
      {"1.3", "address_invalid"},
      {"1.4", "address_ambiguous"},
      {"1.6", "mailbox_moved"},
      {"1.7", "sender_refused"},
      {"1.8", "sender_refused"},
      {"1.10", "domain_unknown"},
      {"2.0", "mailbox_trouble"},
      {"2.1", "mailbox_disabled"},
      {"2.2", "mailbox_full"},
      {"2.3", "too_large"},
      {"3.1", "site_full"},
      {"3.2", "site_closed"},
      {"3.4", "too_large"},
      {"4.1", "routing_trouble"},
      {"4.3", "routing_trouble"},
      {"4.4", "routing_trouble"},
      {"4.6", "routing_trouble"},
      {"4.7", "routing_trouble"},
      {"5.3", "too_many_recipients"},
      {"6.7", "smtputf8_missing"},
      {"7.0", "policy"},
      {"7.1", "policy"},
      {"7.8", "auth_refused"},
      {"7.9", "auth_refused"},
  };
  for (const Row& row : rows) {
    if (row.detail == detail) return row.reason;
  }
  if (detail.starts_with("7.")) return "policy";
  if (detail.starts_with("6.")) return "content_refused";
  return otherwise;
}

bool is_login_wanted(const wire::SmtpReply& reply) {
  return reply.code == 530 || reply.code == 535 || reply.code == 538 || reply.code == 534;
}

bool is_too_large(const wire::SmtpReply& reply) {
  const std::string_view detail = detail_of(reply);
  return detail == "3.4" || detail == "2.3" ||
         ((reply.code == 552 || reply.code == 523) && detail.empty());
}

// The sender's address, or the sender's standing.
bool concerns_source(std::string_view detail) {
  return detail == "1.7" || detail == "1.8" || detail.starts_with("7.");
}

Meaning at_mail(const wire::SmtpReply& reply, OutcomeKind kind) {
  const std::string_view detail = detail_of(reply);
  if (is_too_large(reply)) return {kind, Scope::message, "too_large"};
  if (kind == OutcomeKind::deferred) {
    return {kind, concerns_source(detail) ? Scope::source : Scope::site,
            reason_of(detail, "sender_deferred")};
  }
  if (detail.starts_with("6.") || reply.code == 555) {
    return {kind, Scope::message, reason_of(detail, "content_refused")};
  }
  return {kind, Scope::source, reason_of(detail, "sender_refused")};
}

Meaning at_rcpt(const wire::SmtpReply& reply, OutcomeKind kind) {
  const std::string_view detail = detail_of(reply);
  // RFC 5321 §4.5.3.1.10: some servers say 552 where 452 is meant.
  if (reply.code == 552 && detail != "3.4" && detail != "2.3") kind = OutcomeKind::deferred;
  if (detail == "5.3" || ((reply.code == 452 || reply.code == 552) && detail.empty())) {
    return {OutcomeKind::deferred, Scope::session, "too_many_recipients"};
  }
  if (detail.starts_with("3.") && detail != "3.4") {
    return {kind, Scope::site, reason_of(detail, "site_trouble")};
  }
  if (is_too_large(reply) || detail.starts_with("6.")) {
    return {kind, Scope::message, reason_of(detail, "too_large")};
  }
  if (kind == OutcomeKind::bounced && concerns_source(detail)) {
    return {kind, Scope::source, reason_of(detail, "policy")};
  }
  return {kind, Scope::recipient,
          reason_of(detail, kind == OutcomeKind::bounced ? "refused" : "recipient_deferred")};
}

// DATA itself and the whole message.
Meaning at_content(const wire::SmtpReply& reply, OutcomeKind kind) {
  const std::string_view detail = detail_of(reply);
  if (is_too_large(reply)) return {kind, Scope::message, "too_large"};
  if (detail.starts_with("1.") && !concerns_source(detail)) {
    return {kind, Scope::recipient, reason_of(detail, "refused")};
  }
  if (detail.starts_with("2.")) return {kind, Scope::recipient, reason_of(detail, "refused")};
  if (detail.starts_with("1.")) return {kind, Scope::source, reason_of(detail, "sender_refused")};
  if (kind == OutcomeKind::deferred && detail.starts_with("7.")) {
    return {kind, Scope::source, reason_of(detail, "policy")};
  }
  if (detail.starts_with("3.") || (kind == OutcomeKind::deferred && detail.starts_with("4."))) {
    return {kind, Scope::site, reason_of(detail, "site_trouble")};
  }
  if (reply.code == 452) return {kind, Scope::site, "site_full"};
  return {kind, Scope::message,
          reason_of(detail, kind == OutcomeKind::bounced ? "content_refused" : "content_deferred")};
}

Meaning by_reply(SmtpStage stage, const wire::SmtpReply& reply) {
  if (reply.reply_class() == 2 && stage == SmtpStage::dot) {
    return {OutcomeKind::sent, Scope::none, "accepted"};
  }
  if (reply.code == 421) return {OutcomeKind::deferred, Scope::site, "service_closing"};
  if (is_login_wanted(reply)) return {OutcomeKind::deferred, Scope::source, "auth_required"};
  // 503: we and the server disagree about where we are; another connection begins anew. A 2xx or
  // 3xx where it means nothing likewise.
  if (reply.code == 503 || reply.positive()) {
    return {OutcomeKind::deferred, Scope::session, "protocol_error"};
  }
  const OutcomeKind kind = reply.reply_class() == 4 ? OutcomeKind::deferred : OutcomeKind::bounced;
  switch (stage) {
    case SmtpStage::mail:
      return at_mail(reply, kind);
    case SmtpStage::rcpt:
      return at_rcpt(reply, kind);
    default:
      return at_content(reply, kind);
  }
}

Meaning by_cause(const SmtpVerdict& verdict) {
  const bool at_dot = verdict.stage == SmtpStage::dot;
  const OutcomeKind lost = at_dot ? OutcomeKind::uncertain : OutcomeKind::deferred;
  switch (verdict.cause) {
    case SmtpCause::reply:
      return by_reply(verdict.stage, verdict.reply);
    case SmtpCause::timeout:
      return {lost, Scope::session, "timeout"};
    case SmtpCause::closed:
      return {lost, Scope::session, "connection_lost"};
    case SmtpCause::malformed:
      return {lost, Scope::session, "protocol_error"};
    case SmtpCause::stopped:
      return {lost, Scope::session, "stopped"};
    case SmtpCause::not_attempted:
      return {lost, Scope::session, "not_attempted"};
    case SmtpCause::bad_address:
      return {OutcomeKind::failed, Scope::recipient, "address_invalid"};
    case SmtpCause::too_large:
      return {OutcomeKind::failed, Scope::message, "too_large"};
    case SmtpCause::smtputf8_missing:
      return {OutcomeKind::failed, Scope::recipient, "smtputf8_missing"};
    case SmtpCause::eightbit_missing:
      return {OutcomeKind::failed, Scope::message, "eightbit_missing"};
    case SmtpCause::tls_missing:
      return {lost, Scope::source, "tls_missing"};
    case SmtpCause::tls_failed:
      return {lost, Scope::source, "tls_failed"};
    case SmtpCause::auth_missing:
      return {lost, Scope::source, "auth_missing"};
    case SmtpCause::auth_in_clear:
      return {lost, Scope::source, "auth_in_clear"};
    case SmtpCause::auth_failed:
      return {lost, Scope::source, "auth_refused"};
  }
  return {lost, Scope::session, "protocol_error"};
}

std::string sentence_of(const SmtpVerdict& verdict) {
  switch (verdict.cause) {
    case SmtpCause::timeout:
      return verdict.stage == SmtpStage::dot
                 ? "The message was handed over, but the server did not confirm it in time."
                 : "The server did not answer in time.";
    case SmtpCause::closed:
      if (verdict.stage == SmtpStage::dot) {
        return "The connection was lost after the message was handed over and before the server "
               "confirmed it.";
      }
      return verdict.detail.empty() ? "The connection was lost."
                                    : fmt::format("The connection was lost: {}.", verdict.detail);
    case SmtpCause::malformed:
      return fmt::format("SMTP error: {}.", verdict.detail);
    case SmtpCause::stopped:
      return "Sending was stopped.";
    case SmtpCause::bad_address:
      return "The address cannot be used in SMTP.";
    case SmtpCause::too_large:
      return fmt::format("The message is too large for the server: {}.", verdict.detail);
    case SmtpCause::smtputf8_missing:
      return "The address has letters outside ASCII before the @, and the server cannot take such "
             "addresses (SMTPUTF8).";
    case SmtpCause::eightbit_missing:
      return "The message has 8-bit text and the server takes only 7-bit text (8BITMIME).";
    case SmtpCause::tls_missing:
      return "The server offers no encryption (STARTTLS), and the settings require it.";
    case SmtpCause::auth_missing:
      return verdict.detail.empty()
                 ? "The server offers no login, and the settings give a user name."
                 : fmt::format(
                       "The server offers no login method that may be used here; it offers "
                       "{}.",
                       verdict.detail);
    case SmtpCause::auth_in_clear:
      return "The connection is not encrypted, so the password was not sent.";
    default:
      return verdict.detail;
  }
}

void fill_words(Outcome& outcome, SmtpVerdict& verdict) {
  outcome.reply_code = verdict.reply.code;
  outcome.reply_text = wire::to_valid_utf8(
      verdict.reply.code != 0 ? verdict.reply.text : sentence_of(verdict), reply_text_max);
  outcome.enhanced_status_code = std::move(verdict.reply.enhanced_code);
}

}  // namespace

Outcome outcome_of_message(SmtpVerdict verdict) {
  const Meaning meaning = by_cause(verdict);
  Outcome outcome;
  outcome.kind = meaning.kind;
  outcome.scope = meaning.scope;
  outcome.reason = meaning.reason;
  fill_words(outcome, verdict);
  return outcome;
}

Outcome outcome_of_session(SmtpVerdict verdict) {
  Outcome outcome;
  outcome.kind = OutcomeKind::deferred;
  if (verdict.cause != SmtpCause::reply) {
    const Meaning meaning = by_cause(verdict);
    outcome.scope = meaning.scope == Scope::source ? Scope::source : Scope::site;
    outcome.reason = meaning.reason;
  } else if (verdict.stage == SmtpStage::auth && verdict.reply.reply_class() == 5) {
    outcome.scope = Scope::source;
    outcome.reason = "auth_refused";
  } else if (verdict.reply.reply_class() == 5) {
    // A greeting of 554 5.7.1 is about our address; without such words it is the site's trouble.
    outcome.scope = concerns_source(detail_of(verdict.reply)) ? Scope::source : Scope::site;
    outcome.reason = "session_refused";
  } else {
    outcome.scope = Scope::site;
    outcome.reason = verdict.reply.code == 421 ? "service_closing" : "service_unavailable";
  }
  fill_words(outcome, verdict);
  return outcome;
}

bool is_untried(const SmtpVerdict& verdict) {
  return verdict.cause == SmtpCause::not_attempted ||
         (verdict.cause == SmtpCause::stopped && verdict.stage != SmtpStage::dot);
}

}  // namespace tidings

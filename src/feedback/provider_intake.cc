#include "feedback/provider_intake.h"

#include <algorithm>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/text.h"
#include "delivery/email_content.h"
#include "feedback/apply_evidence.h"
#include "feedback/providers/mailgun.h"
#include "feedback/providers/postmark.h"
#include "feedback/providers/sendgrid.h"
#include "feedback/providers/ses.h"
#include "feedback/providers/signatures.h"
#include "feedback/reading/bounce_text.h"
#include "wire/return_path.h"

namespace tidings::feedback {

namespace {

// Each about 0.2 ms: the writer thread is everybody's.
constexpr std::size_t kEventsAtOnce = 50;
constexpr Duration kAskAgain = std::chrono::minutes(1);
constexpr Duration kRefusalEvery = std::chrono::minutes(1);

constexpr db::Statement kRecipient{
    "provider_intake.recipient",
    "SELECT normalised FROM message WHERE organisation_id = $1 AND id = $2"};

std::unexpected<Error> forged(std::string why) {
  return fail(ErrorKind::denied, "provider.forged", std::move(why));
}

// Whoever's it is: the organisation is looked at when it is applied.
MessageId message_of(const ProviderEvent& event) {
  if (!event.metadata.empty()) return MessageId{parse_id(event.metadata).value_or(0)};
  return delivery::parse_message_id_header(event.message_id).value_or(MessageId());
}

std::string dedupe_key(const ProviderWebhook& webhook, const ProviderEvent& event) {
  std::string key = event.key;
  if (key.empty()) {
    key = fmt::format("{}/{}/{}/{}", static_cast<int>(event.type), event.message_id, event.metadata,
                      lower(event.about.address));
  }
  return fmt::format("{}/{}", to_string(webhook.provider), to_base64url(sha256(key)));
}

}  // namespace

Result<ProviderTally> ProviderIntake::receive(const ProviderCall& call) {
  const CalledWebhook called =
      TRY(parts_.database.read_value([&](db::Connection& connection) -> Result<CalledWebhook> {
        return find_called_webhook(connection, call.url_key, parts_.secrets);
      }));
  const ProviderWebhook& webhook = called.webhook;
  if (call.provider != to_string(webhook.provider)) {
    return fail(ErrorKind::not_found, "provider.not_found", "There is no such webhook.");
  }
  auto believed = believe(called, call);
  if (!believed) {
    remember_refusal(webhook, believed.error());
    return std::unexpected(believed.error());
  }
  auto tally = apply(webhook, *std::move(believed));
  if (!tally && tally.error().kind == ErrorKind::denied) {
    remember_refusal(webhook, tally.error());
  }
  return tally;
}

Result<ProviderIntake::Believed> ProviderIntake::believe(const CalledWebhook& called,
                                                         const ProviderCall& call) {
  switch (called.webhook.provider) {
    case Provider::ses:
      return believe_sns(called, call);
    case Provider::sendgrid:
      if (!is_signed_by_sendgrid(called.secret, call.timestamp, call.signature, call.body)) {
        return forged("The signature is not SendGrid's for this webhook's verification key.");
      }
      TRY(check_age(sendgrid_time(call.timestamp)));
      return Believed{TRY(read_sendgrid(call.body))};
    case Provider::postmark:
      if (!is_basic_login(call.authorization, kWebhookUser, called.secret)) {
        return forged("The user and password of the address are not those that it was shown with.");
      }
      return Believed{TRY(read_postmark(call.body))};
    case Provider::mailgun: {
      MailgunCall read = TRY(read_mailgun(call.body, called.secret));
      if (!read.signature.is_good) {
        return forged("The signature is not Mailgun's for this webhook's signing key.");
      }
      TRY(check_age(read.signature.signed_at));
      return Believed{std::move(read.reading), std::move(read.signature.token)};
    }
  }
  return forged("Nobody signs so.");
}

Result<ProviderIntake::Believed> ProviderIntake::believe_sns(const CalledWebhook& called,
                                                             const ProviderCall& call) {
  const SnsMessage message = TRY(read_sns(call.body));
  if (message.topic != called.webhook.topic) {
    return forged("The message is of another SNS topic than the one configured.");
  }
  const bool is_sha1 = message.signature_version == "1";
  if (!is_sha1 && message.signature_version != "2") {
    return forged("The signature has a version that is not known.");
  }
  const std::string pem = TRY(certificate(message.certificate_url));
  if (!is_signed_by_certificate(pem, sns_signed_text(message), message.signature,
                                is_sha1 ? SignatureHash::sha1 : SignatureHash::sha256,
                                parts_.clock.now())) {
    return forged("The signature is not that of Amazon SNS.");
  }
  TRY(check_age(parse_rfc3339(message.timestamp)));
  if (message.type == "Notification") return Believed{read_ses(message.message)};
  if (message.type == "UnsubscribeConfirmation") {
    return Believed{.subscription = Believed::Subscription::off};
  }
  if (message.type != "SubscriptionConfirmation") return Believed{{{}, 1}};
  const auto url = confirmation_address(message.subscribe_url);
  if (!url) return forged("The address that would confirm the subscription is not Amazon's.");
  TRY(parts_.ask_sns(*url));
  return Believed{.subscription = Believed::Subscription::on};
}

// What Amazon does not give is not asked for again at once: a call costs whoever sends it little.
Result<std::string> ProviderIntake::certificate(const std::string& url) {
  const auto address = certificate_address(url);
  if (!address) return forged("The address of the certificate is not one of Amazon SNS.");
  const Instant now = parts_.clock.now();
  const auto unavailable = [] {
    return fail(ErrorKind::unavailable, "provider.certificate",
                "The certificate of Amazon SNS cannot be fetched now.");
  };
  {
    const std::lock_guard lock(mutex_);
    const auto known = certificates_.find(url);
    if (known != certificates_.end() && known->second.until > now) {
      if (known->second.pem.empty()) return unavailable();
      return known->second.pem;
    }
  }
  auto pem = parts_.ask_sns(*address);
  const std::lock_guard lock(mutex_);
  if (certificates_.size() >= kCertificatesMax) certificates_.clear();
  certificates_[url] = {pem.value_or(""), now + (pem ? kCertificateFresh : kAskAgain)};
  if (!pem) return unavailable();
  return *std::move(pem);
}

Result<void> ProviderIntake::check_age(std::optional<Instant> signed_at) const {
  const Instant now = parts_.clock.now();
  if (signed_at && *signed_at > now - kCallAgeMax && *signed_at < now + kCallAheadMax) return {};
  return fail(ErrorKind::denied, "provider.too_old",
              "The call was signed more than a day ago, or this machine's clock is wrong.");
}

Result<ProviderTally> ProviderIntake::apply(const ProviderWebhook& webhook, Believed believed) {
  // Tokens are verified here: that reads the database by itself.
  for (ProviderEvent& event : believed.reading.events) {
    const std::string_view token = wire::return_path_token(event.return_path);
    if (token.empty()) continue;
    const auto verified = parts_.token_keys.verify_return_path(token, wire::TokenPurpose::bounce);
    if (!verified && verified.error().kind != ErrorKind::not_found) {
      return std::unexpected(verified.error());
    }
    if (verified && verified->organisation_id == webhook.organisation) {
      event.metadata = to_text(verified->message_id);
    }
  }
  ProviderTally sum;
  std::span<const ProviderEvent> rest = believed.reading.events;
  bool is_first = true;
  while (is_first || !rest.empty()) {
    const auto batch = rest.first(std::min(rest.size(), kEventsAtOnce));
    const auto tally = TRY(parts_.database.write_value(
        db::Priority::ledger, [&](db::Connection& connection) -> Result<ProviderTally> {
          ProviderTally part;
          const Instant now = parts_.clock.now();
          if (is_first) {
            part.ignored = static_cast<std::int64_t>(believed.reading.ignored);
            const bool is_on = believed.subscription == Believed::Subscription::on;
            if (believed.subscription != Believed::Subscription::unchanged) {
              TRY(note_subscription(connection, webhook,
                                    is_on ? std::optional(now) : std::nullopt));
            }
            if (!believed.token.empty() &&
                !TRY(use_token(connection, webhook, believed.token,
                               now + kCallAgeMax + kCallAheadMax, now))) {
              return fail(ErrorKind::denied, "provider.replayed",
                          "A call with this token came before.");
            }
          }
          for (const ProviderEvent& event : batch) {
            TRY(apply_event(connection, webhook, event, part));
          }
          TRY(count_events(connection, webhook, part, now));
          return part;
        }));
    sum.applied += tally.applied;
    sum.known += tally.known;
    sum.unknown += tally.unknown;
    sum.ignored += tally.ignored;
    rest = rest.subspan(batch.size());
    is_first = false;
  }
  return sum;
}

Result<void> ProviderIntake::apply_event(db::Connection& connection, const ProviderWebhook& webhook,
                                         const ProviderEvent& event, ProviderTally& tally) {
  const MessageId message = message_of(event);
  bool is_ours = message.valid();
  if (is_ours && event.is_one_of_several) {
    const auto recipient =
        TRY(connection.query_first(kRecipient, {webhook.organisation, message},
                                   [](const db::Row& row) { return row.string(0); }));
    is_ours = recipient && is_same_address(*recipient, event.about.address);
  }
  if (!is_ours) {
    ++tally.unknown;
    return {};
  }
  const Instant now = parts_.clock.now();
  const Applied applied = TRY(apply_evidence(connection, parts_.ledger, parts_.ids,
                                             {.organisation = webhook.organisation,
                                              .message = message,
                                              .type = event.type,
                                              .about = event.about,
                                              .occurred_at = event.occurred_at.value_or(now),
                                              .source = std::string(to_string(webhook.provider)),
                                              .dedupe_key = dedupe_key(webhook, event)},
                                             now));
  ++(applied == Applied::applied ? tally.applied
     : applied == Applied::known ? tally.known
                                 : tally.unknown);
  return {};
}

// Now and then only: who cannot sign must not make us write.
void ProviderIntake::remember_refusal(const ProviderWebhook& webhook, const Error& error) {
  const Instant now = parts_.clock.now();
  if (error.kind != ErrorKind::denied && error.kind != ErrorKind::invalid) return;
  if (webhook.refused_at && *webhook.refused_at > now - kRefusalEvery) return;
  parts_.database.write_async(
      db::Priority::web,
      [webhook, why = error.message, now](db::Connection& connection) {
        return note_refusal(connection, webhook, why, now);
      },
      [](const Result<void>&) {});
}

}  // namespace tidings::feedback

// What a service that carries mail for us tells about one message and one recipient.
//
// Each service has its own words; here they are ours. What the receiving server said is read as in
// any bounce (classify_bounce.h); the service's own verdict counts where that says nothing, and as
// a bound: a bounce is never worse than the service says.
// Thread: any; pure.
#pragma once

#include <boost/json/fwd.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "domain/message_state.h"
#include "feedback/reading/classify_bounce.h"
#include "feedback/reading/read_report.h"

namespace tidings::feedback {

enum class Provider : std::uint8_t { ses, sendgrid, postmark, mailgun };
std::string_view to_string(Provider provider);  // "ses" …
std::optional<Provider> parse_provider(std::string_view word);
std::string_view plain_name(Provider provider);  // "Amazon SES" …

// Events of one call; those after them are left out and counted as ignored.
inline constexpr std::size_t kProviderEventsMax = 10'000;

struct ProviderEvent {
  EventType type = EventType::delivered;  // delivered, bounced, delayed, marked_as_spam …
  ReportRecipient about;
  bool is_one_of_several = false;      // of the recipients of one message
  std::optional<Instant> occurred_at;  // nothing: the service does not say
  // What the service numbers it by: the same for the same fact, however often it is told. What is
  // still tried is one fact of a message.
  std::string key;
  // By what the message can be found; what the service does not tell is empty.
  std::string message_id;   // our Message-ID, with or without brackets
  std::string return_path;  // our MAIL FROM
  std::string metadata;     // the value of kMetadataName, set by us: a message's id as text
};

struct ProviderReading {
  std::vector<ProviderEvent> events;
  std::size_t ignored = 0;  // openings, clicks, what is nothing to us or not known
};

// How a message's id travels with a service that tells no Message-ID (postmark.h).
inline constexpr std::string_view kMetadataName = "tidings";

// Fills reason, severity and scope of `about` from its status, reply_code and diagnostic; where
// those say nothing from `otherwise`, which is what the service makes of it.
void diagnose(ReportRecipient& about, BounceAction action, const Diagnosis& otherwise);
// The verdict that a reason has by itself when it is final.
Diagnosis diagnosis_of(BounceReason reason);
// Codes and words of a server, cut and clean; codes that `about` has already stay.
void set_words(ReportRecipient& about, std::string_view words);

// Members of the services' objects; empty, null or 0 for another kind of value.
std::string clean_text_of(const boost::json::object& object, std::string_view name);
const boost::json::object* object_in(const boost::json::object& object, std::string_view name);
std::vector<const boost::json::object*> objects_in(const boost::json::object& object,
                                                   std::string_view name);
double number_in(const boost::json::object& object, std::string_view name);
// Seconds since 1970, with a fraction or without; nothing for 0 and for what is no time.
std::optional<Instant> instant_of_seconds(double seconds);

}  // namespace tidings::feedback

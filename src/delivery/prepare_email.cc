#include "delivery/prepare_email.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "domain/recipient_rule.h"
#include "wire/dot_stuffing.h"
#include "wire/return_path.h"

namespace tidings::delivery {

namespace {

using liquid::Member;
using liquid::Value;

constexpr std::size_t kContentsMax = 64;
// How feedback/providers/postmark.h finds the message again.
constexpr std::string_view kPostmarkField = "X-PM-Metadata-tidings: ";
constexpr db::Statement kUsesPostmark{
    "prepare_email.uses_postmark",
    "SELECT 1 FROM transport WHERE organisation_id = $1 AND deleted_at IS NULL"
    " AND url LIKE '%.postmarkapp.com%' LIMIT 1"};

// The preference page of the same token: `…/p/TOKEN` for `…/u/TOKEN`. In place: this is done for
// each message.
class PreferencesUrl {
 public:
  explicit PreferencesUrl(std::string_view unsubscribe_url) {
    const auto at = unsubscribe_url.rfind("/u/");
    if (at == std::string_view::npos || unsubscribe_url.size() > text_.size()) return;
    std::ranges::copy(unsubscribe_url, text_.begin());
    text_[at + 1] = 'p';
    size_ = unsubscribe_url.size();
  }
  std::string_view text() const { return {text_.data(), size_}; }

 private:
  std::array<char, 1024> text_;
  std::size_t size_ = 0;
};

bool has_8bit(std::string_view octets) {
  return std::ranges::any_of(octets, [](char c) { return static_cast<unsigned char>(c) > 127; });
}

// `student` is among the values of `contact`: snapshot_values() of audience/contact_snapshot.h.
Result<BuiltEmail> build(const CompiledEmail& email, const EmailFacts& facts, const Value& contact,
                         const Value& data, std::string buffer) {
  const Value* student = contact.find(kStudentMember);
  const std::array organisation = {Member{"name", Value::string(facts.organisation_name)},
                                   Member{"postal_address", Value::string(facts.postal_address)}};
  const PreferencesUrl preferences(facts.unsubscribe_url);
  const std::array root = {
      Member{"contact", contact},
      Member{"student", student == nullptr ? Value::nil() : *student},
      Member{"organisation", Value::object(organisation)},
      Member{"unsubscribe_url", Value::string(facts.unsubscribe_url)},
      Member{"preferences_url", Value::string(preferences.text())},
      Member{kSenderVerificationUrl, Value::string(facts.sender_verification_url)},
      Member{kViewInBrowserUrl, Value::string(facts.view_url)},
      Member{kTrackedLinkStart, Value::string(facts.tracked_link_start)},
      Member{kTrackedImage, Value::string(facts.tracked_image)},
      Member{"data", data}};
  const Value values = Value::object(root);
  EmailRecipient recipient;
  recipient.id = facts.id;
  recipient.address = facts.address;
  recipient.values = &values;
  recipient.unsubscribe_url = facts.unsubscribe_url;
  recipient.date = facts.date;
  return email.build(recipient, std::move(buffer));
}

}  // namespace

std::vector<std::string> known_variables() {
  return {"organisation.name", "organisation.postal_address", "unsubscribe_url", "preferences_url",
          std::string(kViewInBrowserUrl)};
}

Result<BuiltEmail> build_email(const CompiledEmail& email, const EmailFacts& facts,
                               std::string_view contact_values, std::string buffer) {
  liquid::Arena arena;
  const Value contact = TRY(liquid::value_from_json(contact_values, arena));
  return build(email, facts, contact, Value::nil(), std::move(buffer));
}

Result<BuiltEmail> build_direct_email(const CompiledEmail& email, const EmailFacts& facts,
                                      std::string_view direct_values, std::string buffer) {
  liquid::Arena arena;
  const Value values = TRY(liquid::value_from_json(direct_values, arena));
  const Value* contact = values.find("contact");
  const Value* data = values.find("data");
  return build(email, facts, contact == nullptr ? Value::nil() : *contact,
               data == nullptr ? Value::nil() : *data, std::move(buffer));
}

EmailPreparer::EmailPreparer(db::Database& database, const Clock& clock, MessageLinks links,
                             domains::SigningKeys* signing_keys, domains::ReturnPaths* return_paths)
    : database_(database),
      clock_(clock),
      links_(std::move(links)),
      signing_keys_(signing_keys),
      return_paths_(return_paths) {}

Result<std::shared_ptr<const FrozenContent>> EmailPreparer::content(const ClaimedMessage& message) {
  const std::lock_guard lock(mutex_);
  if (const auto at = contents_.find(message.content_version_id); at != contents_.end()) {
    return at->second;
  }
  if (contents_.size() >= kContentsMax) contents_.clear();
  bool uses_postmark = false;
  auto loaded = TRY(database_.read_value(
      [&](db::Connection& connection) -> Result<std::shared_ptr<const FrozenContent>> {
        TRY(connection.query(kUsesPostmark, {message.organisation_id},
                             [&](const db::Row&) { uses_postmark = true; }));
        return load_content(connection, message.organisation_id, message.content_version_id);
      }));
  if (uses_postmark) by_postmark_.insert(message.organisation_id);
  contents_.emplace(message.content_version_id, loaded);
  return loaded;
}

std::unique_ptr<BodyRecords> EmailPreparer::take_records() {
  const std::lock_guard lock(mutex_);
  if (idle_records_.empty()) return std::make_unique<BodyRecords>();
  auto records = std::move(idle_records_.back());
  idle_records_.pop_back();
  return records;
}

void EmailPreparer::give_back(std::unique_ptr<BodyRecords> records) {
  const std::lock_guard lock(mutex_);
  idle_records_.push_back(std::move(records));
}

std::shared_ptr<const std::string> EmailPreparer::make_record(std::string_view octets,
                                                              const FrozenContent& frozen) {
  auto records = take_records();
  auto made = std::make_shared<const std::string>(records->make(octets, frozen));
  give_back(std::move(records));
  return made;
}

Result<std::string> EmailPreparer::octets_of(std::string_view record, const FrozenContent& frozen) {
  auto records = take_records();
  auto octets = records->octets(record, frozen);
  give_back(std::move(records));
  return octets;
}

Result<std::string> EmailPreparer::signature(const FrozenContent& frozen, std::string_view octets,
                                             Instant date) const {
  if (signing_keys_ == nullptr) return std::string();
  const auto signer = TRY(
      signing_keys_->signer(frozen.organisation_id, frozen.email.content().from.address.domain()));
  return signer ? signer->sign(octets, date) : std::string();
}

Result<std::string> EmailPreparer::reverse_path(const FrozenContent& frozen,
                                                const wire::MessageTokens& tokens) const {
  const EmailContent& content = frozen.email.content();
  // The null reverse-path is meant: nobody is to be told.
  if (return_paths_ == nullptr || content.envelope_from.empty()) return content.envelope_from;
  const std::string domain =
      TRY(return_paths_->domain_for(frozen.organisation_id, content.from.address.domain()));
  return domain.empty() ? content.envelope_from : wire::make_return_path(tokens, domain);
}

Result<std::unique_ptr<PreparedMessage>> EmailPreparer::prepare(const ClaimedMessage& message) {
  const auto frozen = TRY(content(message));
  const wire::EmailAddress address =
      TRY(wire::parse_email_address(message.address, wire::DomainRule::any));
  auto prepared = std::make_unique<PreparedMessage>();
  prepared->id = message.id;
  const auto signer = TRY(links_.signer(message.organisation_id));
  const wire::MessageTokens tokens = signer->sign(message.id);
  prepared->reverse_path = TRY(reverse_path(*frozen, tokens));
  prepared->recipient = address.normalised;
  const Letter letter{*frozen, message, prepared->recipient, *signer, tokens};
  prepared->needs_smtputf8 = has_8bit(prepared->recipient) || has_8bit(prepared->reverse_path);
  if (frozen->has_sender_link) {
    TRY(prepare_with_secret(letter, *prepared));
    return prepared;
  }
  if (!message.record.empty()) {
    auto octets = TRY(octets_of(message.record, *frozen));
    prepared->is_8bit = has_8bit(octets);
    prepared->needs_smtputf8 |=
        has_8bit(std::string_view(octets).substr(0, octets.find("\r\n\r\n")));
    prepared->octets = std::make_shared<const std::string>(std::move(octets));
    return prepared;
  }
  const Instant date = clock_.now();
  BuiltEmail built = TRY(build(letter, date));
  built.octets.insert(0, TRY(signature(*frozen, built.octets, date)));
  prepared->needs_smtputf8 |= built.needs_smtputf8;
  prepared->is_8bit = built.is_8bit;
  prepared->record = make_record(built.octets, *frozen);
  prepared->goes_as_it_is = wire::goes_as_it_is(built.octets);
  prepared->octets = buffers_->hold(std::move(built.octets));
  return prepared;
}

Result<BuiltEmail> EmailPreparer::build(const Letter& letter, Instant date, bool hides) const {
  const auto& [frozen, message, recipient, signer, tokens] = letter;
  struct Addresses {
    std::string unsubscribe;
    std::string view;
    std::string sender;
    std::string link;
    std::string image;
  } addresses;
  const auto put = [&](std::string& out, std::string_view page, std::string_view token,
                       std::string_view end = {}) {
    out = links_.public_url;
    out += page;
    out += token;
    out += end;
  };
  put(addresses.unsubscribe, "/u/", tokens.url(wire::TokenPurpose::unsubscribe));
  EmailFacts facts{.organisation_name = frozen.organisation_name,
                   .postal_address = frozen.postal_address,
                   .unsubscribe_url = addresses.unsubscribe,
                   .address = recipient,
                   .id = message.id,
                   .date = date};
  const bool is_direct_message = is_direct(message.campaign_id);
  if (frozen.has_sender_link && is_direct_message) {
    put(addresses.sender, "/sender/",
        hides ? std::string(kHiddenToken) : tokens.url(wire::TokenPurpose::sender));
    facts.sender_verification_url = addresses.sender;
  }
  if (frozen.has_view_link) {
    put(addresses.view, "/v/", tokens.url(wire::TokenPurpose::view));
    facts.view_url = addresses.view;
  }
  if (const Tracking& tracking = frozen.email.content().tracking; tracking.on()) {
    const std::string token =
        tracking.is_total ? signer.sign(MessageId{frozen.id.value}).url(wire::TokenPurpose::track)
                          : tokens.url(wire::TokenPurpose::track);
    put(addresses.link, tracking.is_total ? "/ct/" : "/c/", token, "/");
    if (!tracking.is_total) {
      addresses.link += to_text(frozen.id);
      addresses.link += '/';
    }
    put(addresses.image, tracking.is_total ? "/ot/" : "/o/", token, ".gif");
    facts.tracked_link_start = addresses.link;
    facts.tracked_image = addresses.image;
  }
  const auto make = is_direct_message ? build_direct_email : build_email;
  auto built = make(frozen.email, facts, message.values, buffers_->take());
  if (built && leaves_by_postmark(message.organisation_id)) {
    built->octets.insert(0, fmt::format("{}{}\r\n", kPostmarkField, to_text(message.id)));
  }
  return built;
}

bool EmailPreparer::leaves_by_postmark(OrganisationId organisation) const {
  const std::lock_guard lock(mutex_);
  return by_postmark_.contains(organisation);
}

// What leaves has the token; what is kept and shown has kHiddenToken, and is else the same: the
// signature is that of what left. Every attempt builds the same octets, with the date of the first.
Result<void> EmailPreparer::prepare_with_secret(const Letter& letter, PreparedMessage& prepared) {
  const auto& [frozen, message, recipient, signer, tokens] = letter;
  const Instant date = is_direct(message.campaign_id) ? message.queued_at : clock_.now();
  BuiltEmail built = TRY(build(letter, date));
  BuiltEmail shown = TRY(build(letter, date, true));
  const std::string signed_by = TRY(signature(frozen, built.octets, date));
  built.octets.insert(0, signed_by);
  shown.octets.insert(0, signed_by);
  prepared.needs_smtputf8 |= built.needs_smtputf8;
  prepared.is_8bit = built.is_8bit;
  if (message.record.empty()) prepared.record = make_record(shown.octets, frozen);
  prepared.shown = std::make_shared<const std::string>(std::move(shown.octets));
  prepared.octets = std::make_shared<const std::string>(std::move(built.octets));
  return {};
}

}  // namespace tidings::delivery

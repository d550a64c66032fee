#include "edge/api/message_handlers.h"

#include <boost/json.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "audience/contacts.h"
#include "audience/recipient_choices.h"
#include "base/bytes.h"
#include "compose/attachments.h"
#include "compose/campaign_control.h"
#include "compose/draft.h"
#include "compose/media.h"
#include "compose/message_contents.h"
#include "compose/send_message.h"
#include "compose/triggers/ready_texts.h"
#include "compose/triggers/triggers.h"
#include "delivery/ledger.h"
#include "edge/api/json_values.h"
#include "edge/api/message_batches.h"
#include "edge/api/sender_override.h"
#include "identity/organisations.h"
#include "wire/email_address.h"

namespace tidings::api {

namespace {

namespace json = boost::json;
using compose::Draft;

constexpr db::Statement kSenderByAddress{
    "message_handlers.sender",
    "SELECT s.id FROM sender s JOIN sender_proof p ON p.organisation_id = s.organisation_id"
    " AND p.sender_id = s.id WHERE s.organisation_id = $1 AND s.normalised = $2"
    " ORDER BY p.verified_at IS NULL, s.id LIMIT 1"};
constexpr db::Statement kFirstSender{
    "message_handlers.first_sender",
    "SELECT s.id FROM sender s JOIN sender_proof p ON p.organisation_id = s.organisation_id"
    " AND p.sender_id = s.id WHERE s.organisation_id = $1"
    " ORDER BY p.verified_at IS NULL, s.id LIMIT 1"};
constexpr db::Statement kCampaignOf{
    "message_handlers.campaign",
    "SELECT campaign_id, transport_id FROM message WHERE organisation_id = $1 AND id = $2"};

Answer refuse(std::string field, const Error& error) {
  std::vector<FieldError> fields;
  fields.push_back({std::move(field), error.code, error.message});
  return Answer::problem(422, error, std::move(fields));
}

// Where messages get their content, and where they are stored: one of each for as long as there is
// the server.
struct Desk {
  compose::MessageContents contents;
  MessageBatches batches;
};
class LazyDesk {
 public:
  Desk& of(const Services& services) {
    const std::lock_guard lock(mutex_);
    if (!desk_) {
      desk_.reset(new Desk{{services.database, services.ids, services.clock},
                           MessageBatches(services.database)});
    }
    return *desk_;
  }

 private:
  std::mutex mutex_;
  std::unique_ptr<Desk> desk_;
};

Result<SenderId> find_sender(const Call& call, const std::string& named) {
  if (const auto id = parse_id(named)) return SenderId{*id};
  std::string key;
  if (!named.empty()) {
    const auto address = wire::parse_email_address(named, wire::DomainRule::any);
    if (!address) return std::unexpected(address.error());
    key = wire::comparison_key(*address);
  }
  const auto found = TRY(call.services.database.read_value([&](db::Connection& connection) {
    const auto take = [](const db::Row& row) { return row.id<SenderId>(0); };
    return key.empty() ? connection.query_first(kFirstSender, {call.organisation()}, take)
                       : connection.query_first(kSenderByAddress, {call.organisation(), key}, take);
  }));
  if (found) return *found;
  return fail(ErrorKind::invalid, "sender.not_found",
              named.empty() ? "There is no sender yet. Add one first."
                            : fmt::format("{} is not one of the senders. Add it first.", named));
}

// The bytes of each, kept as media: the same file sent a thousand times is stored once.
Result<std::optional<Answer>> read_attachments(const Call& call, const json::array& given,
                                               Draft& draft) {
  std::vector<std::pair<const json::object*, std::string>> files;
  std::vector<std::int64_t> sizes;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const json::object& one = given[i].as_object();
    auto bytes = from_base64(std::string_view(one.at("content").as_string()));
    if (!bytes) {
      return refuse(fmt::format("/attachments/{}/content", i),
                    {ErrorKind::invalid, "attachment.base64", "This is not base64."});
    }
    sizes.push_back(std::ssize(*bytes));
    files.emplace_back(&one, *std::move(bytes));
  }
  TRY(compose::check_attachment_sizes(sizes, call.services.settings.attachment_bytes_max));
  for (std::size_t i = 0; i < files.size(); ++i) {
    const std::string name = text_of(*files[i].first, "file_name");
    const compose::NewMedia media{name, files[i].second, call.who.name};
    if (const auto fit = compose::check_media(media); !fit) {
      return refuse(fmt::format("/attachments/{}", i), fit.error());
    }
    const auto stored =
        TRY(call.services.database.write_value(db::Priority::web, [&](db::Connection& connection) {
          return compose::store_media(connection, call.services.ids, call.organisation(), media,
                                      call.now());
        }));
    draft.attachments.push_back({stored.id, stored.file_name,
                                 text_of(*files[i].first, "description"), stored.media_type,
                                 stored.size});
  }
  return std::optional<Answer>();
}

// What `event` means for a message; nothing without one.
struct Event {
  std::string name;
  bool is_known = false;
  triggers::Trigger trigger;

  // It needs no content of its own.
  bool has_content() const {
    return trigger.template_id.valid() || triggers::ready_text(name).has_value();
  }
};

Result<std::optional<Event>> read_event(const Call& call, const json::object& body) {
  if (!body.contains("event")) return std::optional<Event>();
  Event event;
  event.name = text_of(body, "event");
  const auto found = TRY(call.services.database.read_value([&](db::Connection& connection) {
    return triggers::find_trigger(connection, call.organisation(), event.name);
  }));
  event.is_known = found.has_value();
  if (found) event.trigger = *found;
  return std::optional(std::move(event));
}

std::optional<Answer> unfit_event(const json::object& body, const Event& event) {
  if (text_of(body, "kind") == "individual") {
    return refuse("/event", {ErrorKind::invalid, "message.event",
                             "Events send transactional messages; leave out `kind`."});
  }
  if (event.has_content() || body.contains("template") || body.contains("html") ||
      body.contains("text")) {
    return std::nullopt;
  }
  return refuse("/event",
                {ErrorKind::invalid, "message.event_content",
                 fmt::format("Nothing says what to send for the event \"{}\". Give it a saved "
                             "message under triggers, or give the message a template, html or "
                             "text.",
                             event.name)});
}

std::optional<Answer> unfit(const json::object& body, const Draft& draft, bool has_recipient,
                            const std::optional<Event>& event) {
  if (event) {
    if (auto refused = unfit_event(body, *event)) return refused;
  }
  const bool has_template = body.contains("template");
  const bool has_text = body.contains("html") || body.contains("text");
  const bool may_have_none = event && event->has_content() && !has_template && !has_text;
  if (has_template == has_text && !may_have_none) {
    return refuse("/template", {ErrorKind::invalid, "message.content",
                                "Give either a template, or a subject with html or text."});
  }
  if (!has_recipient) {
    return refuse("/to",
                  {ErrorKind::invalid, "message.no_recipient", "Say to whom: to, or contact_id."});
  }
  std::vector<FieldError> fields;
  for (const compose::FieldProblem& problem : compose::check_draft(draft)) {
    fields.push_back({problem.field, problem.code, problem.message});
  }
  if (fields.empty()) return std::nullopt;
  return Answer::problem(422, {ErrorKind::invalid, "message.invalid", fields.front().message},
                         std::move(fields));
}

json::object queued_json(const compose::QueuedMessage& queued) {
  return {{"id", to_text(queued.id)},
          {"status", to_string(queued.status)},
          {"reason", queued.reason.empty() ? json::value(nullptr) : json::value(queued.reason)},
          {"contact_id", queued.contact_id.valid() ? json::value(to_text(queued.contact_id))
                                                   : json::value(nullptr)}};
}

Result<compose::MessageOrder> order_of(const Call& call, const json::object& body) {
  compose::MessageOrder order;
  order.to = text_of(body, "to");
  if (const auto id = parse_id(text_of(body, "contact_id"))) order.contact_id = ContactId{*id};
  if (const json::value* about = body.if_contains("about")) {
    for (const json::value& each : about->as_array()) {
      if (const auto id = parse_id(std::string_view(each.as_string()))) {
        order.about.push_back(ContactId{*id});
      }
    }
  }
  if (text_of(body, "kind") == "individual") order.kind = MessageKind::individual;
  if (const json::value* data = body.if_contains("data")) order.data = json::serialize(*data);
  order.locale = text_of(body, "locale");
  order.sent_by = call.who.name;
  order.is_test = call.who.is_test;
  const json::value* confirmed = body.if_contains("confirmed");
  order.is_confirmed = confirmed != nullptr && confirmed->as_bool();
  order.sender_override = TRY(sender_override_of(call, body));
  return order;
}

// The language of whom it goes to; else the organisation's.
Result<std::string> locale_of(const Call& call, const compose::MessageOrder& order) {
  return call.services.database.read_value([&](db::Connection& connection) -> Result<std::string> {
    ContactId id = order.contact_id;
    const auto mailbox = wire::parse_mailbox(order.to, wire::DomainRule::any);
    if (!id.valid() && mailbox) {
      const auto known = TRY(audience::find_contacts_by_address(
          connection, call.organisation(), Channel::email, wire::comparison_key(mailbox->address)));
      if (!known.empty()) id = known.front();
    }
    if (id.valid()) {
      const auto contact = TRY(audience::find_contact(connection, call.organisation(), id));
      if (contact && !contact->locale.empty()) return contact->locale;
    }
    return TRY(identity::find_organisation(connection, call.organisation())).locale;
  });
}

// Which member of the body an error of content or address is about; empty: none in particular.
std::string_view field_of(const Error& error) {
  if (error.code == "template.not_found") return "/template";
  if (error.code == "message.missing_data") return "/data";
  if (error.code == "trigger.too_many" || error.code == "trigger.bad_name") return "/event";
  if (error.code.starts_with("address.")) return "/to";
  if (error.code.starts_with("sender.") && error.kind != ErrorKind::conflict) return "/sender";
  return "";
}

Result<Answer> explained(Result<Answer> answer) {
  if (answer || answer.error().kind != ErrorKind::invalid) return answer;
  const std::string_view field = field_of(answer.error());
  if (field.empty()) return answer;
  return refuse(std::string(field), answer.error());
}

using Queued = std::vector<compose::QueuedMessage>;

// What the event says about the content. `named_template` is what wish.template_name borrows.
void apply(const Event& event, compose::MessageWish& wish, std::string& named_template) {
  wish.consent = event.trigger.consent();
  wish.event = event.name;
  // What staff chose for the event goes before what the application gives.
  if (event.trigger.template_id.valid()) {
    named_template = to_text(event.trigger.template_id);
    wish.template_name = named_template;
    wish.draft.subject.clear();
    wish.draft.html.clear();
    wish.draft.text.clear();
  }
}

// An event that is posted for the first time is one that can be switched off from then on.
Result<void> remember(db::Connection& connection, const Call& call, const Event& event) {
  if (event.is_known) return {};
  const auto made =
      triggers::create_trigger(connection, call.organisation(), event.name, {}, call.now());
  // Another message of the same event was faster.
  if (made || made.error().code == "trigger.exists") return {};
  return std::unexpected(made.error());
}

// Sends what the body says to each of `orders`, all or none; `shown` makes the answer.
struct Sending {
  const std::vector<compose::MessageOrder>& orders;
  const ShowQueued& shown;
  const std::optional<Event>& event;
};

// What is said, or the answer that refuses it.
using Content = std::variant<compose::MessageContents::Found, Answer>;
Result<Content> find_content(const Call& call, Desk& desk, const Sending& sending) {
  const json::object& body = call.body.as_object();
  const auto& event = sending.event;
  const compose::MessageOrder& first = sending.orders.front();
  std::string named_template = text_of(body, "template");
  const std::string named_sender = text_of(body, "sender");
  compose::MessageWish wish;
  wish.kind = first.kind;
  wish.template_name = named_template;
  wish.locale = first.locale;
  wish.draft.subject = text_of(body, "subject");
  wish.draft.html = text_of(body, "html");
  wish.draft.text = text_of(body, "text");
  wish.draft.reply_to = text_of(body, "reply_to");
  const bool has_recipient = !first.to.empty() || first.contact_id.valid();
  if (auto refused = unfit(body, wish.draft, has_recipient, event)) return *std::move(refused);
  if (event) apply(*event, wish, named_template);
  std::string locale = first.locale;
  if (locale.empty() && event) locale = TRY(locale_of(call, first));
  wish.locale = locale;
  if (named_template.empty() || !named_sender.empty()) {
    wish.draft.sender_id = TRY(find_sender(call, named_sender));
  }
  if (const json::value* attachments = body.if_contains("attachments")) {
    if (auto refused = TRY(read_attachments(call, attachments->as_array(), wish.draft))) {
      return *std::move(refused);
    }
  }
  return TRY(desk.contents.find(call.organisation(), wish));
}

void tell_engine(const Call& call, TransportId transport) {
  if (transport.valid() && call.services.dispatcher != nullptr) {
    call.services.dispatcher->notify_direct(call.organisation(), transport);
  }
}

Result<Answer> send_each(const Call& call, Desk& desk, const Sending& sending) {
  const auto& [orders, shown, event] = sending;
  auto found = TRY(find_content(call, desk, sending));
  if (auto* refused = std::get_if<Answer>(&found)) return std::move(*refused);
  const auto& content = std::get<compose::MessageContents::Found>(found);
  if (orders.size() == 1 && (!event || event->is_known)) {
    MessageCall together{call, content, orders.front(), shown};
    TRY(desk.batches.send(together));
    tell_engine(call, together.transport);
    if (together.answer) return *std::move(together.answer);
  }
  TransportId transport;
  auto answer = commit(
      call,
      [&](db::Connection& connection) -> Result<Answer> {
        transport = TRY(leaves_by(connection, call));
        if (event) TRY(remember(connection, call, *event));
        Queued queued;
        for (const auto& order : orders) {
          queued.push_back(TRY(
              compose::send_message(connection, {call.services.ids, call.organisation(), transport},
                                    content, order, call.now())));
        }
        return Answer::accepted(shown(queued));
      },
      db::Priority::transactional);
  tell_engine(call, transport);
  return answer;
}

Result<Answer> send(const Call& call, Desk& desk) {
  const json::object& body = call.body.as_object();
  const auto event = TRY(read_event(call, body));
  std::vector<compose::MessageOrder> orders = {TRY(order_of(call, body))};
  orders.front().is_switched_off = event && !event->trigger.is_enabled;
  return send_each(
      call, desk,
      {orders, [](const Queued& queued) { return queued_json(queued.front()); }, event});
}

// --- from a contact's page (P29)

json::object choice_json(const audience::RecipientChoice& choice) {
  const auto& decision = choice.decision.decision;
  const bool asks = !choice.decision.ask.empty();
  const bool is_sms = choice.channel == Channel::sms && !choice.address.empty();
  std::string_view outcome = "send";
  std::string_view reason = choice.decision.ask;
  if (decision.state == MessageState::skipped) outcome = "skip";
  if (decision.state == MessageState::dropped) outcome = "drop";
  if (decision.state != MessageState::waiting) reason = decision.reason;
  if (asks) outcome = "ask";
  if (is_sms && decision.state == MessageState::waiting) {
    outcome = "skip";
    reason = "text messages cannot be sent yet";
  }
  const auto maybe = [](std::string_view text) {
    return text.empty() ? json::value() : json::value(text);
  };
  return {{"contact_id", to_text(choice.contact_id)},
          {"name", choice.name},
          {"relation", maybe(choice.relation)},
          {"channel", to_string(choice.channel)},
          {"address", maybe(choice.address)},
          {"is_primary", choice.is_primary},
          {"outcome", outcome},
          {"reason", maybe(reason)}};
}

Result<Answer> list_choices(const Call& call) {
  const auto contact = TRY(call.id<ContactId>("contact_id"));
  const Channel channel = call.query("channel") == "sms" ? Channel::sms : Channel::email;
  const auto choices = TRY(call.services.database.read_value([&](db::Connection& connection) {
    return audience::recipient_choices(connection, call.organisation(), contact, channel,
                                       call.now());
  }));
  json::array items;
  for (const auto& choice : choices) items.push_back(choice_json(choice));
  return Answer::ok(json::object{{"items", std::move(items)}});
}

// Each recipient is the contact or somebody who receives messages about them.
Result<Answer> send_about(const Call& call, Desk& desk) {
  const auto contact = TRY(call.id<ContactId>("contact_id"));
  const json::object& body = call.body.as_object();
  const auto possible = TRY(call.services.database.read_value([&](db::Connection& connection) {
    return audience::recipient_choices(connection, call.organisation(), contact, Channel::email,
                                       call.now());
  }));
  compose::MessageOrder order = TRY(order_of(call, body));
  order.kind = MessageKind::individual;
  order.about = {contact};
  std::vector<compose::MessageOrder> orders;
  std::vector<FieldError> fields;
  const json::array& recipients = body.at("recipients").as_array();
  for (std::size_t i = 0; i < recipients.size(); ++i) {
    const json::object& one = recipients[i].as_object();
    order.contact_id = ContactId{parse_id(text_of(one, "contact_id")).value_or(0)};
    order.to = text_of(one, "address");
    if (!audience::names(possible, order.contact_id, {})) {
      fields.push_back({fmt::format("/recipients/{}/contact_id", i), "message.not_related",
                        "This is neither the contact nor somebody who receives messages about "
                        "them."});
    } else if (!audience::names(possible, order.contact_id, order.to)) {
      fields.push_back({fmt::format("/recipients/{}/address", i), "message.not_theirs",
                        "This person does not have that address. Add it to their file first."});
    }
    orders.push_back(order);
  }
  if (!fields.empty()) {
    return Answer::problem(422, {ErrorKind::invalid, "message.invalid", fields.front().message},
                           std::move(fields));
  }
  const auto shown = [](const Queued& queued) {
    json::array messages;
    for (const auto& each : queued) messages.push_back(queued_json(each));
    return json::object{{"messages", std::move(messages)}};
  };
  return send_each(call, desk, {orders, shown, {}});
}

delivery::Ledger ledger_of(const Call& call) {
  return delivery::Ledger(call.services.ids, NodeId(), call.services.ids.node());
}

void wake(const Call& call) {
  if (call.services.runner != nullptr) call.services.runner->wake();
}

Result<Answer> cancel(const Call& call) {
  const auto id = TRY(call.id<MessageId>("id"));
  return commit(call, [&](db::Connection& connection) -> Result<Answer> {
    TRY(ledger_of(call).cancel_one(connection, call.organisation(), id, call.who.name, call.now()));
    return Answer::ok(queued_json({id, Status::cancelled, "", {}, {}}));
  });
}

Result<Answer> send_again(const Call& call) {
  const auto id = TRY(call.id<MessageId>("id"));
  auto answer = commit(call, [&](db::Connection& connection) -> Result<Answer> {
    const auto campaign =
        TRY(connection.query_first(kCampaignOf, {call.organisation(), id},
                                   [](const db::Row& row) { return row.id<CampaignId>(0); }));
    if (campaign && campaign->valid()) {
      TRY(compose::reopen_campaign(connection, call.organisation(), *campaign, call.now()));
    }
    TRY(ledger_of(call).send_again(connection, call.organisation(), id, call.who.name, call.now()));
    return Answer::accepted(queued_json({id, Status::uncertain, "", {}, {}}));
  });
  wake(call);
  return answer;
}

}  // namespace

void add_message_handlers(Registry& registry) {
  const auto desk = std::make_shared<LazyDesk>();
  registry.answer("sendMessage", [desk](const Call& call) {
    return explained(send(call, desk->of(call.services)));
  });
  registry.answer("sendMessageAbout", [desk](const Call& call) {
    return explained(send_about(call, desk->of(call.services)));
  });
  registry.answer("listMessageRecipients", list_choices);
  registry.answer("cancelMessage", cancel);
  registry.answer("sendMessageAgain", send_again);
}

}  // namespace tidings::api

#include "feedback/fix_problem.h"

#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "audience/contacts.h"
#include "audience/suppressions.h"

namespace tidings::feedback {
namespace {

using audience::Contact;
using audience::ContactAddress;
using db::Row;

// What is sent again goes by the mail server it went by, as a send-out of its own.
constexpr db::Statement kMessage{
    "problem.message",
    "SELECT m.content_version_id, m.kind, m.contact_id, m.values_hash, m.message_values, m.is_test,"
    " m.template_id, COALESCE(m.transport_id, c.transport_id), m.channel FROM message m"
    " LEFT JOIN campaign c ON c.organisation_id = m.organisation_id AND c.id = m.campaign_id"
    " WHERE m.organisation_id = $1 AND m.id = $2 AND m.deleted_at IS NULL"};
// The recipient stands in the message itself.
constexpr db::Statement kAboutOthers{
    "problem.about_others",
    "SELECT contact_id FROM message_about"
    " WHERE +organisation_id = $1 AND message_id = $2 AND is_recipient = 0"};

class Fixing {
 public:
  Fixing(db::Connection& connection, const people::Writer& writer, const AddressProblem& problem)
      : connection_(connection), writer_(writer), problem_(problem) {}

  // In the file of everybody who has it.
  Result<void> correct(std::string_view typed, std::string_view normalised, Fixed& fixed) {
    const auto owners = TRY(audience::find_contacts_by_address(connection_, writer_.organisation,
                                                               problem_.channel, problem_.address));
    for (const ContactId id : owners) {
      const auto contact = TRY(audience::find_contact(connection_, writer_.organisation, id));
      if (!contact) continue;
      people::ContactChange change;
      change.addresses = corrected(*contact, typed, normalised);
      change.allow_shared_addresses = owners.size() > 1;
      std::vector<people::FieldProblem> problems;
      TRY(people::change_contact(connection_, writer_, id, change, problems));
      fixed.corrected.push_back(id);
    }
    return {};
  }

  Result<void> send_again(const delivery::Ledger& ledger, std::string_view typed,
                          std::string normalised, Fixed& fixed) {
    auto direct = TRY(connection_.query_first(
        kMessage, {writer_.organisation, problem_.message_id}, [&](const Row& row) {
          delivery::DirectMessage made;
          made.content_version_id = row.id<ContentVersionId>(0);
          made.kind = static_cast<MessageKind>(row.integer(1));
          made.message.contact_id = row.id<ContactId>(2);
          made.message.values_hash = row.integer(3);
          made.message.values = row.string(4);
          made.is_test = row.boolean(5);
          made.template_id = row.id<TemplateId>(6);
          made.transport_id = row.id<TransportId>(7);
          made.channel = static_cast<Channel>(row.integer(8));
          return made;
        }));
    if (!direct || !direct->transport_id.valid()) {
      return fail(ErrorKind::conflict, "problem.message_gone",
                  "The message is no longer there to be sent again. Correct the address without "
                  "sending, and write a new message.");
    }
    direct->organisation_id = writer_.organisation;
    direct->message.id = writer_.ids.next<MessageId>();
    direct->message.address = typed;
    direct->message.normalised = std::move(normalised);
    direct->sent_by = writer_.actor;
    std::vector<ContactId>& about = direct->message.about;
    if (direct->message.contact_id.valid()) about.push_back(direct->message.contact_id);
    TRY(connection_.query(kAboutOthers, {writer_.organisation, problem_.message_id},
                          [&](const Row& row) { about.push_back(row.id<ContactId>(0)); }));
    TRY(ledger.add_direct(connection_, {&*direct, 1}, writer_.now));
    fixed.message_id = direct->message.id;
    fixed.transport_id = direct->transport_id;
    return {};
  }

 private:
  // The contact's addresses with this one in the place of the other.
  std::vector<people::NewAddress> corrected(const Contact& contact, std::string_view typed,
                                            std::string_view normalised) const {
    std::vector<people::NewAddress> all;
    for (const ContactAddress& each : contact.addresses) {
      const bool is_it = each.channel == problem_.channel && each.normalised == problem_.address;
      // Somebody who has the right one already loses the wrong one.
      const bool is_known = each.channel == problem_.channel && each.normalised == normalised;
      if (is_known && !is_it) continue;
      all.push_back({each.channel, is_it ? std::string(typed) : each.typed, each.primary});
    }
    return all;
  }

  db::Connection& connection_;
  const people::Writer& writer_;
  const AddressProblem& problem_;
};

}  // namespace

Result<Fixed> fix_problem(db::Connection& connection, const people::Writer& writer,
                          const delivery::Ledger& ledger, const Fix& fix) {
  const AddressProblem problem =
      TRY(find_problem(connection, writer.organisation, fix.problem, writer.now));
  if (problem.is_domain()) {
    return fail(ErrorKind::conflict, "problem.is_domain",
                fmt::format("{} is a whole domain. Release it in the list of suppressions, or "
                            "correct the addresses there one by one.",
                            problem.address));
  }
  Fixed fixed;
  std::string normalised = problem.address;
  std::string note(fix.note);
  Fixing fixing(connection, writer, problem);
  if (!fix.address.empty()) {
    normalised = TRY(audience::normalise_for_suppression(problem.channel, fix.address));
    if (normalised.starts_with('@')) {
      return fail(ErrorKind::invalid, "problem.no_address",
                  "Write the whole address, with what stands before the @.");
    }
    fixed.address = fix.address;
  }
  if (normalised != problem.address) {
    TRY(fixing.correct(fix.address, normalised, fixed));
    if (note.empty()) note = fmt::format("corrected to {}", normalised);
  } else {
    if (note.empty()) {
      return fail(ErrorKind::invalid, "suppression.no_reason",
                  "Say why the address may be written to again; the reason is kept.");
    }
    fixed.address = problem.address;
    fixed.released = TRY(audience::release_reason(
        connection, writer.organisation,
        {.channel = problem.channel, .normalised = problem.address, .reason = "bounce"}, note,
        writer.now));
  }
  TRY(settle_problem(connection, writer.organisation, problem.id, writer.actor, note, writer.now));
  if (fix.sends_again) {
    TRY(fixing.send_again(ledger, fixed.address, std::move(normalised), fixed));
  }
  return fixed;
}

}  // namespace tidings::feedback

// tidings suppression: addresses and domains that must not be written to.
#include <boost/json.hpp>
#include <filesystem>
#include <memory>
#include <string>

#include <fmt/format.h>

#include "audience/suppressions.h"
#include "edge/cli/command.h"
#include "edge/cli/local_work.h"
#include "edge/cli/workplace.h"

namespace tidings::cli {
namespace {

using audience::SuppressedKinds;
using audience::Suppression;

struct SuppressionFlags {
  WorkplaceOptions place;
  std::string address;
  std::string reason;
  bool covers_everything = false;
  bool is_sms = false;
  bool is_json = false;
  bool with_released = false;

  Channel channel() const { return is_sms ? Channel::sms : Channel::email; }
};

int say_added(const std::string& normalised, bool is_new) {
  fmt::print("{} {}.\n", normalised,
             is_new ? "will not be written to any more" : "was suppressed already");
  return kDone;
}

int say_released(const std::string& normalised, std::int64_t count) {
  if (count == 0) {
    return report({ErrorKind::not_found, "suppression.none",
                   fmt::format("{} is not suppressed.", normalised)});
  }
  fmt::print("{} can be written to again.\n", normalised);
  return kDone;
}

// Another process works in this folder: it does it, and holds back what is ready to leave.
Result<std::string> hand_over(const SuppressionFlags& flags, std::string_view target,
                              const std::string& normalised, const Error& busy) {
  return ask_running(
      flags.place.data / "tidings.sock", target,
      suppression_request(flags.channel(), normalised, flags.covers_everything, flags.reason),
      busy);
}

int add(const SuppressionFlags& flags) {
  const auto normalised = audience::normalise_for_suppression(flags.channel(), flags.address);
  if (!normalised) return report(normalised.error());
  const auto place = Workplace::open(flags.place.writing());
  if (!place && place.error().code == "workplace.busy") {
    const auto answer = hand_over(flags, "/local/suppressions", *normalised, place.error());
    return answer ? say_added(*normalised, number_in(*answer, "changed") != 0)
                  : report(answer.error());
  }
  if (!place) return report(place.error());
  Workplace& at = **place;
  const auto made = at.database().write_value(db::Priority::web, [&](db::Connection& connection) {
    return audience::suppress(
        connection, at.ids(), at.organisation().id,
        {.channel = flags.channel(),
         .normalised = *normalised,
         .reason = "manual",
         .kinds = flags.covers_everything ? SuppressedKinds::everything : SuppressedKinds::campaign,
         .origin = "staff",
         .note = flags.reason},
        at.clock().now());
  });
  if (!made) return report(made.error());
  return say_added(*normalised, *made);
}

int release_address(const SuppressionFlags& flags) {
  const auto normalised = audience::normalise_for_suppression(flags.channel(), flags.address);
  if (!normalised) return report(normalised.error());
  const auto place = Workplace::open(flags.place.writing());
  if (!place && place.error().code == "workplace.busy") {
    const auto answer = hand_over(flags, "/local/suppressions/release", *normalised, place.error());
    return answer ? say_released(*normalised, number_in(*answer, "count")) : report(answer.error());
  }
  if (!place) return report(place.error());
  Workplace& at = **place;
  const auto ended = at.database().write_value(db::Priority::web, [&](db::Connection& connection) {
    return audience::release(connection, at.organisation().id, flags.channel(), *normalised,
                             flags.reason, at.clock().now());
  });
  if (!ended) return report(ended.error());
  return say_released(*normalised, *ended);
}

void print(const Suppression& each, bool is_json) {
  const std::string_view kinds =
      each.kinds == SuppressedKinds::everything ? "everything" : "campaigns";
  if (!is_json) {
    fmt::print("{}  {}  {} ({}){}{}\n", to_rfc3339(each.created_at).substr(0, 10), each.normalised,
               each.reason, kinds, each.note.empty() ? "" : "  " + each.note,
               each.released_at ? "  released: " + each.release_note : "");
    return;
  }
  boost::json::object object{{"id", to_text(each.id)},
                             {"channel", each.channel == Channel::sms ? "sms" : "email"},
                             {"address", each.normalised},
                             {"reason", each.reason},
                             {"kinds", kinds},
                             {"origin", each.origin},
                             {"note", each.note},
                             {"created_at", to_rfc3339(each.created_at)}};
  if (each.released_at) {
    object["released_at"] = to_rfc3339(*each.released_at);
    object["release_note"] = each.release_note;
  }
  fmt::print("{}\n", boost::json::serialize(object));
}

int list(const SuppressionFlags& flags) {
  const auto place = Workplace::open(flags.place);
  if (!place) return report(place.error());
  Workplace& at = **place;
  audience::SuppressionPage page{.with_released = flags.with_released, .limit = 1000};
  for (;;) {
    const auto found = at.database().read_value([&](db::Connection& connection) {
      return audience::list_suppressions(connection, at.organisation().id, page);
    });
    if (!found) return report(found.error());
    for (const Suppression& each : *found) print(each, flags.is_json);
    if (std::ssize(*found) < page.limit) return kDone;
    page.after = found->back().id;
  }
}

}  // namespace

void add_suppression_command(Parser& app, CommandLine& line) {
  auto flags = std::make_shared<SuppressionFlags>();
  auto* command = app.add_subcommand("suppression", "Addresses that must not be written to");
  command->require_subcommand(1);
  const auto common = [&](Parser* sub) { add_place(*sub, flags->place); };
  auto* adding = command->add_subcommand("add", "Stop writing to an address or a @domain");
  auto* releasing = command->add_subcommand("release", "Write to an address again");
  for (Parser* sub : {adding, releasing}) {
    common(sub);
    sub->add_option("address", flags->address, "An address, @domain, or with --sms a number")
        .required();
    sub->add_flag("--sms", flags->is_sms, "A phone number");
  }
  adding->add_option("--reason", flags->reason, "Why, for the record");
  adding->add_flag("--everything", flags->covers_everything,
                   "Transactional and individual messages too, not only campaigns");
  releasing->add_option("--reason", flags->reason, "Why, for the record").required();
  auto* listing = command->add_subcommand("list", "All suppressions, newest first");
  common(listing);
  listing->add_flag("--released", flags->with_released, "Released ones too");
  listing->add_flag("--json", flags->is_json, "One JSON object per line");
  command->footer(
      "Examples:\n"
      "  tidings suppression add jan@club.example --reason \"asked by phone\"\n"
      "  tidings suppression add @competitor.example --everything\n"
      "  tidings suppression list --json\n"
      "  tidings suppression release jan@club.example --reason \"signed up again\"");
  adding->callback([&line, flags] { line.run = [flags] { return add(*flags); }; });
  releasing->callback([&line, flags] { line.run = [flags] { return release_address(*flags); }; });
  listing->callback([&line, flags] { line.run = [flags] { return list(*flags); }; });
}

}  // namespace tidings::cli

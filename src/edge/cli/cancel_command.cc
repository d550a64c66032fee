// tidings cancel: stops what is not yet sent of a campaign.
//
// A process that works in the folder is asked to do it, because it holds the folder's lock and is
// about to send; without one the command does all of it.
#include <boost/json.hpp>
#include <memory>
#include <string>

#include <fmt/format.h>

#include "base/json_text.h"
#include "compose/campaigns.h"
#include "delivery/ledger.h"
#include "edge/cli/command.h"
#include "edge/cli/schedule_text.h"
#include "edge/cli/terminal_text.h"
#include "edge/cli/workplace.h"
#include "net/local_client.h"

namespace tidings::cli {
namespace {

namespace json = boost::json;

constexpr int kBatch = 1000;

struct CancelFlags {
  WorkplaceOptions place;
  std::string id;
};

struct Cancelled {
  bool had_ended = false;
  std::string was_to_start;  // of one that had not begun
  delivery::CampaignFigures figures;
};

// The "detail" of a problem (RFC 9457), or a sentence of our own.
std::string detail_of(const net::Response& response) {
  const auto problem = object_of(response.body);
  if (std::string detail = problem ? text_of(*problem, "detail") : ""; !detail.empty())
    return detail;
  return fmt::format("The running tidings answered {} to the wish to cancel.", response.status);
}

int print_answer(const net::Response& response, CampaignId id) {
  switch (response.status) {
    case 200:
      fmt::print(
          "Campaign {} is being cancelled by the tidings that is running. What is being "
          "handed over now still leaves; watch it with: tidings status {}\n",
          to_text(id), to_text(id));
      return kDone;
    case 409:
      fmt::print("{}\n", detail_of(response));
      return kDone;
    default:
      return report({ErrorKind::not_found, "cancel.refused", detail_of(response)});
  }
}

Result<void> cancel_unsent(Workplace& at, const delivery::Ledger& ledger, CampaignId id) {
  for (;;) {
    const std::int64_t count = TRY(at.database().write_value(
        db::Priority::web, [&](db::Connection& connection) -> Result<std::int64_t> {
          return ledger.cancel_unsent(connection, at.organisation().id, id, kBatch,
                                      at.clock().now());
        }));
    if (count == 0) return {};
  }
}

Result<Cancelled> cancel_here(Workplace& at, CampaignId id) {
  Cancelled result;
  const OrganisationId organisation = at.organisation().id;
  const delivery::Ledger ledger(at.ids(), at.node().id, at.node().number);
  // Everything settled: it ended, though nobody has said so yet. It is not cancelled after the
  // fact.
  const auto before = TRY(at.database().read_value([&](db::Connection& connection) {
    return compose::load_campaign(connection, organisation, id);
  }));
  result.figures = TRY(at.database().read_value([&](db::Connection& connection) {
    return delivery::Ledger::figures(connection, organisation, id);
  }));
  result.had_ended = before.finished_at || (before.expanded_at && result.figures.settled() &&
                                            before.state != CampaignState::cancelled);
  if (result.had_ended) return result;
  if (!before.started_at) result.was_to_start = starts_text(before);
  TRY(at.database().write_value(db::Priority::web, [&](db::Connection& connection) -> Result<bool> {
    return compose::cancel_campaign(connection, organisation, id, at.clock().now());
  }));
  // One that was cancelled and then interrupted is taken up again.
  TRY(cancel_unsent(at, ledger, id));
  result.figures = TRY(at.database().read_value([&](db::Connection& connection) {
    return delivery::Ledger::figures(connection, organisation, id);
  }));
  if (result.figures.settled()) {
    TRY(at.database().write(db::Priority::web, [&](db::Connection& connection) {
      return compose::finish_campaign(connection, before, CampaignState::cancelled,
                                      at.clock().now());
    }));
  }
  return result;
}

std::string plural(std::int64_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", grouped(count), count == 1 ? one : many);
}

int print(const Cancelled& result, CampaignId id, const CancelFlags& flags) {
  const delivery::CampaignFigures& figures = result.figures;
  if (result.had_ended) {
    fmt::print("Campaign {} had ended already: {} sent. Nothing was changed.\n", to_text(id),
               plural(figures.sent, "message was", "messages were"));
    return kDone;
  }
  if (!result.was_to_start.empty()) {
    fmt::print("Campaign {} is cancelled: it was to start {}. Nothing of it is sent.\n",
               to_text(id), result.was_to_start);
    return kDone;
  }
  fmt::print("Campaign {} is cancelled: {} will not be sent; {} sent before.\n", to_text(id),
             plural(figures.cancelled, "message", "messages"), plural(figures.sent, "was", "were"));
  if (figures.sending > 0) {
    fmt::print(
        "{} in the hands of a tidings that was interrupted. What became of {} is settled "
        "by: tidings send --data {} --resume, or by tidings serve.\n",
        plural(figures.sending, "more was", "more were"), figures.sending == 1 ? "it" : "them",
        flags.place.data.string());
  }
  return kDone;
}

int cancel(const CancelFlags& flags) {
  const auto number = parse_id(flags.id);
  if (!number || *number <= 0) {
    return report({ErrorKind::invalid, "cancel.id",
                   fmt::format("“{}” is no id of a campaign: those have 13 letters and digits. "
                               "List them with: tidings status --data {}",
                               flags.id, flags.place.data.string())});
  }
  const CampaignId id{*number};
  const std::filesystem::path socket = flags.place.data / "tidings.sock";
  const std::string target = fmt::format("/local/campaigns/{}/cancel", to_text(id));
  const auto answer = net::request_local(socket, {.method = "POST", .target = target});
  if (answer) return print_answer(*answer, id);
  // Nobody there: do it here. Anything else may be done already, and is to be told.
  if (answer.error().kind != ErrorKind::not_found) return report(answer.error());
  const auto place = Workplace::open(flags.place.writing());
  if (!place) return report(place.error());
  const auto result = cancel_here(**place, id);
  if (!result) return report(result.error());
  return print(*result, id, flags);
}

}  // namespace

void add_cancel_command(Parser& app, CommandLine& line) {
  auto flags = std::make_shared<CancelFlags>();
  auto* command = app.add_subcommand("cancel", "Stop what is not yet sent of a campaign");
  command->add_option("id", flags->id, "The campaign, as tidings status shows it").required();
  add_place(*command, flags->place);
  command->footer(
      "What was sent stays sent; what is scheduled does not begin. Example:\n"
      "  tidings cancel 01jc7v2m9k3xa");
  command->callback([&line, flags] { line.run = [flags] { return cancel(*flags); }; });
}

}  // namespace tidings::cli

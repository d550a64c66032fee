#include "edge/http/metrics_routes.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string_view>
#include <utility>

#include <prometheus/text_serializer.h>
#include <sys/resource.h>
#include <unistd.h>

#include "delivery/queue_depth.h"
#include "domain/outcome.h"
#include "edge/http/peer.h"

namespace tidings::http {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Label = ClientMetric::Label;

// Families in the order they are added.
class Page {
 public:
  MetricFamily& family(MetricType type, std::string name, std::string help) {
    return families_.emplace_back(MetricFamily{std::move(name), std::move(help), type, {}});
  }
  void gauge(std::string name, std::string help, double value) {
    add_gauge(family(MetricType::Gauge, std::move(name), std::move(help)), {}, value);
  }
  void counter(std::string name, std::string help, double value) {
    add_counter(family(MetricType::Counter, std::move(name), std::move(help)), {}, value);
  }
  static void add_gauge(MetricFamily& family, std::vector<Label> labels, double value) {
    family.metric.emplace_back().gauge.value = value;
    family.metric.back().label = std::move(labels);
  }
  static void add_counter(MetricFamily& family, std::vector<Label> labels, double value) {
    family.metric.emplace_back().counter.value = value;
    family.metric.back().label = std::move(labels);
  }
  static void add_histogram(MetricFamily& family, std::vector<Label> labels,
                            const Histogram::Snapshot& seen) {
    ClientMetric& metric = family.metric.emplace_back();
    metric.label = std::move(labels);
    for (std::size_t i = 0; i < seen.bounds.size(); ++i) {
      metric.histogram.bucket.push_back({seen.at_most[i], seen.bounds[i]});
    }
    metric.histogram.sample_count = seen.at_most.back();
    metric.histogram.sample_sum = seen.sum;
  }
  std::string text() const { return prometheus::TextSerializer().Serialize(families_); }

 private:
  std::vector<MetricFamily> families_;
};

constexpr std::array kKinds = {MessageKind::campaign, MessageKind::individual,
                               MessageKind::transactional, MessageKind::test, MessageKind::copy};
constexpr std::array kOutcomes = {OutcomeKind::sent, OutcomeKind::deferred, OutcomeKind::bounced,
                                  OutcomeKind::failed, OutcomeKind::uncertain};

void add_sending(Page& page, const MetricsContext& context) {
  const delivery::SendingFigures& figures = *context.figures;
  auto& attempts = page.family(MetricType::Counter, "tidings_attempts_total",
                               "Attempts to hand a message over, by what came of them.");
  for (const MessageKind kind : kKinds) {
    for (const OutcomeKind outcome : kOutcomes) {
      Page::add_counter(
          attempts,
          {{"kind", std::string(to_string(kind))}, {"outcome", std::string(to_string(outcome))}},
          static_cast<double>(figures.attempts(kind, outcome)));
    }
  }
  page.counter("tidings_sent_octets_total", "Octets of the messages that were sent.",
               static_cast<double>(figures.octets()));
  auto& wait = page.family(MetricType::Histogram, "tidings_wait_seconds",
                           "From the wish to send a message until it was sent.");
  for (const MessageKind kind : kKinds) {
    Page::add_histogram(wait, {{"kind", std::string(to_string(kind))}}, figures.wait(kind));
  }
  Page::add_histogram(
      page.family(MetricType::Histogram, "tidings_attempt_seconds", "How long an attempt took."),
      {}, figures.duration());
  auto& events = page.family(MetricType::Counter, "tidings_events_total",
                             "What was heard of messages that had left.");
  for (const auto& [word, type] : {std::pair("marked_as_spam", EventType::marked_as_spam),
                                   {"unsubscribed", EventType::unsubscribed},
                                   {"resubscribed", EventType::resubscribed}}) {
    Page::add_counter(events, {{"type", word}}, static_cast<double>(figures.events(type)));
  }
  const auto activity = context.activity();
  page.gauge("tidings_ready_messages", "Messages in memory, ready to leave.",
             static_cast<double>(activity.ready));
  page.gauge("tidings_in_flight_messages", "Messages being handed over now.",
             static_cast<double>(activity.in_flight));
  page.gauge("tidings_unrecorded_outcomes",
             "Outcomes that are in the journal, not yet in the database.",
             static_cast<double>(activity.unrecorded));
  page.gauge("tidings_blocked", "1 while the journal or the database cannot be written.",
             activity.is_blocked ? 1 : 0);
  page.gauge("tidings_trouble",
             "1 while something is in the way of sending; `tidings status` says what.",
             activity.trouble.empty() ? 0 : 1);
  Page::add_histogram(page.family(MetricType::Histogram, "tidings_journal_sync_seconds",
                                  "How long the disk took to keep the journal."),
                      {}, context.journal_sync());
  page.counter("tidings_hits_lost_total",
               "Opens and followed links that could not be written down.",
               static_cast<double>(context.hits_lost()));
  page.counter("tidings_hits_unconfirmed_total",
               "Opens and followed links that the disk did not confirm to keep.",
               static_cast<double>(context.hits_unconfirmed()));
}

void add_returned(Page& page, const feedback::ReturnedFigures& figures) {
  page.counter("tidings_inbound_connections_total", "Connections to the inbound listener.",
               static_cast<double>(figures.connections()));
  page.counter("tidings_inbound_mail_total", "Mail that was stored and answered 250.",
               static_cast<double>(figures.accepts()));
  auto& refused = page.family(MetricType::Counter, "tidings_inbound_refused_total",
                              "What the inbound listener refused, by the codes of its answer.");
  for (const auto& [reply, amount] : figures.refusals()) {
    Page::add_counter(refused, {{"reply", reply}}, static_cast<double>(amount));
  }
  auto& read = page.family(MetricType::Counter, "tidings_returned_mail_total",
                           "Returned mail that was read, by what it is and what followed.");
  for (const auto& [what, amount] : figures.readings()) {
    Page::add_counter(read, {{"kind", what.first}, {"outcome", what.second}},
                      static_cast<double>(amount));
  }
}

void add_depth(Page& page, const delivery::QueueDepth& depth, Instant now) {
  auto& queue = page.family(MetricType::Gauge, "tidings_queue_messages",
                            "Messages that are not at their end, in the database; those of no "
                            "campaign, and held ones, are counted up to 100,000.");
  const auto add = [&](std::string_view lane, const delivery::QueueDepth::Messages& messages) {
    for (const auto& [state, amount] : {std::pair("waiting", messages.waiting),
                                        {"deferred", messages.deferred},
                                        {"sending", messages.sending}}) {
      Page::add_gauge(queue, {{"lane", std::string(lane)}, {"state", state}},
                      static_cast<double>(amount));
    }
  };
  add("campaign", depth.campaigns);
  add("direct", depth.direct);
  page.gauge("tidings_held_messages", "Messages that wait for a person.",
             static_cast<double>(depth.held));
  auto& campaigns =
      page.family(MetricType::Gauge, "tidings_campaigns", "Campaigns that are not ended.");
  for (const auto& [state, amount] : {std::pair("running", depth.running),
                                      {"paused", depth.paused},
                                      {"scheduled", depth.scheduled}}) {
    Page::add_gauge(campaigns, {{"state", state}}, static_cast<double>(amount));
  }
  page.gauge("tidings_oldest_due_seconds",
             "For how long the message that is due longest has been due; 0 where none is.",
             depth.oldest_due ? std::chrono::duration<double>(now - *depth.oldest_due).count() : 0);
}

// As Prometheus's own clients name them.
void add_process(Page& page) {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  page.counter("process_cpu_seconds_total", "CPU time of this process.",
               seconds(used.ru_utime) + seconds(used.ru_stime));
  std::uint64_t pages = 0;
  std::ifstream statm("/proc/self/statm");
  statm >> pages >> pages;
  page.gauge("process_resident_memory_bytes", "Memory of this process.",
             static_cast<double>(pages) * static_cast<double>(::sysconf(_SC_PAGESIZE)));
  std::error_code error;
  std::size_t open = 0;
  for (auto at = std::filesystem::directory_iterator("/proc/self/fd", error);
       !error && at != std::filesystem::directory_iterator(); at.increment(error)) {
    ++open;
  }
  page.gauge("process_open_fds", "Open descriptors of this process.", static_cast<double>(open));
}

bool may_read(const net::Request& request, const MetricsContext& context) {
  if (is_operator(request)) return true;
  const std::string peer = direct_peer(request);
  return !peer.empty() && std::ranges::find(context.readers, peer) != context.readers.end();
}

net::Response metrics(const net::Request& request, const MetricsContext& context) {
  if (!may_read(request, context)) return net::Response::text(404, "not found\n");
  Page page;
  add_sending(page, context);
  add_returned(page, *context.returned);
  // Where the database is away the rest is wanted all the more.
  const Instant now = context.clock->now();
  const auto depth = context.database->read_value(
      [&](db::Connection& connection) { return delivery::read_queue_depth(connection, now); });
  page.gauge("tidings_database_up", "Whether the database answered.", depth ? 1 : 0);
  if (depth) add_depth(page, *depth, now);
  add_process(page);
  auto response = net::Response::text(200, page.text());
  response.set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  return response;
}

}  // namespace

void add_metrics_routes(net::Router& router, MetricsContext given) {
  const auto context = std::make_shared<const MetricsContext>(std::move(given));
  router.add("GET", "/metrics",
             [context](const net::Request& request) { return metrics(request, *context); });
}

}  // namespace tidings::http

// GET /metrics: what this node does, in the text format of Prometheus 0.0.4.
//
// For machines that are asked to look: from this machine itself, not through a proxy, and from
// the addresses of the setting metrics_readers. Everybody else is told that there is nothing.
// Figures of the queue are the database's, the same from every node; the others this process's,
// since it began. No label names a person, an organisation or a campaign.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/histogram.h"
#include "db/database.h"
#include "delivery/dispatcher.h"
#include "delivery/sending_figures.h"
#include "feedback/returned_figures.h"
#include "net/router.h"

namespace tidings::http {

// Borrowed for as long as the router serves.
struct MetricsContext {
  db::Database* database = nullptr;
  const Clock* clock = nullptr;
  const delivery::SendingFigures* figures = nullptr;
  // Any thread.
  std::function<delivery::Dispatcher::Activity()> activity;
  std::function<Histogram::Snapshot()> journal_sync;  // seconds
  std::function<std::uint64_t()> hits_lost;           // opens and followed links
  std::function<std::uint64_t()> hits_unconfirmed;
  const feedback::ReturnedFigures* returned = nullptr;
  std::vector<std::string> readers;  // addresses besides this machine's own
};

void add_metrics_routes(net::Router& router, MetricsContext context);

}  // namespace tidings::http

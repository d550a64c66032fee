// ExampleLoader: loads the example organisation in the background, once at a time for each
// organisation. What was begun and interrupted stays as it is: the example is nothing to go on
// with. Thread: any; destroy on one, before what `ask` needs.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "edge/example/load_example.h"

namespace tidings::example {

struct ExampleState {
  bool is_loading = false;
  bool is_loaded = false;  // since the server was started
  int step = 0;            // of kSteps
  std::string trouble;     // why it ended before its end
};

class ExampleLoader {
 public:
  // Calls of an organisation, as whoever runs the server.
  using AskFor = std::function<Ask(OrganisationId)>;

  ExampleLoader(AskFor ask_for, const Clock& clock) : ask_for_(std::move(ask_for)), clock_(clock) {}

  // How the readers of the example ask; none: nobody reads it. Not while one of them is asking: it
  // waits.
  void be_read_by(Visit visit);

  // Errors: example.loading (conflict), those of check_may_load.
  Result<void> start(OrganisationId organisation);
  ExampleState state(OrganisationId organisation) const;
  // Whether it may begin here. Errors: those of the API.
  Result<bool> may_load(OrganisationId organisation) const;

 private:
  struct Run {
    ExampleState state;
    std::jthread thread;
  };

  AskFor ask_for_;
  const Clock& clock_;
  mutable std::mutex mutex_;  // guards runs_
  std::mutex visit_mutex_;    // guards visit_, also while it is called
  Visit visit_;
  std::map<OrganisationId, Run> runs_;  // last: their threads use what is above
};

}  // namespace tidings::example

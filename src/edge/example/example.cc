#include "edge/example/example.h"

#include <utility>

namespace tidings::example {

void ExampleLoader::be_read_by(Visit visit) {
  const std::lock_guard lock(visit_mutex_);
  visit_ = std::move(visit);
}

Result<void> ExampleLoader::start(OrganisationId organisation) {
  const Ask ask = ask_for_(organisation);
  const std::lock_guard lock(mutex_);
  Run& run = runs_[organisation];
  if (run.state.is_loading) {
    return fail(ErrorKind::conflict, "example.loading", "The example is being loaded already.");
  }
  TRY(check_may_load(ask));
  run.state = {.is_loading = true};
  run.thread = std::jthread([this, organisation, ask](const std::stop_token& stop) {
    const auto step_done = [&](int step) {
      const std::lock_guard guard(mutex_);
      runs_[organisation].state.step = step;
    };
    const auto visit = [&](std::string_view path, std::string_view program) {
      const std::lock_guard guard(visit_mutex_);
      if (visit_) visit_(path, program);
    };
    const auto loaded = load_example(
        {.ask = ask, .visit = visit, .now = clock_.now(), .stop = stop, .done = step_done});
    const std::lock_guard guard(mutex_);
    ExampleState& state = runs_[organisation].state;
    state.is_loading = false;
    state.is_loaded = loaded.has_value();
    if (!loaded) state.trouble = loaded.error().message;
  });
  return {};
}

ExampleState ExampleLoader::state(OrganisationId organisation) const {
  const std::lock_guard lock(mutex_);
  const auto found = runs_.find(organisation);
  return found == runs_.end() ? ExampleState() : found->second.state;
}

Result<bool> ExampleLoader::may_load(OrganisationId organisation) const {
  const auto checked = check_may_load(ask_for_(organisation));
  if (checked) return true;
  if (checked.error().kind == ErrorKind::conflict) return false;
  return std::unexpected(checked.error());
}

}  // namespace tidings::example

#include "edge/api/example_handlers.h"

#include <boost/json.hpp>

#include "edge/example/example.h"
#include "identity/audit.h"

namespace tidings::api {
namespace {

namespace json = boost::json;
using example::ExampleLoader;

Result<void> check_serving(const Call& call, const ExampleLoader* loader) {
  if (loader != nullptr && call.services.runner != nullptr) return {};
  return fail(ErrorKind::unavailable, "example.not_serving",
              "The example needs a running server: tidings demo, or tidings serve.");
}

Result<json::value> described(const Call& call, const ExampleLoader& loader) {
  const auto state = loader.state(call.organisation());
  const bool may_load = !state.is_loading && TRY(loader.may_load(call.organisation()));
  return json::value(json::object{{"may_load", may_load},
                                  {"is_loading", state.is_loading},
                                  {"is_loaded", state.is_loaded},
                                  {"step", state.step},
                                  {"steps", example::kSteps},
                                  {"trouble", state.trouble}});
}

Result<Answer> get(const Call& call, const ExampleLoader* loader) {
  TRY(check_serving(call, loader));
  return Answer::ok(TRY(described(call, *loader)));
}

Result<Answer> load(const Call& call, ExampleLoader* loader) {
  TRY(check_serving(call, loader));
  TRY(loader->start(call.organisation()));
  TRY(call.services.database.write(db::Priority::web, [&](db::Connection& connection) {
    return identity::audit(connection, call.who,
                           {.action = "example.load",
                            .object = "organisation",
                            .object_id = call.organisation().value,
                            .note = ""},
                           call.now());
  }));
  return Answer::accepted(TRY(described(call, *loader)));
}

}  // namespace

void add_example_handlers(Registry& registry, ExampleLoader* loader) {
  registry.answer("getExample", [loader](const Call& call) { return get(call, loader); });
  registry.answer("loadExample", [loader](const Call& call) { return load(call, loader); });
}

}  // namespace tidings::api

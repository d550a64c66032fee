// tidings: one program for everything.
#include <CLI/CLI.hpp>
#include <csignal>
#include <exception>

#include <fmt/format.h>

#include "edge/cli/command.h"

int main(int argc, char** argv) {
  using namespace tidings::cli;
  std::signal(SIGPIPE, SIG_IGN);
  CLI::App app("Tidings: the communications office of an organisation", "tidings");
  app.set_version_flag("--version", "tidings " TIDINGS_VERSION);
  app.require_subcommand(1);
  app.failure_message([](const CLI::App*, const CLI::Error& error) {
    return fmt::format("tidings: {}. See tidings --help.\n", error.what());
  });
  CommandLine line;
  add_init_command(app, line);
  add_import_command(app, line);
  add_send_command(app, line);
  add_status_command(app, line);
  add_cancel_command(app, line);
  add_log_command(app, line);
  add_record_commands(app, line);
  add_message_command(app, line);
  add_contact_command(app, line);
  add_group_command(app, line);
  add_segment_command(app, line);
  add_topic_command(app, line);
  add_export_command(app, line);
  add_suppression_command(app, line);
  add_sender_command(app, line);
  add_domain_command(app, line);
  add_template_command(app, line);
  add_tracking_command(app, line);
  add_serve_command(app, line);
  add_user_command(app, line);
  add_token_command(app, line);
  add_render_command(app, line);
  add_campaign_command(app, line);
  add_config_command(app, line);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kDone : kUsage;
  }
  return line.run();
}

// tidings: one program for everything.
#include <csignal>

#include "app/web_bundle.h"
#include "edge/cli/command.h"
#include "edge/cli/statistics_command.h"

int main(int argc, char** argv) {
  using namespace tidings::cli;
  std::signal(SIGPIPE, SIG_IGN);
  Parser app("Tidings: the communications office of an organisation", "tidings");
  app.add_version_flag("--version", "tidings " TIDINGS_VERSION);
  app.require_subcommand(1);
  CommandLine line;
  line.web_app = tidings::app::web_bundle();
  add_init_command(app, line);
  add_import_command(app, line);
  add_send_command(app, line);
  add_status_command(app, line);
  add_bounce_command(app, line);
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
  add_mailbox_command(app, line);
  add_provider_command(app, line);
  add_template_command(app, line);
  add_statistics_command(app, line);
  add_tracking_command(app, line);
  add_serve_command(app, line);
  add_demo_command(app, line);
  add_user_command(app, line);
  add_token_command(app, line);
  add_render_command(app, line);
  add_campaign_command(app, line);
  add_queue_commands(app, line);
  add_problem_commands(app, line);
  add_config_command(app, line);
  switch (app.parse(argc, argv)) {
    case Parser::Parsed::shown:
      return kDone;
    case Parser::Parsed::refused:
      return kUsage;
    case Parser::Parsed::yes:
      break;
  }
  return line.run();
}

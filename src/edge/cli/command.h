// The command line: one file per command, each adding itself to the parser.
//
// A command declares its options on `app`, and sets `line.run` in its callback; main() then runs
// it once and exits with what it returns. Exit codes (interface.md): 0 done, 1 some failed,
// 2 usage or trouble before anything happened, 3 something remains, 130 interrupted.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "edge/cli/parser.h"
#include "edge/cli/workplace.h"

namespace tidings::cli {

inline constexpr int kDone = 0;
inline constexpr int kSomeFailed = 1;
inline constexpr int kUsage = 2;
inline constexpr int kRemains = 3;
inline constexpr int kInterrupted = 130;

// What every command shares. Filled by the parser before `run` is called.
struct CommandLine {
  std::string program = "tidings";
  std::function<int()> run;  // the chosen command
  std::string_view web_app;  // what serve shows in a browser (edge/http/web_app.h); may be empty
};

// --data and --database: where a command works. `place` must live until the line is parsed.
void add_place(Parser& command, WorkplaceOptions& place);

// Prints `tidings: sentence` to standard error and returns `exit_code`.
int report(const Error& error, int exit_code = kUsage);

void add_bounce_command(Parser& app, CommandLine& line);
void add_cancel_command(Parser& app, CommandLine& line);
void add_campaign_command(Parser& app, CommandLine& line);
void add_config_command(Parser& app, CommandLine& line);
void add_queue_commands(Parser& app, CommandLine& line);  // and trace
void add_problem_commands(Parser& app, CommandLine& line);
void add_record_commands(Parser& app, CommandLine& line);
void add_render_command(Parser& app, CommandLine& line);
void add_contact_command(Parser& app, CommandLine& line);
void add_demo_command(Parser& app, CommandLine& line);
void add_domain_command(Parser& app, CommandLine& line);
void add_provider_command(Parser& app, CommandLine& line);
void add_export_command(Parser& app, CommandLine& line);
void add_group_command(Parser& app, CommandLine& line);
void add_topic_command(Parser& app, CommandLine& line);  // and trigger
void add_import_command(Parser& app, CommandLine& line);
void add_suppression_command(Parser& app, CommandLine& line);
void add_init_command(Parser& app, CommandLine& line);
void add_log_command(Parser& app, CommandLine& line);
void add_mailbox_command(Parser& app, CommandLine& line);
void add_message_command(Parser& app, CommandLine& line);
void add_segment_command(Parser& app, CommandLine& line);
void add_send_command(Parser& app, CommandLine& line);
void add_sender_command(Parser& app, CommandLine& line);
void add_serve_command(Parser& app, CommandLine& line);
void add_status_command(Parser& app, CommandLine& line);
void add_template_command(Parser& app, CommandLine& line);
void add_tracking_command(Parser& app, CommandLine& line);
void add_token_command(Parser& app, CommandLine& line);
void add_user_command(Parser& app, CommandLine& line);

}  // namespace tidings::cli

// Commands that PostgreSQL allows outside of transactions only. Thread: any.
#pragma once

#include <string>

#include "base/result.h"

namespace tidings::db {

// Connects to `url`, runs one command (CREATE DATABASE, pg_terminate_backend …), disconnects.
// `sql` is our own text, never from outside.
Result<void> run_outside_transaction(const std::string& url, const std::string& sql);

}  // namespace tidings::db

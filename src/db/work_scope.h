// WorkScope: marks that this thread is at work for a database, so that a write or a read from
// within one, which would wait for itself, is caught at once as the bug it is.
// Thread: each sees its own scopes.
#pragma once

namespace tidings::db {

class WorkScope {
 public:
  explicit WorkScope(const void* database) : database_(database), outer_(innermost()) {
    innermost() = this;
  }
  ~WorkScope() { innermost() = outer_; }
  WorkScope(const WorkScope&) = delete;
  WorkScope& operator=(const WorkScope&) = delete;

  static bool inside(const void* database) {
    for (const WorkScope* scope = innermost(); scope != nullptr; scope = scope->outer_) {
      if (scope->database_ == database) return true;
    }
    return false;
  }

 private:
  static const WorkScope*& innermost() {
    thread_local const WorkScope* scope = nullptr;
    return scope;
  }

  const void* const database_;
  const WorkScope* const outer_;
};

}  // namespace tidings::db

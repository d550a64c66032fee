// Finds a std::string key by string_view without building a string. Thread: any.
#pragma once

#include <functional>
#include <string_view>

namespace tidings::db {

struct NameHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view name) const {
    return std::hash<std::string_view>()(name);
  }
};

}  // namespace tidings::db

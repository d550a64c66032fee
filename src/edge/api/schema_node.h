// A compiled schema as its compiler (schema.cc) writes it and its checker (schema_check.cc) reads
// it. Part of schema. Thread: const once compiled.
#pragma once

#include <boost/json/value.hpp>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <re2/re2.h>

namespace tidings::api {

enum class Format { none, id, date_time, date, email, uri, time_zone, locale };

// Bits of Schema::types.
inline constexpr unsigned kNull = 1, kBoolean = 2, kInteger = 4, kNumber = 8, kString = 16,
                          kArray = 32, kObject = 64, kAnyType = 127;

struct Schema {
  struct Property {
    const Schema* schema = nullptr;  // null: required, and described by `others`
    bool is_required = false;
  };

  unsigned types = kAnyType;
  std::vector<boost::json::value> allowed;  // enum or const; empty: any

  std::map<std::string, Property, std::less<>> properties;
  const Schema* others = nullptr;  // of members without a property; null: there are none
  std::size_t properties_min = 0;
  std::size_t properties_max = SIZE_MAX;

  const Schema* items = nullptr;
  std::size_t items_min = 0;
  std::size_t items_max = SIZE_MAX;
  bool items_differ = false;

  std::size_t length_min = 0;
  std::size_t length_max = SIZE_MAX;
  std::unique_ptr<re2::RE2> pattern;
  std::string hint;
  Format format = Format::none;

  std::optional<double> minimum;
  std::optional<double> maximum;

  std::vector<const Schema*> choices;  // oneOf; then nothing above holds
  std::string telling_member;          // chooses among those that are objects
};

}  // namespace tidings::api

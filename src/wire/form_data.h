// What a browser or a mail program puts into the body of a POST: urlencoded and multipart forms,
// and the Content-Type that says which. Small bodies, wholly in memory.
// Source: the URL Standard §5.1 (application/x-www-form-urlencoded parsing), RFC 7578
// (multipart/form-data), RFC 2046 §5.1.1 (boundaries), RFC 9110 §8.3.1 (media types).
// Thread: any; pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace tidings::wire {

// `type/subtype` in lower case, and parameters in order with names in lower case.
struct MediaType {
  std::string type;
  std::vector<std::pair<std::string, std::string>> parameters;

  std::optional<std::string_view> parameter(std::string_view name) const;
};

// Nothing when it is no media type: "text/html; charset=utf-8" is.
std::optional<MediaType> parse_media_type(std::string_view text);

// One field. Bytes as sent: UTF-8 is expected, not checked.
struct FormField {
  std::string name;
  std::string value;
  std::optional<std::string> file_name;  // only of multipart file fields
};

// At the bound: form.too_large (limit).
struct FormLimits {
  std::size_t fields = 256;
  std::size_t name_bytes = 1024;
  std::size_t part_header_bytes = 4096;
};

// Never fails on odd bytes: like browsers, a broken escape stands for itself.
Result<std::vector<FormField>> parse_form_urlencoded(std::string_view body, FormLimits limits = {});
// Errors: form.malformed (invalid) when the body is not what its boundary promises.
Result<std::vector<FormField>> parse_form_multipart(std::string_view body,
                                                    std::string_view boundary,
                                                    FormLimits limits = {});

// One part of a multipart form where it lies: a large file is not copied.
struct FormPart {
  std::string name;
  std::optional<std::string> file_name;
  std::string media_type;  // as sent; empty: text/plain (RFC 7578 §4.4)
  std::string_view value;  // borrows from the body
};
Result<std::vector<FormPart>> split_form_multipart(std::string_view body, std::string_view boundary,
                                                   FormLimits limits = {});

// By Content-Type. Errors: as above, and form.media_type (unsupported).
Result<std::vector<FormField>> parse_form(std::string_view content_type, std::string_view body,
                                          FormLimits limits = {});

// The first field of that name.
std::optional<std::string_view> find_field(std::span<const FormField> fields,
                                           std::string_view name);

}  // namespace tidings::wire

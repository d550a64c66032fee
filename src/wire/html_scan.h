// The tags of an HTML template with their attributes and places, without building a tree and
// without changing a byte: what finds links and images to check, and the place for a preheader.
//
// Liquid is stepped over wherever it stands, also inside of attributes and quotes; so are comments
// (Outlook's conditional ones included), what {% comment %} hides, and the insides of style,
// script, title and textarea. Linear in the size of the source, whatever it holds. Source: HTML
// Standard §13.2.5 (tokenization), as far as tags and attributes go. Thread: any; pure.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tidings::wire {

// All views look into the scanned source; character references are not decoded.
struct HtmlAttribute {
  std::string_view name;  // as written
  std::string_view value;
  std::size_t offset = 0;  // of the name
};

struct HtmlTag {
  std::string name;  // in lower case
  bool is_end_tag = false;
  std::size_t begin = 0;  // of '<'
  std::size_t end = 0;    // behind '>'
  std::vector<HtmlAttribute> attributes;

  // By its name in lower case; the first one counts, as in browsers.
  const HtmlAttribute* attribute(std::string_view name) const;
};

// Calls `tag` for every tag in order. A tag that the source ends in is left out.
void scan_html(std::string_view html, const std::function<void(const HtmlTag&)>& tag);

// Line and column (in characters) of an offset, both from 1.
struct TextPlace {
  int line = 1;
  int column = 1;
};
TextPlace place_at(std::string_view text, std::size_t offset);

// The text with its character references decoded, as far as they are usual in attributes: numbers,
// &amp; &lt; &gt; &quot; &apos; and &nbsp;. Others stay.
std::string decode_references(std::string_view text);

}  // namespace tidings::wire

#include "liquid/outline.h"

#include "liquid/lexer.h"

namespace tidings::liquid {

namespace {

std::vector<Piece> cut(std::string_view source) {
  std::vector<Piece> pieces;
  Items items(source, 0, source.size(), false);
  int captures = 0;  // that are open here
  const auto add = [&](std::size_t begin, Piece::Kind kind) {
    if (!pieces.empty()) pieces.back().end = begin;
    pieces.push_back({captures > 0 ? Piece::Kind::hidden : kind, begin, source.size()});
  };
  for (Item item = items.next(); item.kind != Item::Kind::end; item = items.next()) {
    if (item.kind == Item::Kind::text) {
      add(item.at, Piece::Kind::text);
    } else if (item.kind == Item::Kind::output) {
      add(item.at, Piece::Kind::output);
    } else if (item.name == "comment") {
      add(item.at, Piece::Kind::hidden);
      items.skip_comment(item.at);
    } else if (item.name == "raw" || item.name == "doc") {
      add(item.at, Piece::Kind::hidden);
      items.raw_until(item.name == "raw" ? "endraw" : "enddoc", item.at);
    } else {
      add(item.at, Piece::Kind::tag);
      if (item.name == "capture") ++captures;
      if (item.name == "endcapture" && captures > 0) --captures;
    }
  }
  return pieces;
}

}  // namespace

std::optional<std::vector<Piece>> outline(std::string_view source) {
  try {
    return cut(source);
  } catch (const Mistake&) {
    return std::nullopt;
  }
}

}  // namespace tidings::liquid

#include "wire/text_layout.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace tidings::wire {
namespace {

using Type = TextItem::Type;

// Items with the blocks of Liquid nested: a node that opens one holds its branches.
struct Node {
  const TextItem* item = nullptr;
  std::vector<std::vector<Node>> branches;
  std::vector<const TextItem*> ends;  // the tag that ends each branch
};

bool opens(const TextItem& item) {
  return item.type == Type::tag && item.tag <= TagKind::open_aside;
}

// Reads nodes until a tag that ends the branch. Blocks that are not balanced end at the end.
std::vector<Node> nest(const std::vector<TextItem>& items, std::size_t& at, int depth) {
  std::vector<Node> nodes;
  while (at < items.size()) {
    const TextItem& item = items[at];
    const bool ends =
        item.type == Type::tag && (item.tag == TagKind::branch || item.tag == TagKind::close);
    if (ends && depth > 0) break;
    ++at;
    nodes.push_back({&item, {}, {}});
    // Liquid itself refuses more than 100 blocks within blocks.
    if (!opens(item) || depth >= 200) continue;
    Node& node = nodes.back();
    while (at < items.size()) {
      auto branch = nest(items, at, depth + 1);
      node.branches.push_back(std::move(branch));
      if (at == items.size()) break;
      node.ends.push_back(&items[at]);
      if (items[at++].tag == TagKind::close) break;
    }
  }
  return nodes;
}

// The gap that stands open after `nodes`, if `before` did in front of them.
Gap open_after(const std::vector<Node>& nodes, Gap before) {
  for (const Node& node : nodes) {
    if (node.item->type == Type::text) {
      before = Gap::none;
    } else if (node.item->type == Type::gap) {
      before = std::max(before, node.item->gap);
    } else if (opens(*node.item) && node.item->tag != TagKind::open_aside) {
      Gap after = Gap::none;
      for (const auto& branch : node.branches) after = std::max(after, open_after(branch, before));
      before = after;
    }
  }
  return before;
}

class Layout {
 public:
  std::string run(const std::vector<Node>& nodes) {
    write(nodes);
    return std::move(out_);
  }

 private:
  void write(const std::vector<Node>& nodes) {
    for (const Node& node : nodes) {
      const TextItem& item = *node.item;
      if (item.type == Type::gap) {
        open_ = std::max(open_, item.gap);
      } else if (item.type == Type::text) {
        flush();
        out_ += item.text;
        written_ = Gap::none;
      } else if (!opens(item)) {
        out_ += item.text;
      } else if (item.tag == TagKind::open_choice) {
        write_choice(node);
      } else if (item.tag == TagKind::open_loop) {
        write_loop(node);
      } else {
        write_aside(node);
      }
    }
  }

  // Brings what is written up to the gap that is wanted.
  void flush() {
    if (open_ > written_) {
      if (open_ == Gap::space) out_ += ' ';
      if (open_ >= Gap::line && written_ < Gap::line) out_ += '\n';
      if (open_ == Gap::paragraph) out_ += '\n';
      written_ = open_;
    }
    open_ = Gap::none;
  }

  void write_choice(const Node& node) {
    const bool lazy = std::ranges::all_of(
        node.branches, [&](const auto& branch) { return open_after(branch, open_) >= open_; });
    if (!lazy) flush();
    const Gap open = open_;
    const Gap written = written_;
    Gap open_at_end = open;
    Gap written_at_end = written;
    out_ += node.item->text;
    for (std::size_t i = 0; i < node.branches.size(); ++i) {
      open_ = open;
      written_ = written;
      write(node.branches[i]);
      open_at_end = std::max(open_at_end, open_);
      written_at_end = std::min(written_at_end, written_);
      if (i < node.ends.size()) out_ += node.ends[i]->text;
    }
    open_ = open_at_end;
    written_ = written_at_end;
  }

  void write_loop(const Node& node) {
    Gap step = Gap::none;  // between two rounds
    for (const auto& branch : node.branches) step = std::max(step, open_after(branch, Gap::none));
    if (step >= Gap::line) open_ = std::max(open_, Gap::line);
    flush();
    const Gap start = std::min(step, written_);
    out_ += node.item->text;
    for (std::size_t i = 0; i < node.branches.size(); ++i) {
      open_ = Gap::none;
      written_ = start;
      write(node.branches[i]);
      open_ = std::max(open_, step);
      flush();
      if (i < node.ends.size()) out_ += node.ends[i]->text;
    }
    written_ = start;
    open_ = Gap::none;
  }

  void write_aside(const Node& node) {
    const Gap open = std::exchange(open_, Gap::none);
    const Gap written = std::exchange(written_, Gap::paragraph);
    out_ += node.item->text;
    for (std::size_t i = 0; i < node.branches.size(); ++i) {
      write(node.branches[i]);
      if (i < node.ends.size()) out_ += node.ends[i]->text;
    }
    open_ = open;
    written_ = written;
  }

  std::string out_;
  Gap open_ = Gap::none;          // wanted before the next text
  Gap written_ = Gap::paragraph;  // at the end of out_ already
};

}  // namespace

std::string lay_out_text(const std::vector<TextItem>& items) {
  std::size_t at = 0;
  return Layout().run(nest(items, at, 0));
}

}  // namespace tidings::wire

#include "wire/dot_stuffing.h"

#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace tidings::wire {
namespace {

std::string stuffed(std::string_view octets) {
  std::vector<std::string_view> slices;
  append_dot_stuffed(octets, slices);
  std::string all;
  for (const std::string_view slice : slices) all += slice;
  return all;
}

// The slow twin: line by line, octet by octet.
std::string normalised(std::string_view octets) {
  std::string out;
  for (std::size_t i = 0; i < octets.size(); ++i) {
    if (octets[i] == '\r') {
      out += "\r\n";
      if (i + 1 < octets.size() && octets[i + 1] == '\n') ++i;
    } else if (octets[i] == '\n') {
      out += "\r\n";
    } else {
      out += octets[i];
    }
  }
  if (!out.ends_with("\r\n")) out += "\r\n";
  return out;
}

TEST(DotStuffing, ProperTextIsOneSliceOfTheMessageItself) {
  const std::string text = "Subject: a\r\n\r\nb.c\r\n";
  std::vector<std::string_view> slices;
  append_dot_stuffed(text, slices);
  ASSERT_EQ(slices.size(), 1u);
  EXPECT_EQ(slices[0].data(), text.data());
  EXPECT_EQ(slices[0].size(), text.size());
}

TEST(DotStuffing, LeadingDotsAreDoubled) {
  EXPECT_EQ(stuffed(".\r\n"), "..\r\n");
  EXPECT_EQ(stuffed("a\r\n.\r\n..b\r\n"), "a\r\n..\r\n...b\r\n");
}

TEST(DotStuffing, AddsTheFinalLineEnd) {
  EXPECT_EQ(stuffed(""), "\r\n");
  EXPECT_EQ(stuffed("a"), "a\r\n");
  EXPECT_EQ(stuffed("a\r"), "a\r\n");
  EXPECT_EQ(stuffed("a\n"), "a\r\n");
  EXPECT_EQ(stuffed("."), "..\r\n");
}

TEST(DotStuffing, WhatComesOutHasOnlyCrlfAndReadsBackTheSame) {
  std::mt19937 random(5321);
  const std::string alphabet("\r\n.\0a", 5);
  for (int round = 0; round < 50'000; ++round) {
    std::string text(random() % 12, 'x');
    for (char& c : text) c = alphabet[random() % alphabet.size()];
    const std::string wire = stuffed(text) + std::string(end_of_data);
    EXPECT_EQ(wire.find("\r\n.\r\n"), wire.size() - 5);
    for (std::size_t i = 0; i < wire.size(); ++i) {
      if (wire[i] == '\n') ASSERT_EQ(wire[i - 1], '\r');
      if (wire[i] == '\r') ASSERT_EQ(wire[i + 1], '\n');
    }
    std::string back;
    ASSERT_TRUE(remove_dot_stuffing(wire, back));
    EXPECT_EQ(back, normalised(text));
  }
}

}  // namespace
}  // namespace tidings::wire

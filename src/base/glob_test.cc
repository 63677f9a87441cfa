#include "base/glob.h"

#include <gtest/gtest.h>

#include <string>

namespace ostraka::base {
namespace {

struct Row {
  ByteView pattern;
  ByteView text;
  bool matches;
};

TEST(Glob, Table) {
  const Row rows[] = {
      {"", "", true},
      {"", "a", false},
      {"*", "", true},
      {"*", "anything", true},
      {"a", "a", true},
      {"a", "b", false},
      {"a", "ab", false},
      {"ab", "a", false},
      {"h?llo", "hello", true},
      {"h?llo", "hllo", false},
      {"h*llo", "hllo", true},
      {"h*llo", "heeello", true},
      {"h*llo", "heeell", false},
      {"h[ae]llo", "hallo", true},
      {"h[ae]llo", "hillo", false},
      {"h[^e]llo", "hallo", true},
      {"h[^e]llo", "hello", false},
      {"h[a-b]llo", "hbllo", true},
      {"h[b-a]llo", "hbllo", true},
      {"h[a-b]llo", "hcllo", false},
      {"[^a-c]", "b", false},
      {"[^a-c]", "d", true},
      {"h\\?llo", "h?llo", true},
      {"h\\?llo", "hello", false},
      {"\\*", "*", true},
      {"\\*", "x", false},
      {"a\\", "a\\", true},
      {"a\\", "a", false},
      {"[\\]]", "]", true},
      {"[\\-x]", "-", true},
      {"[]", "]", false},
      {"[]", "", false},
      {"[^]", "x", true},
      {"[abc", "b", true},
      {"[abc", "d", false},
      {"[a-", "-", true},
      {"[a-]", "]", true},
      {"[", "[", false},
      {"**a**", "bab", true},
      {"*a*b*c", "xaybzc", true},
      {"*a*b*c", "xaybz", false},
      {"a*b*c", "aXcYb", false},
      {"A", "a", false},
      {"*.txt", "a.txt.txt", true},
      {"user:*:name", "user:1:name", true},
      {"user:*:name", "user::name", true},
      {"user:*:name", "user:1:nam", false},
      {"?", "\xc3", true},
      {"[\x80-\xff]", "\xc3", true},
      {"[\x80-\xff]", "a", false},
      {ByteView("a\0b", 3), ByteView("a\0b", 3), true},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(glob_matches(row.pattern, row.text), row.matches) << row.pattern << " " << row.text;
  }
}

TEST(Glob, LetterCaseCanBeIgnored) {
  EXPECT_TRUE(glob_matches("MAX*[A-C]", "maxclientb", LetterCase::ignored));
  EXPECT_TRUE(glob_matches("max\\C*", "MAXclient", LetterCase::ignored));
  EXPECT_FALSE(glob_matches("MAX*[A-C]", "maxclients", LetterCase::ignored));
}

// A matcher that tries every star recursively would not come back from this one.
TEST(Glob, ManyStarsTakePolynomialTime) {
  std::string pattern;
  for (int i = 0; i < 40; ++i) {
    pattern += "*a";
  }
  EXPECT_FALSE(glob_matches(pattern + "b", std::string(5000, 'a')));
}

}  // namespace
}  // namespace ostraka::base

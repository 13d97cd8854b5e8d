#include "runtime/artifact_format.h"

#include <gtest/gtest.h>

using ingot::artifact::ContentHash;

TEST(ContentHash, IsXxh64) {
  EXPECT_EQ(ContentHash::of("", 0), 0xef46db3751d8e999u);
  EXPECT_EQ(ContentHash::of("abc", 3), 0x44bc2cf5ad770999u);
  const char text[] = "Nobody inspects the spammish repetition";
  EXPECT_EQ(ContentHash::of(text, sizeof(text) - 1), 0xfbcea83c8a378bf1u);
}

TEST(ContentHash, DoesNotDependOnPieces) {
  unsigned char bytes[200];
  for (int i = 0; i < 200; ++i)
    bytes[i] = static_cast<unsigned char>(i * 37);
  uint64_t whole = ContentHash::of(bytes, sizeof(bytes));
  for (size_t first = 0; first <= sizeof(bytes); ++first)
    for (size_t second : {0u, 1u, 31u, 32u, 33u}) {
      if (first + second > sizeof(bytes))
        continue;
      ContentHash hash;
      hash.update(bytes, first);
      hash.update(bytes + first, second);
      hash.update(bytes + first + second, sizeof(bytes) - first - second);
      EXPECT_EQ(hash.finish(), whole) << first << " " << second;
    }
}

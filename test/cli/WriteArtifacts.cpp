// Writes the runtime tests' artifacts as files: FOLDER/doubling.ingot,
// FOLDER/embedding.ingot, and FOLDER/future.ingot for a CPU that nobody has.
#include "test/runtime/Artifacts.h"

#include <cstdio>

static bool write(const std::string &path, const std::vector<uint8_t> &bytes) {
  FILE *file = fopen(path.c_str(), "wb");
  return file && fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size() &&
         fclose(file) == 0;
}

int main(int argc, char **argv) {
  if (argc != 2)
    return 2;
  std::string folder = argv[1];
  ingot::test::Maker future = ingot::test::doubling();
  future.target().features = {"from-the-future"};
  return write(folder + "/doubling.ingot", ingot::test::doubling().bytes()) &&
                 write(folder + "/embedding.ingot",
                       ingot::test::embedding().bytes()) &&
                 write(folder + "/future.ingot", future.bytes())
             ? 0
             : 1;
}

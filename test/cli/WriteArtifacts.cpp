// Writes the runtime tests' artifacts as files: FOLDER/doubling.ingot and
// FOLDER/embedding.ingot.
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
  return write(folder + "/doubling.ingot", ingot::test::doubling().bytes()) &&
                 write(folder + "/embedding.ingot",
                       ingot::test::embedding().bytes())
             ? 0
             : 1;
}

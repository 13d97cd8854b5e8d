// Zip archives as NumPy writes them: stored or deflated members.
#pragma once

#include <string>
#include <vector>

namespace ingot::cli {

// Whole file. Returns "" or what is wrong.
std::string readFile(const std::string &path, std::vector<char> &bytes);

struct ZipMember {
  std::string name;
  std::vector<char> bytes;
};

// Both return "" or what is wrong. Writing replaces the file once it is
// complete, never leaves half of one.
std::string readZip(const std::string &path, std::vector<ZipMember> &members);
std::string writeZip(const std::string &path,
                     const std::vector<ZipMember> &members);

} // namespace ingot::cli

// What a launch was given and what it made of it, kept for a GPU to repeat.
#pragma once

#include "driver.h"

namespace ingot::emulator {

// Where launches go; empty: nowhere.
extern std::string recordFolder;

// Made before a launch; `write` after one that ended well.
class LaunchRecord {
public:
  LaunchRecord(const FunctionObject &function, const Launch &launch);
  void write() const;

private:
  const FunctionObject &function;
  bool isWanted = false;
  std::string head;
  std::vector<Allocation> buffers;
  std::vector<std::string> before;
};

} // namespace ingot::emulator

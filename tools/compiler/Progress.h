//===- Progress.h - What a compilation is doing, and how long it took -----===//
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace ingot::cli {

/// One line on stderr that says what is being done, if stderr is a terminal.
class Progress {
public:
  Progress();
  ~Progress() { clear(); }

  /// Ends the stage before it.
  void begin(std::string stage);
  /// What of the stage is done.
  void show(size_t done, size_t all);
  void end();

  /// Stages with their time in seconds.
  const std::vector<std::pair<std::string, double>> &times() const {
    return stages;
  }

  /// Takes the line away, for words that stay.
  static void clear();

private:
  using Clock = std::chrono::steady_clock;
  void print(const std::string &text);

  bool isTerminal;
  bool isRunning = false;
  Clock::time_point started;
  std::vector<std::pair<std::string, double>> stages;
};

} // namespace ingot::cli

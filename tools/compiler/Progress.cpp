#include "tools/compiler/Progress.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <unistd.h>

namespace ingot::cli {

static std::atomic<bool> isShown = false;

Progress::Progress() {
  const char *terminal = getenv("TERM");
  isTerminal =
      isatty(STDERR_FILENO) && terminal && strcmp(terminal, "dumb") != 0;
}

void Progress::print(const std::string &text) {
  if (!isTerminal)
    return;
  // To the start of the line, and the rest of it erased.
  fprintf(stderr, "\r\x1b[K%s", text.c_str());
  fflush(stderr);
  isShown = true;
}

void Progress::clear() {
  if (isShown.exchange(false))
    fputs("\r\x1b[K", stderr);
}

void Progress::begin(std::string stage) {
  end();
  print(stage);
  isRunning = true;
  started = Clock::now();
  stages.emplace_back(std::move(stage), 0);
}

void Progress::show(size_t done, size_t all) {
  print(stages.back().first + " " + std::to_string(done) + "/" +
        std::to_string(all));
}

void Progress::end() {
  clear();
  if (isRunning)
    stages.back().second =
        std::chrono::duration<double>(Clock::now() - started).count();
  isRunning = false;
}

} // namespace ingot::cli

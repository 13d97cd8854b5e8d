// Around every call, and the control function.
#include "../emulator.h"
#include "driver.h"
#include "recorder.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <sstream>
#include <unistd.h>

namespace ingot::emulator {

Driver driver;
std::string recordFolder;

namespace {

struct Injection {
  std::string name; // "*": any
  long count = 0;   // calls to go; 0: no fault
  int code = 0;
  bool sticky = false;
};
Injection fault;
bool recording = false, leaksAreFatal = false;
std::vector<std::string> calls;
std::map<std::string, long> held; // what others have, by name

void listLeaks(std::ostream &out) {
  for (const auto &[offset, a] : memory.allocations())
    out << a.call << ": " << a.bytes << " bytes\n";
  auto count = [&](size_t n, const char *what) {
    if (n)
      out << n << " of " << what << "\n";
  };
  count(driver.streams.size(), "cuStreamCreate");
  count(driver.events.size(), "cuEventCreate");
  count(driver.modules.size(), "cuModuleLoadData");
  count(driver.graphs.size(), "cuGraphCreate or cuStreamEndCapture");
  count(driver.execs.size(), "cuGraphInstantiateWithFlags");
  count(driver.captures.size(), "cuStreamBeginCapture_v2");
  for (const auto &[what, n] : held)
    count(static_cast<size_t>(n), what.c_str());
  for (const DeviceState &d : driver.device)
    count(static_cast<size_t>(d.retained), "cuDevicePrimaryCtxRetain");
}

void listStats(std::ostream &out) {
  const Stats &s = machine.stats;
  out << "callbacks " << s.callbacks << "\n";
  for (int i = 0; i < 5; ++i)
    out << "loads" << (1 << i) << " " << s.globalLoads[i] << "\nstores"
        << (1 << i) << " " << s.globalStores[i] << "\n";
  for (int i = 0; i < 3; ++i)
    out << "copies" << (4 << i) << " " << s.asyncCopies[i] << "\n";
  out << "matrix_phases " << s.matrixPhases << "\nbank_conflicts "
      << s.bankConflicts << "\nloads " << s.loads << "\nmulticasts "
      << s.multicasts << "\nstores " << s.stores << "\nwgmmas " << s.wgmmas
      << "\nblocks " << s.blocks << "\nswitches " << s.switches << "\n";
}

bool onOff(std::istringstream &in, bool &value) {
  std::string word;
  in >> word;
  value = word == "on";
  return word == "on" || word == "off";
}

bool setMode(std::istringstream &in) {
  std::string word;
  in >> word;
  Options &o = machine.options;
  if (word == "late")
    o.mode = Mode::Late;
  else if (word == "early")
    o.mode = Mode::Early;
  else if (word == "random")
    o.mode = Mode::Random;
  else
    return false;
  if (!(in >> o.seed))
    o.seed = 1;
  return true;
}

bool setFault(std::istringstream &in) {
  Injection f;
  in >> f.name;
  if (f.name == "off") {
    fault = Injection();
    driver.sticky = 0;
    return true;
  }
  if (!(in >> f.count >> f.code) || f.count < 1)
    return false;
  std::string word;
  f.sticky = in >> word && word == "sticky";
  fault = f;
  return true;
}

template <class T>
bool setMachine(std::istringstream &in, T &value, T scale, T least, T most) {
  T number;
  if (driver.initialized || !(in >> number) || number < least || number > most)
    return false;
  value = number * scale;
  return true;
}

bool runCommand(const std::string &command, std::ostream &out) {
  std::istringstream in(command);
  std::string word;
  if (!(in >> word))
    return true;
  if (word == "mode")
    return setMode(in);
  if (word == "checks")
    return onOff(in, machine.options.checks);
  if (word == "quiet")
    return onOff(in, machine.options.quiet);
  if (word == "early" && onOff(in, driver.startsEarly)) {
    driver.startsEarly ? memory.beginGraph() : memory.endGraph();
    return true;
  }
  if (word == "fail")
    return setFault(in);
  if (word == "record") {
    calls.clear();
    return onOff(in, recording);
  }
  if (word == "launches") {
    if (!(in >> recordFolder))
      return false;
    if (recordFolder == "off")
      recordFolder.clear();
    return true;
  }
  if (word == "calls") {
    for (const std::string &c : calls)
      out << c << "\n";
    return true;
  }
  if (word == "report") {
    out << report.text;
    return true;
  }
  if (word == "stats") {
    if (in >> word && word == "reset")
      machine.stats = Stats();
    else
      listStats(out);
    return true;
  }
  if (word == "leaks") {
    if (in >> word && word == "fatal")
      leaksAreFatal = true;
    else
      listLeaks(out);
    return true;
  }
  if (word == "revive") {
    report.result = 0;
    driver.sticky = 0;
    return true;
  }
  if (word == "reset") {
    report = Report();
    fault = Injection();
    driver.sticky = 0;
    calls.clear();
    machine.stats = Stats();
    return true;
  }
  if (word == "devices")
    return setMachine<int>(in, driver.devices, 1, 0, maxDevices);
  if (word == "memory")
    return setMachine<size_t>(in, driver.memoryBytes, size_t(1) << 20, 1,
                              6 << 10);
  if (word == "reuse" && in >> word && (word == "on" || word == "off")) {
    memory.reusesAtOnce = word == "on";
    return true;
  }
  if (word == "arch")
    return setMachine<int>(in, driver.arch, 1, 80, 120);
  if (word == "multiprocessors")
    return setMachine<int>(in, driver.multiprocessors, 1, 1, 1000);
  if (word == "driver")
    return setMachine<int>(in, driver.version, 1, 1000, 99999);
  return false;
}

bool runCommands(const char *commands, std::ostream &out) {
  std::istringstream in(commands);
  std::string command;
  while (std::getline(in, command, ';'))
    if (!runCommand(command, out))
      return false;
  return true;
}

void configure() {
  const char *commands = getenv("INGOT_EMULATOR");
  std::ostringstream out;
  if (commands && !runCommands(commands, out)) {
    fprintf(stderr, "ingot emulator: INGOT_EMULATOR is not understood: %s\n",
            commands);
    abort();
  }
}

void balance() {
  if (!leaksAreFatal)
    return;
  std::ostringstream out;
  listLeaks(out);
  if (out.str().empty() && !report.result)
    return;
  fprintf(stderr, "ingot emulator: not given back:\n%s", out.str().c_str());
  _exit(86);
}

// Made after and gone before the state that it looks at: not by attributes of
// the functions, which know nothing of that.
struct Environment {
  Environment() { configure(); }
  ~Environment() { balance(); }
} environment;

} // namespace

Call::Call(const char *name, Needs needs)
    : result(success), lock(driver.lock), name(name) {
  if (fault.count && (fault.name == "*" || fault.name == name) &&
      --fault.count == 0) {
    if (fault.sticky)
      driver.sticky = fault.code;
    result = static_cast<Result>(fault.code);
  } else if (needs >= Init && !driver.initialized) {
    result = notInitialized;
  } else if (needs >= Current && !currentContext()) {
    result = invalidContext;
  } else if (needs >= Current && (driver.sticky || report.result)) {
    // A context with a failed kernel is of no use any more.
    result = static_cast<Result>(driver.sticky ? driver.sticky : report.result);
  }
}

Call::~Call() {
  if (recording)
    calls.push_back(std::string(name) + " " + std::to_string(result));
}

} // namespace ingot::emulator

extern "C" __attribute__((visibility("default"))) int
ingot_emulator_call(const char *name) {
  ingot::emulator::Call call(name, ingot::emulator::Nothing);
  return call.result;
}

extern "C" __attribute__((visibility("default"))) void
ingot_emulator_hold(const char *what, int by) {
  using namespace ingot::emulator;
  std::lock_guard<std::recursive_mutex> guard(driver.lock);
  held[what] += by;
}

extern "C" __attribute__((visibility("default"))) int
ingot_emulator_control(const char *command, char *answer, size_t capacity) {
  using namespace ingot::emulator;
  std::lock_guard<std::recursive_mutex> guard(driver.lock);
  std::ostringstream out;
  if (!runCommands(command, out))
    return -1;
  std::string text = out.str();
  if (capacity) {
    size_t length = std::min(capacity - 1, text.size());
    memcpy(answer, text.data(), length);
    answer[length] = 0;
  }
  return static_cast<int>(text.size());
}

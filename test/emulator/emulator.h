// What tests may ask of the emulated driver beyond the functions of
// cuda_symbols.def.
#pragma once

#include <cstddef>

extern "C" {

// Runs one command, or several separated by ';'. The answer, if it has one, is
// text of lines, cut to `capacity` and terminated. Returns the answer's whole
// length, -1 for a command that is not understood. The environment variable
// INGOT_EMULATOR holds commands to run when the library is loaded.
//
//   mode late | early | random [SEED]   when asynchronous work happens, who
//   runs next checks on | off                     off: numbers only, four times
//   as fast quiet on | off                      findings are not printed to
//   stderr fail NAME COUNT CODE [sticky]       the COUNTth call of NAME (or of
//   any, '*') from now
//                                       on returns CODE and does nothing;
//                                       sticky: so do all later calls that need
//                                       a context
//   fail off
//   early on | off                      each kernel counts as one that begins
//                                       while those before it run, and what
//                                       happens since as one launch of a graph
//   record on | off, calls              the calls since, as lines "NAME CODE"
//   launches FOLDER | off               kernel launches that end well are
//                                       written there, see recorder.cpp
//   reuse on | off                      freed memory is given out again at
//                                       once, not as late as possible
//   report                              the first finding since the last reset
//   stats [reset]                       lines "NAME NUMBER", see Stats in
//   machine.h leaks [fatal]                       what was not given back, a
//   line each; fatal: an
//                                       exit with leaks or a finding ends the
//                                       process with 86
//   revive                              calls work again after a finding, which
//   `report` still
//                                       tells; to clean up
//   reset                               forgets findings, faults, records and
//   stats devices N | memory MIB | arch 80 | multiprocessors N | driver 13000
//                                       the machine; before cuInit
int ingot_emulator_control(const char *command, char *answer, size_t capacity);

// For libraries over the driver: counts a call of theirs, and returns the code
// that `fail` injects into it, else 0; what they have made and not yet
// destroyed, for `leaks`.
int ingot_emulator_call(const char *name);
void ingot_emulator_hold(const char *what, int by);

} // extern "C"

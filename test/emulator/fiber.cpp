#include "fiber.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <sys/mman.h>

#ifndef __x86_64__
#error "the emulator's fibers know x86-64 only"
#endif

asm(R"(
.text
.globl ingot_switch_stack
.hidden ingot_switch_stack
.type ingot_switch_stack, @function
ingot_switch_stack:
  push %rbp
  push %rbx
  push %r12
  push %r13
  push %r14
  push %r15
  mov %rsp, (%rdi)
  mov %rsi, %rsp
  pop %r15
  pop %r14
  pop %r13
  pop %r12
  pop %rbx
  pop %rbp
  ret
.size ingot_switch_stack, . - ingot_switch_stack
)");

namespace ingot::emulator {

char *newStack() {
  constexpr size_t guard = 4096;
  void *p = mmap(nullptr, stackBytes + guard, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED || mprotect(p, guard, PROT_NONE)) {
    perror("ingot emulator: stack of a thread");
    abort();
  }
  return static_cast<char *>(p) + guard;
}

void *prepareStack(char *stack, void (*entry)()) {
  // Six registers, then the address to return to. A function finds the stack 8
  // bytes off a multiple of 16, as after a call.
  auto *top = reinterpret_cast<uintptr_t *>(stack + stackBytes - 64);
  top[6] = reinterpret_cast<uintptr_t>(entry);
  top[7] = 0;
  return top;
}

} // namespace ingot::emulator

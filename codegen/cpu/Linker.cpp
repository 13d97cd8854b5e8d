#include "codegen/cpu/Linker.h"

#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"

#include "lld/Common/Driver.h"

#include <mutex>

LLD_HAS_DRIVER(elf)

using namespace llvm;

namespace ingot::cpu {

/// Everything a kernel may have goes into .code; what it must not have gets a
/// section whose size is asserted to be zero. `inspect` refuses the same things
/// earlier and with the kernel's name.
static constexpr StringLiteral kScript = R"(SECTIONS {
  . = 0;
  .code : ALIGN(64) { *(.text .text.*) . = ALIGN(64); *(.rodata .rodata.*) }
  .got : { *(.got .got.plt .igot .igot.plt) }
  .plt : { *(.plt .iplt) }
  .data : { *(.data .data.* .bss .bss.* .tdata .tbss COMMON) }
  .rela : { *(.rela.dyn .rela.plt .rela*) }
  .dynsym : { *(.dynsym) } .hash : { *(.hash) } .gnu.hash : { *(.gnu.hash) }
  .dynstr : { *(.dynstr) } .dynamic : { *(.dynamic) }
  ASSERT(SIZEOF(.data) == 0, "kernel has writable data")
  ASSERT(SIZEOF(.got) == 0, "kernel needs a GOT")
  ASSERT(SIZEOF(.plt) == 0, "kernel needs a PLT")
  ASSERT(SIZEOF(.rela) == 0, "kernel needs load-time relocation")
  /DISCARD/ : { *(.eh_frame .eh_frame_hdr .comment .note* .llvm_addrsig .interp) }
}
)";

using ElfObject = object::ELF64LEObjectFile;

/// The first thing in `object` that a flat blob cannot hold; empty if none.
static std::string inspect(const ElfObject &object, StringRef name) {
  bool defined = false;
  for (const object::ELFSymbolRef symbol : object.symbols()) {
    Expected<StringRef> symbolName = symbol.getName();
    Expected<uint32_t> flags = symbol.getFlags();
    if (!symbolName || !flags) {
      consumeError(symbolName.takeError());
      consumeError(flags.takeError());
      return "damaged symbol table";
    }
    if ((*flags & object::SymbolRef::SF_Undefined) && !symbolName->empty())
      return ("needs the external symbol '" + *symbolName + "'").str();
    defined |= *symbolName == name;
  }
  if (!defined)
    return "object does not define it";
  for (const object::ELFSectionRef section : object.sections()) {
    uint64_t flags = section.getFlags();
    Expected<StringRef> sectionName = section.getName();
    if (!sectionName) {
      consumeError(sectionName.takeError());
      return "damaged section table";
    }
    if ((flags & ELF::SHF_ALLOC) && (flags & ELF::SHF_WRITE) &&
        section.getSize())
      return ("has writable data in section '" + *sectionName + "'").str();
    Expected<object::section_iterator> target = section.getRelocatedSection();
    if (!target) {
      consumeError(target.takeError());
      continue;
    }
    if (*target == object.section_end() ||
        !(object::ELFSectionRef(**target).getFlags() & ELF::SHF_ALLOC))
      continue;
    for (const object::RelocationRef relocation : section.relocations()) {
      uint64_t type = relocation.getType();
      if (type == ELF::R_X86_64_PC32 || type == ELF::R_X86_64_PLT32)
        continue;
      SmallString<32> typeName;
      relocation.getTypeName(typeName);
      return ("needs the relocation " + typeName + " in section '" +
              *sectionName + "'")
          .str();
    }
  }
  return "";
}

/// Temporary files, gone with the object, and where a signal ends the process.
namespace {
class ScratchFiles {
public:
  ~ScratchFiles() {
    for (const std::string &path : paths) {
      sys::fs::remove(path);
      sys::DontRemoveFileOnSignal(path);
    }
  }

  /// The path of a new file with `bytes` in it.
  ErrorOr<std::string> add(StringRef suffix, StringRef bytes) {
    int file;
    SmallString<128> path;
    if (std::error_code error =
            sys::fs::createTemporaryFile("ingot-link", suffix, file, path))
      return error;
    paths.push_back(path.str().str());
    sys::RemoveFileOnSignal(path);
    raw_fd_ostream os(file, /*shouldClose=*/true);
    os << bytes;
    os.close();
    std::error_code error = os.error();
    os.clear_error();
    if (error)
      return error;
    return paths.back();
  }

private:
  std::vector<std::string> paths;
};
} // namespace

/// Runs lld on the files; its words on failure, else empty.
static std::string runLld(ArrayRef<std::string> objects, StringRef script,
                          StringRef output) {
  static std::mutex mutex;
  static bool usable = true;
  std::scoped_lock lock(mutex);
  if (!usable)
    return "lld crashed earlier in this process";
  SmallVector<const char *> args{
      "ld.lld", "-pie", "--no-dynamic-linker", "-z", "text", "-z", "norelro",
      "--build-id=none", "-e", "0",
      // One thread: the blob is small, and lld's pool would outlive the link.
      "--threads=1", "-T", script.data(), "-o", output.data()};
  for (const std::string &object : objects)
    args.push_back(object.c_str());
  std::string words;
  raw_string_ostream os(words);
  const lld::DriverDef drivers[] = {{lld::Gnu, &lld::elf::link}};
  lld::Result result = lld::lldMain(args, os, os, drivers);
  usable = result.canRunAgain;
  if (result.retCode == 0)
    return "";
  return words.empty() ? "lld failed" : StringRef(words).rtrim().str();
}

/// Takes the code and the entry offsets out of the linked file.
static std::string readBack(StringRef elf, ArrayRef<LinkInput> inputs,
                            Blob &blob) {
  auto object =
      object::ObjectFile::createELFObjectFile(MemoryBufferRef(elf, "blob"));
  if (!object)
    return toString(object.takeError());
  bool found = false;
  for (const object::SectionRef &section : (*object)->sections()) {
    Expected<StringRef> name = section.getName();
    Expected<StringRef> bytes = section.getContents();
    if (name && bytes && *name == ".code") {
      assert(section.getAddress() == 0 && "the script puts .code at 0");
      blob.code = bytes->str();
      found = true;
    }
    consumeError(name.takeError());
    consumeError(bytes.takeError());
  }
  if (!found)
    return "the linked file has no .code";
  StringMap<uint64_t> offsets;
  for (const object::SymbolRef &symbol : (*object)->symbols()) {
    Expected<StringRef> name = symbol.getName();
    Expected<uint64_t> address = symbol.getAddress();
    if (name && address)
      offsets[*name] = *address;
    consumeError(name.takeError());
    consumeError(address.takeError());
  }
  for (const LinkInput &input : inputs) {
    auto it = offsets.find(input.name);
    if (it == offsets.end())
      return ("kernel '" + input.name + "' is missing in the linked file")
          .str();
    blob.entries.push_back(it->second);
  }
  return "";
}

FailureOr<Blob> linkKernels(ArrayRef<LinkInput> inputs, mlir::Location loc) {
  Blob blob;
  if (inputs.empty())
    return blob;
  bool refused = false;
  for (const LinkInput &input : inputs) {
    auto object = object::ObjectFile::createELFObjectFile(
        MemoryBufferRef(input.object, input.name));
    std::string reason;
    if (!object) {
      reason = toString(object.takeError());
    } else {
      auto *elf = dyn_cast<ElfObject>(object->get());
      reason = elf ? inspect(*elf, input.name) : "is no 64-bit ELF object";
    }
    if (reason.empty())
      continue;
    mlir::emitError(input.loc, "kernel '") << input.name << "' " << reason;
    refused = true;
  }
  if (refused)
    return failure();

  ScratchFiles files;
  std::error_code unwritable;
  auto add = [&](StringRef suffix, StringRef bytes) {
    ErrorOr<std::string> path = files.add(suffix, bytes);
    if (!path)
      unwritable = path.getError();
    return path ? *path : std::string();
  };
  std::string script = add("ld", kScript), output = add("elf", "");
  std::vector<std::string> objects;
  for (const LinkInput &input : inputs)
    if (!unwritable)
      objects.push_back(add("o", input.object));
  if (unwritable)
    return mlir::emitError(loc, "cannot write a temporary file: ")
           << unwritable.message();
  std::string error = runLld(objects, script, output);
  if (!error.empty())
    return mlir::emitError(loc, "linking the kernels failed: ") << error;
  auto elf = MemoryBuffer::getFile(output);
  if (!elf)
    return mlir::emitError(loc, "cannot read back ") << output;
  blob.elf = (*elf)->getBuffer().str();
  error = readBack(blob.elf, inputs, blob);
  if (!error.empty())
    return mlir::emitError(loc, "linking the kernels failed: ") << error;
  return blob;
}

} // namespace ingot::cpu

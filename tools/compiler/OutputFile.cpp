#include "tools/compiler/OutputFile.h"

#include "tools/ingot/Options.h"

#include "llvm/Support/Error.h"
#include "llvm/Support/FileSystem.h"

#include <unistd.h>

using namespace llvm;

namespace ingot::cli {

using Writer = function_ref<int(raw_fd_ostream &)>;

static int complain(const std::string &path, const std::string &reason) {
  return fail("cannot write %s: %s", path == "-" ? "to stdout" : path.c_str(),
              reason.c_str());
}

/// Runs `write` and takes the stream's error, which would end the process when
/// the stream is destroyed.
static int writeTo(const std::string &path, int file, Writer write) {
  raw_fd_ostream os(file, /*shouldClose=*/false);
  int code = write(os);
  os.flush();
  std::error_code error = os.error();
  os.clear_error();
  return code == 0 && error ? complain(path, error.message()) : code;
}

static int writeWhole(const std::string &path, Writer write) {
  Expected<sys::fs::TempFile> file =
      sys::fs::TempFile::create(path + ".%%%%%%.tmp");
  if (!file)
    return complain(path, toString(file.takeError()));
  int code = writeTo(path, file->FD, write);
  Error error = code == 0 ? file->keep(path) : file->discard();
  std::string reason = toString(std::move(error));
  return code == 0 && !reason.empty() ? complain(path, reason) : code;
}

/// By way of a file without a name.
static int writeCopied(const std::string &path, int target, Writer write) {
  int file;
  SmallString<128> name;
  if (std::error_code error =
          sys::fs::createTemporaryFile("ingot", "tmp", file, name))
    return complain(path, "no temporary file: " + error.message());
  sys::fs::remove(name);
  int code = writeTo("a temporary file", file, write);
  if (code == 0)
    code = writeTo(path, target, [&](raw_fd_ostream &os) {
      std::vector<char> part(1 << 20);
      off_t offset = 0;
      for (ssize_t size;
           (size = pread(file, part.data(), part.size(), offset)) > 0;
           offset += size)
        os.write(part.data(), static_cast<size_t>(size));
      return 0;
    });
  close(file);
  return code;
}

int writeOutput(const std::string &path, Writing writing, Writer write) {
  bool isStdout = path == "-";
  sys::fs::file_status status;
  bool exists = !isStdout && !sys::fs::status(path, status);
  if (exists && sys::fs::is_directory(status))
    return complain(path, "it is a folder");
  if (!isStdout && (!exists || sys::fs::is_regular_file(status)))
    return writeWhole(path, write);
  int target = STDOUT_FILENO;
  if (!isStdout)
    if (std::error_code error =
            sys::fs::openFileForWrite(path, target, sys::fs::CD_OpenExisting))
      return complain(path, error.message());
  int code = writing == Writing::Seeking ? writeCopied(path, target, write)
                                         : writeTo(path, target, write);
  if (!isStdout)
    close(target);
  return code;
}

} // namespace ingot::cli

#include "tools/compiler/Diagnostics.h"
#include "tools/compiler/Progress.h"

#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace ingot::cli {

std::string placeOf(Location loc) {
  if (auto name = llvm::dyn_cast<NameLoc>(loc))
    return name.getName().str();
  if (auto file = llvm::dyn_cast<FileLineColLoc>(loc))
    return file.getFilename().str() + ":" + std::to_string(file.getLine());
  if (auto fused = llvm::dyn_cast<FusedLoc>(loc))
    for (Location inner : fused.getLocations())
      if (std::string place = placeOf(inner); !place.empty())
        return place;
  return "";
}

static std::string textOf(llvm::StringRef kind, const Diagnostic &diagnostic) {
  std::string place = placeOf(diagnostic.getLocation());
  return kind.str() + (place.empty() ? "" : place + ": ") + diagnostic.str() +
         "\n";
}

static llvm::StringRef kindOf(DiagnosticSeverity severity) {
  switch (severity) {
  case DiagnosticSeverity::Error:
    return "error: ";
  case DiagnosticSeverity::Warning:
    return "warning: ";
  case DiagnosticSeverity::Note:
  case DiagnosticSeverity::Remark:
    return "note: ";
  }
  return "";
}

DiagnosticPrinter::DiagnosticPrinter(MLIRContext &context)
    : handler(&context, [this](Diagnostic &diagnostic) {
        if (isMuted)
          return;
        std::string text = textOf(kindOf(diagnostic.getSeverity()), diagnostic);
        for (Diagnostic &note : diagnostic.getNotes())
          text += textOf("  ", note);
        // Passes that read a weight one after another meet the same fault.
        if (text == last)
          return;
        Progress::clear();
        llvm::errs() << text;
        last = std::move(text);
      }) {
  // The place says enough: a module's own text would bury the message.
  context.printOpOnDiagnostic(false);
}

} // namespace ingot::cli

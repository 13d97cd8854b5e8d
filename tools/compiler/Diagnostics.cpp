#include "tools/compiler/Diagnostics.h"

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

static void print(llvm::StringRef kind, const Diagnostic &diagnostic) {
  std::string place = placeOf(diagnostic.getLocation());
  llvm::errs() << kind << (place.empty() ? "" : place + ": ")
               << diagnostic.str() << "\n";
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
    : handler(&context, [](Diagnostic &diagnostic) {
        print(kindOf(diagnostic.getSeverity()), diagnostic);
        for (Diagnostic &note : diagnostic.getNotes())
          print("  ", note);
      }) {}

} // namespace ingot::cli

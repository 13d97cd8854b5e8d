//===- TextModel.h - ONNX models written as a few lines of text -----------===//
//
//   opset 13
//   input x float32[batch, 4]           one a line; [] is a scalar, no brackets
//   const s int64[2] 0 -1               is an unknown rank
//   const w float32[4, 8] random        from -1 to 1; random bytes of others
//   y, z = Split(x, s) axis=1 mode="a" to=[1, 2] alpha=0.5
//   return y, z                         or "y float16", as a model declares it
//
// `Op:domain` names another domain, `,` with nothing before it an absent input.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "frontend/onnx/Import.h"
#include "frontend/onnx/Model.h"

#include <ostream>
#include <vector>

namespace ingot::test {

/// The model; a mistake in the text fails the running test.
onnx::Model parseModel(llvm::StringRef text);

/// What importing gave: one line a result ("float32[batch, 4]"), or the
/// diagnostics, notes included.
struct Imported {
  std::string results, diagnostics;
  /// "le sequence 64" or "eq a b", one a line.
  std::string requirements;
  /// "batch input 0 axis 0 [0, -1]", one a line.
  std::string symbols;
  std::string ir;
};
Imported importText(llvm::StringRef text,
                    const onnx::ImportOptions &options = {});

/// A model, and what importing it gives.
struct ImportCase {
  const char *name;
  const char *model;
  /// The results, a line each; or "!" and a part of the diagnostics.
  const char *expected;
  /// Parts of the module, in this order.
  std::vector<const char *> parts = {};
};
void PrintTo(const ImportCase &c, std::ostream *out);
void expectImport(const ImportCase &c);

} // namespace ingot::test

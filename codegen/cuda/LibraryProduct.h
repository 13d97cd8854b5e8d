//===- LibraryProduct.h - Which linears cuBLASLt could do
//-------------------===//
#pragma once

#include "ir/plan/Plan.h"

#include <optional>

namespace ingot::cuda {

enum class Activation { None, Relu, GeluTanh };

/// activation(A Wᵀ + bias + residual), all that the library knows to do behind
/// a product. Operands are numbers of buffers of the launch.
struct LibraryProduct {
  Activation activation = Activation::None;
  unsigned a, w;
  std::optional<unsigned> bias, residual;
};

/// What `launch` of `kernel`, a linear, would be as a call of the library;
/// `reason` says why it is none: of its epilogue, its types, or because it
/// touches memory of the caller.
std::optional<LibraryProduct> libraryProduct(plan::LaunchOp launch,
                                             plan::KernelOp kernel,
                                             std::string &reason);

} // namespace ingot::cuda

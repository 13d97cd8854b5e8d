// An attention as ONNX text, from parts that exporters spell differently.
#pragma once

#include "test/passes/Differential.h"

namespace ingot::test {

/// A model from parts. Query is [batch, sequence, 8], key and value [batch,
/// total, 8]: two heads of four.
struct Attention {
  std::string query = "q4 = Transpose(qh) perm=[0, 2, 1, 3]\n";
  std::string key = "k4 = Transpose(kh) perm=[0, 2, 3, 1]\n";
  std::string scale = "s = Div(p, two)\n"; ///< from p to s
  std::string mask;                        ///< from s to m; none is s
  std::string guard;                       ///< from soft to w; none is soft
  std::string inputs, outputs;
  int opset = 17;

  std::string text() const {
    return "opset " + std::to_string(opset) + R"(
    input q float32[batch, sequence, 8]
    input k float32[batch, total, 8]
    input v float32[batch, total, 8]
    const heads int64[4] 0 0 2 4
    const flat int64[3] 0 0 8
    const half float32[] 0.5
    const one float32[] 1.0
    const two float32[] 2.0
    const zero float32[] 0.0
    const root float32[] 0.70710677
    const c10000 float32[] -10000.0
    const lowest float32[] -3.4028235e38
    const negative float32[] -1.0
    const izero int64[] 0
    const ione int64[] 1
    const itwo int64[] 2
    const ithree int64[] 3
    const v0 int64[1] 0
    const v1 int64[1] 1
    const v2 int64[1] 2
    const v12 int64[2] 1 2
    )" + inputs +
           R"(
    qh = Reshape(q, heads)
    kh = Reshape(k, heads)
    vh = Reshape(v, heads)
    v4 = Transpose(vh) perm=[0, 2, 1, 3]
    )" + query +
           key + "p = MatMul(q4, k4)\n" + scale + mask + "soft = Softmax(" +
           (mask.empty() ? "s" : "m") + ") axis=-1\n" + guard + "o = MatMul(" +
           (guard.empty() ? "soft" : "w") + R"(, v4)
    t = Transpose(o) perm=[0, 2, 1, 3]
    y = Reshape(t, flat)
    return y)" +
           outputs;
  }
};

template <typename Change>
std::string with(Change change) {
  Attention attention;
  change(attention);
  return attention.text();
}

/// Every kind of mask; compiled code is judged by them, too.
llvm::ArrayRef<DifferentialCase> attentionMasks();

} // namespace ingot::test

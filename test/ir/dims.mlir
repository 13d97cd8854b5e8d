// What is parsed is normalized: equal expressions are one attribute.
// RUN: ingot-opt %s | FileCheck %s
// RUN: ingot-opt %s | ingot-opt | FileCheck %s

// CHECK-LABEL: @sums
func.func @sums() {
  // CHECK: tfm.require eq <3*b, 3*b>
  tfm.require eq <2*b + b, b*3> "sums"
  // CHECK: tfm.require eq <a - b, b - a>
  tfm.require eq <a - b, b - a> "differences"
  // CHECK: tfm.require eq <0, 7>
  tfm.require eq <n - n, 3 + 4> "numbers"
  // CHECK: tfm.require eq <a + a*b, a*a>
  tfm.require eq <a*(b + 1), a*a - 0> "products"
  return
}

// CHECK-LABEL: @division
func.func @division() {
  // CHECK: tfm.require eq <2*n, height floordiv 8>
  tfm.require eq <(4*n) floordiv 2, height floordiv 8> "exact and not"
  // CHECK: tfm.require eq <(n + 7) floordiv 8, n mod 4>
  tfm.require eq <n ceildiv 8, n mod 4> "ceildiv and mod"
  // CHECK: tfm.require eq <3, -4>
  tfm.require eq <10 floordiv 3, (-10) floordiv 3> "rounds down"
  return
}

// CHECK-LABEL: @extrema
func.func @extrema() {
  // CHECK: tfm.require eq <max(a, b), min(a, b)>
  tfm.require eq <max(b, a), min(b, a)> "order"
  // CHECK: tfm.require eq <a, 0>
  tfm.require eq <max(a, a), min(a, 0)> "symbols are not negative"
  // CHECK: tfm.require eq <2*max(a, b + 1), 5>
  tfm.require eq <max(a, b + 1)*2, max(3, 5)> "nested"
  return
}

// CHECK-LABEL: @names
func.func @names() {
  // CHECK: tfm.require eq <"batch size", batch_size>
  tfm.require eq <"batch size", "batch_size"> "quoted where they are no identifiers"
  // CHECK: tfm.require eq <"a\22'\\b", "2">
  tfm.require eq <"a\22'\\b", "2"> "quotes and a digit"
  // Words of the grammar may be symbols, too.
  // CHECK: tfm.require eq <max, "mod">
  tfm.require eq <"max", "mod"> "words"
  // CHECK: tfm.require eq <i32, past.key>
  tfm.require eq <i32, past.key> "words of MLIR"
  return
}

// What comes of shape arithmetic beyond sums and products.
// CHECK-LABEL: @functions
func.func @functions() {
  // CHECK: tfm.require eq <abs(a - b), sign(a - 1)>
  tfm.require eq <abs(a - b), sign(a - 1)> "functions"
  // CHECK: tfm.require eq <(a - 5) truncdiv 2, wrap(a - 5, b)>
  tfm.require eq <(a - 5) truncdiv 2, wrap(a - 5, b)> "C division, negative indices"
  // CHECK: tfm.require eq <expr("select(a >= b + 1, a, 7)"), 0>
  tfm.require eq <expr("select(a > b, a, 7)"), 0> "conditions"
  // CHECK: tfm.require eq <expr("int('batch size' == 2)"), 0>
  tfm.require eq <expr("int('batch size' == 2)"), 0> "conditions on names"
  return
}

// CHECK-LABEL: @extremes
func.func @extremes() {
  // CHECK: tfm.require eq <-9223372036854775808, 9223372036854775807>
  tfm.require eq <-9223372036854775808, 9223372036854775807> "64 bits"
  return
}

// One expression, one type: the call verifies.
func.func private @callee(tensor<?xf32, #tfm.dims<past + sequence>>)
// CHECK-LABEL: @call
func.func @call(%x: tensor<?xf32, #tfm.dims<sequence + past>>) {
  call @callee(%x) : (tensor<?xf32, #tfm.dims<past + sequence>>) -> ()
  return
}

// As an attribute of its own.
// CHECK: func.func private @attribute() attributes {dims = #tfm.dims<>, more = #tfm.dims<-1, b>}
func.func private @attribute() attributes {dims = #tfm.dims<>, more = #tfm.dims<-1, b>}

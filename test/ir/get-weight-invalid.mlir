// RUN: ingot-opt %s -verify-diagnostics -split-input-file

// get_weight_c1
func.func @f() {
  // expected-error@+1 {{@w is not a tfm.weight}}
  %0 = tfm.get_weight @w : tensor<2xf32>
  return
}

// -----

// get_weight_c1
tfm.weight @w : tensor<2xf32> file "model.onnx" offset 0 length 8
func.func @f() {
  // expected-error@+1 {{@w has type 'tensor<2xf32>', used as 'tensor<3xf32>'}}
  %0 = tfm.get_weight @w : tensor<3xf32>
  return
}

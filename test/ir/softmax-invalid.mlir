// RUN: ingot-opt %s -verify-diagnostics -split-input-file

// softmax_c1
func.func @f(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{axis 2 is not one of 'tensor<2x3xf32>'}}
  %0 = tfm.softmax %x axis 2 : tensor<2x3xf32>
  return
}

// -----

// softmax_c1
func.func @f(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{axis -1 is not one of 'tensor<2x3xf32>'}}
  %0 = tfm.softmax %x axis -1 : tensor<2x3xf32>
  return
}

// RUN: ingot-opt %s -verify-diagnostics -split-input-file

// weight_c1
// expected-error@+1 {{type must be a static tensor without encoding, got 'tensor<?xf32, #tfm.dims<n>>'}}
tfm.weight @w : tensor<?xf32, #tfm.dims<n>> file "model.onnx" offset 0 length 4

// -----

// weight_c1
// expected-error@+1 {{type must be a static tensor without encoding, got 'f32'}}
tfm.weight @w : f32 file "model.onnx" offset 0 length 4

// -----

// weight_c1: more bytes than 64 bits count
// expected-error@+1 {{type must be a static tensor}}
tfm.weight @w : tensor<4294967296x4294967296xf32> file "model.onnx" offset 0 length 4

// -----

// weight_c2
// expected-error@+1 {{either file, offset and length, or a recipe, got neither}}
tfm.weight @w : tensor<2xf32>

// -----

// weight_c2
// expected-error@+1 {{either file, offset and length, or a recipe, got both}}
tfm.weight @w : tensor<2xf32> file "model.onnx" offset 0 length 8 recipe {
  %0 = tfm.constant dense<0.0> : tensor<2xf32>
  tfm.yield %0 : tensor<2xf32>
}

// -----

// weight_c3
// expected-error@+1 {{has 7 bytes at offset 0, but 'tensor<2xf32>' takes 8}}
tfm.weight @w : tensor<2xf32> file "model.onnx" offset 0 length 7

// -----

// weight_c3
// expected-error@+1 {{has 8 bytes at offset -1, but 'tensor<2xf32>' takes 8}}
tfm.weight @w : tensor<2xf32> file "model.onnx" offset -1 length 8

// -----

// weight_c4
// expected-error@+1 {{recipe must yield 'tensor<2xf32>', got 'tensor<3xf32>'}}
tfm.weight @w : tensor<2xf32> recipe {
  %0 = tfm.constant dense<0.0> : tensor<3xf32>
  tfm.yield %0 : tensor<3xf32>
}

// -----

// weight_c5
// expected-error@+1 {{depends on itself by the recipe of "w"}}
tfm.weight @w : tensor<2xf32> recipe {
  %0 = tfm.get_weight @w : tensor<2xf32>
  tfm.yield %0 : tensor<2xf32>
}

// -----

// weight_c5
// expected-error@+1 {{depends on itself by the recipe of "b"}}
tfm.weight @a : tensor<2xf32> recipe {
  %0 = tfm.get_weight @b : tensor<2xf32>
  tfm.yield %0 : tensor<2xf32>
}
tfm.weight @b : tensor<2xf32> recipe {
  %0 = tfm.get_weight @a : tensor<2xf32>
  tfm.yield %0 : tensor<2xf32>
}

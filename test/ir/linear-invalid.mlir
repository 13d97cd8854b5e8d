// RUN: ingot-opt %s -verify-diagnostics -split-input-file

// linear_c1
func.func @f(%x: tensor<2x8xf32>, %w: tensor<7x4xf32>) {
  // expected-error@+1 {{weight must be [K, N] with the operand's last dim as K, got 'tensor<7x4xf32>' for 'tensor<2x8xf32>'}}
  %0 = tfm.linear %x, %w : (tensor<2x8xf32>, tensor<7x4xf32>) -> tensor<2x4xf32>
  return
}

// -----

// linear_c1
func.func @f(%x: tensor<2x8xf32>, %w: tensor<8xf32>) {
  // expected-error@+1 {{got 'tensor<8xf32>' for 'tensor<2x8xf32>'}}
  %0 = tfm.linear %x, %w : (tensor<2x8xf32>, tensor<8xf32>) -> tensor<2xf32>
  return
}

// -----

// linear_c1
func.func @f(%x: tensor<2x8xf32>, %w: tensor<8x4xf32>, %b: tensor<8xf32>) {
  // expected-error@+1 {{bias must be a vector of 4, got 'tensor<8xf32>'}}
  %0 = tfm.linear %x, %w bias %b : (tensor<2x8xf32>, tensor<8x4xf32>, tensor<8xf32>) -> tensor<2x4xf32>
  return
}

// -----

// linear_c1
func.func @f(%x: tensor<2x8xf32>, %w: tensor<8x4xf16>) {
  // expected-error@+1 {{must have one element type, got 'f32' and 'f16'}}
  %0 = tfm.linear %x, %w : (tensor<2x8xf32>, tensor<8x4xf16>) -> tensor<2x4xf32>
  return
}

// -----

// linear_c2
func.func @f(%x: tensor<2x8xf32>, %w: tensor<8x4xf32>) {
  // expected-error@+1 {{result dims must be (2, 4), got (2, 8)}}
  %0 = tfm.linear %x, %w : (tensor<2x8xf32>, tensor<8x4xf32>) -> tensor<2x8xf32>
  return
}

// -----

// linear_c2
func.func @f(%x: tensor<2x8xf32>, %w: tensor<8x4xf32>, %r: tensor<4xf32>) {
  // expected-error@+1 {{residual must have the result's dims, got 'tensor<4xf32>' and 'tensor<2x4xf32>'}}
  %0 = tfm.linear %x, %w residual %r : (tensor<2x8xf32>, tensor<8x4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
  return
}

// -----

// linear_c3
func.func @f(%x: tensor<2x8xf32>, %w: tensor<8x4xf32>) {
  // expected-error@+1 {{epilogue must take ('f32'), got ('f64')}}
  %0 = tfm.linear %x, %w epilogue {
  ^bb0(%v: f64):
    %y = tfm.convert %v : f64 to f32
    tfm.yield %y : f32
  } : (tensor<2x8xf32>, tensor<8x4xf32>) -> tensor<2x4xf32>
  return
}

// -----

// linear_c3
func.func @f(%x: tensor<2x8xf32>, %w: tensor<8x4xf32>) {
  // expected-error@+1 {{epilogue must yield 'f32', got ('i1')}}
  %0 = tfm.linear %x, %w epilogue {
  ^bb0(%v: f32):
    %y = tfm.apply isnan(%v) : (f32) -> i1
    tfm.yield %y : i1
  } : (tensor<2x8xf32>, tensor<8x4xf32>) -> tensor<2x4xf32>
  return
}

// -----

// linear_c3: scalar ops only
func.func @f(%x: tensor<2x8xf32>, %w: tensor<8x4xf32>) {
  // expected-error@+1 {{holds arith.addf, which is no scalar op here}}
  %0 = tfm.linear %x, %w epilogue {
  ^bb0(%v: f32):
    %y = arith.addf %v, %v : f32
    tfm.yield %y : f32
  } : (tensor<2x8xf32>, tensor<8x4xf32>) -> tensor<2x4xf32>
  return
}

// -----

// linear_c4
func.func @f(%x: tensor<2x8xf32>, %w: tensor<8x4xf32>, %s: tensor<1x4xf32>) {
  // expected-error@+1 {{weight with scales must be static, of i8, ui8, i4, ui4 or f8E4M3FN, got 'tensor<8x4xf32>'}}
  %0 = tfm.linear %x, %w scales %s {block = 8 : i64} : (tensor<2x8xf32>, tensor<8x4xf32>, tensor<1x4xf32>) -> tensor<2x4xf32>
  return
}

// -----

// linear_c4
func.func @f(%x: tensor<2x?xf32, #tfm.dims<2, k>>, %w: tensor<?x4xi8, #tfm.dims<k, 4>>, %s: tensor<1x4xf32>) {
  // expected-error@+1 {{weight with scales must be static, of i8, ui8, i4, ui4 or f8E4M3FN, got 'tensor<?x4xi8, #tfm.dims<k, 4>>'}}
  %0 = tfm.linear %x, %w scales %s {block = 8 : i64} : (tensor<2x?xf32, #tfm.dims<2, k>>, tensor<?x4xi8, #tfm.dims<k, 4>>, tensor<1x4xf32>) -> tensor<2x4xf32>
  return
}

// -----

// linear_c4
func.func @f(%x: tensor<2x8xf32>, %w: tensor<8x4xi8>, %s: tensor<1x4xf32>) {
  // expected-error@+1 {{scales take a block of 1 to 8, and there is none}}
  %0 = tfm.linear %x, %w scales %s : (tensor<2x8xf32>, tensor<8x4xi8>, tensor<1x4xf32>) -> tensor<2x4xf32>
  return
}

// -----

// linear_c4
func.func @f(%x: tensor<2x8xf32>, %w: tensor<8x4xi8>, %s: tensor<1x4xf32>) {
  // expected-error@+1 {{scales take a block of 1 to 8, got 9}}
  %0 = tfm.linear %x, %w scales %s {block = 9 : i64} : (tensor<2x8xf32>, tensor<8x4xi8>, tensor<1x4xf32>) -> tensor<2x4xf32>
  return
}

// -----

// linear_c4
func.func @f(%x: tensor<2x8xf32>, %w: tensor<8x4xi8>, %s: tensor<2x4xf32>) {
  // expected-error@+1 {{scales must be 'tensor<3x4xf32>', got 'tensor<2x4xf32>'}}
  %0 = tfm.linear %x, %w scales %s {block = 3 : i64} : (tensor<2x8xf32>, tensor<8x4xi8>, tensor<2x4xf32>) -> tensor<2x4xf32>
  return
}

// -----

// linear_c4
func.func @f(%x: tensor<2x8xf32>, %w: tensor<8x4xui4>, %s: tensor<2x4xf32>, %z: tensor<2x4xui8>) {
  // expected-error@+1 {{zeros must be 'tensor<2x4xui4>', got 'tensor<2x4xui8>'}}
  %0 = tfm.linear %x, %w scales %s zeros %z {block = 4 : i64} : (tensor<2x8xf32>, tensor<8x4xui4>, tensor<2x4xf32>, tensor<2x4xui8>) -> tensor<2x4xf32>
  return
}

// -----

// linear_c4
func.func @f(%x: tensor<2x8xf32>, %w: tensor<8x4xf32>) {
  // expected-error@+1 {{has a block but no scales}}
  %0 = tfm.linear %x, %w {block = 4 : i64} : (tensor<2x8xf32>, tensor<8x4xf32>) -> tensor<2x4xf32>
  return
}

// -----

// linear_c4
func.func @f(%x: tensor<2x8xf32>, %w: tensor<8x4xf32>, %z: tensor<2x4xi8>) {
  // expected-error@+1 {{has zeros but no scales}}
  %0 = "tfm.linear"(%x, %w, %z) <{operandSegmentSizes = array<i32: 1, 1, 0, 1, 0, 0>}> ({}) : (tensor<2x8xf32>, tensor<8x4xf32>, tensor<2x4xi8>) -> tensor<2x4xf32>
  return
}

// -----

// linear_c1
func.func @f(%x: tensor<2x8xf32>, %w: tensor<8x4xi8>) {
  // expected-error@+1 {{must have one element type, got 'f32' and 'i8'}}
  %0 = tfm.linear %x, %w : (tensor<2x8xf32>, tensor<8x4xi8>) -> tensor<2x4xf32>
  return
}

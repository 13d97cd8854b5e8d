// RUN: ingot-opt %s -verify-diagnostics -split-input-file

// attention_c1
func.func @f(%q: tensor<2x5x32xf32>, %k: tensor<2x7x4x32xf32>, %v: tensor<2x7x4x16xf32>) {
  // expected-error@+1 {{needs q [B, S, H, D], k [B, T, G, D] and v [B, T, G, E] with G dividing H, got 'tensor<2x5x32xf32>', }}
  %0 = tfm.attention %q, %k, %v scale 1.0 terms [] empty_rows nan : (tensor<2x5x32xf32>, tensor<2x7x4x32xf32>, tensor<2x7x4x16xf32>) -> tensor<2x5x12x16xf32>
  return
}

// -----

// attention_c1: B
func.func @f(%q: tensor<2x5x12x32xf32>, %k: tensor<3x7x4x32xf32>, %v: tensor<2x7x4x16xf32>) {
  // expected-error@+1 {{got 'tensor<2x5x12x32xf32>', 'tensor<3x7x4x32xf32>' and 'tensor<2x7x4x16xf32>'}}
  %0 = tfm.attention %q, %k, %v scale 1.0 terms [] empty_rows nan : (tensor<2x5x12x32xf32>, tensor<3x7x4x32xf32>, tensor<2x7x4x16xf32>) -> tensor<2x5x12x16xf32>
  return
}

// -----

// attention_c1: T
func.func @f(%q: tensor<2x5x12x32xf32>, %k: tensor<2x8x4x32xf32>, %v: tensor<2x7x4x16xf32>) {
  // expected-error@+1 {{got 'tensor<2x5x12x32xf32>', 'tensor<2x8x4x32xf32>' and 'tensor<2x7x4x16xf32>'}}
  %0 = tfm.attention %q, %k, %v scale 1.0 terms [] empty_rows nan : (tensor<2x5x12x32xf32>, tensor<2x8x4x32xf32>, tensor<2x7x4x16xf32>) -> tensor<2x5x12x16xf32>
  return
}

// -----

// attention_c1: D
func.func @f(%q: tensor<2x5x12x32xf32>, %k: tensor<2x7x4x31xf32>, %v: tensor<2x7x4x16xf32>) {
  // expected-error@+1 {{got 'tensor<2x5x12x32xf32>', 'tensor<2x7x4x31xf32>' and 'tensor<2x7x4x16xf32>'}}
  %0 = tfm.attention %q, %k, %v scale 1.0 terms [] empty_rows nan : (tensor<2x5x12x32xf32>, tensor<2x7x4x31xf32>, tensor<2x7x4x16xf32>) -> tensor<2x5x12x16xf32>
  return
}

// -----

// attention_c1: 12 heads in 5 groups
func.func @f(%q: tensor<2x5x12x32xf32>, %k: tensor<2x7x5x32xf32>, %v: tensor<2x7x5x16xf32>) {
  // expected-error@+1 {{got 'tensor<2x5x12x32xf32>', 'tensor<2x7x5x32xf32>' and 'tensor<2x7x5x16xf32>'}}
  %0 = tfm.attention %q, %k, %v scale 1.0 terms [] empty_rows nan : (tensor<2x5x12x32xf32>, tensor<2x7x5x32xf32>, tensor<2x7x5x16xf32>) -> tensor<2x5x12x16xf32>
  return
}

// -----

// attention_c1
func.func @f(%q: tensor<2x5x12x32xf32>, %k: tensor<2x7x4x32xf32>, %v: tensor<2x7x4x16xf16>) {
  // expected-error@+1 {{must have one element type, got 'f32' and 'f16'}}
  %0 = tfm.attention %q, %k, %v scale 1.0 terms [] empty_rows nan : (tensor<2x5x12x32xf32>, tensor<2x7x4x32xf32>, tensor<2x7x4x16xf16>) -> tensor<2x5x12x16xf32>
  return
}

// -----

// attention_c2
func.func @f(%q: tensor<2x5x12x32xf32>, %k: tensor<2x7x4x32xf32>, %v: tensor<2x7x4x16xf32>) {
  // expected-error@+1 {{result dims must be (2, 5, 12, 16), got (2, 12, 5, 16)}}
  %0 = tfm.attention %q, %k, %v scale 1.0 terms [] empty_rows nan : (tensor<2x5x12x32xf32>, tensor<2x7x4x32xf32>, tensor<2x7x4x16xf32>) -> tensor<2x12x5x16xf32>
  return
}

// -----

// attention_c3
func.func @f(%q: tensor<2x5x12x32xf32>, %k: tensor<2x7x4x32xf32>, %v: tensor<2x7x4x16xf32>) {
  // expected-error@+1 {{score_mod must take ('f32', 'i64', 'i64', 'i64', 'i64'), got ('f32', 'i64')}}
  %0 = tfm.attention %q, %k, %v scale 1.0 terms [] empty_rows nan score_mod {
  ^bb0(%s: f32, %b: i64):
    tfm.yield %s : f32
  } : (tensor<2x5x12x32xf32>, tensor<2x7x4x32xf32>, tensor<2x7x4x16xf32>) -> tensor<2x5x12x16xf32>
  return
}

// -----

// attention_c3
func.func @f(%q: tensor<2x5x12x32xf32>, %k: tensor<2x7x4x32xf32>, %v: tensor<2x7x4x16xf32>) {
  // expected-error@+1 {{score_mod must take a float first, got ('i64')}}
  %0 = tfm.attention %q, %k, %v scale 1.0 terms [] empty_rows nan score_mod {
  ^bb0(%s: i64):
    tfm.yield %s : i64
  } : (tensor<2x5x12x32xf32>, tensor<2x7x4x32xf32>, tensor<2x7x4x16xf32>) -> tensor<2x5x12x16xf32>
  return
}

// -----

// attention_c3
func.func @f(%q: tensor<2x5x12x32xf32>, %k: tensor<2x7x4x32xf32>, %v: tensor<2x7x4x16xf32>) {
  // expected-error@+1 {{score_mod must yield 'f32', got ('i64')}}
  %0 = tfm.attention %q, %k, %v scale 1.0 terms [] empty_rows nan score_mod {
  ^bb0(%s: f32, %b: i64, %h: i64, %i: i64, %j: i64):
    tfm.yield %b : i64
  } : (tensor<2x5x12x32xf32>, tensor<2x7x4x32xf32>, tensor<2x7x4x16xf32>) -> tensor<2x5x12x16xf32>
  return
}

// -----

// attention_c3: scalar ops only
func.func @f(%q: tensor<2x5x12x32xf32>, %k: tensor<2x7x4x32xf32>, %v: tensor<2x7x4x16xf32>) {
  // expected-error@+1 {{holds arith.negf, which is no scalar op here}}
  %0 = tfm.attention %q, %k, %v scale 1.0 terms [] empty_rows nan score_mod {
  ^bb0(%s: f32, %b: i64, %h: i64, %i: i64, %j: i64):
    %n = arith.negf %s : f32
    tfm.yield %n : f32
  } : (tensor<2x5x12x32xf32>, tensor<2x7x4x32xf32>, tensor<2x7x4x16xf32>) -> tensor<2x5x12x16xf32>
  return
}

// -----

// attention_c4
func.func @f(%q: tensor<2x5x12x32xf32>, %k: tensor<2x7x4x32xf32>, %v: tensor<2x7x4x16xf32>, %n: tensor<2x5xi64>) {
  // expected-error@+1 {{says where keys begin, but not where they end}}
  %0 = "tfm.attention"(%q, %k, %v, %n) <{scale = 1.0 : f64, terms = [], empty_rows = #tfm<empty_rows zero>, operandSegmentSizes = array<i32: 1, 1, 1, 0, 1, 0>}> ({}) : (tensor<2x5x12x32xf32>, tensor<2x7x4x32xf32>, tensor<2x7x4x16xf32>, tensor<2x5xi64>) -> tensor<2x5x12x16xf32>
  return
}

// -----

// attention_c4
func.func @f(%q: tensor<2x5x12x32xf32>, %k: tensor<2x7x4x32xf32>, %v: tensor<2x7x4x16xf32>, %m: tensor<2x5xi64>, %n: tensor<2x7xi64>) {
  // expected-error@+1 {{bounds of keys must be [B, S] of i64, got 'tensor<2x7xi64>'}}
  %0 = tfm.attention %q, %k, %v keys %m to %n scale 1.0 terms [] empty_rows nan : (tensor<2x5x12x32xf32>, tensor<2x7x4x32xf32>, tensor<2x7x4x16xf32>, tensor<2x5xi64>, tensor<2x7xi64>) -> tensor<2x5x12x16xf32>
  return
}

// -----

// attention_c5
func.func @f(%q: tensor<2x5x12x32xf32>, %k: tensor<9x7x4x32xf32>, %v: tensor<9x7x4x16xf32>, %p: tensor<3x6xi64>) {
  // expected-error@+1 {{pages must be [B, P] of i32 or i64, got 'tensor<3x6xi64>' for}}
  %0 = tfm.attention %q, %k, %v pages %p scale 1.0 terms [] empty_rows nan : (tensor<2x5x12x32xf32>, tensor<9x7x4x32xf32>, tensor<9x7x4x16xf32>, tensor<3x6xi64>) -> tensor<2x5x12x16xf32>
  return
}

// -----

// attention_c5
func.func @f(%q: tensor<2x5x12x32xf32>, %k: tensor<9x7x4x32xf32>, %v: tensor<9x7x4x16xf32>, %p: tensor<2x6xi16>) {
  // expected-error@+1 {{pages must be [B, P] of i32 or i64, got 'tensor<2x6xi16>'}}
  %0 = tfm.attention %q, %k, %v pages %p scale 1.0 terms [] empty_rows nan : (tensor<2x5x12x32xf32>, tensor<9x7x4x32xf32>, tensor<9x7x4x16xf32>, tensor<2x6xi16>) -> tensor<2x5x12x16xf32>
  return
}

// -----

// attention_c5
func.func @f(%q: tensor<2x5x12x32xf32>, %k: tensor<9x7x4x32xf32>, %v: tensor<8x7x4x16xf32>, %p: tensor<2x6xi64>) {
  // expected-error@+1 {{k and v must have as many pages, got 'tensor<9x7x4x32xf32>' and 'tensor<8x7x4x16xf32>'}}
  %0 = tfm.attention %q, %k, %v pages %p scale 1.0 terms [] empty_rows nan : (tensor<2x5x12x32xf32>, tensor<9x7x4x32xf32>, tensor<8x7x4x16xf32>, tensor<2x6xi64>) -> tensor<2x5x12x16xf32>
  return
}

// -----

// attention_c5
func.func @f(%q: tensor<2x5x12x32xf32>, %k: tensor<9x7x4x32xf32>, %v: tensor<9x7x4x16xf32>, %p: tensor<2x6xi64>, %m: tensor<2x5xi64>) {
  // expected-error@+1 {{with pages has no bounds of keys, got 'tensor<2x5xi64>'}}
  %0 = tfm.attention %q, %k, %v pages %p keys %m to %m scale 1.0 terms [] empty_rows nan : (tensor<2x5x12x32xf32>, tensor<9x7x4x32xf32>, tensor<9x7x4x16xf32>, tensor<2x6xi64>, tensor<2x5xi64>, tensor<2x5xi64>) -> tensor<2x5x12x16xf32>
  return
}

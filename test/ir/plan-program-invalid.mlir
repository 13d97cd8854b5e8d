// RUN: ingot-opt %s -verify-diagnostics -split-input-file

// program_c1
// expected-error@+1 {{input must be {name = string, type = tensor with dims}, got "x"}}
plan.program @main target "x86-64" symbols [] inputs ["x"] outputs [] {
}

// -----

// program_c1
// expected-error@+1 {{output must be {name = string, type = tensor with dims}, got {name = "y"}}}
plan.program @main target "x86-64" symbols [] inputs [] outputs [{name = "y"}] {
}

// -----

// program_c1
// expected-error@+1 {{input must be {name = string, type = tensor with dims}, got {name = "x", type = tensor<?xf32>}}}
plan.program @main target "x86-64" symbols [] inputs [{name = "x", type = tensor<?xf32>}] outputs [] {
}

// -----

// program_c1
// expected-error@+1 {{input must be {name = string, type = tensor with dims}, got {name = "x", type = f32}}}
plan.program @main target "x86-64" symbols [] inputs [{name = "x", type = f32}] outputs [] {
}

// -----

// program_c1
// expected-error@+1 {{input must be {name = string, type = tensor with dims}, got {axis = 1 : i64}}
plan.program @main target "x86-64" symbols [] inputs [{name = "x", type = tensor<2xf32>, axis = 1 : i64}] outputs [] {
}

// -----

// program_c1
// expected-error@+1 {{input "x" comes twice}}
plan.program @main target "x86-64" symbols [] inputs [{name = "x", type = tensor<?x4xf32, #tfm.dims<batch, 4>>}, {name = "x", type = tensor<?x4xf32, #tfm.dims<batch, 4>>}] outputs [] {
}

// -----

// program_c2
// expected-error@+1 {{symbols must be #tfm.symbol, got "batch"}}
plan.program @main target "x86-64" symbols ["batch"] inputs [{name = "x", type = tensor<?x4xf32, #tfm.dims<batch, 4>>}] outputs [] {
}

// -----

// program_c2
// expected-error@+1 {{symbol "batch" is read from input 1 of 1}}
plan.program @main target "x86-64" symbols [#tfm.symbol<"batch", 0, -1, 1, 0>] inputs [{name = "x", type = tensor<?x4xf32, #tfm.dims<batch, 4>>}] outputs [] {
}

// -----

// program_c2
// expected-error@+1 {{symbol "batch" comes twice}}
plan.program @main target "x86-64" symbols [#tfm.symbol<"batch", 0, -1, 0, 0>, #tfm.symbol<"batch", 0, -1, 0, 0>] inputs [{name = "x", type = tensor<?x4xf32, #tfm.dims<batch, 4>>}] outputs [] {
}

// -----

// program_c2
// expected-error@+1 {{symbol "batch" is read from axis 2 of 'tensor<?x4xf32, #tfm.dims<batch, 4>>'}}
plan.program @main target "x86-64" symbols [#tfm.symbol<"batch", 0, -1, 0, 2>] inputs [{name = "x", type = tensor<?x4xf32, #tfm.dims<batch, 4>>}] outputs [] {
}

// -----

// program_c3
// expected-error@+1 {{holds tfm.constant, which is no buffer, requirement or launch}}
plan.program @main target "x86-64" symbols [] inputs [] outputs [] {
  %0 = tfm.constant dense<0> : tensor<i64>
}

// -----

// buffer_c1
plan.program @main target "x86-64" symbols [] inputs [] outputs [] {
  // expected-error@+1 {{has one size, got #tfm.dims<1, 2>}}
  %x = plan.buffer scratch -1 size <1, 2>
}

// -----

// buffer_c2
plan.program @main target "x86-64" symbols [] inputs [] outputs [] {
  // expected-error@+1 {{of kind weight names no weight}}
  %x = plan.buffer weight 0 size <1>
}

// -----

// buffer_c2
plan.program @main target "x86-64" symbols [] inputs [] outputs [] {
  // expected-error@+1 {{of kind scratch names a weight}}
  %x = plan.buffer scratch -1 size <1> weight @w
}

// -----

// buffer_c2
plan.program @main target "x86-64" symbols [] inputs [] outputs [] {
  // expected-error@+1 {{layout of a weight is plain, panels48 or rows, got "tiles" of kind weight}}
  %x = plan.buffer weight 0 size <1> weight @w layout "tiles"
}

// -----

// buffer_c2
plan.program @main target "x86-64" symbols [] inputs [] outputs [] {
  // expected-error@+1 {{layout of a weight is plain, panels48 or rows, got "plain" of kind scratch}}
  %x = plan.buffer scratch -1 size <1> layout "plain"
}

// -----

// buffer_c3
plan.program @main target "x86-64" symbols [] inputs [{name = "x", type = tensor<?x4xf32, #tfm.dims<batch, 4>>}] outputs [] {
  // expected-error@+1 {{is input 1 of 1}}
  %x = plan.buffer input 1 size <1>
}

// -----

// buffer_c3
plan.program @main target "x86-64" symbols [] inputs [{name = "x", type = tensor<?x4xf32, #tfm.dims<batch, 4>>}] outputs [] {
  // expected-error@+1 {{is output 0 of 0}}
  %x = plan.buffer output 0 size <1>
}

// -----

// buffer_c4
plan.program @main target "x86-64" symbols [] inputs [] outputs [] {
  // expected-error@+1 {{@w is not a tfm.weight}}
  %x = plan.buffer weight 0 size <1> weight @w
}

// -----

// plan_require_c1
plan.program @main target "x86-64" symbols [] inputs [] outputs [] {
  // expected-error@+1 {{relates two expressions, got #tfm.dims<1>}}
  plan.require eq <1> "node"
}

// -----

// launch_c1
plan.program @main target "x86-64" symbols [] inputs [] outputs [] {
  // expected-error@+1 {{@k is not a plan.kernel}}
  plan.launch @k grid <1> () offsets <> scalars <> flops <0> bytes <0> sources []
}

// -----

// launch_c1
plan.kernel map @k outs [i64] ins [] scalars 1 params {extents = array<i64: -1>, chunk = 1 : i64} {
^bb0(%i: i64, %n: i64):
  tfm.yield %i : i64
}
plan.program @main target "x86-64" symbols [] inputs [] outputs [] {
  // expected-error@+1 {{@k takes 1 buffers, got 0}}
  plan.launch @k grid <1> () offsets <> scalars <1> flops <0> bytes <0> sources []
}

// -----

// launch_c1
plan.kernel map @k outs [i64] ins [] scalars 1 params {extents = array<i64: -1>, chunk = 1 : i64} {
^bb0(%i: i64, %n: i64):
  tfm.yield %i : i64
}
plan.program @main target "x86-64" symbols [] inputs [] outputs [] {
  %x = plan.buffer scratch -1 size <8>
  // expected-error@+1 {{@k takes 1 scalars, got 0}}
  plan.launch @k grid <1> (%x) offsets <0> scalars <> flops <0> bytes <0> sources []
}

// -----

// launch_c1
plan.kernel linear @k outs [f32] ins [f32, f32] scalars 0 params {m = 1 : i64, n = 96 : i64, k = 64 : i64, lda = 64 : i64, rows = 64 : i64, panels = 2 : i64, splits = 2 : i64} {
^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?xf32>, %w: tensor<?xf32>):
  tfm.yield %acc : f32
}
plan.program @main target "cuda" symbols [] inputs [] outputs [] {
  %x = plan.buffer scratch -1 size <25000>
  // expected-error@+1 {{@k takes 5 buffers, got 3}}
  plan.launch @k grid <1> (%x, %x, %x) offsets <0, 0, 0> scalars <> flops <0> bytes <0> sources []
}

// -----

// launch_c2
plan.kernel map @k outs [i64] ins [] scalars 1 params {extents = array<i64: -1>, chunk = 1 : i64} {
^bb0(%i: i64, %n: i64):
  tfm.yield %i : i64
}
plan.program @main target "x86-64" symbols [] inputs [] outputs [] {
  %x = plan.buffer scratch -1 size <8>
  // expected-error@+1 {{has 0 offsets for 1 buffers}}
  plan.launch @k grid <1> (%x) offsets <> scalars <1> flops <0> bytes <0> sources []
}

// -----

// launch_c2
plan.kernel map @k outs [i64] ins [] scalars 1 params {extents = array<i64: -1>, chunk = 1 : i64} {
^bb0(%i: i64, %n: i64):
  tfm.yield %i : i64
}
plan.program @main target "x86-64" symbols [] inputs [] outputs [] {
  %x = plan.buffer scratch -1 size <8>
  // expected-error@+1 {{grid has 1 to 3 dims, got #tfm.dims<1, 1, 1, 1>}}
  plan.launch @k grid <1, 1, 1, 1> (%x) offsets <0> scalars <1> flops <0> bytes <0> sources []
}

// -----

// launch_c3
plan.kernel map @k outs [i64] ins [] scalars 1 params {extents = array<i64: -1>, chunk = 1 : i64} {
^bb0(%i: i64, %n: i64):
  tfm.yield %i : i64
}
plan.program @main target "x86-64" symbols [] inputs [] outputs [] {
  %x = plan.buffer scratch -1 size <8>
  // expected-error@+1 {{flops and bytes are one expression each, got #tfm.dims<> and #tfm.dims<0>}}
  plan.launch @k grid <1> (%x) offsets <0> scalars <1> flops <> bytes <0> sources []
}

// -----

// launch_c4
plan.kernel map @k outs [i64] ins [] scalars 1 params {extents = array<i64: -1>, chunk = 1 : i64} {
^bb0(%i: i64, %n: i64):
  tfm.yield %i : i64
}
plan.program @main target "cuda" symbols [] inputs [] outputs [] {
  %x = plan.buffer scratch -1 size <8>
  // expected-error@+1 {{is an init launch and uses a buffer of kind scratch}}
  plan.launch @k grid <1> (%x) offsets <0> scalars <1> flops <0> bytes <0> sources [] {init}
}

// -----

// launch_c4
plan.kernel map @k outs [i64] ins [] scalars 1 params {extents = array<i64: -1>, chunk = 1 : i64} {
^bb0(%i: i64, %n: i64):
  tfm.yield %i : i64
}
plan.program @main target "cuda" symbols [] inputs [] outputs [] {
  %x = plan.buffer model 0 size <8>
  // expected-error@+1 {{writes a model buffer and is no init launch}}
  plan.launch @k grid <1> (%x) offsets <0> scalars <1> flops <0> bytes <0> sources []
}

// -----

// launch_c5
plan.kernel linear @k outs [f32] ins [f32, f32] scalars 0 params {m = 2, n = 3, k = 4, lda = 4, rows = 64, panels = 1} {
^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?xf32>, %w: tensor<?xf32>):
  tfm.yield %acc : f32
}
plan.program @main target "cuda" symbols [] inputs [] outputs [] {
  %y = plan.buffer scratch -1 size <24>
  %x = plan.buffer scratch -1 size <32>
  %w = plan.buffer scratch -1 size <48>
  // expected-error@+1 {{multiplies by a buffer of kind scratch}}
  plan.launch @k grid <1> (%y, %x, %w) offsets <0, 0, 0> scalars <> flops <1> bytes <1> sources []
}

// -----

// Steps and buffers are a program's.
func.func @f() {
  // expected-error@+1 {{expects parent op 'plan.program'}}
  %x = plan.buffer scratch -1 size <8>
  return
}

// -----

// launch_c5: the scales are weights too
plan.kernel linear @k outs [f32] ins [f32, i8, f32] scalars 0 params {m = 2, n = 3, k = 4, lda = 4, rows = 64, panels = 1, block = 4} {
^bb0(%acc: f32, %i: i64, %n: i64, %x: tensor<?xf32>, %w: tensor<?xi8>, %s: tensor<?xf32>):
  tfm.yield %acc : f32
}
tfm.weight @w : tensor<4x3xi8> file "m" offset 0 length 12
plan.program @f target "x86-64" symbols [] inputs [] outputs [{name = "y", type = tensor<2x3xf32>}] {
  %x = plan.buffer scratch -1 size <32>
  %w = plan.buffer weight 0 size <192> weight @w layout "panels48"
  %s = plan.buffer scratch -1 size <192>
  %y = plan.buffer output 0 size <24>
  // expected-error@+1 {{multiplies by a buffer of kind scratch}}
  plan.launch @k grid <1> (%y, %x, %w, %s) offsets <0, 0, 0, 0> scalars <> flops <48> bytes <80> sources []
}

// -----

// launch_c6
plan.kernel linear_norm @k outs [f32] ins [bf16, bf16] scalars 0 params {m = 128, n = 8, k = 8, lda = 8, kind = "rms", epsilon = 1.0e-5, columns = 64, taken = array<i64: 1>} {
^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?xbf16>, %w: tensor<?xbf16>):
  tfm.yield %acc : f32
}, {
^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?xbf16>, %w: tensor<?xbf16>):
  tfm.yield %acc : f32
}
plan.program @main target "cuda" symbols [] inputs [] outputs [] {
  %y = plan.buffer scratch -1 size <4096>
  %x = plan.buffer scratch -1 size <2048>
  %w = plan.buffer model 0 size <128>
  // expected-error@+1 {{takes the place of a linear and a norm, but no linear comes after it}}
  plan.launch @k grid <1> (%y, %x, %w) offsets <0, 0, 0> scalars <> flops <1> bytes <1> sources []
}

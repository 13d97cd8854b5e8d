// RUN: ingot-opt %s --split-input-file --pack-rows -verify-diagnostics
// Where rows are not packed, and why.

// expected-error@+1 {{padding cannot be skipped: no attention has a mask that says which tokens are padding}}
func.func @no_attention(%x: tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>>) -> tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>> attributes {tfm.symbols = [#tfm.symbol<"batch", 0, -1, 0, 0>, #tfm.symbol<"sequence", 0, 512, 0, 1>]} {
    %y = tfm.norm layer %x axis 2 epsilon 1.0E-5 : (tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>>) -> tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>>
    return %y : tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>>
}

// -----

// expected-error@+1 {{padding cannot be skipped: no attention has a mask that says which tokens are padding}}
func.func @no_mask(%x: tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>) -> tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>> attributes {tfm.symbols = [#tfm.symbol<"batch", 0, -1, 0, 0>, #tfm.symbol<"sequence", 0, 512, 0, 1>]} {
    // expected-note@+1 {{no input of integers or booleans, one a token, takes keys out of it}}
    %y = tfm.attention %x, %x, %x scale 0.5 terms [] empty_rows zero : (tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>, tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>, tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>) -> tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>
    return %y : tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>
}

// -----

// A fill of -100 leaves the key a weight.
// expected-error@+1 {{padding cannot be skipped: no attention has a mask that says which tokens are padding}}
func.func @small_fill(%x: tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>, %mask: tensor<?x?xi64, #tfm.dims<batch, sequence>>) -> tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>> attributes {tfm.symbols = [#tfm.symbol<"batch", 0, -1, 0, 0>, #tfm.symbol<"sequence", 0, 512, 0, 1>]} {
    // expected-note@+1 {{no input of integers or booleans, one a token, takes keys out of it}}
    %y = tfm.attention %x, %x, %x scale 0.5 terms ["key_valid"] empty_rows scores score_mod {
    ^bb0(%s: f32, %b: i64, %h: i64, %i: i64, %j: i64):
      %zero = arith.constant 0 : i64
      %none = arith.constant 0.0 : f32
      %fill = arith.constant -1.0E+2 : f32
      %there = tfm.load %mask[%b, %j] : tensor<?x?xi64, #tfm.dims<batch, sequence>> -> i64
      %keep = tfm.apply ne(%there, %zero) : (i64, i64) -> i1
      %add = tfm.choose %keep, %none, %fill : f32
      %m = tfm.apply add(%s, %add) : (f32, f32) -> f32
      tfm.yield %m : f32
    } : (tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>, tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>, tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>) -> tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>
    return %y : tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>
}

// -----

// expected-error@+1 {{padding cannot be skipped: no attention has a mask that says which tokens are padding}}
func.func @cache(%x: tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>, %mask: tensor<?x?xi64, #tfm.dims<batch, sequence>>, %past: tensor<?x?x2x4xf32, #tfm.dims<batch, past, 2, 4>>) -> tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>> attributes {tfm.symbols = [#tfm.symbol<"batch", 0, -1, 0, 0>, #tfm.symbol<"sequence", 0, 512, 0, 1>]} {
    // expected-note@+1 {{its keys are not the tokens of its queries (a cache, or another sequence)}}
    %y = tfm.attention %x, %past, %past scale 0.5 terms ["key_valid"] empty_rows mean score_mod {
    ^bb0(%s: f32, %b: i64, %h: i64, %i: i64, %j: i64):
      %zero = arith.constant 0 : i64
      %none = arith.constant 0.0 : f32
      %fill = arith.constant -3.40282347E+38 : f32
      %there = tfm.load %mask[%b, %i] : tensor<?x?xi64, #tfm.dims<batch, sequence>> -> i64
      %keep = tfm.apply ne(%there, %zero) : (i64, i64) -> i1
      %add = tfm.choose %keep, %none, %fill : f32
      %m = tfm.apply add(%s, %add) : (f32, f32) -> f32
      tfm.yield %m : f32
    } : (tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>, tensor<?x?x2x4xf32, #tfm.dims<batch, past, 2, 4>>, tensor<?x?x2x4xf32, #tfm.dims<batch, past, 2, 4>>) -> tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>
    return %y : tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>
}

// -----

// The second one keeps what the first takes out.
func.func @other_mask(%x: tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>, %mask: tensor<?x?xi64, #tfm.dims<batch, sequence>>, %other: tensor<?x?xi64, #tfm.dims<batch, sequence>>) -> tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>> attributes {tfm.symbols = [#tfm.symbol<"batch", 0, -1, 0, 0>, #tfm.symbol<"sequence", 0, 512, 0, 1>]} {
    %0 = tfm.attention %x, %x, %x scale 0.5 terms ["key_valid"] empty_rows mean score_mod {
    ^bb0(%s: f32, %b: i64, %h: i64, %i: i64, %j: i64):
      %zero = arith.constant 0 : i64
      %none = arith.constant 0.0 : f32
      %fill = arith.constant -3.40282347E+38 : f32
      %there = tfm.load %mask[%b, %j] : tensor<?x?xi64, #tfm.dims<batch, sequence>> -> i64
      %keep = tfm.apply ne(%there, %zero) : (i64, i64) -> i1
      %add = tfm.choose %keep, %none, %fill : f32
      %m = tfm.apply add(%s, %add) : (f32, f32) -> f32
      tfm.yield %m : f32
    } : (tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>, tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>, tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>) -> tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>
    // expected-error@+1 {{this attention cannot be packed: its mask keeps tokens that another attention takes out}}
    %y = tfm.attention %0, %0, %0 scale 0.5 terms ["key_valid"] empty_rows mean score_mod {
    ^bb0(%s: f32, %b: i64, %h: i64, %i: i64, %j: i64):
      %zero = arith.constant 0 : i64
      %none = arith.constant 0.0 : f32
      %fill = arith.constant -3.40282347E+38 : f32
      %there = tfm.load %other[%b, %j] : tensor<?x?xi64, #tfm.dims<batch, sequence>> -> i64
      %keep = tfm.apply ne(%there, %zero) : (i64, i64) -> i1
      %add = tfm.choose %keep, %none, %fill : f32
      %m = tfm.apply add(%s, %add) : (f32, f32) -> f32
      tfm.yield %m : f32
    } : (tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>, tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>, tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>) -> tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>
    return %y : tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>
}

// -----

// Tokens that are there, but may not look at themselves.
func.func @no_own_key(%x: tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>, %mask: tensor<?x?xi64, #tfm.dims<batch, sequence>>) -> tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>> attributes {tfm.symbols = [#tfm.symbol<"batch", 0, -1, 0, 0>, #tfm.symbol<"sequence", 0, 512, 0, 1>]} {
    // expected-error@+1 {{this attention cannot be packed: its mask may leave a token without any key}}
    %y = tfm.attention %x, %x, %x scale 0.5 terms ["key_valid"] empty_rows mean score_mod {
    ^bb0(%s: f32, %b: i64, %h: i64, %i: i64, %j: i64):
      %zero = arith.constant 0 : i64
      %none = arith.constant 0.0 : f32
      %fill = arith.constant -3.40282347E+38 : f32
      %there = tfm.load %mask[%b, %j] : tensor<?x?xi64, #tfm.dims<batch, sequence>> -> i64
      %keep = tfm.apply ne(%there, %zero) : (i64, i64) -> i1
      %past = tfm.apply lt(%j, %i) : (i64, i64) -> i1
      %all = tfm.apply and(%keep, %past) : (i1, i1) -> i1
      %add = tfm.choose %all, %none, %fill : f32
      %m = tfm.apply add(%s, %add) : (f32, f32) -> f32
      tfm.yield %m : f32
    } : (tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>, tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>, tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>) -> tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>
    return %y : tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>
}

// -----

// Each token gets what the one in front of it has.
func.func @shift(%x: tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>, %mask: tensor<?x?xi64, #tfm.dims<batch, sequence>>) -> tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>> attributes {tfm.symbols = [#tfm.symbol<"batch", 0, -1, 0, 0>, #tfm.symbol<"sequence", 0, 512, 0, 1>]} {
    %0 = tfm.attention %x, %x, %x scale 0.5 terms ["key_valid"] empty_rows mean score_mod {
    ^bb0(%s: f32, %b: i64, %h: i64, %i: i64, %j: i64):
      %zero = arith.constant 0 : i64
      %none = arith.constant 0.0 : f32
      %fill = arith.constant -3.40282347E+38 : f32
      %there = tfm.load %mask[%b, %j] : tensor<?x?xi64, #tfm.dims<batch, sequence>> -> i64
      %keep = tfm.apply ne(%there, %zero) : (i64, i64) -> i1
      %add = tfm.choose %keep, %none, %fill : f32
      %m = tfm.apply add(%s, %add) : (f32, f32) -> f32
      tfm.yield %m : f32
    } : (tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>, tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>, tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>) -> tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>
    %1 = tfm.fused {
    ^bb0(%b: i64, %s: i64, %h: i64, %d: i64):
      %one = arith.constant -1 : i64
      %zero = arith.constant 0 : i64
      %before = tfm.apply add(%s, %one) : (i64, i64) -> i64
      %at = tfm.apply max(%before, %zero) : (i64, i64) -> i64
      %v = tfm.load %0[%b, %at, %h, %d] : tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>> -> f32
      tfm.yield %v : f32
    } : tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>
    // expected-error@+1 {{this attention cannot be packed: it reads a fused, which is computed from several tokens}}
    %y = tfm.attention %1, %1, %1 scale 0.5 terms ["key_valid"] empty_rows mean score_mod {
    ^bb0(%s: f32, %b: i64, %h: i64, %i: i64, %j: i64):
      %zero = arith.constant 0 : i64
      %none = arith.constant 0.0 : f32
      %fill = arith.constant -3.40282347E+38 : f32
      %there = tfm.load %mask[%b, %j] : tensor<?x?xi64, #tfm.dims<batch, sequence>> -> i64
      %keep = tfm.apply ne(%there, %zero) : (i64, i64) -> i1
      %add = tfm.choose %keep, %none, %fill : f32
      %m = tfm.apply add(%s, %add) : (f32, f32) -> f32
      tfm.yield %m : f32
    } : (tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>, tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>, tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>) -> tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>
    return %y : tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>
}

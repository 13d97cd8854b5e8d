// RUN: ingot-opt %s -verify-diagnostics -split-input-file

// expected-error@+1 {{expected a number, a symbol or '('}}
func.func private @f(tensor<?xf32, #tfm.dims<batch +>>)

// -----

// expected-error@+1 {{expected '>'}}
func.func private @f(tensor<?xf32, #tfm.dims<batch sequence>>)

// -----

// expected-error@+1 {{unbalanced '(' character}}
func.func private @f(tensor<?xf32, #tfm.dims<(batch>>)

// -----

// expected-error@+1 {{'max(a)' is no integer expression of symbols}}
func.func private @f(tensor<?xf32, #tfm.dims<max(a)>>)

// -----

// expected-error@+1 {{'sin(a)' is no integer expression of symbols}}
func.func private @f(tensor<?xf32, #tfm.dims<sin(a)>>)

// -----

// More than 64 bits.
// expected-error@+1 {{'9223372036854775808' is no integer expression of symbols}}
func.func private @f(tensor<?xf32, #tfm.dims<9223372036854775808>>)

// -----

// expected-error@+1 {{is no integer expression of symbols}}
func.func private @f(tensor<?xf32, #tfm.dims<9223372036854775807*n + 9223372036854775807*n>>)

// -----

// A condition is no integer.
// expected-error@+1 {{'(a >= b)' is no integer expression of symbols}}
func.func private @f(tensor<?xf32, #tfm.dims<expr("a >= b")>>)

// -----

// Generic indices are no symbols.
// expected-error@+1 {{is no integer expression of symbols}}
func.func private @f(tensor<?xf32, #tfm.dims<expr("%i[n]")>>)

// -----

// expected-error@+1 {{nested too deeply}}
func.func private @f(tensor<?xf32, #tfm.dims<((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((n))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))>>)

// -----

// expected-error@+1 {{dims #tfm.dims<a, b> do not fit a tensor of rank 1}}
func.func private @f(tensor<?xf32, #tfm.dims<a, b>>)

// -----

// expected-error@+1 {{dim 1 is 4 in the encoding, but 5 in the shape}}
func.func private @f(tensor<?x5xf32, #tfm.dims<a, 4>>)

// -----

// expected-error@+1 {{dim 0 is 3 in the encoding, but ? in the shape}}
func.func private @f(tensor<?xf32, #tfm.dims<3>>)

// -----

// expected-error@+1 {{dim 0 is n in the encoding, but 3 in the shape}}
func.func private @f(tensor<3xf32, #tfm.dims<n>>)

// -----

// expected-error@+1 {{a tensor with static dims carries no dims encoding}}
func.func private @f(tensor<3xf32, #tfm.dims<3>>)

// -----

// Ops of the dialect want to know every dim, and element types of the design.
func.func @f(%x: tensor<?xf32>) {
  // expected-error@+1 {{must be ranked tensor, with #tfm.dims where a dim is no number, of}}
  %0 = tfm.cast %x : tensor<?xf32> -> tensor<?xf32>
  return
}

// -----

func.func @f(%x: tensor<2xi7>) {
  // expected-error@+1 {{must be ranked tensor, with #tfm.dims where a dim is no number, of}}
  %0 = tfm.cast %x : tensor<2xi7> -> tensor<2xf32>
  return
}

// -----

// i8 is signed already.
func.func @f(%x: tensor<2xsi8>) {
  // expected-error@+1 {{must be ranked tensor, with #tfm.dims where a dim is no number, of}}
  %0 = tfm.cast %x : tensor<2xsi8> -> tensor<2xf32>
  return
}

// -----

// expected-error@+1 {{'plus' is not in the scalar table}}
func.func private @f() attributes {op = #tfm<op plus>}

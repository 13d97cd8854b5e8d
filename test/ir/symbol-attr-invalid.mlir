// RUN: ingot-opt %s -verify-diagnostics -split-input-file

// expected-error@+1 {{a symbol needs a name}}
func.func private @f() attributes {s = #tfm.symbol<"", 0, -1, 0, 0>}

// -----

// expected-error@+1 {{symbol "n" has an empty range 4 to 3}}
func.func private @f() attributes {s = #tfm.symbol<"n", 4, 3, 0, 0>}

// -----

// expected-error@+1 {{symbol "n" cannot be read from axis -3 of input 0}}
func.func private @f() attributes {s = #tfm.symbol<"n", 0, -1, 0, -3>}

// -----

// expected-error@+1 {{symbol "n" cannot be read from axis 0 of input -1}}
func.func private @f() attributes {s = #tfm.symbol<"n", 0, -1, -1, 0>}

// -----

// symbols_c1
// expected-error@+1 {{tfm.symbols is an array on a function, got 1 : i64}}
func.func private @f() attributes {tfm.symbols = 1 : i64}

// -----

// symbols_c1
// expected-error@+1 {{tfm.symbols must be #tfm.symbol, got "n"}}
func.func private @f() attributes {tfm.symbols = ["n"]}

// -----

// symbols_c1
// expected-error@+1 {{symbol "n" comes twice}}
func.func private @f(tensor<?x?xf32, #tfm.dims<n, m>>) attributes {tfm.symbols = [#tfm.symbol<"n", 0, -1, 0, 0>, #tfm.symbol<"n", 0, -1, 0, 1>]}

// -----

// symbols_c1
// expected-error@+1 {{tfm.symbols is an array on a function}}
module attributes {tfm.symbols = []} {}

// -----

// symbols_c2
// expected-error@+1 {{symbol "n" is read from input 1 of 1}}
func.func private @f(tensor<?xf32, #tfm.dims<n>>) attributes {tfm.symbols = [#tfm.symbol<"n", 0, -1, 1, 0>]}

// -----

// symbols_c2
// expected-error@+1 {{symbol "n" is read from axis 1 of 'tensor<?xf32, #tfm.dims<n>>'}}
func.func private @f(tensor<?xf32, #tfm.dims<n>>) attributes {tfm.symbols = [#tfm.symbol<"n", 0, -1, 0, 1>]}

// -----

// symbols_c2
// expected-error@+1 {{symbol "n" is read from the value of 'tensor<1xf32>'}}
func.func private @f(tensor<1xf32>) attributes {tfm.symbols = [#tfm.symbol<"n", 0, -1, 0, -1>]}

// -----

// name_c1
// expected-error@+1 {{tfm.name must be a string, got 1 : i64}}
func.func private @f(tensor<1xf32> {tfm.name = 1 : i64})

// -----

// name_c1
// expected-error@+1 {{tfm.name must be a string, got 1 : i64}}
func.func private @f() -> (tensor<1xf32> {tfm.name = 1 : i64})

// -----

// symbols_c2
// expected-error@+1 {{symbol "n" is read from the elements of 'tensor<1xf32>'}}
func.func private @f(tensor<1xf32>) attributes {tfm.symbols = [#tfm.symbol<"n", 0, -1, 0, -2>]}

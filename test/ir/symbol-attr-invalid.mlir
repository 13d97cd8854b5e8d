// RUN: ingot-opt %s -verify-diagnostics -split-input-file

// expected-error@+1 {{a symbol needs a name}}
func.func private @f() attributes {s = #tfm.symbol<"", 0, -1, 0, 0>}

// -----

// expected-error@+1 {{symbol "n" has an empty range 4 to 3}}
func.func private @f() attributes {s = #tfm.symbol<"n", 4, 3, 0, 0>}

// -----

// expected-error@+1 {{symbol "n" cannot be read from axis -2 of input 0}}
func.func private @f() attributes {s = #tfm.symbol<"n", 0, -1, 0, -2>}

// -----

// expected-error@+1 {{symbol "n" cannot be read from axis 0 of input -1}}
func.func private @f() attributes {s = #tfm.symbol<"n", 0, -1, -1, 0>}

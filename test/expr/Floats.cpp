#include "test/expr/ExprTest.h"

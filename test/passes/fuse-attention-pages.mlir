// RUN: ingot-opt %s --canonical --fused | FileCheck %s

// Keys and values stay in the pages of their caches.
// CHECK-LABEL: func.func @tokens_first
// CHECK: tfm.attention %{{.*}}, %{{.*}}, %{{.*}} pages %arg3 scale {{.*}}x16x2x4xf32, #tfm.dims<n, 16, 2, 4>>
// CHECK-NOT: tfm.unfused
func.func @tokens_first(%q: tensor<?x2x1x4xf32, #tfm.dims<b, 2, 1, 4>>, %kc: tensor<?x16x2x4xf32, #tfm.dims<n, 16, 2, 4>>, %vc: tensor<?x16x2x4xf32, #tfm.dims<n, 16, 2, 4>>, %t: tensor<?x?xi64, #tfm.dims<b, p>>) -> tensor<?x2x1x4xf32, #tfm.dims<b, 2, 1, 4>> {
  %k0 = tfm.gather %kc, %t axis 0 : (tensor<?x16x2x4xf32, #tfm.dims<n, 16, 2, 4>>, tensor<?x?xi64, #tfm.dims<b, p>>) -> tensor<?x?x16x2x4xf32, #tfm.dims<b, p, 16, 2, 4>>
  %k1 = tfm.reshape %k0 : tensor<?x?x16x2x4xf32, #tfm.dims<b, p, 16, 2, 4>> -> tensor<?x?x2x4xf32, #tfm.dims<b, 16*p, 2, 4>>
  %kt = tfm.transpose %k1 perm [0, 2, 3, 1] : tensor<?x?x2x4xf32, #tfm.dims<b, 16*p, 2, 4>> -> tensor<?x2x4x?xf32, #tfm.dims<b, 2, 4, 16*p>>
  %v0 = tfm.gather %vc, %t axis 0 : (tensor<?x16x2x4xf32, #tfm.dims<n, 16, 2, 4>>, tensor<?x?xi64, #tfm.dims<b, p>>) -> tensor<?x?x16x2x4xf32, #tfm.dims<b, p, 16, 2, 4>>
  %v1 = tfm.reshape %v0 : tensor<?x?x16x2x4xf32, #tfm.dims<b, p, 16, 2, 4>> -> tensor<?x?x2x4xf32, #tfm.dims<b, 16*p, 2, 4>>
  %vt = tfm.transpose %v1 perm [0, 2, 1, 3] : tensor<?x?x2x4xf32, #tfm.dims<b, 16*p, 2, 4>> -> tensor<?x2x?x4xf32, #tfm.dims<b, 2, 16*p, 4>>
  %s = tfm.matmul %q, %kt : (tensor<?x2x1x4xf32, #tfm.dims<b, 2, 1, 4>>, tensor<?x2x4x?xf32, #tfm.dims<b, 2, 4, 16*p>>) -> tensor<?x2x1x?xf32, #tfm.dims<b, 2, 1, 16*p>>
  %p = tfm.softmax %s axis 3 : tensor<?x2x1x?xf32, #tfm.dims<b, 2, 1, 16*p>>
  %o = tfm.matmul %p, %vt : (tensor<?x2x1x?xf32, #tfm.dims<b, 2, 1, 16*p>>, tensor<?x2x?x4xf32, #tfm.dims<b, 2, 16*p, 4>>) -> tensor<?x2x1x4xf32, #tfm.dims<b, 2, 1, 4>>
  return %o : tensor<?x2x1x4xf32, #tfm.dims<b, 2, 1, 4>>
}

// Heads first, and a table of i32.
// CHECK-LABEL: func.func @heads_first
// CHECK: tfm.attention %{{.*}}, %{{.*}}, %{{.*}} pages %arg3 scale {{.*}}x16x2x4xf32, #tfm.dims<n, 16, 2, 4>>{{.*}}xi32
func.func @heads_first(%q: tensor<?x2x1x4xf32, #tfm.dims<b, 2, 1, 4>>, %kc: tensor<?x2x16x4xf32, #tfm.dims<n, 2, 16, 4>>, %vc: tensor<?x2x16x4xf32, #tfm.dims<n, 2, 16, 4>>, %t: tensor<?x?xi32, #tfm.dims<b, p>>) -> tensor<?x2x1x4xf32, #tfm.dims<b, 2, 1, 4>> {
  %k0 = tfm.gather %kc, %t axis 0 : (tensor<?x2x16x4xf32, #tfm.dims<n, 2, 16, 4>>, tensor<?x?xi32, #tfm.dims<b, p>>) -> tensor<?x?x2x16x4xf32, #tfm.dims<b, p, 2, 16, 4>>
  %k1 = tfm.transpose %k0 perm [0, 2, 1, 3, 4] : tensor<?x?x2x16x4xf32, #tfm.dims<b, p, 2, 16, 4>> -> tensor<?x2x?x16x4xf32, #tfm.dims<b, 2, p, 16, 4>>
  %k2 = tfm.reshape %k1 : tensor<?x2x?x16x4xf32, #tfm.dims<b, 2, p, 16, 4>> -> tensor<?x2x?x4xf32, #tfm.dims<b, 2, 16*p, 4>>
  %kt = tfm.transpose %k2 perm [0, 1, 3, 2] : tensor<?x2x?x4xf32, #tfm.dims<b, 2, 16*p, 4>> -> tensor<?x2x4x?xf32, #tfm.dims<b, 2, 4, 16*p>>
  %v0 = tfm.gather %vc, %t axis 0 : (tensor<?x2x16x4xf32, #tfm.dims<n, 2, 16, 4>>, tensor<?x?xi32, #tfm.dims<b, p>>) -> tensor<?x?x2x16x4xf32, #tfm.dims<b, p, 2, 16, 4>>
  %v1 = tfm.transpose %v0 perm [0, 2, 1, 3, 4] : tensor<?x?x2x16x4xf32, #tfm.dims<b, p, 2, 16, 4>> -> tensor<?x2x?x16x4xf32, #tfm.dims<b, 2, p, 16, 4>>
  %vt = tfm.reshape %v1 : tensor<?x2x?x16x4xf32, #tfm.dims<b, 2, p, 16, 4>> -> tensor<?x2x?x4xf32, #tfm.dims<b, 2, 16*p, 4>>
  %s = tfm.matmul %q, %kt : (tensor<?x2x1x4xf32, #tfm.dims<b, 2, 1, 4>>, tensor<?x2x4x?xf32, #tfm.dims<b, 2, 4, 16*p>>) -> tensor<?x2x1x?xf32, #tfm.dims<b, 2, 1, 16*p>>
  %p = tfm.softmax %s axis 3 : tensor<?x2x1x?xf32, #tfm.dims<b, 2, 1, 16*p>>
  %o = tfm.matmul %p, %vt : (tensor<?x2x1x?xf32, #tfm.dims<b, 2, 1, 16*p>>, tensor<?x2x?x4xf32, #tfm.dims<b, 2, 16*p, 4>>) -> tensor<?x2x1x4xf32, #tfm.dims<b, 2, 1, 4>>
  return %o : tensor<?x2x1x4xf32, #tfm.dims<b, 2, 1, 4>>
}

// CHECK-LABEL: func.func @rows_of_any_number
// CHECK: tfm.attention %{{.*}}, %{{.*}}, %{{.*}} pages %arg3 scale {{.*}}#tfm.dims<n, c, 2, 4>>
func.func @rows_of_any_number(%q: tensor<?x2x1x4xf32, #tfm.dims<b, 2, 1, 4>>, %kc: tensor<?x?x2x4xf32, #tfm.dims<n, c, 2, 4>>, %vc: tensor<?x?x2x4xf32, #tfm.dims<n, c, 2, 4>>, %t: tensor<?x?xi64, #tfm.dims<b, p>>) -> tensor<?x2x1x4xf32, #tfm.dims<b, 2, 1, 4>> {
  %k0 = tfm.gather %kc, %t axis 0 : (tensor<?x?x2x4xf32, #tfm.dims<n, c, 2, 4>>, tensor<?x?xi64, #tfm.dims<b, p>>) -> tensor<?x?x?x2x4xf32, #tfm.dims<b, p, c, 2, 4>>
  %k1 = tfm.reshape %k0 : tensor<?x?x?x2x4xf32, #tfm.dims<b, p, c, 2, 4>> -> tensor<?x?x2x4xf32, #tfm.dims<b, c*p, 2, 4>>
  %kt = tfm.transpose %k1 perm [0, 2, 3, 1] : tensor<?x?x2x4xf32, #tfm.dims<b, c*p, 2, 4>> -> tensor<?x2x4x?xf32, #tfm.dims<b, 2, 4, c*p>>
  %v0 = tfm.gather %vc, %t axis 0 : (tensor<?x?x2x4xf32, #tfm.dims<n, c, 2, 4>>, tensor<?x?xi64, #tfm.dims<b, p>>) -> tensor<?x?x?x2x4xf32, #tfm.dims<b, p, c, 2, 4>>
  %v1 = tfm.reshape %v0 : tensor<?x?x?x2x4xf32, #tfm.dims<b, p, c, 2, 4>> -> tensor<?x?x2x4xf32, #tfm.dims<b, c*p, 2, 4>>
  %vt = tfm.transpose %v1 perm [0, 2, 1, 3] : tensor<?x?x2x4xf32, #tfm.dims<b, c*p, 2, 4>> -> tensor<?x2x?x4xf32, #tfm.dims<b, 2, c*p, 4>>
  %s = tfm.matmul %q, %kt : (tensor<?x2x1x4xf32, #tfm.dims<b, 2, 1, 4>>, tensor<?x2x4x?xf32, #tfm.dims<b, 2, 4, c*p>>) -> tensor<?x2x1x?xf32, #tfm.dims<b, 2, 1, c*p>>
  %p = tfm.softmax %s axis 3 : tensor<?x2x1x?xf32, #tfm.dims<b, 2, 1, c*p>>
  %o = tfm.matmul %p, %vt : (tensor<?x2x1x?xf32, #tfm.dims<b, 2, 1, c*p>>, tensor<?x2x?x4xf32, #tfm.dims<b, 2, c*p, 4>>) -> tensor<?x2x1x4xf32, #tfm.dims<b, 2, 1, 4>>
  return %o : tensor<?x2x1x4xf32, #tfm.dims<b, 2, 1, 4>>
}

// CHECK-LABEL: func.func @a_token_a_page
// CHECK: tfm.attention %{{.*}}, %{{.*}}, %{{.*}} pages %arg3 scale {{.*}}#tfm.dims<n, 1, 2, 4>>
func.func @a_token_a_page(%q: tensor<?x2x1x4xf32, #tfm.dims<b, 2, 1, 4>>, %kc: tensor<?x2x4xf32, #tfm.dims<n, 2, 4>>, %vc: tensor<?x2x4xf32, #tfm.dims<n, 2, 4>>, %t: tensor<?x?xi64, #tfm.dims<b, s>>) -> tensor<?x2x1x4xf32, #tfm.dims<b, 2, 1, 4>> {
  %k1 = tfm.gather %kc, %t axis 0 : (tensor<?x2x4xf32, #tfm.dims<n, 2, 4>>, tensor<?x?xi64, #tfm.dims<b, s>>) -> tensor<?x?x2x4xf32, #tfm.dims<b, s, 2, 4>>
  %kt = tfm.transpose %k1 perm [0, 2, 3, 1] : tensor<?x?x2x4xf32, #tfm.dims<b, s, 2, 4>> -> tensor<?x2x4x?xf32, #tfm.dims<b, 2, 4, s>>
  %v1 = tfm.gather %vc, %t axis 0 : (tensor<?x2x4xf32, #tfm.dims<n, 2, 4>>, tensor<?x?xi64, #tfm.dims<b, s>>) -> tensor<?x?x2x4xf32, #tfm.dims<b, s, 2, 4>>
  %vt = tfm.transpose %v1 perm [0, 2, 1, 3] : tensor<?x?x2x4xf32, #tfm.dims<b, s, 2, 4>> -> tensor<?x2x?x4xf32, #tfm.dims<b, 2, s, 4>>
  %s = tfm.matmul %q, %kt : (tensor<?x2x1x4xf32, #tfm.dims<b, 2, 1, 4>>, tensor<?x2x4x?xf32, #tfm.dims<b, 2, 4, s>>) -> tensor<?x2x1x?xf32, #tfm.dims<b, 2, 1, s>>
  %p = tfm.softmax %s axis 3 : tensor<?x2x1x?xf32, #tfm.dims<b, 2, 1, s>>
  %o = tfm.matmul %p, %vt : (tensor<?x2x1x?xf32, #tfm.dims<b, 2, 1, s>>, tensor<?x2x?x4xf32, #tfm.dims<b, 2, s, 4>>) -> tensor<?x2x1x4xf32, #tfm.dims<b, 2, 1, 4>>
  return %o : tensor<?x2x1x4xf32, #tfm.dims<b, 2, 1, 4>>
}

// Slots of a cache, one a sequence: the table has one column.
// CHECK-LABEL: func.func @a_page_a_sequence
// CHECK: tfm.attention %{{.*}}, %{{.*}}, %{{.*}} pages %{{.*}} scale {{.*}}#tfm.dims<n, s, 2, 4>>
func.func @a_page_a_sequence(%q: tensor<?x2x1x4xf32, #tfm.dims<b, 2, 1, 4>>, %kc: tensor<?x?x2x4xf32, #tfm.dims<n, s, 2, 4>>, %vc: tensor<?x?x2x4xf32, #tfm.dims<n, s, 2, 4>>, %t: tensor<?xi64, #tfm.dims<b>>) -> tensor<?x2x1x4xf32, #tfm.dims<b, 2, 1, 4>> {
  %k1 = tfm.gather %kc, %t axis 0 : (tensor<?x?x2x4xf32, #tfm.dims<n, s, 2, 4>>, tensor<?xi64, #tfm.dims<b>>) -> tensor<?x?x2x4xf32, #tfm.dims<b, s, 2, 4>>
  %kt = tfm.transpose %k1 perm [0, 2, 3, 1] : tensor<?x?x2x4xf32, #tfm.dims<b, s, 2, 4>> -> tensor<?x2x4x?xf32, #tfm.dims<b, 2, 4, s>>
  %v1 = tfm.gather %vc, %t axis 0 : (tensor<?x?x2x4xf32, #tfm.dims<n, s, 2, 4>>, tensor<?xi64, #tfm.dims<b>>) -> tensor<?x?x2x4xf32, #tfm.dims<b, s, 2, 4>>
  %vt = tfm.transpose %v1 perm [0, 2, 1, 3] : tensor<?x?x2x4xf32, #tfm.dims<b, s, 2, 4>> -> tensor<?x2x?x4xf32, #tfm.dims<b, 2, s, 4>>
  %s = tfm.matmul %q, %kt : (tensor<?x2x1x4xf32, #tfm.dims<b, 2, 1, 4>>, tensor<?x2x4x?xf32, #tfm.dims<b, 2, 4, s>>) -> tensor<?x2x1x?xf32, #tfm.dims<b, 2, 1, s>>
  %p = tfm.softmax %s axis 3 : tensor<?x2x1x?xf32, #tfm.dims<b, 2, 1, s>>
  %o = tfm.matmul %p, %vt : (tensor<?x2x1x?xf32, #tfm.dims<b, 2, 1, s>>, tensor<?x2x?x4xf32, #tfm.dims<b, 2, s, 4>>) -> tensor<?x2x1x4xf32, #tfm.dims<b, 2, 1, 4>>
  return %o : tensor<?x2x1x4xf32, #tfm.dims<b, 2, 1, 4>>
}

// CHECK-LABEL: func.func @two_tables
// CHECK: tfm.attention
// CHECK-NOT: pages %
// CHECK-SAME: {tfm.unfused = "its keys and values are copied from a cache: keys and values come by different tables"}
func.func @two_tables(%q: tensor<?x2x1x4xf32, #tfm.dims<b, 2, 1, 4>>, %kc: tensor<?x16x2x4xf32, #tfm.dims<n, 16, 2, 4>>, %vc: tensor<?x16x2x4xf32, #tfm.dims<n, 16, 2, 4>>, %t: tensor<?x?xi64, #tfm.dims<b, p>>, %u: tensor<?x?xi64, #tfm.dims<b, p>>) -> tensor<?x2x1x4xf32, #tfm.dims<b, 2, 1, 4>> {
  %k0 = tfm.gather %kc, %t axis 0 : (tensor<?x16x2x4xf32, #tfm.dims<n, 16, 2, 4>>, tensor<?x?xi64, #tfm.dims<b, p>>) -> tensor<?x?x16x2x4xf32, #tfm.dims<b, p, 16, 2, 4>>
  %k1 = tfm.reshape %k0 : tensor<?x?x16x2x4xf32, #tfm.dims<b, p, 16, 2, 4>> -> tensor<?x?x2x4xf32, #tfm.dims<b, 16*p, 2, 4>>
  %kt = tfm.transpose %k1 perm [0, 2, 3, 1] : tensor<?x?x2x4xf32, #tfm.dims<b, 16*p, 2, 4>> -> tensor<?x2x4x?xf32, #tfm.dims<b, 2, 4, 16*p>>
  %v0 = tfm.gather %vc, %u axis 0 : (tensor<?x16x2x4xf32, #tfm.dims<n, 16, 2, 4>>, tensor<?x?xi64, #tfm.dims<b, p>>) -> tensor<?x?x16x2x4xf32, #tfm.dims<b, p, 16, 2, 4>>
  %v1 = tfm.reshape %v0 : tensor<?x?x16x2x4xf32, #tfm.dims<b, p, 16, 2, 4>> -> tensor<?x?x2x4xf32, #tfm.dims<b, 16*p, 2, 4>>
  %vt = tfm.transpose %v1 perm [0, 2, 1, 3] : tensor<?x?x2x4xf32, #tfm.dims<b, 16*p, 2, 4>> -> tensor<?x2x?x4xf32, #tfm.dims<b, 2, 16*p, 4>>
  %s = tfm.matmul %q, %kt : (tensor<?x2x1x4xf32, #tfm.dims<b, 2, 1, 4>>, tensor<?x2x4x?xf32, #tfm.dims<b, 2, 4, 16*p>>) -> tensor<?x2x1x?xf32, #tfm.dims<b, 2, 1, 16*p>>
  %p = tfm.softmax %s axis 3 : tensor<?x2x1x?xf32, #tfm.dims<b, 2, 1, 16*p>>
  %o = tfm.matmul %p, %vt : (tensor<?x2x1x?xf32, #tfm.dims<b, 2, 1, 16*p>>, tensor<?x2x?x4xf32, #tfm.dims<b, 2, 16*p, 4>>) -> tensor<?x2x1x4xf32, #tfm.dims<b, 2, 1, 4>>
  return %o : tensor<?x2x1x4xf32, #tfm.dims<b, 2, 1, 4>>
}

// CHECK-LABEL: func.func @unlike_caches
// CHECK: tfm.attention
// CHECK-SAME: {tfm.unfused = "its keys and values are copied from a cache: the caches have different numbers of pages, as far as their dims say"}
func.func @unlike_caches(%q: tensor<?x2x1x4xf32, #tfm.dims<b, 2, 1, 4>>, %kc: tensor<?x16x2x4xf32, #tfm.dims<n, 16, 2, 4>>, %vc: tensor<?x16x2x4xf32, #tfm.dims<m, 16, 2, 4>>, %t: tensor<?x?xi64, #tfm.dims<b, p>>) -> tensor<?x2x1x4xf32, #tfm.dims<b, 2, 1, 4>> {
  %k0 = tfm.gather %kc, %t axis 0 : (tensor<?x16x2x4xf32, #tfm.dims<n, 16, 2, 4>>, tensor<?x?xi64, #tfm.dims<b, p>>) -> tensor<?x?x16x2x4xf32, #tfm.dims<b, p, 16, 2, 4>>
  %k1 = tfm.reshape %k0 : tensor<?x?x16x2x4xf32, #tfm.dims<b, p, 16, 2, 4>> -> tensor<?x?x2x4xf32, #tfm.dims<b, 16*p, 2, 4>>
  %kt = tfm.transpose %k1 perm [0, 2, 3, 1] : tensor<?x?x2x4xf32, #tfm.dims<b, 16*p, 2, 4>> -> tensor<?x2x4x?xf32, #tfm.dims<b, 2, 4, 16*p>>
  %v0 = tfm.gather %vc, %t axis 0 : (tensor<?x16x2x4xf32, #tfm.dims<m, 16, 2, 4>>, tensor<?x?xi64, #tfm.dims<b, p>>) -> tensor<?x?x16x2x4xf32, #tfm.dims<b, p, 16, 2, 4>>
  %v1 = tfm.reshape %v0 : tensor<?x?x16x2x4xf32, #tfm.dims<b, p, 16, 2, 4>> -> tensor<?x?x2x4xf32, #tfm.dims<b, 16*p, 2, 4>>
  %vt = tfm.transpose %v1 perm [0, 2, 1, 3] : tensor<?x?x2x4xf32, #tfm.dims<b, 16*p, 2, 4>> -> tensor<?x2x?x4xf32, #tfm.dims<b, 2, 16*p, 4>>
  %s = tfm.matmul %q, %kt : (tensor<?x2x1x4xf32, #tfm.dims<b, 2, 1, 4>>, tensor<?x2x4x?xf32, #tfm.dims<b, 2, 4, 16*p>>) -> tensor<?x2x1x?xf32, #tfm.dims<b, 2, 1, 16*p>>
  %p = tfm.softmax %s axis 3 : tensor<?x2x1x?xf32, #tfm.dims<b, 2, 1, 16*p>>
  %o = tfm.matmul %p, %vt : (tensor<?x2x1x?xf32, #tfm.dims<b, 2, 1, 16*p>>, tensor<?x2x?x4xf32, #tfm.dims<b, 2, 16*p, 4>>) -> tensor<?x2x1x4xf32, #tfm.dims<b, 2, 1, 4>>
  return %o : tensor<?x2x1x4xf32, #tfm.dims<b, 2, 1, 4>>
}

// CHECK-LABEL: func.func @keys_alone
// CHECK: tfm.attention
// CHECK-SAME: {tfm.unfused = "its keys and values are copied from a cache: its values are not gathered as its keys are"}
func.func @keys_alone(%q: tensor<?x2x1x4xf32, #tfm.dims<b, 2, 1, 4>>, %kc: tensor<?x16x2x4xf32, #tfm.dims<n, 16, 2, 4>>, %vc: tensor<?x?x2x4xf32, #tfm.dims<b, 16*p, 2, 4>>, %t: tensor<?x?xi64, #tfm.dims<b, p>>) -> tensor<?x2x1x4xf32, #tfm.dims<b, 2, 1, 4>> {
  %k0 = tfm.gather %kc, %t axis 0 : (tensor<?x16x2x4xf32, #tfm.dims<n, 16, 2, 4>>, tensor<?x?xi64, #tfm.dims<b, p>>) -> tensor<?x?x16x2x4xf32, #tfm.dims<b, p, 16, 2, 4>>
  %k1 = tfm.reshape %k0 : tensor<?x?x16x2x4xf32, #tfm.dims<b, p, 16, 2, 4>> -> tensor<?x?x2x4xf32, #tfm.dims<b, 16*p, 2, 4>>
  %kt = tfm.transpose %k1 perm [0, 2, 3, 1] : tensor<?x?x2x4xf32, #tfm.dims<b, 16*p, 2, 4>> -> tensor<?x2x4x?xf32, #tfm.dims<b, 2, 4, 16*p>>
  %vt = tfm.transpose %vc perm [0, 2, 1, 3] : tensor<?x?x2x4xf32, #tfm.dims<b, 16*p, 2, 4>> -> tensor<?x2x?x4xf32, #tfm.dims<b, 2, 16*p, 4>>
  %s = tfm.matmul %q, %kt : (tensor<?x2x1x4xf32, #tfm.dims<b, 2, 1, 4>>, tensor<?x2x4x?xf32, #tfm.dims<b, 2, 4, 16*p>>) -> tensor<?x2x1x?xf32, #tfm.dims<b, 2, 1, 16*p>>
  %p = tfm.softmax %s axis 3 : tensor<?x2x1x?xf32, #tfm.dims<b, 2, 1, 16*p>>
  %o = tfm.matmul %p, %vt : (tensor<?x2x1x?xf32, #tfm.dims<b, 2, 1, 16*p>>, tensor<?x2x?x4xf32, #tfm.dims<b, 2, 16*p, 4>>) -> tensor<?x2x1x4xf32, #tfm.dims<b, 2, 1, 4>>
  return %o : tensor<?x2x1x4xf32, #tfm.dims<b, 2, 1, 4>>
}

// CHECK-LABEL: func.func @columns_apart
// CHECK: tfm.attention
// CHECK-SAME: {tfm.unfused = "its keys and values are copied from a cache: the columns of a head do not lie side by side in its cache"}
func.func @columns_apart(%q: tensor<?x2x1x4xf32, #tfm.dims<b, 2, 1, 4>>, %kc: tensor<?x16x4x2xf32, #tfm.dims<n, 16, 4, 2>>, %vc: tensor<?x16x4x2xf32, #tfm.dims<n, 16, 4, 2>>, %t: tensor<?x?xi64, #tfm.dims<b, p>>) -> tensor<?x2x1x4xf32, #tfm.dims<b, 2, 1, 4>> {
  %k0 = tfm.gather %kc, %t axis 0 : (tensor<?x16x4x2xf32, #tfm.dims<n, 16, 4, 2>>, tensor<?x?xi64, #tfm.dims<b, p>>) -> tensor<?x?x16x4x2xf32, #tfm.dims<b, p, 16, 4, 2>>
  %k1 = tfm.reshape %k0 : tensor<?x?x16x4x2xf32, #tfm.dims<b, p, 16, 4, 2>> -> tensor<?x?x4x2xf32, #tfm.dims<b, 16*p, 4, 2>>
  %kt = tfm.transpose %k1 perm [0, 3, 2, 1] : tensor<?x?x4x2xf32, #tfm.dims<b, 16*p, 4, 2>> -> tensor<?x2x4x?xf32, #tfm.dims<b, 2, 4, 16*p>>
  %v0 = tfm.gather %vc, %t axis 0 : (tensor<?x16x4x2xf32, #tfm.dims<n, 16, 4, 2>>, tensor<?x?xi64, #tfm.dims<b, p>>) -> tensor<?x?x16x4x2xf32, #tfm.dims<b, p, 16, 4, 2>>
  %v1 = tfm.reshape %v0 : tensor<?x?x16x4x2xf32, #tfm.dims<b, p, 16, 4, 2>> -> tensor<?x?x4x2xf32, #tfm.dims<b, 16*p, 4, 2>>
  %vt = tfm.transpose %v1 perm [0, 3, 1, 2] : tensor<?x?x4x2xf32, #tfm.dims<b, 16*p, 4, 2>> -> tensor<?x2x?x4xf32, #tfm.dims<b, 2, 16*p, 4>>
  %s = tfm.matmul %q, %kt : (tensor<?x2x1x4xf32, #tfm.dims<b, 2, 1, 4>>, tensor<?x2x4x?xf32, #tfm.dims<b, 2, 4, 16*p>>) -> tensor<?x2x1x?xf32, #tfm.dims<b, 2, 1, 16*p>>
  %p = tfm.softmax %s axis 3 : tensor<?x2x1x?xf32, #tfm.dims<b, 2, 1, 16*p>>
  %o = tfm.matmul %p, %vt : (tensor<?x2x1x?xf32, #tfm.dims<b, 2, 1, 16*p>>, tensor<?x2x?x4xf32, #tfm.dims<b, 2, 16*p, 4>>) -> tensor<?x2x1x4xf32, #tfm.dims<b, 2, 1, 4>>
  return %o : tensor<?x2x1x4xf32, #tfm.dims<b, 2, 1, 4>>
}

// A row of each page, then the next of each.
// CHECK-LABEL: func.func @rows_in_turn
// CHECK: tfm.attention
// CHECK-SAME: {tfm.unfused = "its keys and values are copied from a cache: a page is not so many tokens one after the other"}
func.func @rows_in_turn(%q: tensor<?x2x1x4xf32, #tfm.dims<b, 2, 1, 4>>, %kc: tensor<?x16x2x4xf32, #tfm.dims<n, 16, 2, 4>>, %vc: tensor<?x16x2x4xf32, #tfm.dims<n, 16, 2, 4>>, %t: tensor<?x?xi64, #tfm.dims<b, p>>) -> tensor<?x2x1x4xf32, #tfm.dims<b, 2, 1, 4>> {
  %k0 = tfm.gather %kc, %t axis 0 : (tensor<?x16x2x4xf32, #tfm.dims<n, 16, 2, 4>>, tensor<?x?xi64, #tfm.dims<b, p>>) -> tensor<?x?x16x2x4xf32, #tfm.dims<b, p, 16, 2, 4>>
  %kw = tfm.transpose %k0 perm [0, 2, 1, 3, 4] : tensor<?x?x16x2x4xf32, #tfm.dims<b, p, 16, 2, 4>> -> tensor<?x16x?x2x4xf32, #tfm.dims<b, 16, p, 2, 4>>
  %k1 = tfm.reshape %kw : tensor<?x16x?x2x4xf32, #tfm.dims<b, 16, p, 2, 4>> -> tensor<?x?x2x4xf32, #tfm.dims<b, 16*p, 2, 4>>
  %kt = tfm.transpose %k1 perm [0, 2, 3, 1] : tensor<?x?x2x4xf32, #tfm.dims<b, 16*p, 2, 4>> -> tensor<?x2x4x?xf32, #tfm.dims<b, 2, 4, 16*p>>
  %v0 = tfm.gather %vc, %t axis 0 : (tensor<?x16x2x4xf32, #tfm.dims<n, 16, 2, 4>>, tensor<?x?xi64, #tfm.dims<b, p>>) -> tensor<?x?x16x2x4xf32, #tfm.dims<b, p, 16, 2, 4>>
  %vw = tfm.transpose %v0 perm [0, 2, 1, 3, 4] : tensor<?x?x16x2x4xf32, #tfm.dims<b, p, 16, 2, 4>> -> tensor<?x16x?x2x4xf32, #tfm.dims<b, 16, p, 2, 4>>
  %v1 = tfm.reshape %vw : tensor<?x16x?x2x4xf32, #tfm.dims<b, 16, p, 2, 4>> -> tensor<?x?x2x4xf32, #tfm.dims<b, 16*p, 2, 4>>
  %vt = tfm.transpose %v1 perm [0, 2, 1, 3] : tensor<?x?x2x4xf32, #tfm.dims<b, 16*p, 2, 4>> -> tensor<?x2x?x4xf32, #tfm.dims<b, 2, 16*p, 4>>
  %s = tfm.matmul %q, %kt : (tensor<?x2x1x4xf32, #tfm.dims<b, 2, 1, 4>>, tensor<?x2x4x?xf32, #tfm.dims<b, 2, 4, 16*p>>) -> tensor<?x2x1x?xf32, #tfm.dims<b, 2, 1, 16*p>>
  %p = tfm.softmax %s axis 3 : tensor<?x2x1x?xf32, #tfm.dims<b, 2, 1, 16*p>>
  %o = tfm.matmul %p, %vt : (tensor<?x2x1x?xf32, #tfm.dims<b, 2, 1, 16*p>>, tensor<?x2x?x4xf32, #tfm.dims<b, 2, 16*p, 4>>) -> tensor<?x2x1x4xf32, #tfm.dims<b, 2, 1, 4>>
  return %o : tensor<?x2x1x4xf32, #tfm.dims<b, 2, 1, 4>>
}

// RUN: ingot-opt %s --print-cuda-stubs=arch=sm_90a -o /dev/null | FileCheck %s
// RUN: ingot-opt %s --print-cuda-stubs -o /dev/null | FileCheck %s --check-prefix=SM80

// Keys in pages: a table in place of a batch stride; on Hopper boxes of a page.
// CHECK-LABEL: // tokens_of_16: 384 threads
// CHECK:         AttentionPages<i64> pages{in3, s2, 16, s3, status, step};
// CHECK-NEXT:    AttentionShape shape{s0, 8, 1, pages.keys(), 4, s1, {512, 512, 64}, {2048, 128, 64}, {2048, 128, 64}, 0.125f};
// CHECK-NEXT:    attention90<bf16, 64, 64, false>(out0, in0, in1, in2, shape, body, {&map0, &map1, &map2}, Splits{partials, counters, s4}, pages);
// SM80-LABEL:  // tokens_of_16: 128 threads
// SM80:          AttentionPages<i64> pages{in3, s2, 16, s3, status, step};
// SM80:          attention_mma<bf16, 64, 64, 64, false>(out0, in0, in1, in2, shape, body, Splits{partials, counters, s4}, pages);
plan.kernel attention @tokens_of_16 outs [f32] ins [bf16, bf16, bf16, i64] scalars 5 params {batch = -1, heads = 8, queries = 1, keys = -2, d = 64, dv = 64, group = 4, scale = 0.125 : f64, q_strides = array<i64: 512, 512, 64>, k_strides = array<i64: 2048, 128, 64>, v_strides = array<i64: 2048, 128, 64>, page_rows = 16, pages = -3, cached_pages = -4, rows = 64, empty_rows = "nan", splits = -5} {
^bb0(%s: f32, %b: i64, %h: i64, %q: i64, %k: i64, %iq: tensor<?xbf16>, %ik: tensor<?xbf16>, %iv: tensor<?xbf16>, %t: tensor<?xi64>, %B: i64, %K: i64, %P: i64, %x0: i64, %x1: i64):
  tfm.yield %s : f32
}

// A table of i32; nothing is shared.
// CHECK-LABEL: // pages_of_256: 384 threads
// CHECK:         AttentionPages<i32> pages{in3, s2, 256, 100, status, step};
// CHECK:         {&map0, &map1, &map2}, NoSplits(), pages);
// SM80:          body, NoSplits(), pages);
plan.kernel attention @pages_of_256 outs [f32] ins [f16, f16, f16, i32] scalars 3 params {batch = -1, heads = 8, queries = 1, keys = -2, d = 64, dv = 64, group = 4, scale = 0.125 : f64, q_strides = array<i64: 512, 512, 64>, k_strides = array<i64: 32768, 128, 64>, v_strides = array<i64: 32768, 128, 64>, page_rows = 256, pages = -3, cached_pages = 100, rows = 64, empty_rows = "nan"} {
^bb0(%s: f32, %b: i64, %h: i64, %q: i64, %k: i64, %iq: tensor<?xf16>, %ik: tensor<?xf16>, %iv: tensor<?xf16>, %t: tensor<?xi32>, %B: i64, %K: i64, %P: i64):
  tfm.yield %s : f32
}

// Boxes of 24 rows make no tile of 128 keys.
// CHECK-LABEL: // pages_of_24: 128 threads
// CHECK:         attention_mma<bf16
plan.kernel attention @pages_of_24 outs [f32] ins [bf16, bf16, bf16, i64] scalars 3 params {batch = -1, heads = 8, queries = 1, keys = -2, d = 64, dv = 64, group = 4, scale = 0.125 : f64, q_strides = array<i64: 512, 512, 64>, k_strides = array<i64: 3072, 128, 64>, v_strides = array<i64: 3072, 128, 64>, page_rows = 24, pages = -3, cached_pages = 100, rows = 64, empty_rows = "nan"} {
^bb0(%s: f32, %b: i64, %h: i64, %q: i64, %k: i64, %iq: tensor<?xbf16>, %ik: tensor<?xbf16>, %iv: tensor<?xbf16>, %t: tensor<?xi64>, %B: i64, %K: i64, %P: i64):
  tfm.yield %s : f32
}

// Pages of heads one after the other.
// CHECK-LABEL: // heads_first: 384 threads
// CHECK:         {2048, 64, 1024}, {2048, 64, 1024}, 0.125f};
// CHECK-NEXT:    attention90<bf16
plan.kernel attention @heads_first outs [f32] ins [bf16, bf16, bf16, i64] scalars 3 params {batch = -1, heads = 8, queries = 1, keys = -2, d = 64, dv = 64, group = 4, scale = 0.125 : f64, q_strides = array<i64: 512, 512, 64>, k_strides = array<i64: 2048, 64, 1024>, v_strides = array<i64: 2048, 64, 1024>, page_rows = 16, pages = -3, cached_pages = 100, rows = 64, empty_rows = "nan"} {
^bb0(%s: f32, %b: i64, %h: i64, %q: i64, %k: i64, %iq: tensor<?xbf16>, %ik: tensor<?xbf16>, %iv: tensor<?xbf16>, %t: tensor<?xi64>, %B: i64, %K: i64, %P: i64):
  tfm.yield %s : f32
}

// IEEE f32.
// SM80-LABEL:  // plain: 256 threads
// SM80:          attention<64, 64, 64, 64, false>(out0, in0, in1, in2, shape, body, NoSplits(), pages);
plan.kernel attention @plain outs [f32] ins [f32, f32, f32, i64] scalars 3 params {batch = -1, heads = 8, queries = 1, keys = -2, d = 64, dv = 64, group = 4, scale = 0.125 : f64, q_strides = array<i64: 512, 512, 64>, k_strides = array<i64: 2048, 128, 64>, v_strides = array<i64: 2048, 128, 64>, page_rows = 16, pages = -3, cached_pages = 100, rows = 64, empty_rows = "nan"} {
^bb0(%s: f32, %b: i64, %h: i64, %q: i64, %k: i64, %iq: tensor<?xf32>, %ik: tensor<?xf32>, %iv: tensor<?xf32>, %t: tensor<?xi64>, %B: i64, %K: i64, %P: i64):
  tfm.yield %s : f32
}

#include "vocabulary.cuh"
struct Scale {
  float factor;
  DEV float operator()(float x) const { return x * factor; }
};
template <class T, class F> DEV void map(T *y, const T *x, int n, F f) {
  for (int i = bid_x() * threads() + tid(); i < n; i += grid_x() * threads())
    y[i] = from_f32<T>(f(to_f32(x[i])));
}
KERNEL(256, 1)
scale_f16(f16 *y, const f16 *x, int n, float factor) {
  map(y, x, n, Scale{factor});
}
EXPORT_KERNEL(scale_f16)

#include "vocabulary.cuh"

struct KernelStatus {
  i64 code, value, limit, step;
};

// One row a block.
KERNEL(64, 1)
gather(float *out, const float *table, const i64 *ids, i64 rows, i64 width,
       KernelStatus *status, i64 step) {
  i64 id = ids[bid_x()];
  if (id < -rows || id >= rows) {
    if (tid() == 0 && atomic_exchange((u64 *)&status->code, (u64)1) == 0) {
      status->value = id;
      status->limit = rows;
      status->step = step;
    }
    id = 0;
  }
  if (id < 0)
    id += rows;
  for (i64 c = tid(); c < width; c += threads())
    out[bid_x() * width + c] = table[id * width + c];
}
EXPORT_KERNEL(gather)

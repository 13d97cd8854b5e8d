#include "tools/ingot/Command.h"

namespace ingot::cli {

bool failed(ingot_error *error) {
  if (!error)
    return false;
  fail("%s", ingot_error_message(error));
  ingot_error_destroy(error);
  return true;
}

} // namespace ingot::cli

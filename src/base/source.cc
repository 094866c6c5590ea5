#include "headrace/source.h"

#include <random>

namespace headrace {

uint64_t NewEpoch() {
  std::random_device random;
  return uint64_t{random()} << 32 | random();
}

}  // namespace headrace

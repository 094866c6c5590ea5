#pragma once

// Which Highway targets the kernels are compiled for. Include before any Highway header. SSSE3 and
// the VBMI level of AVX-512 bring nothing to loops over doubles and would only cost compile time.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_AVX3_DL)

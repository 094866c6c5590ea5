#pragma once

#include <cstdint>

namespace headrace::kernels {

inline constexpr uint32_t kNoId = UINT32_MAX;

/// Values by their number (that a table gave them) and groups by theirs. Groups are numbered in the
/// order in which their first row comes.
struct GroupNumbers {
  uint32_t* group_of_value;  ///< kNoId: no row had it yet
  uint32_t* value_of_group;  ///< room for as many as there are values
  uint32_t num_groups = 0;
};

/// Indices into a dictionary of `null_index` values.
struct DictionaryRows {
  const int32_t* indices = nullptr;
  const uint8_t* validity = nullptr;  ///< null: all are valid
  int64_t validity_offset = 0;
  int64_t rows = 0;
  int32_t null_index = 0;
};

/// The group of each row. `value_of_index` and `group_of_index` have one entry for each index and
/// one more, at null_index, for null; the latter begin as kNoId and are kept from call to call with
/// the same dictionary. Cost: two loads and a store a row.
void NumberDictionaryRows(const DictionaryRows& rows, const uint32_t* value_of_index,
                          uint32_t* group_of_index, GroupNumbers* numbers,
                          uint32_t* groups) noexcept;

/// The same for rows whose values' numbers are known.
void NumberRows(const uint32_t* values, int64_t rows, GroupNumbers* numbers,
                uint32_t* groups) noexcept;

struct HashSlot {
  uint64_t key;
  uint32_t id;  ///< kNoId: the slot is free
  uint32_t unused;
};

/// Open addressing, linear probing. Invariant: at least one slot is free.
struct HashSlots {
  HashSlot* slots = nullptr;
  uint64_t mask = 0;         ///< slots - 1, of a power of two of them
  uint64_t seed = 0;         ///< unknown to those who send keys, so that they cannot make them meet
  uint64_t* keys = nullptr;  ///< of each id; room for max_ids
  uint32_t num_ids = 0;
  uint32_t max_ids = 0;  ///< at most
  uint32_t null_id = kNoId;
};

/// The ids of keys, new ones in order of first appearance; null is a key of its own. Stops before
/// the first row for which there is no room; returns the rows done.
int64_t FindOrAdd(const uint64_t* keys, const uint8_t* validity, int64_t validity_offset,
                  int64_t rows, HashSlots* table, uint32_t* ids) noexcept;

/// Frees all slots and enters the ids that there are.
void FillSlots(HashSlots* table) noexcept;

}  // namespace headrace::kernels

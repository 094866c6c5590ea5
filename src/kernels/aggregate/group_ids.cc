#include "kernels/aggregate/group_ids.h"

#include <algorithm>

namespace headrace::kernels {
namespace {

constexpr int64_t kAhead = 16;  // rows between a slot's prefetch and its use

uint32_t GroupOfValue(uint32_t value, GroupNumbers* numbers) {
  uint32_t& group = numbers->group_of_value[value];
  if (group == kNoId) {
    group = numbers->num_groups++;
    numbers->value_of_group[group] = value;
  }
  return group;
}

template <bool kNulls>
void NumberIndices(const DictionaryRows& rows, const uint32_t* value_of_index,
                   uint32_t* group_of_index, GroupNumbers* numbers, uint32_t* groups) {
  for (int64_t row = 0; row < rows.rows; ++row) {
    int32_t index = rows.indices[row];
    if constexpr (kNulls) {
      const int64_t bit = rows.validity_offset + row;
      index = (rows.validity[bit >> 3] >> (bit & 7) & 1) != 0 ? index : rows.null_index;
    }
    uint32_t group = group_of_index[index];
    if (group == kNoId) [[unlikely]] {
      group = GroupOfValue(value_of_index[index], numbers);
      group_of_index[index] = group;
    }
    groups[row] = group;
  }
}

uint64_t Mix(uint64_t key, uint64_t seed) {
  const unsigned __int128 product =
      static_cast<unsigned __int128>(key ^ seed) * (0x9E3779B97F4A7C15ULL ^ (seed << 1));
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

uint64_t SlotOf(uint64_t key, const HashSlots& table) { return Mix(key, table.seed) & table.mask; }

}  // namespace

void NumberDictionaryRows(const DictionaryRows& rows, const uint32_t* value_of_index,
                          uint32_t* group_of_index, GroupNumbers* numbers,
                          uint32_t* groups) noexcept {
  if (rows.validity == nullptr) {
    NumberIndices<false>(rows, value_of_index, group_of_index, numbers, groups);
  } else {
    NumberIndices<true>(rows, value_of_index, group_of_index, numbers, groups);
  }
}

void NumberRows(const uint32_t* values, int64_t rows, GroupNumbers* numbers,
                uint32_t* groups) noexcept {
  for (int64_t row = 0; row < rows; ++row) groups[row] = GroupOfValue(values[row], numbers);
}

int64_t FindOrAdd(const uint64_t* keys, const uint8_t* validity, int64_t validity_offset,
                  int64_t rows, HashSlots* table, uint32_t* ids) noexcept {
  for (int64_t row = 0; row < rows; ++row) {
    __builtin_prefetch(&table->slots[SlotOf(keys[std::min(row + kAhead, rows - 1)], *table)]);
    const int64_t bit = validity_offset + row;
    if (validity != nullptr && (validity[bit >> 3] >> (bit & 7) & 1) == 0) {
      if (table->null_id == kNoId) {
        if (table->num_ids == table->max_ids) return row;
        table->keys[table->num_ids] = 0;
        table->null_id = table->num_ids++;
      }
      ids[row] = table->null_id;
      continue;
    }
    const uint64_t key = keys[row];
    uint64_t place = SlotOf(key, *table);
    while (table->slots[place].id != kNoId && table->slots[place].key != key) {
      place = (place + 1) & table->mask;
    }
    HashSlot& slot = table->slots[place];
    if (slot.id == kNoId) {
      if (table->num_ids == table->max_ids) return row;
      table->keys[table->num_ids] = key;
      slot.key = key;
      slot.id = table->num_ids++;
    }
    ids[row] = slot.id;
  }
  return rows;
}

void FillSlots(HashSlots* table) noexcept {
  std::fill(table->slots, table->slots + table->mask + 1, HashSlot{0, kNoId, 0});
  for (uint32_t id = 0; id < table->num_ids; ++id) {
    if (id == table->null_id) continue;
    uint64_t place = SlotOf(table->keys[id], *table);
    while (table->slots[place].id != kNoId) place = (place + 1) & table->mask;
    table->slots[place] = {table->keys[id], id, 0};
  }
}

}  // namespace headrace::kernels

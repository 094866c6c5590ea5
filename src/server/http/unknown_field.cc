#include "server/http/unknown_field.h"

#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "headrace/error_code.h"
#include "headrace/names.h"

namespace headrace::server {

Status UnknownField(std::string_view where, std::string_view name,
                    std::span<const std::string_view> known) {
  const std::vector<std::string> candidates(known.begin(), known.end());
  const std::string_view shown = name.substr(0, 128);
  const std::string_view nearest = NearestName(shown, candidates);
  std::string message =
      nearest.empty()
          ? fmt::format("there is no field '{}' here; there are: {}", shown,
                        fmt::join(candidates, ", "))
          : fmt::format("there is no field '{}' here; did you mean '{}'?", shown, nearest);
  return MakeError(ErrorCode::kInvalidArgument, std::move(message),
                   {std::string(where), std::string(shown)});
}

}  // namespace headrace::server

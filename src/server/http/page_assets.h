#pragma once

#include <span>
#include <string_view>

namespace headrace::server {

/// A file of the page of web/, as it was built in. All of it has static lifetime.
struct PageAsset {
  std::string_view path;  ///< "/index.html", "/assets/index-DlB03s8c.js"
  std::string_view media_type;
  std::string_view etag;  ///< of the plain bytes, without quotes
  std::string_view body;
  std::string_view gzip;  ///< the same, packed
};

/// Written by web/embed.mjs.
std::span<const PageAsset> PageAssets() noexcept;

}  // namespace headrace::server

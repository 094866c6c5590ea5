#pragma once

#include <string_view>

namespace headrace::server {

/// docs_page.html, as it was built in.
std::string_view DocsPage() noexcept;

}  // namespace headrace::server

#include "server/pgwire/backend_message.h"

namespace headrace::server::pgwire {
namespace {

void WriteReport(char type, const Report& report, std::string* out) {
  MessageWriter writer(out);
  writer.Begin(type).Byte('S').Text(report.severity).Byte('V').Text(report.severity);
  writer.Byte('C').Text(report.sqlstate).Byte('M').Text(report.message);
  if (!report.detail.empty()) writer.Byte('D').Text(report.detail);
  if (report.position > 0) writer.Byte('P').Text(std::to_string(report.position));
  writer.Byte('\0').End();
}

}  // namespace

void WriteError(const Report& report, std::string* out) { WriteReport('E', report, out); }
void WriteNotice(const Report& report, std::string* out) { WriteReport('N', report, out); }

void WriteParameterStatus(std::string_view name, std::string_view value, std::string* out) {
  MessageWriter writer(out);
  writer.Begin('S').Text(name).Text(value).End();
}

void WriteCommandComplete(std::string_view tag, std::string* out) {
  MessageWriter writer(out);
  writer.Begin('C').Text(tag).End();
}

void WriteReady(char state, std::string* out) {
  MessageWriter writer(out);
  writer.Begin('Z').Byte(state).End();
}

void WriteBare(char type, std::string* out) {
  MessageWriter writer(out);
  writer.Begin(type).End();
}

}  // namespace headrace::server::pgwire

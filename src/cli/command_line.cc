#include "cli/command_line.h"

#include <array>
#include <optional>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/config_file.h"
#include "cli/environment.h"
#include "cli/option_values.h"
#include "headrace/error_code.h"
#include "headrace/names.h"

namespace headrace::cli {
namespace {

constexpr std::string_view kAbout =
    "Headrace: live windows of time-ordered data and files bigger than memory, as Arrow.";
constexpr std::string_view kOfOptions =
    "\nAn option is a flag, a variable or a key of the configuration file; the first that is set "
    "counts:\n--memory-limit 2GB, HEADRACE_MEMORY_LIMIT=2GB, memory-limit = \"2GB\".";

Status BadUsage(std::string message) {
  return MakeError(ErrorCode::kBadConfig, std::move(message));
}

std::string FlagHelp(const ServeOption& option) {
  const std::string_view fallback =
      option.fallback.empty() ? option.fallback_help : option.fallback;
  return fmt::format("{}\n[{}, default {}]", option.help, option.Variable(), fallback);
}

/// The parser and the texts that it fills, one for each row of the table.
struct Parser {
  CLI::App app{std::string(kAbout), "headrace"};
  CLI::App* serve = nullptr;
  std::optional<ScanArguments> scan;
  std::optional<SqlArguments> sql;
  std::optional<BarsArguments> bars;
  std::optional<InspectArguments> inspect;
  std::vector<std::string> texts = std::vector<std::string>(ServeOptionTable().size());
  std::vector<std::vector<std::string>> lists =
      std::vector<std::vector<std::string>>(ServeOptionTable().size());
  std::vector<CLI::Option*> flags;

  Parser() {
    app.set_version_flag("--version", "headrace " HEADRACE_VERSION, "print the version and exit");
    app.set_help_flag("-h,--help", "print this and exit");
    app.get_formatter()->column_width(34);
    app.allow_extras();
    serve = app.add_subcommand("serve", "run the server");
    serve->footer(std::string(kOfOptions));
    serve->allow_extras();
    for (size_t i = 0; i < texts.size(); ++i) {
      flags.push_back(Add(ServeOptionTable()[i], &texts[i], &lists[i]));
    }
    scan.emplace(&app);
    sql.emplace(&app);
    bars.emplace(&app);
    inspect.emplace(&app);
  }

  /// The command that was given, or the program itself.
  const CLI::App& asked() const {
    const auto given = app.get_subcommands();
    return given.empty() ? app : *given.front();
  }

  CLI::Option* Add(const ServeOption& option, std::string* text, std::vector<std::string>* list) {
    if (option.is_list()) {
      return AddList(serve, option.Flag(), list, std::string(option.value_name), FlagHelp(option));
    }
    if (option.is_switch()) {
      // "!" makes a flag that says false.
      const std::string names = fmt::format("{},!--no-{}", option.Flag(), option.name);
      return serve->add_flag(names, *text, FlagHelp(option))->option_text(" ");
    }
    return AddText(serve, option.Flag(), text, std::string(option.value_name), FlagHelp(option));
  }

  std::vector<Setting> Settings() const {
    std::vector<Setting> settings;
    for (size_t i = 0; i < texts.size(); ++i) {
      const ServeOption& option = ServeOptionTable()[i];
      for (const std::string& text : lists[i]) settings.push_back({&option, text, option.Flag()});
      if (flags[i]->count() > 0 && !option.is_list())
        settings.push_back({&option, texts[i], option.Flag()});
    }
    return settings;
  }
};

/// A message for the first argument that no option takes.
Status RefuseUnknown(const std::string& argument, const Parser& parser) {
  const CLI::App& asked = parser.asked();
  const bool in_command = &asked != &parser.app;
  std::vector<std::string> known;
  for (const CLI::Option* option : asked.get_options()) {
    for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
  }
  if (!in_command) {
    for (const CLI::App* command : asked.get_subcommands({})) known.push_back(command->get_name());
  }
  const std::string name = argument.substr(0, argument.find('='));
  const std::string_view kind = name.starts_with('-') ? "option"
                                : in_command          ? "argument"
                                                      : "command";
  const std::string_view nearest = NearestName(name, known);
  if (!nearest.empty()) {
    return BadUsage(fmt::format("unknown {} '{}': did you mean '{}'?", kind, name, nearest));
  }
  return BadUsage(fmt::format("unknown {} '{}': see headrace {}--help", kind, name,
                              in_command ? asked.get_name() + " " : ""));
}

const std::string* TextOf(const std::vector<Setting>& settings, std::string_view name) {
  for (const Setting& setting : settings) {
    if (setting.option->name == name) return &setting.text;
  }
  return nullptr;
}

Result<Invocation> ReadServe(std::vector<Setting> flags,
                             const std::vector<std::string_view>& environment) {
  EnvironmentSettings variables = ReadEnvironment(environment);
  const std::string* config = TextOf(flags, "config");
  if (config == nullptr) config = TextOf(variables.settings, "config");
  std::vector<Setting> file;
  if (config != nullptr) {
    ARROW_ASSIGN_OR_RAISE(file, ReadConfigFile(*config));
  }
  const std::array layers = {std::move(file), std::move(variables.settings), std::move(flags)};
  ARROW_ASSIGN_OR_RAISE(ServeOptions options, ResolveServeOptions(layers));
  Invocation invocation;
  invocation.kind = Invocation::Kind::kServe;
  invocation.serve = std::move(options);
  invocation.warnings = std::move(variables.warnings);
  return invocation;
}

std::string HelpOf(const CLI::App& app) {
  std::string text = app.help(app.get_parent() == nullptr ? "" : "headrace");
  // CLI11 shows the negated form with the value that it stands for.
  constexpr std::string_view kShown = "{false}";
  for (size_t at = text.find(kShown); at != std::string::npos; at = text.find(kShown)) {
    text.replace(at, kShown.size(), kShown.size(), ' ');
  }
  return text;
}

Invocation Printed(std::string text) {
  Invocation invocation;
  invocation.text = std::move(text);
  return invocation;
}

std::string CommandOf(const Parser& parser) {
  const CLI::App& asked = parser.asked();
  return &asked == &parser.app ? "" : asked.get_name() + " ";
}

/// CLI11 speaks of help, version and mistakes by exceptions; they end here.
std::optional<Result<Invocation>> Parse(std::vector<std::string> arguments, Parser* parser) {
  // CLI11 takes a vector from its back.
  std::reverse(arguments.begin(), arguments.end());
  try {
    parser->app.parse(std::move(arguments));
    return std::nullopt;
  } catch (const CLI::CallForHelp&) {
    return Printed(HelpOf(parser->asked()));
  } catch (const CLI::CallForVersion& version) {
    return Printed(std::string(version.what()) + "\n");
  } catch (const CLI::ArgumentMismatch& mismatch) {
    const std::string_view message = mismatch.what();
    return BadUsage(fmt::format("{} takes a value: see headrace {}--help",
                                message.substr(0, message.find(':')), CommandOf(*parser)));
  } catch (const CLI::Error& error) {
    return BadUsage(error.what());
  }
}

}  // namespace

Result<Invocation> ReadInvocation(const std::vector<std::string>& arguments,
                                  const std::vector<std::string_view>& environment) {
  Parser parser;
  if (auto done = Parse(arguments, &parser)) return std::move(*done);
  const std::vector<std::string> unknown = parser.app.remaining(true);
  if (!unknown.empty()) return RefuseUnknown(unknown.front(), parser);
  Invocation invocation;
  if (parser.scan->command()->parsed()) {
    invocation.kind = Invocation::Kind::kScan;
    ARROW_ASSIGN_OR_RAISE(invocation.scan, parser.scan->Read());
    return invocation;
  }
  if (parser.sql->command()->parsed()) {
    invocation.kind = Invocation::Kind::kSql;
    ARROW_ASSIGN_OR_RAISE(invocation.sql, parser.sql->Read());
    return invocation;
  }
  if (parser.bars->command()->parsed()) {
    invocation.kind = Invocation::Kind::kBars;
    ARROW_ASSIGN_OR_RAISE(invocation.bars, parser.bars->Read());
    return invocation;
  }
  if (parser.inspect->command()->parsed()) {
    invocation.kind = Invocation::Kind::kInspect;
    ARROW_ASSIGN_OR_RAISE(invocation.inspect, parser.inspect->Read());
    return invocation;
  }
  if (!parser.serve->parsed()) {
    return BadUsage(
        "give a command: headrace serve, scan, sql, bars or inspect (see headrace --help)");
  }
  return ReadServe(parser.Settings(), environment);
}

}  // namespace headrace::cli

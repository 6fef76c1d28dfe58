import Foundation
import Glibc
import Identity
import RPC
import Transport

/// A program with its command line understood.
struct Launch<Program: ServiceProgram>: Sendable {
  private enum Job: Sendable {
    case serve
    case once(@Sendable (ServiceProcess) async throws -> Void)
    case daemon(ServiceCommand.Start)
  }

  let options: Options
  let log: Logger
  private let name: String
  private let job: Job
  private let needsIdentity: Bool

  // MARK: Command line

  /// Reads the command line; prints and exits for `--help`, `--version` and mistakes.
  static func parse(_ arguments: [String], _ environment: [String: String]) -> Launch {
    do {
      return try understand(
        parser(for: nil).parse(arguments, environment: environment), arguments, environment)
    } catch {
      writeLine("\(Program.name): \(error)")
      exit(2)
    }
  }

  private static func understand(
    _ invocation: Invocation, _ arguments: [String], _ environment: [String: String]
  ) throws(OptionError) -> Launch {
    switch invocation {
    case .help(let name): printAndExit(help(for: command(name)))
    case .version: printAndExit("\(Program.name) \(Software.version)")
    case .serve(let options): return Launch(options, nil)
    case .command(let name, let options):
      let chosen = command(name)
      guard shortName(chosen) != Program.shortName,
        case .command(_, let own) = try parser(for: chosen).parse(
          arguments, environment: environment)
      else { return Launch(options, chosen) }
      // A daemon such as the worker has a data directory and a key of its own by default.
      return Launch(own, chosen)
    }
  }

  private static func command(_ name: String?) -> ServiceCommand? {
    Program.commands.first { $0.name == name }
  }

  private init(_ options: Options, _ command: ServiceCommand?) {
    self.options = options
    switch command?.kind {
    case .daemon(_, let needsIdentity, let start):
      (job, self.needsIdentity) = (.daemon(start), needsIdentity)
    case .once(let run):
      (job, needsIdentity) = (.once(run), false)
    case nil:
      (job, needsIdentity) = (.serve, Program.needsIdentity)
    }
    name = command.map { "\(Program.name) \($0.name)" } ?? Program.name
    log = Logger.standard(
      service: name, level: LogLevel(name: options.text("log-level")) ?? .info,
      format: options.text("log-format"))
  }

  private static func shortName(_ command: ServiceCommand?) -> String {
    if case .daemon(let name, _, _) = command?.kind { return name }
    return Program.shortName
  }

  private static func parser(for command: ServiceCommand?) -> CommandLineParser {
    CommandLineParser(
      options: Program.options + CommonOptions.serving(defaultListen: Program.defaultListen)
        + CommonOptions.process(shortName: shortName(command)),
      commands: Program.commands.map {
        .init(name: $0.name, arguments: $0.arguments, options: $0.options)
      })
  }

  static func help(for command: ServiceCommand?) -> String {
    let common = CommonOptions.process(shortName: shortName(command))
    if let command {
      return HelpText(
        name: "\(Program.name) \(command.usage)", summary: command.summary, commands: [],
        sections: [
          ("Options", command.options + Program.options), ("Options of the process", common),
        ]
      ).text
    }
    return HelpText(
      name: Program.name, summary: Program.summary,
      commands: Program.commands.map { ($0.usage, $0.summary) },
      sections: [
        ("Options", Program.options),
        (
          "Options of every service",
          CommonOptions.serving(defaultListen: Program.defaultListen) + common
        ),
      ]
    ).text
  }

  private static func printAndExit(_ text: String) -> Never {
    print(text)
    exit(0)
  }

  private static func writeLine(_ text: String) {
    FileHandle.standardError.write(Data((text + "\n").utf8))
  }

  // MARK: Run

  /// Starts the program; nil after a command that has done its work (the process then exits).
  func begin() async throws -> Serving? {
    let process = try makeProcess()
    switch job {
    case .serve:
      return try await Serving.start(
        name: name, process: process, listenRule: Program.listens ? Program.listenRule : nil,
        Program.start)
    case .daemon(let start):
      return try await Serving.start(name: name, process: process, listenRule: nil, start)
    case .once(let run):
      try await run(process)
      ServiceMain.finish(0, log)
    }
  }

  private func makeProcess() throws -> ServiceProcess {
    ServiceProcess(
      options: options, log: log,
      loops: EventLoopGroup(
        loopCount: options.optionalInt("loops") ?? EventLoopGroup.defaultLoopCount,
        name: Program.shortName),
      dataDirectory: try StartFiles.dataDirectory(options.text("data")),
      keyring: try StartFiles.trust(options),
      signer: try StartFiles.identity(options, isNeeded: needsIdentity))
  }

  /// One line, and the end.
  static func fail(_ error: any Error, _ log: Logger) -> Never {
    log.flush()
    writeLine("\(Program.name): \(error)")
    ServiceMain.finish((error as? ServiceFailure)?.exitCode ?? 1, log)
  }
}

import Foundation

/// Something that a program does instead of serving.
public struct ServiceCommand: Sendable {
  typealias Start = @Sendable (ServiceProcess) async throws -> RunningService

  enum Kind: Sendable {
    case once(@Sendable (ServiceProcess) async throws -> Void)
    case daemon(shortName: String, needsIdentity: Bool, Start)
  }

  let name: String
  let arguments: [String]
  let summary: String
  let options: [OptionSpec]
  let kind: Kind

  private init(
    _ name: String, _ arguments: [String], _ summary: String, _ options: [OptionSpec], _ kind: Kind
  ) {
    self.name = name
    self.arguments = arguments
    self.summary = summary
    self.options = options
    self.kind = kind
  }

  /// A command that does its work and ends. Standard output is its own.
  ///
  /// - Parameters:
  ///   - arguments: names of its arguments, separated by spaces, which are all needed; they are
  ///     found in `options.arguments`.
  ///   - run: what it throws is printed in one line, and the exit code is 1.
  public init(
    _ name: String, arguments: String = "", summary: String, options: [OptionSpec] = [],
    run: @escaping @Sendable (ServiceProcess) async throws -> Void
  ) {
    let names = arguments.split(separator: " ").map(String.init)
    self.init(name, names, summary, options, .once(run))
  }

  /// A command that runs until SIGTERM without answering calls: a worker.
  ///
  /// - Parameter identity: the short name under which it logs, keeps its data and has its key.
  public static func daemon(
    _ name: String, identity: String, summary: String, options: [OptionSpec] = [],
    needsIdentity: Bool = true,
    start: @escaping @Sendable (ServiceProcess) async throws -> RunningService
  ) -> ServiceCommand {
    ServiceCommand(
      name, [], summary, options,
      .daemon(shortName: identity, needsIdentity: needsIdentity, start))
  }

  var usage: String { ([name] + arguments).joined(separator: " ") }

  /// `backup FILE`, `restore FILE` and `check`, for a program with one database.
  ///
  /// - Parameters:
  ///   - file: name of the database in the data directory.
  ///   - backup: copies the database, also from beside a running service, to a new file.
  ///   - restore: puts a backup in the database's place; fails while a service runs.
  ///   - check: gives what is wrong with the database; nothing if it is sound.
  public static func database(
    file: String,
    backup: @escaping @Sendable (_ path: String, _ to: String) throws -> Void,
    restore: @escaping @Sendable (_ from: String, _ path: String) throws -> Void,
    check: @escaping @Sendable (_ path: String) async throws -> [String]
  ) -> [ServiceCommand] {
    [
      ServiceCommand(
        "backup", arguments: "FILE",
        summary: "Copy the database to FILE; the service may be running."
      ) { process in
        let target = process.options.arguments[0]
        try backup(existing(file, process), target)
        print("backup written: \(target)")
      },
      ServiceCommand(
        "restore", arguments: "FILE",
        summary: "Put a backup in the database's place; the service must be stopped."
      ) { process in
        let source = process.options.arguments[0]
        try restore(source, "\(process.dataDirectory)/\(file)")
        print("restored from: \(source)")
      },
      ServiceCommand("check", summary: "Check the database's integrity.") { process in
        let problems = try await check(existing(file, process))
        for problem in problems { print(problem) }
        guard problems.isEmpty else {
          throw ServiceFailure("\(file): \(problems.count) problem(s)")
        }
        print("\(file): sound")
      },
    ]
  }

  private static func existing(_ file: String, _ process: ServiceProcess) throws -> String {
    let path = "\(process.dataDirectory)/\(file)"
    guard FileManager.default.fileExists(atPath: path) else {
      throw ServiceFailure("there is no database at \(path); --data names its directory")
    }
    return path
  }
}

import RPC

/// Types command lines as different people, inside this process.
///
/// What is played is what anybody can type: the same table of commands, the same parsing.
final class DemoShell {
  private let endpoint: String
  private let ca: String
  private let keys: String
  private let console: Console
  private let showsCommands: Bool
  private var sessions: [String: Session] = [:]

  /// - Parameters:
  ///   - operator: the operator's own connection.
  ///   - keys: folder with a file `TENANT.key` for each person.
  init(operator session: Session, keys: String, console: Console, showsCommands: Bool) {
    endpoint = session.options.endpoint
    ca = session.options.ca
    self.keys = keys
    self.console = console
    self.showsCommands = showsCommands
    sessions["operator"] = session
  }

  /// Where a person's key is.
  func keyFile(_ name: String) -> String { "\(keys)/\(name).key" }

  /// Runs one command line as `name`: "operator", or a person's tenant.
  func run(_ words: [String], as name: String) async throws -> Answer {
    if showsCommands { console.err("  \(name)$ " + Self.typed(["assay"] + words) + "\n") }
    guard
      let command = CommandTable.all.filter({ words.starts(with: $0.path) })
        .max(by: { $0.path.count < $1.path.count })
    else { throw UsageError("unknown command \(words.first ?? "")") }
    let arguments = try Arguments(
      parsing: Array(words.dropFirst(command.path.count)), for: command)
    return try await command.run(
      Invocation(arguments: arguments, session: try session(name), console: console.quiet()))
  }

  /// Whether a command is refused because the thing does not exist for this person.
  func isNotFound(_ words: [String], as name: String) async throws -> Bool {
    do {
      _ = try await run(words, as: name)
      return false
    } catch let error as RPCError where error.code == .notFound {
      return true
    }
  }

  /// Closes what was opened here; the operator's session belongs to the caller.
  func close() {
    for (name, session) in sessions where name != "operator" { session.close() }
  }

  private func session(_ name: String) throws -> Session {
    if let session = sessions[name] { return session }
    let bytes = try LocalFile.contents(keyFile(name), limit: 4096)
    let key = String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace }
    let session = Session(ConnectionOptions(endpoint: endpoint, key: key, ca: ca))
    sessions[name] = session
    return session
  }

  /// Words as a shell takes them.
  private static func typed(_ words: [String]) -> String {
    words.map { word in
      let plain = word.allSatisfy {
        $0.isASCII && ($0.isLetter || $0.isNumber || "-_./=,:@".contains($0))
      }
      return plain
        ? word
        : "'"
          + word.split(separator: "'", omittingEmptySubsequences: false)
          .joined(separator: #"'\''"#) + "'"
    }.joined(separator: " ")
  }
}

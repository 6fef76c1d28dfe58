import Foundation

/// A whole Assay on free ports in a folder of its own: the real executables, over TLS.
actor Installation {
  /// The four services, in the order in which they can start.
  static let services = ["evaluation", "compute", "catalog", "gateway"]

  private let folder: String
  private var processes: [String: Process] = [:]
  /// Where each service listens; a service that starts again listens there again.
  private var addresses: [String: String] = [:]

  init() throws {
    folder = NSTemporaryDirectory() + "assay-" + UUID().uuidString
    for name in ["keys", "ready", "logs", "files"] {
      try FileManager.default.createDirectory(
        atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
    }
  }

  deinit {
    for process in processes.values where process.isRunning {
      kill(process.processIdentifier, SIGKILL)
    }
    try? FileManager.default.removeItem(atPath: folder)
  }

  /// Runs `body` with an installation that has all services and `workers`, and ends it.
  static func with(
    workers: [String] = ["worker-1"], _ body: (Installation) async throws -> Void
  ) async throws {
    let installation = try Installation()
    do {
      try await installation.prepare()
      for name in services + workers { try await installation.start(name) }
      try await body(installation)
    } catch {
      await installation.printLogs()
      await installation.stopAll()
      throw error
    }
    await installation.stopAll()
  }

  var endpoint: String { addresses["gateway"] ?? "" }
  var certificateAuthority: String { "\(folder)/certificates/ca.pem" }

  /// Certificates, and the operator's key.
  private func prepare() async throws {
    let certificates = try await run(
      "/bin/bash", ["\(Executables.root)/deploy/certificates", "\(folder)/certificates"])
    guard certificates.code == 0 else { throw TestFailure(certificates.err) }
    let bootstrap = try await run(
      try Executables.path("assay-gateway"),
      [
        "bootstrap", "--data", "\(folder)/gateway", "--operator-email", "operator@assay.example",
        "--key-file", "\(folder)/keys/operator.key",
      ])
    guard bootstrap.code == 0 else { throw TestFailure(bootstrap.err) }
  }

  // MARK: Processes

  /// Starts a service or worker and waits until it is ready.
  func start(_ name: String) async throws {
    let ready = "\(folder)/ready/\(name).json"
    try? FileManager.default.removeItem(atPath: ready)
    let process = Process()
    let (program, options) = try command(name)
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments =
      options + [
        "--data", "\(folder)/\(name)", "--trust", "\(folder)/certificates/trust", "--identity",
        "\(folder)/certificates/identity/\(name.prefix { $0 != "-" }).pem", "--ready-file", ready,
        "--log-format", "json",
      ]
    process.environment = ["PATH": "/usr/bin:/bin", "HOME": folder]
    let log = "\(folder)/logs/\(name).log"
    if !FileManager.default.fileExists(atPath: log) {
      _ = FileManager.default.createFile(atPath: log, contents: nil)
    }
    let handle = FileHandle(forWritingAtPath: log)
    try handle?.seekToEnd()
    process.standardOutput = handle
    process.standardError = handle
    process.standardInput = FileHandle.nullDevice
    try process.runAlone()
    processes[name] = process
    let state = try await eventually("start of \(name)", within: 30) { () -> [String: Any]? in
      guard process.isRunning else { throw TestFailure("\(name) ended at its start") }
      guard let data = FileManager.default.contents(atPath: ready) else { return nil }
      return try? JSONSerialization.jsonObject(with: data) as? [String: Any]
    }
    if let address = state["listen"] as? String { addresses[name] = address }
  }

  private func command(_ name: String) throws -> (String, [String]) {
    let listen = ["--listen", addresses[name] ?? "127.0.0.1:0"]
    func peer(_ name: String) -> [String] { ["--\(name)", addresses[name] ?? ""] }
    switch name {
    case "evaluation": return (try Executables.path("assay-evaluation"), listen)
    case "compute": return (try Executables.path("assay-compute"), listen)
    case "catalog":
      return (try Executables.path("assay-catalog"), listen + peer("evaluation") + peer("compute"))
    case "gateway":
      let certificates = "\(folder)/certificates"
      return (
        try Executables.path("assay-gateway"),
        listen + peer("catalog") + peer("evaluation") + peer("compute") + [
          "--tls-certificate", "\(certificates)/server.pem", "--tls-key",
          "\(certificates)/server-key.pem",
        ]
      )
    default: return (try Executables.path("assay-evaluation"), ["worker"] + peer("evaluation"))
    }
  }

  /// Ends a process at once, as a power cut does.
  func killAtOnce(_ name: String) async {
    guard let process = processes.removeValue(forKey: name) else { return }
    kill(process.processIdentifier, SIGKILL)
    await wait(process)
  }

  /// Freezes a process where it stands; it keeps its connections and does nothing.
  func freeze(_ name: String) {
    if let process = processes[name] { kill(process.processIdentifier, SIGSTOP) }
  }

  /// Asks a process to end and answers its exit code.
  func stop(_ name: String) async -> Int32 {
    guard let process = processes.removeValue(forKey: name) else { return 0 }
    kill(process.processIdentifier, SIGTERM)
    await wait(process)
    return process.terminationStatus
  }

  private func stopAll() async {
    for process in processes.values {
      kill(process.processIdentifier, SIGKILL)
      await wait(process)
    }
    processes = [:]
  }

  private func wait(_ process: Process) async {
    while process.isRunning { try? await Task.sleep(for: .milliseconds(5)) }
  }

  private func printLogs() {
    for name in processes.keys.sorted() {
      let log = (try? String(contentsOfFile: "\(folder)/logs/\(name).log", encoding: .utf8)) ?? ""
      print("--- \(name)\n" + log.split(separator: "\n").suffix(15).joined(separator: "\n"))
    }
  }

  // MARK: The command line

  /// Runs `assay` as a person (the name of a key file), with JSON answers.
  func assay(_ words: [String], as person: String) async throws -> Reply {
    try await assay(words, key: keyFile(person))
  }

  /// Runs `assay` with a key file.
  func assay(_ words: [String], key: String) async throws -> Reply {
    try await run(
      try Executables.path("assay"), words + ["--json", "--key-file", key],
      environment: ["ASSAY_ENDPOINT": endpoint, "ASSAY_CA": certificateAuthority])
  }

  /// Runs `assay` and expects it to succeed.
  @discardableResult
  func succeed(_ words: [String], as person: String) async throws -> Reply {
    let reply = try await assay(words, as: person)
    guard reply.code == 0 else {
      throw TestFailure("assay \(words.joined(separator: " ")) as \(person): \(reply.err)")
    }
    return reply
  }

  func keyFile(_ person: String) -> String { "\(folder)/keys/\(person).key" }

  /// Writes a file for an upload and answers its path.
  func file(_ name: String, _ text: String) throws -> String {
    let path = "\(folder)/files/\(name)"
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }
}

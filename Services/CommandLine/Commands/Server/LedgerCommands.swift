import API
import ComputeService

/// `assay ledger …`: the entries themselves, and whether they are whole.
enum LedgerCommands {
  static let all = [export, verify]

  static let export = Command(
    "ledger export", "Print every entry of your tenant's ledger, one JSON object a line",
    details: """
      The file is enough to verify the ledger without the service: each entry holds its
      predecessor's digest. See `assay ledger verify`.
      """,
    options: [Option("from", "N", "only entries from this number on; 1 unless told")],
    examples: ["assay ledger export > ledger.jsonl"]
  ) { call in
    let request = ComputeExportEntriesRequest(
      fromSequence: try call.arguments.integer("from", in: 1...Int64.max) ?? 1)
    try await call.session.ledger.exportEntries(request, options: call.session.callOptions) {
      entries in
      while let entry = try await entries.next() { call.console.out(JSON.of(entry) + "\n") }
    }
    return Answer(text: "", json: "")
  }

  static let verify = Command(
    "ledger verify", "Replay a ledger and name the first entry that does not fit; needs no server",
    details: """
      FILE is what `assay ledger export` printed, from the first entry on; or a database,
      compute.sqlite, of a running service, of a stopped one, or a backup of it.
      """,
    arguments: [Argument("FILE", "an exported file, or a database")],
    examples: ["assay ledger verify ledger.jsonl", "assay ledger verify backup.sqlite"],
    connects: false
  ) { call in
    let path = call.arguments.argument("FILE")
    let file = try LocalFile(path)
    let head = try file.next(16) ?? []
    let result =
      head.starts(with: Array("SQLite format 3".utf8))
      ? try await database(path) : try LedgerFile.audit(head, file)
    guard result.isSound else { throw CommandFailure("\(path): \(result)") }
    guard !result.isEmpty else {
      throw CommandFailure("\(path): there is nothing to verify, it has no entry")
    }
    return Answer(
      text: "\(result)",
      json: JSON.object(["sound": "true", "result": JSON.string("\(result)")]))
  }

  private static func database(_ path: String) async throws -> AuditResult {
    do { return try await LedgerAudit.run(path: path) } catch {
      throw CommandFailure("\(path): \(error)")
    }
  }
}

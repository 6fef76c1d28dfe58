import Foundation
import ServiceKit
import Storage

// What `assay-compute` does besides serving.

extension ComputeProgram {
  static func verify(_ process: ServiceProcess) async throws {
    let result = try await LedgerAudit.run(path: databasePath(process), clock: process.clock)
    guard result.isSound else { throw ServiceFailure(result.description) }
    print(result)
  }

  static func backup(_ process: ServiceProcess) async throws {
    let file = try fileArgument(process)
    try Database.backup(
      from: databasePath(process), to: file, applicationID: ComputeSchema.applicationID)
    let result = try await LedgerAudit.run(path: file, clock: process.clock)
    // The copy stays: it may be all that there is, and shows what is wrong.
    guard result.isSound else {
      throw ServiceFailure("\(file) is a copy of a ledger that is unsound: \(result.description)")
    }
    print("\(file): \(result)")
  }

  /// The backup may be of an older program: a copy of it is brought up to date first.
  static func restore(_ process: ServiceProcess) async throws {
    let file = try fileArgument(process)
    let isForced = process.options.flag("force")
    let result = try await LedgerFiles.withPresentSchema(
      file, copyingTo: process.dataDirectory, clock: process.clock
    ) { copy in
      let result = try await LedgerAudit.run(path: copy, clock: process.clock)
      guard result.isSound else {
        throw ServiceFailure("\(file) is not restored: \(result.description)")
      }
      if !isForced { try await requireNothingLost(by: copy, file, process) }
      try Database.restore(
        from: copy, to: databasePath(process), applicationID: ComputeSchema.applicationID)
      return result
    }
    print("restored from \(file): \(result)")
  }

  /// Refuses to go back: what was issued since would be issued again under the same numbers, what
  /// was used since would be billed to nobody.
  private static func requireNothingLost(
    by copy: String, _ file: String, _ process: ServiceProcess
  ) async throws {
    let path = databasePath(process)
    guard FileManager.default.fileExists(atPath: path) else { return }
    let present: LedgerExtent
    do {
      present = try await LedgerFiles.withPresentSchema(
        path, copyingTo: process.dataDirectory, clock: process.clock
      ) { try await LedgerFiles.read($0) { try LedgerExtent($0) } }
    } catch {
      throw ServiceFailure(
        "\(file) is not restored: what would be lost of \(path) cannot be told (\(error)); "
          + "with --force it is replaced all the same")
    }
    let lost = try await LedgerFiles.read(copy) { try present.lost(in: $0) }
    guard lost.isEmpty else {
      throw ServiceFailure(
        "\(file) is not restored, for it lacks what \(path) has: "
          + "\(lost.joined(separator: "; ")); with --force that is lost")
    }
  }

  private static func fileArgument(_ process: ServiceProcess) throws -> String {
    guard process.options.arguments.count == 1, let file = process.options.arguments.first else {
      throw ServiceFailure("expected one FILE; see --help")
    }
    return file
  }
}

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

  static func restore(_ process: ServiceProcess) async throws {
    let file = try fileArgument(process)
    let result = try await LedgerAudit.run(path: file, clock: process.clock)
    guard result.isSound else {
      throw ServiceFailure("\(file) is not restored: \(result.description)")
    }
    try Database.restore(
      from: file, to: databasePath(process), applicationID: ComputeSchema.applicationID)
    print("restored from \(file): \(result)")
  }

  private static func fileArgument(_ process: ServiceProcess) throws -> String {
    guard process.options.arguments.count == 1, let file = process.options.arguments.first else {
      throw ServiceFailure("expected one FILE; see --help")
    }
    return file
  }
}

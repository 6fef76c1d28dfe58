import Crypto
import Foundation
import Storage

/// Ledger files as they lie about: backups, also those of older programs.
enum LedgerFiles {
  /// Hands `body` a file with the present schema: the one at `path`, or, where that is of an older
  /// program, a copy that is brought up to date for as long as `body` runs. What is at `path`
  /// never changes.
  ///
  /// - Parameter folder: where the copy may be.
  static func withPresentSchema<T>(
    _ path: String, copyingTo folder: String, clock: WallClock,
    _ body: (String) async throws -> T
  ) async throws -> T {
    guard try await isOutdated(path) else { return try await body(path) }
    let files = FileManager.default
    let own = "\(folder)/assay-ledger-\(UUID().uuidString)"
    try files.createDirectory(
      atPath: own, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    defer { try? files.removeItem(atPath: own) }
    let copy = "\(own)/compute.sqlite"
    try Database.backup(from: path, to: copy, applicationID: ComputeSchema.applicationID)
    await (try ComputeCore.openDatabase(path: copy, clock: clock)).close()
    return try await body(copy)
  }

  /// Opens a file beside whoever uses it, and hands it to `body`.
  static func read<T: Sendable>(
    _ path: String, _ body: @escaping @Sendable (Reader) throws -> T
  ) async throws -> T {
    let database = try open(path)
    do {
      let result = try await database.read(body)
      await database.close()
      return result
    } catch {
      await database.close()
      throw error
    }
  }

  static func open(_ path: String) throws -> Database {
    try Database.open(
      path: path, migrations: ComputeSchema.migrations,
      options: Database.Options(applicationID: ComputeSchema.applicationID, access: .readOnly))
  }

  private static func isOutdated(_ path: String) async throws -> Bool {
    do { await (try open(path)).close() } catch StorageError.outdatedDatabase { return true }
    return false
  }
}

import API
import CatalogDomain
import Crypto
import Identity
import RPC
import ServiceKit
import Storage

/// The catalogue: its database, its files, and what goes out of it.
///
/// The operations are in `Operations/`; each takes the caller's `TenantScope`, which only a
/// verified principal can make.
public final class Catalog: Sendable {
  let database: Database
  let blobs: BlobStore
  let outbox: Outbox
  let mailPump: MailPump
  let peers: CatalogPeers
  let log: Logger
  let clock: WallClock
  let random: RandomSource
  let pageTokens: PageTokens
  let uploads: UploadSlots

  /// How long an answer waits for the other services to know what it says.
  static let deliveryWait = Duration.seconds(2)

  /// Opens the catalogue over an open database.
  ///
  /// - Parameters:
  ///   - sendMail: hands one mail on; nil leaves mails where they are.
  ///   - deliveryPauses: the clock of the outbox's back-offs and of waiting for delivery.
  public init(
    database: Database, blobs: BlobStore, peers: CatalogPeers, log: Logger,
    sendMail: SendMail?, clock: WallClock = .system,
    random: @escaping RandomSource = SecureRandom.bytes,
    deliveryPauses: any Clock<Duration> = ContinuousClock()
  ) async throws {
    self.database = database
    self.blobs = blobs
    self.peers = peers
    self.log = log
    self.clock = clock
    self.random = random
    uploads = UploadSlots()
    pageTokens = PageTokens(
      key: try await database.write { tx in try tx.pageTokenKey(random: random) })
    outbox = SnapshotDelivery.makeOutbox(
      database: database, peers: peers, log: log, clock: clock, pauses: deliveryPauses)
    mailPump = MailPump(database: database, clock: clock, log: log, send: sendMail)
  }

  /// Starts delivering snapshots and mails, and removes files that nothing refers to.
  public func start() async throws {
    try await removeUnreferencedBlobs()
    outbox.start()
    try await mailPump.start()
  }

  /// Stops what `start` started; the database stays open.
  public func stop() async {
    await outbox.stop()
    await mailPump.stop()
  }

  func newID(_ prefix: String) -> String { Identifier.make(prefix: prefix, random: random) }

  /// A file whose use case took another one, or whose upload died before its row, is of no use.
  private func removeUnreferencedBlobs() async throws {
    let referenced = try await database.read { db in try db.fileHashes() }
    for digest in try await blobs.list() where !referenced.contains(digest.hex) {
      try await blobs.remove(digest)
    }
  }

  // MARK: Change, and tell

  /// What a change leaves behind: its answer, and the messages that tell the other services.
  struct Outcome<Value: Sendable>: Sendable {
    var value: Value
    var messages: [Int64] = []
  }

  /// Commits a change and waits a little until the other services know of it, so that the same
  /// user's next call finds it. It answers anyway: the outbox delivers sooner or later.
  func commit<Value: Sendable>(
    _ body: @escaping @Sendable (Transaction) throws -> Outcome<Value>
  ) async throws -> Value {
    let outcome = try await database.write(body)
    await withTaskGroup(of: Void.self) { group in
      for message in outcome.messages {
        group.addTask { [outbox] in
          _ = await outbox.waitUntilDelivered(message, timeout: Self.deliveryWait)
        }
      }
    }
    return outcome.value
  }
}

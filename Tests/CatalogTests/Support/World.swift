import API
import CatalogDomain
import Crypto
import Foundation
import Identity
import RPC
import ServiceKit
import Storage
import Synchronization

@testable import CatalogService

/// A catalogue over a real database in a folder of its own, with made-up peers.
final class World: Sendable {
  static let start: Int64 = 1_790_000_000_000
  static let day: Int64 = 24 * 60 * 60 * 1_000

  let folder: String
  let clock = ManualWallClock(start)
  let database: Database
  let catalog: Catalog
  let peers: FakePeers
  let mailbox: Mailbox

  /// - Parameter delivers: whether the test starts the delivery; if not, no answer waits for it.
  init(
    mailOutcomes: [MailOutcome]? = [], arePeersReachable: Bool = true, delivers: Bool = false
  ) async throws {
    folder = NSTemporaryDirectory() + "assay-catalog-\(UUID().uuidString)"
    try FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: true)
    peers = FakePeers(isReachable: arePeersReachable)
    mailbox = Mailbox(mailOutcomes ?? [])
    database = try Database.open(
      path: "\(folder)/catalog.sqlite", migrations: CatalogSchema.migrations,
      options: Database.Options(applicationID: CatalogSchema.applicationID))
    let mailbox = mailbox
    let send: SendMail = { mail in await mailbox.take(mail) }
    catalog = try await Catalog(
      database: database, blobs: BlobStore(directory: "\(folder)/blobs"), peers: peers.peers,
      log: .silent, sendMail: mailOutcomes == nil ? nil : send, clock: clock.clock,
      deliveryPauses: delivers ? ContinuousClock() : ImpatientClock())
  }

  deinit {
    database.closeSync()
    try? FileManager.default.removeItem(atPath: folder)
  }

  /// A caller, as the gateway would have established it.
  static func scope(
    _ tenant: String, _ user: String, _ roles: Set<Role>, email: String? = nil
  ) -> TenantScope {
    TenantScope(
      Principal(
        tenant: tenant, user: "usr_\(tenant)_\(user)", email: email ?? "\(user)@\(tenant).eu",
        roles: roles, issueTime: start, expireTime: start + 300_000))
  }

  static let organiser = scope("acme", "olga", [.organiser])
  static let owner = scope("acme", "owen", [.owner])
  static let viewer = scope("acme", "vera", [.viewer])
  static let billing = scope("acme", "bill", [.billing])
  static let colleague = scope("acme", "paul", [.participant])
  static let vendor = scope("vendor", "ada", [.participant])
  static let secondVendor = scope("vendor", "bob", [.participant])
  static let rival = scope("rival", "eve", [.owner, .organiser, .participant])
  static let stranger = scope("stranger", "mallory", [.owner, .organiser, .participant])

  /// Snapshots that wait in the outbox, oldest first.
  func pendingSnapshots(_ topic: String) async throws -> [CatalogUseCaseSnapshot] {
    try await database.read { db in
      try db.query("SELECT payload FROM outbox WHERE topic = ?1 ORDER BY id", topic) { row in
        try CatalogSyncUseCaseRequest(serialized: row.blob(0)).snapshot
          ?? CatalogUseCaseSnapshot()
      }
    }
  }
}

/// A clock whose sleeps end at once: what they wait for does not come in these tests.
private struct ImpatientClock: Clock {
  var now: ContinuousClock.Instant { .now }
  var minimumResolution: Duration { .zero }

  func sleep(until deadline: ContinuousClock.Instant, tolerance: Duration?) async throws {}
}

/// Evaluation and Compute, as the catalogue sees them.
final class FakePeers: Sendable {
  private let received = Mutex<[String: [CatalogUseCaseSnapshot]]>([:])
  private let isReachable: Atomic<Bool>

  init(isReachable: Bool) {
    self.isReachable = Atomic(isReachable)
  }

  func setReachable(_ isReachable: Bool) { self.isReachable.store(isReachable, ordering: .relaxed) }

  /// What a receiver got, in order.
  func snapshots(_ topic: String) -> [CatalogUseCaseSnapshot] {
    received.withLock { $0[topic] ?? [] }
  }

  private func take(_ request: CatalogSyncUseCaseRequest, _ topic: String) throws {
    guard isReachable.load(ordering: .relaxed) else { throw RPCError.unavailable("away") }
    received.withLock {
      $0[topic, default: []].append(request.snapshot ?? CatalogUseCaseSnapshot())
    }
  }

  var peers: CatalogPeers {
    CatalogPeers(
      dataset: { request, options in
        // The id says whose it is: dat_acme_train.
        let parts = request.id.split(separator: "_").map(String.init)
        guard parts.count == 3, options.principal == Array("signed by \(parts[1])".utf8) else {
          throw RPCError.notFound("dataset", request.id)
        }
        return EvaluationDataset(
          id: request.id, tenant: parts[1], name: parts[2], task: .tabularClassification,
          rowCount: 120, columns: ["id", "label"], classCounts: ["B": 70, "M": 50],
          sha256: "ab")
      },
      quote: { request, _ in
        let total = Int64(request.participants) * request.gflopEach
        return ComputeQuoteResponse(
          gflopTotal: total, nanoEuroPerGflop: 25, nanoEuroTotal: total * 25, eurTotal: "50.00")
      },
      syncEvaluation: { [self] in try take($0, "evaluation") },
      syncCompute: { [self] in try take($0, "compute") })
  }
}

/// A mail program that does what it is told, then takes everything.
actor Mailbox {
  private var outcomes: [MailOutcome]
  private(set) var mails: [OutgoingMail] = []

  init(_ outcomes: [MailOutcome]) {
    self.outcomes = outcomes
  }

  func take(_ mail: OutgoingMail) -> MailOutcome {
    mails.append(mail)
    return outcomes.isEmpty ? .sent : outcomes.removeFirst()
  }
}

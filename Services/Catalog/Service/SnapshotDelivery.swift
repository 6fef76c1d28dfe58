import API
import CatalogDomain
import Crypto
import Identity
import RPC
import ServiceKit
import Storage

/// Tells Evaluation and Compute of use cases: one complete, numbered snapshot per change.
enum SnapshotDelivery {
  enum Topic: String, CaseIterable, Sendable {
    case evaluation, compute
  }

  static func makeOutbox(
    database: Database, peers: CatalogPeers, log: Logger, clock: WallClock,
    pauses: any Clock<Duration>
  ) -> Outbox {
    Outbox(
      database: database, topics: Topic.allCases.map(\.rawValue), clock: clock, pauses: pauses
    ) { message in try await deliver(message, peers, log) }
  }

  private static func deliver(
    _ message: OutboxMessage, _ peers: CatalogPeers, _ log: Logger
  ) async throws {
    let request = try CatalogSyncUseCaseRequest(serialized: message.payload)
    do {
      switch Topic(rawValue: message.topic) {
      case .evaluation: try await peers.syncEvaluation(request)
      case .compute: try await peers.syncCompute(request)
      case nil: return
      }
    } catch let error as RPCError
      where error.code == .invalidArgument || error.details.limit?.name == "max_message_bytes"
    {
      // It will never be taken. Left at the head of its line it would hold back every other use
      // case; the use case's next snapshot is complete again.
      log.error(
        "a snapshot was refused and is dropped",
        [
          "receiver": .text(message.topic), "use_case": .text(message.key),
          "version": .number(request.snapshot?.version ?? 0), "reason": .text(error.message),
        ])
    } catch {
      if message.attempt == 1 {
        log.warning(
          "a snapshot is not delivered yet",
          [
            "receiver": .text(message.topic), "use_case": .text(message.key),
            "reason": "\(error)",
          ])
      }
      throw error
    }
  }
}

extension Catalog {
  /// Stores the next snapshot of a use case in the transaction of its change, for both receivers.
  /// A draft has none: nobody else knows of it.
  func appendSnapshot(_ tx: Transaction, of record: inout UseCaseRecord) throws -> [Int64] {
    guard record.state.isAnnounced else { return [] }
    // Not behind the clock, so that a database restored from a backup does not count again through
    // versions that the receivers have seen.
    record.snapshotVersion = max(record.snapshotVersion + 1, clock.now())
    try tx.update(record)
    let request = CatalogSyncUseCaseRequest(snapshot: try Self.snapshot(tx, of: record))
    let payload = request.serialized()
    let id = record.id
    return try SnapshotDelivery.Topic.allCases.map { topic in
      try outbox.append(tx, topic: topic.rawValue, key: id, payload: payload)
    }
  }

  private static func snapshot(
    _ db: Reader, of record: UseCaseRecord
  ) throws -> CatalogUseCaseSnapshot {
    let content = record.content
    func datasetID(_ id: String) throws -> String {
      guard !id.isEmpty else { return "" }
      return try db.metadataset(id, of: record.tenant)?.datasetID ?? ""
    }
    var snapshot = CatalogUseCaseSnapshot()
    snapshot.id = record.id
    snapshot.version = record.snapshotVersion
    snapshot.tenant = record.tenant
    snapshot.title = content.title
    snapshot.task = content.task?.wire ?? .unspecified
    snapshot.privacy = content.privacy?.wire ?? .unspecified
    snapshot.state = record.state.wire
    snapshot.metric = content.metric?.wire
    snapshot.trainDatasetId = try datasetID(content.trainMetadatasetID)
    snapshot.testDatasetId = try datasetID(content.testMetadatasetID)
    snapshot.startTime = content.startTime.map(Google_Protobuf_Timestamp.init(unixMilliseconds:))
    snapshot.endTime = content.endTime.map(Google_Protobuf_Timestamp.init(unixMilliseconds:))
    snapshot.limits = content.limits.wire
    snapshot.budget = content.budget?.wire
    snapshot.participants = try db.participants(of: record.id).map(\.snapshot)
    return snapshot
  }
}

import Crypto
import Synchronization

/// A message on its way out of a service.
public struct OutboxMessage: Sendable, Hashable {
  /// Ascending in the order of commits, never used twice.
  public let id: Int64
  /// The receiver's line; order holds within it.
  public let topic: String
  /// What the message is about, such as a use case's identifier.
  public let key: String
  /// The content, which only sender and receiver understand.
  public let payload: [UInt8]
  /// When its cause was committed, in unix milliseconds.
  public let createdAt: Int64
  /// 1 for the first delivery since the process started, then counting.
  public let attempt: Int
}

/// Messages that are stored in the transaction of their cause, and then delivered at least once.
///
/// Each topic has a pump that delivers strictly in order: a message that fails holds back its own
/// topic, with a back-off from 50 ms to 5 s, and no other. Delivered rows are deleted; what is in
/// the table when a process ends is delivered by the next one. Receivers must be idempotent.
public final class Outbox: Sendable {
  /// The table, for a migration of the database that the outbox is part of.
  public static let schema = """
    CREATE TABLE outbox (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      topic TEXT NOT NULL,
      message_key TEXT NOT NULL,
      payload BLOB NOT NULL,
      created_at INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX outbox_by_topic ON outbox (topic, id);
    """

  let database: Database
  let deliver: @Sendable (OutboxMessage) async throws -> Void
  let pauses: any Clock<Duration>
  let tracker = DeliveryTracker()
  private let clock: WallClock
  private let lines: [String: OutboxLine]
  private let pump = Mutex<Task<Void, Never>?>(nil)

  /// An outbox over `database`, whose schema has the table.
  ///
  /// - Parameters:
  ///   - topics: all topics; each is delivered independently of the others.
  ///   - clock: stamps the messages.
  ///   - pauses: the clock of back-offs and time limits.
  ///   - deliver: hands a message to its receiver; throwing means to try again later.
  public init(
    database: Database, topics: [String], clock: WallClock = .system,
    pauses: any Clock<Duration> = ContinuousClock(),
    deliver: @escaping @Sendable (OutboxMessage) async throws -> Void
  ) {
    self.database = database
    self.deliver = deliver
    self.pauses = pauses
    self.clock = clock
    lines = Dictionary(uniqueKeysWithValues: Set(topics).map { ($0, OutboxLine(topic: $0)) })
  }

  deinit { pump.withLock { $0?.cancel() } }

  // MARK: Sending

  /// Stores a message in the transaction of its cause and returns its id. The pump is woken once
  /// the transaction is committed.
  @discardableResult
  public func append(
    _ transaction: Transaction, topic: String, key: String, payload: [UInt8]
  ) throws -> Int64 {
    guard let line = lines[topic] else {
      throw StorageError.statement(
        code: 0, message: "no topic \"\(topic)\", there are \(lines.keys.sorted())", sql: "outbox")
    }
    let id = try transaction.queryOne(
      """
      INSERT INTO outbox (topic, message_key, payload, created_at) VALUES (?1, ?2, ?3, ?4)
      RETURNING id
      """, topic, key, payload, clock.now()
    ) { try $0.int64(0) }
    guard let id else { throw StorageError.column("INSERT … RETURNING gave no row") }
    transaction.afterCommit { line.appended.raise() }
    return id
  }

  // MARK: Life

  /// Starts delivering, what an earlier process left first. Does nothing when started already.
  public func start() {
    pump.withLock { pump in
      guard pump == nil else { return }
      let pumps = lines.values.map { OutboxPump(outbox: PumpedOutbox(self), line: $0) }
      pump = Task {
        await withTaskGroup(of: Void.self) { group in
          for pump in pumps { group.addTask { await pump.run() } }
        }
      }
    }
  }

  /// Tries to deliver now, whatever back-off is running: the receiver is known to be back.
  public func kick() {
    for line in lines.values {
      line.appended.raise()
      line.kicked.raise()
    }
  }

  /// Stops delivering and waits until the delivery under way has ended, which is cancelled.
  public func stop() async {
    let pump = pump.withLock { pump in
      defer { pump = nil }
      return pump
    }
    pump?.cancel()
    await pump?.value
  }

  // MARK: State

  /// Messages of all topics that are not delivered yet.
  public func pending() async throws -> Int {
    try await database.read { reader in
      try reader.queryOne("SELECT count(*) FROM outbox") { try $0.int(0) } ?? 0
    }
  }

  /// Messages of one topic that are not delivered yet.
  public func pending(topic: String) async throws -> Int {
    try await database.read { reader in
      try reader.queryOne("SELECT count(*) FROM outbox WHERE topic = ?1", topic) {
        try $0.int(0)
      } ?? 0
    }
  }

  /// Why the oldest message of a topic was not delivered at the last attempt; `nil` while it goes
  /// well.
  public func lastError(topic: String) -> String? {
    lines[topic]?.lastError.withLock { $0 }
  }

  /// Waits until a committed message is delivered, at most for `timeout`; `false` when it is not.
  public func waitUntilDelivered(_ id: Int64, timeout: Duration) async -> Bool {
    await withTaskGroup(of: Bool.self) { group in
      group.addTask { await self.waitUntilDelivered(id) }
      group.addTask { [pauses] in
        try? await pauses.sleep(for: timeout)
        return false
      }
      let isDelivered = await group.next() ?? false
      group.cancelAll()
      return isDelivered
    }
  }

  private func waitUntilDelivered(_ id: Int64) async -> Bool {
    let signal = Signal()
    guard let ticket = tracker.register(signal, for: id) else { return true }
    defer { tracker.unregister(ticket, for: id) }
    // Registered first, looked up second: a delivery between the two raises the signal.
    let isStored = try? await database.read { reader in
      try reader.exists("SELECT 1 FROM outbox WHERE id = ?1", id)
    }
    if isStored == false { return true }
    return await signal.wait()
  }
}

/// One topic's signals and last error.
final class OutboxLine: Sendable {
  let topic: String
  /// Something was committed: look, unless a back-off is running.
  let appended = Signal()
  /// End the back-off.
  let kicked = Signal()
  let lastError = Mutex<String?>(nil)

  init(topic: String) {
    self.topic = topic
  }
}

/// What the pumps need of an outbox, without keeping the outbox itself alive.
struct PumpedOutbox: Sendable {
  let database: Database
  let deliver: @Sendable (OutboxMessage) async throws -> Void
  let pauses: any Clock<Duration>
  let tracker: DeliveryTracker

  init(_ outbox: Outbox) {
    database = outbox.database
    deliver = outbox.deliver
    pauses = outbox.pauses
    tracker = outbox.tracker
  }
}

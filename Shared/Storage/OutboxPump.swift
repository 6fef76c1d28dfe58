import Synchronization

/// Delivers one topic of an outbox, in order, until its task is cancelled.
struct OutboxPump: Sendable {
  /// Messages read from the table at one time.
  static let batchCount = 64
  /// The first pause after a failure; each further one is twice as long.
  static let shortestPause = Duration.milliseconds(50)
  /// The longest pause.
  static let longestPause = Duration.seconds(5)

  let outbox: PumpedOutbox
  let line: OutboxLine

  /// How far a batch got.
  private struct Progress {
    var delivered: [Int64] = []
    var failure: (any Error)?
  }

  func run() async {
    var failures = 0
    while !Task.isCancelled {
      // A kick from here on, even in the middle of a delivery that fails, ends the next pause.
      line.kicked.lower()
      do {
        let batch = try await nextBatch(attempt: failures + 1)
        if batch.isEmpty {
          _ = await line.appended.wait()
          continue
        }
        let progress = await deliver(batch)
        if !progress.delivered.isEmpty {
          failures = 0
          try await delete(progress.delivered)
        }
        if let failure = progress.failure { throw failure }
        line.lastError.withLock { $0 = nil }
      } catch {
        if Task.isCancelled { return }
        line.lastError.withLock { $0 = "\(error)" }
        failures += 1
        await pause(after: failures)
      }
    }
  }

  private func nextBatch(attempt: Int) async throws -> [OutboxMessage] {
    let topic = line.topic
    let rows = try await outbox.database.read { reader in
      try reader.query(
        """
        SELECT id, message_key, payload, created_at FROM outbox WHERE topic = ?1
        ORDER BY id LIMIT ?2
        """, topic, OutboxPump.batchCount
      ) { row in
        (
          id: try row.int64(0), key: try row.text(1), payload: try row.blob(2),
          createdAt: try row.int64(3)
        )
      }
    }
    return rows.enumerated().map { offset, row in
      OutboxMessage(
        id: row.id, topic: topic, key: row.key, payload: row.payload, createdAt: row.createdAt,
        attempt: offset == 0 ? attempt : 1)
    }
  }

  /// Delivers in order up to the first failure.
  private func deliver(_ batch: [OutboxMessage]) async -> Progress {
    var progress = Progress()
    for message in batch {
      do {
        try Task.checkCancellation()
        try await outbox.deliver(message)
      } catch {
        progress.failure = error
        break
      }
      progress.delivered.append(message.id)
      outbox.tracker.markDelivered(message.id)
    }
    return progress
  }

  /// Deletes delivered rows, even when the pump is being stopped: they need no second delivery.
  private func delete(_ ids: [Int64]) async throws {
    let database = outbox.database
    try await Task {
      try await database.write { transaction in
        for id in ids { try transaction.execute("DELETE FROM outbox WHERE id = ?1", id) }
      }
    }.value
    outbox.tracker.forget(ids)
  }

  /// Sleeps for the back-off after so many failures in a row, or until the outbox is kicked.
  private func pause(after failures: Int) async {
    let doubled = OutboxPump.shortestPause * (1 << min(failures - 1, 10))
    let duration = min(doubled, OutboxPump.longestPause)
    await withTaskGroup(of: Void.self) { group in
      group.addTask { [pauses = outbox.pauses] in try? await pauses.sleep(for: duration) }
      group.addTask { [kicked = line.kicked] in _ = await kicked.wait() }
      await group.next()
      group.cancelAll()
    }
  }
}

/// Who waits for which delivery.
final class DeliveryTracker: Sendable {
  private struct State {
    /// Delivered, and perhaps still in the table.
    var delivered: Set<Int64> = []
    var waiting: [Int64: [Int: Signal]] = [:]
    var nextTicket = 0
  }

  private let state = Mutex(State())

  /// Has `signal` raised when the message is delivered; `nil` when it is already.
  func register(_ signal: Signal, for id: Int64) -> Int? {
    state.withLock { state in
      if state.delivered.contains(id) { return nil }
      state.nextTicket += 1
      state.waiting[id, default: [:]][state.nextTicket] = signal
      return state.nextTicket
    }
  }

  func unregister(_ ticket: Int, for id: Int64) {
    state.withLock { state in
      state.waiting[id]?[ticket] = nil
      if state.waiting[id]?.isEmpty == true { state.waiting[id] = nil }
    }
  }

  func markDelivered(_ id: Int64) {
    let signals = state.withLock { state in
      state.delivered.insert(id)
      return state.waiting.removeValue(forKey: id)
    }
    for signal in (signals ?? [:]).values { signal.raise() }
  }

  /// The rows are deleted: the table itself now tells that they are delivered.
  func forget(_ ids: [Int64]) {
    state.withLock { $0.delivered.subtract(ids) }
  }
}

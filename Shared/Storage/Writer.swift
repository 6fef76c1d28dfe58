import Synchronization

/// The one thread that writes: it commits together what waits together.
///
/// A commit waits for the disk, some milliseconds, whether it holds one row or a thousand. So the
/// writer takes everything that has queued up during the last commit, runs each body inside a
/// savepoint of its own, commits once, and only then answers all.
final class Writer {
  private let connection: Connection
  private let queue: WorkQueue<Transaction>
  private let maximumWritesPerCommit: Int
  private let checkpointer: Checkpointer
  private let counters: Counters

  init(
    connection: Connection, queue: WorkQueue<Transaction>, maximumWritesPerCommit: Int,
    checkpointer: Checkpointer, counters: Counters
  ) {
    self.checkpointer = checkpointer
    self.connection = connection
    self.queue = queue
    self.maximumWritesPerCommit = maximumWritesPerCommit
    self.counters = counters
  }

  /// Writes until the queue is closed and drained.
  func run() {
    while true {
      let waiting = queue.take(limit: maximumWritesPerCommit)
      if waiting.isEmpty { return }
      let start = ContinuousClock.now
      let group = waiting.filter { $0.claim() }
      counters.update { $0.skippedWrites += UInt64(waiting.count - group.count) }
      if !group.isEmpty { commit(group) }
      counters.update { $0.writerBusyNanoseconds += start.nanosecondsUntilNow }
    }
  }

  /// Runs a group in one transaction and answers each of it.
  private func commit(_ group: [any PendingWork<Transaction>]) {
    var failures: [(any Error)?] = []
    var actions: [@Sendable () -> Void] = []
    do {
      try connection.run("BEGIN IMMEDIATE")
      for work in group { failures.append(try perform(work, actions: &actions)) }
      try connection.run("COMMIT")
    } catch {
      // Nothing of the group is stored, so nobody may hear of success, nor of a refusal that was
      // decided upon another's uncommitted rows.
      connection.rollbackIfNeeded()
      counters.update { $0.failedCommits += 1 }
      for work in group { work.finish(error) }
      return
    }
    let rolledBack = failures.count { $0 != nil }
    counters.update { statistics in
      statistics.commits += 1
      statistics.writes += UInt64(group.count - rolledBack)
      statistics.rolledBackWrites += UInt64(rolledBack)
      statistics.largestCommit = max(statistics.largestCommit, group.count)
    }
    for action in actions { action() }
    for (work, failure) in zip(group, failures) { work.finish(failure) }
    checkpointer.committed(connection)
  }

  /// Runs one body inside a savepoint and returns the error that undid it. Throws when SQLite has
  /// given up the whole transaction, as it may when the disk is full.
  private func perform(
    _ work: any PendingWork<Transaction>, actions: inout [@Sendable () -> Void]
  ) throws -> (any Error)? {
    try connection.run("SAVEPOINT body")
    let transaction = Transaction(connection)
    do {
      try work.perform(transaction)
      // SQLite would look at deferred foreign keys at COMMIT only, when it is the whole group's
      // fault.
      if connection.hasUnresolvedForeignKeys {
        throw StorageError.constraint(.foreignKey, message: "FOREIGN KEY constraint failed")
      }
      try connection.run("RELEASE body")
      actions += transaction.actions
      return nil
    } catch {
      guard connection.isInTransaction else { throw error }
      try connection.run("ROLLBACK TO body")
      try connection.run("RELEASE body")
      return error
    }
  }
}

/// The figures of a database, added to by its threads.
final class Counters: Sendable {
  private let statistics = Mutex(Database.Statistics())

  func update(_ body: (inout Database.Statistics) -> Void) {
    statistics.withLock { body(&$0) }
  }

  var snapshot: Database.Statistics { statistics.withLock { $0 } }
}

extension ContinuousClock.Instant {
  var nanosecondsUntilNow: UInt64 {
    let (seconds, attoseconds) = duration(to: .now).components
    return UInt64(clamping: seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
  }
}

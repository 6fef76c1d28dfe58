import Synchronization

/// The one thread that writes: it commits together what waits together.
///
/// A flush of the disk takes some milliseconds, whether for one row or a thousand. So the writer
/// takes everything that has queued up meanwhile, runs each body inside a savepoint of its own if
/// there are several, commits once, and leaves it to the flusher to answer when the disk has it.
final class Writer {
  /// After commits that took longer the flusher's waking is little, and the next work may come
  /// while it flushes.
  private static let shortCommitNanoseconds: UInt64 = 250_000

  private let connection: Connection
  private let queue: WorkQueue<Transaction>
  private let maximumWritesPerCommit: Int
  private let checkpointer: Checkpointer
  private let flusher: LogFlusher
  private let counters: Counters

  init(
    connection: Connection, queue: WorkQueue<Transaction>, maximumWritesPerCommit: Int,
    checkpointer: Checkpointer, flusher: LogFlusher, counters: Counters
  ) {
    self.checkpointer = checkpointer
    self.flusher = flusher
    self.connection = connection
    self.queue = queue
    self.maximumWritesPerCommit = maximumWritesPerCommit
    self.counters = counters
  }

  /// Writes until the queue is closed and drained.
  func run() {
    while true {
      let failure = flusher.waitForRoom()
      let waiting = queue.take(limit: maximumWritesPerCommit)
      if waiting.isEmpty { return }
      let start = ContinuousClock.now
      let group = waiting.filter { $0.claim() }
      counters.update { $0.skippedWrites += UInt64(waiting.count - group.count) }
      if let failure {
        for work in group { work.finish(failure) }
      } else if !group.isEmpty {
        commit(group, since: start)
      }
      counters.update { $0.writerBusyNanoseconds += start.nanosecondsUntilNow }
    }
  }

  /// Runs a group in one transaction, and has each of it answered once the disk has it.
  private func commit(
    _ group: [any PendingWork<Transaction>], since start: ContinuousClock.Instant
  ) {
    var failures: [(any Error)?] = []
    var actions = AfterCommit()
    let before = connection.commitsInLog
    do {
      try connection.control(.begin)
      for work in group {
        failures.append(try perform(work, isOnly: group.count == 1, actions: &actions))
      }
    } catch {
      connection.rollbackIfNeeded()
      return fail(group, error)
    }
    flusher.begin()
    do { if connection.isInTransaction { try connection.control(.commit) } } catch {
      connection.rollbackIfNeeded()
      flusher.gaveUp()
      return fail(group, error)
    }
    for action in actions.onCommit { action() }
    let (answers, failed) = (actions.afterCommit, failures)
    let hasChanged = connection.commitsInLog != before
    count(group.count, rolledBack: failures.count { $0 != nil })
    let isAlone = queue.depth == 0 && start.nanosecondsUntilNow < Self.shortCommitNanoseconds
    flusher.committed(hasChanged: hasChanged, isAlone: isAlone) { broken in
      if broken == nil { for action in answers { action() } }
      for (work, failure) in zip(group, failed) { work.finish(broken ?? failure) }
    }
    checkpointer.committed(connection)
  }

  /// Nothing of the group is stored, so nobody may hear of success, nor of a refusal that was
  /// decided upon another's uncommitted rows.
  private func fail(_ group: [any PendingWork<Transaction>], _ error: any Error) {
    counters.update { $0.failedCommits += 1 }
    for work in group { work.finish(error) }
  }

  private func count(_ writes: Int, rolledBack: Int) {
    counters.update { statistics in
      statistics.commits += 1
      statistics.writes += UInt64(writes - rolledBack)
      statistics.rolledBackWrites += UInt64(rolledBack)
      statistics.largestCommit = max(statistics.largestCommit, writes)
    }
  }

  /// Runs one body and returns the error that undid it. Throws when SQLite has given up the whole
  /// transaction, as it may when the disk is full.
  ///
  /// - Parameter isOnly: whether it is the only one of its transaction: then it is undone with it,
  ///   and needs no savepoint, for which SQLite would copy each page that is changed.
  private func perform(
    _ work: any PendingWork<Transaction>, isOnly: Bool, actions: inout AfterCommit
  ) throws -> (any Error)? {
    if !isOnly { try connection.control(.savepoint) }
    let transaction = Transaction(connection)
    do {
      try work.perform(transaction)
      // A body that went on after such an error has written outside of any transaction.
      guard connection.isInTransaction else {
        throw StorageError.inputOutput("SQLite gave the transaction up within a body")
      }
      // SQLite would look at deferred foreign keys at COMMIT only, when it is the whole group's
      // fault.
      if connection.hasUnresolvedForeignKeys {
        throw StorageError.constraint(.foreignKey, message: "FOREIGN KEY constraint failed")
      }
      if !isOnly { try connection.control(.release) }
      actions.add(transaction.actions)
      return nil
    } catch {
      guard connection.isInTransaction else { throw error }
      if isOnly {
        try connection.control(.rollback)
      } else {
        try connection.control(.rollbackToSavepoint)
        try connection.control(.release)
      }
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

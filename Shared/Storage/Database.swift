import Crypto
import Foundation

/// One SQLite database of one service: a writer thread that commits in groups, a few readers.
///
/// Writes are answered after their commit has reached the disk, never before. Reads see one
/// snapshot each, and every write that was answered before they began. Bodies run on storage
/// threads, one after the other; they do SQL and nothing else.
public final class Database: Sendable {
  /// The database file.
  public let path: String

  let options: Options
  private let writes: WorkQueue<Transaction>
  private let reads: WorkQueue<Reader>
  private let counters = Counters()
  private let threads: Latch
  private let checkpointer: Checkpointer
  private let flusher: LogFlusher

  /// Opens the database at `path`, creates it if need be, and applies missing migrations.
  ///
  /// Its folder must exist. Blocks for as long as the migrations take, so it is for the start of a
  /// process. Throws `StorageError`: `locked`, `newerDatabase`, `changedMigration`,
  /// `wrongApplication`, `cannotOpen` and those of the disk.
  public static func open(
    path: String, migrations: [Migration], options: Options = Options()
  ) throws -> Database {
    try Database(path: path, migrations: migrations, options: options)
  }

  /// - Parameter flush: for tests: in place of the flush of the write-ahead log to the disk.
  init(
    path: String, migrations: [Migration], options: Options,
    flush: (@Sendable () throws(StorageError) -> Void)? = nil
  ) throws {
    self.path = path
    self.options = options
    writes = WorkQueue(name: "write", limit: options.maximumWaitingWrites)
    reads = WorkQueue(name: "read", limit: options.maximumWaitingReads)

    let isExclusive = options.access == .exclusive
    let lock = isExclusive ? try ProcessLock(databasePath: path) : nil
    if isExclusive { try Database.createPrivateFile(path) }
    let first = try Connection(options.connection(path, isQueryOnly: !isExclusive))
    let migrator = Migrator(
      connection: first, path: path, migrations: migrations, applicationID: options.applicationID)
    if isExclusive {
      try migrator.migrate(now: options.clock.now())
    } else {
      try migrator.requireCurrent()
    }
    let readers = try (0..<max(1, options.readers)).map { _ in
      try Connection(options.connection(path, isQueryOnly: true))
    }
    let log = try LogFile(first.logPath)
    if isExclusive { try Database.secure(first, log) }
    let flusher = LogFlusher(counters: counters, flush ?? log.flush)
    self.flusher = flusher
    checkpointer = Checkpointer(
      limit: options.checkpointPages, counters: counters, fail: flusher.fail)
    let copier = isExclusive ? try Connection(options.connection(path, isQueryOnly: true)) : nil

    // The last thread closes all connections, one after the other: of several that close at one
    // time, each may take another for the last, and none would empty the write-ahead log. Only
    // then may another process open the file.
    let connections = Handover(value: readers + [copier, first].compactMap(\.self))
    threads = Latch(count: readers.count + (isExclusive ? 3 : 0)) {
      for connection in connections.value { connection.close() }
      lock?.release()
    }
    if isExclusive { try first.leaveLog() }
    for reader in readers { startReader(reader) }
    if let copier {
      startCheckpointer(copier)
      startFlusher()
      startWriter(first)
    } else {
      writes.close()
    }
  }

  deinit {
    // Whoever forgets to close a database leaves no threads behind; answered writes are on disk.
    writes.close()
    reads.close()
  }

  /// Brings to the disk what an earlier process has left in the log: it may have been committed
  /// and never flushed, and will be told of as if it were.
  ///
  /// The pages are written anew into the database file: after a flush that failed the system takes
  /// those of the log for written that are not. Only where a tool beside us reads older pages must
  /// a flush do.
  private static func secure(_ connection: Connection, _ log: LogFile) throws {
    do { try connection.emptyLog() } catch StorageError.busy { try log.flush() }
  }

  /// Creates the file with mode 0600, which SQLite then gives to its companions too.
  static func createPrivateFile(_ path: String) throws {
    let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw StorageError.cannotOpen(path: path, reason: String(cString: strerror(errno)))
    }
    // No connection is open yet, so closing this descriptor drops none of SQLite's locks.
    Glibc.close(descriptor)
  }

  // MARK: Threads

  private func startWriter(_ connection: Connection) {
    let handover = Handover(value: connection)
    let (queue, counters, threads) = (writes, counters, threads)
    let (checkpointer, flusher) = (checkpointer, flusher)
    let limit = max(1, options.maximumWritesPerCommit)
    StorageThread.start(name: "storage-write") {
      Writer(
        connection: handover.value, queue: queue, maximumWritesPerCommit: limit,
        checkpointer: checkpointer, flusher: flusher, counters: counters
      ).run()
      checkpointer.close()
      flusher.close()
      threads.countDown()
    }
  }

  private func startCheckpointer(_ connection: Connection) {
    let handover = Handover(value: connection)
    let (checkpointer, threads) = (checkpointer, threads)
    StorageThread.start(name: "storage-checkpoint") {
      checkpointer.run(on: handover.value)
      threads.countDown()
    }
  }

  private func startFlusher() {
    let (flusher, threads) = (flusher, threads)
    StorageThread.start(name: "storage-flush") {
      flusher.run()
      threads.countDown()
    }
  }

  private func startReader(_ connection: Connection) {
    let handover = Handover(value: connection)
    let (queue, counters, threads, flusher) = (reads, counters, threads, flusher)
    StorageThread.start(name: "storage-read") {
      while let work = queue.take(limit: 1).first {
        guard work.claim() else { continue }
        let start = ContinuousClock.now
        let failure = Database.read(work, on: handover.value)
        counters.update { statistics in
          statistics.reads += 1
          statistics.readerBusyNanoseconds += start.nanosecondsUntilNow
        }
        // The snapshot may show what the disk has not yet.
        flusher.whenFlushed { broken in work.finish(broken ?? failure) }
      }
      threads.countDown()
    }
  }

  /// Runs one body on a snapshot of its own and returns what it threw.
  private static func read(
    _ work: any PendingWork<Reader>, on connection: Connection
  ) -> (any Error)? {
    defer { connection.rollbackIfNeeded() }
    do {
      try connection.run("BEGIN")
      try work.perform(Reader(connection))
      return nil
    } catch {
      return error
    }
  }

  // MARK: Reading and writing

  /// Runs `body` on the writer thread and answers once its work is on the disk.
  ///
  /// What `body` throws comes back unchanged, and undoes this body only. If the commit fails, all
  /// of its group get the error and nothing is stored. Cancelling the task while the work waits
  /// skips it. Throws `StorageError.overloaded` when too much work waits.
  @discardableResult
  public func write<T: Sendable>(
    _ body: @escaping @Sendable (Transaction) throws -> T
  ) async throws -> T {
    try requireWritable()
    return try await writes.run(body)
  }

  /// As `write`, for those who gather work of their own: returns at once, and calls `completion` on
  /// a storage thread, or on the caller's if the work is refused.
  public func enqueueWrite(
    _ body: @escaping @Sendable (Transaction) throws -> Void,
    completion: @escaping @Sendable (Result<Void, any Error>) -> Void
  ) {
    do { try requireWritable() } catch { return completion(.failure(error)) }
    writes.enqueue(body, completion)
  }

  /// As `write`, blocking the calling thread; for tools, never on an event loop or in a body.
  @discardableResult
  public func writeSync<T: Sendable>(
    _ body: @escaping @Sendable (Transaction) throws -> T
  ) throws -> T {
    try requireWritable()
    return try writes.runSync(body)
  }

  /// Runs `body` on a reader thread, on one snapshot of the database.
  public func read<T: Sendable>(
    _ body: @escaping @Sendable (Reader) throws -> T
  ) async throws -> T {
    try await reads.run(body)
  }

  /// As `read`, blocking the calling thread; for tools, never on an event loop or in a body.
  public func readSync<T: Sendable>(
    _ body: @escaping @Sendable (Reader) throws -> T
  ) throws -> T {
    try reads.runSync(body)
  }

  private func requireWritable() throws(StorageError) {
    if options.access == .readOnly { throw .readOnly("\(path) was opened for reading only") }
  }

  // MARK: The end

  /// Refuses new work, does what waits, empties the write-ahead log, and releases the file.
  public func close() async {
    writes.close()
    reads.close()
    await threads.wait()
  }

  /// As `close`, blocking the calling thread.
  public func closeSync() {
    writes.close()
    reads.close()
    threads.waitSync()
  }

  /// Has `action` called, once, when commits cannot be brought to the disk any more: from then on
  /// everything is refused, and only opening the database anew helps. It is called before anybody
  /// is answered, on a storage thread, and may end the process.
  public func onDiskFailure(_ action: @escaping @Sendable (StorageError) -> Void) {
    flusher.onFailure(action)
  }

  /// What has been done so far, and what waits now.
  public var statistics: Statistics {
    var statistics = counters.snapshot
    statistics.waitingWrites = writes.depth
    statistics.waitingReads = reads.depth
    return statistics
  }
}

import Crypto

extension Database {
  /// Who else may have the database open.
  public enum Access: Sendable {
    /// One process, which reads and writes.
    case exclusive
    /// For a tool beside the running service: takes no process lock, applies no migration.
    case readOnly
  }

  /// How a database is opened, with the documented defaults.
  public struct Options: Sendable {
    /// Marks the file as this service's (SQLite's `application_id`); 0 marks nothing.
    public var applicationID: Int32
    /// Reads and writes, or a tool's view beside the service.
    public var access: Access
    /// Reader threads, and so reads at one time.
    public var readers = 2
    /// Writes that may wait before `StorageError.overloaded`.
    public var maximumWaitingWrites = 10_000
    /// Writes that share one commit at most; bounds how long the first of them waits.
    public var maximumWritesPerCommit = 256
    /// Reads that may wait before `StorageError.overloaded`.
    public var maximumWaitingReads = 10_000
    /// How long to wait for another process's lock, in milliseconds.
    public var busyTimeoutMilliseconds = 5_000
    /// Prepared statements kept for each connection.
    public var cachedStatements = 256
    /// Memory for pages that each connection may keep.
    public var cacheKiB = 2_048
    /// Pages in the write-ahead log from which they are moved into the database file.
    public var checkpointPages = 1_000
    /// The most pages, of 4 KiB, that the file may grow to; `nil` leaves it to the disk.
    public var maximumPages: Int?
    /// Gives the time at which migrations were applied.
    public var clock = WallClock.system

    public init(applicationID: Int32 = 0, access: Access = .exclusive) {
      self.applicationID = applicationID
      self.access = access
    }

    func connection(_ path: String, isQueryOnly: Bool) -> Connection.Settings {
      Connection.Settings(
        path: path, isQueryOnly: isQueryOnly, busyTimeoutMilliseconds: busyTimeoutMilliseconds,
        cachedStatements: cachedStatements, cacheKiB: cacheKiB, checkpointPages: checkpointPages,
        maximumPages: isQueryOnly ? nil : maximumPages)
    }
  }

  /// A database's figures since it was opened, for its metrics.
  public struct Statistics: Sendable, Hashable {
    /// Transactions that were committed.
    public var commits: UInt64 = 0
    /// Bodies committed in them; `writes / commits` is the mean size of a group.
    public var writes: UInt64 = 0
    /// Bodies that threw and were undone by themselves.
    public var rolledBackWrites: UInt64 = 0
    /// Transactions that failed as a whole.
    public var failedCommits: UInt64 = 0
    /// Times that the write-ahead log was brought to the disk; one serves all commits before it.
    public var flushes: UInt64 = 0
    /// Pages in the write-ahead log after the last commit.
    public var pagesInLog = 0
    /// Times that pages could not be moved from the log into the database file. The log grows then,
    /// and holds what was committed.
    public var failedCheckpoints: UInt64 = 0
    /// Writes that were cancelled while they waited.
    public var skippedWrites: UInt64 = 0
    /// The most bodies that shared one commit.
    public var largestCommit = 0
    /// Writes that wait now.
    public var waitingWrites = 0
    /// Reads done.
    public var reads: UInt64 = 0
    /// Reads that wait now.
    public var waitingReads = 0
    /// Time that the writer thread spent at work.
    public var writerBusyNanoseconds: UInt64 = 0
    /// Time that the reader threads spent at work, summed.
    public var readerBusyNanoseconds: UInt64 = 0
  }
}

/// Moves committed pages from the write-ahead log into the database file, beside the writer.
///
/// A commit that did so itself would keep all that follow waiting until some thousand pages are
/// copied and on the disk. Here a thread of its own copies them and brings them to the disk, and
/// what was added meanwhile likewise, until that is little; then the writer copies the rest,
/// whereupon SQLite begins the log anew. Pages that somebody still reads as they were stay in the
/// log until the next time.
final class Checkpointer: Sendable {
  private enum Phase {
    case idle
    case isWanted
    case isRunning
    /// The writer has to copy the rest.
    case isDone
    case isClosed
  }

  private struct State {
    var phase = Phase.idle
    /// Pages in the log from which they are copied again.
    var threshold: Int
    /// Pages in the log at the last commit.
    var pages = 0
  }

  /// How often, at most, what was added meanwhile is copied beside the writer.
  private static let maximumRounds = 4

  private let limit: Int
  private let counters: Counters
  private let fail: @Sendable (StorageError) -> Void
  private let state: Guarded<State>

  /// - Parameters:
  ///   - limit: pages in the log from which they are copied.
  ///   - fail: told when the copies cannot be brought to the disk: they may be lost then, and the
  ///     log must not be begun anew.
  init(limit: Int, counters: Counters, fail: @escaping @Sendable (StorageError) -> Void) {
    self.limit = max(1, limit)
    self.counters = counters
    self.fail = fail
    state = Guarded(State(threshold: self.limit))
  }

  /// Copies when it is asked to, until it is closed: the body of its thread.
  func run(on connection: Connection) {
    while state.wait(Self.begin) {
      copyMost(on: connection)
      state.withLock { if case .isRunning = $0.phase { $0.phase = .isDone } }
    }
  }

  private static func begin(_ state: inout State) -> Bool? {
    switch state.phase {
    case .isWanted:
      state.phase = .isRunning
      return true
    case .isClosed: return false
    case .idle, .isRunning, .isDone: return nil
    }
  }

  /// To be told of by the writer, on its thread and connection, after each commit.
  func committed(_ writer: Connection) {
    let pages = writer.pagesInLog
    counters.update { $0.pagesInLog = pages }
    let (isWanted, isDone) = state.withLock { state -> (Bool, Bool) in
      // The log was begun anew.
      if pages < state.pages { state.threshold = limit }
      state.pages = pages
      if case .idle = state.phase, pages >= state.threshold {
        state.phase = .isWanted
        return (true, false)
      }
      guard case .isDone = state.phase else { return (false, false) }
      state.phase = .idle
      // Unless the log begins anew: somebody reads old pages, and to try again after each commit
      // would be for nothing.
      state.threshold = pages + limit
      return (false, true)
    }
    // The thread is not woken for each commit.
    if isWanted { state.signal { _ in } }
    if isDone { copy(on: writer) }
  }

  private func copyMost(on connection: Connection) {
    for _ in 0..<Self.maximumRounds {
      guard let copied = copy(on: connection) else { return }
      // SQLite would leave this to whoever copies the last pages: the writer.
      do throws(StorageError) { try connection.synchronizeFile() } catch {
        counters.update { $0.failedCheckpoints += 1 }
        return fail(error)
      }
      if state.withLock({ $0.pages }) - copied <= limit / 16 { return }
    }
  }

  /// How many pages of the log are copied now. What cannot be copied is as safe in the log;
  /// operators see that it grows.
  @discardableResult
  private func copy(on connection: Connection) -> Int? {
    do { return try connection.checkpoint() } catch {
      counters.update { $0.failedCheckpoints += 1 }
      return nil
    }
  }

  func close() { state.broadcast { $0.phase = .isClosed } }
}

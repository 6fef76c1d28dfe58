/// Brings the write-ahead log to the disk beside the writer, and answers for commits only then.
///
/// A commit that waited for the disk itself would have the writer idle for milliseconds at a time.
/// Here SQLite appends a commit to the log and leaves it to the system; the writer goes on with the
/// next group while this flushes the log once for all commits that are in it. Nobody is told of a
/// commit before: neither its callers, nor readers whose snapshot may show it.
final class LogFlusher: Sendable {
  /// Told how its commits came to the disk: `nil`, or what they failed with.
  typealias Answer = @Sendable (StorageError?) -> Void

  /// Commits that may wait for the disk, beyond the one that is being flushed. With more, each
  /// caller would wait longer and the disk be asked no less often.
  static let maximumWaiting = 2

  private struct State {
    /// The number of the last commit that was begun; a reader may see it.
    var begun: UInt64 = 0
    /// The last one that is wholly in the log, or was given up.
    var inLog: UInt64 = 0
    /// The last one that changed the log.
    var changed: UInt64 = 0
    /// The last one that is on the disk, or had nothing to write.
    var flushed: UInt64 = 0
    /// What is answered once a commit is on the disk; taken in the order of commits.
    var waiting: [(commit: UInt64, answer: Answer)] = []
    var waitingCommits = 0
    var isWriterBlocked = false
    var isReaderBlocked = false
    var isFlushing = false
    /// Once the system has failed to flush, it may have dropped what was to be written, and a
    /// second attempt that succeeds would say nothing (Rebello et al., "Can Applications Recover
    /// from fsync Failures?", 2020): nothing is taken until the database is opened anew, which
    /// writes what the log holds once more.
    var failure: StorageError?
    var onFailure: (@Sendable (StorageError) -> Void)?
    var isClosed = false

    /// Takes what can be flushed and answered for; `nil` if nothing can be now.
    mutating func begin() -> Round? {
      guard !isFlushing else { return nil }
      // A reader may wait for a commit that is not in the log yet.
      let count = waiting.firstIndex { $0.commit > inLog } ?? waiting.count
      guard count > 0 else { return nil }
      let answers = waiting.prefix(count).map(\.answer)
      waiting.removeFirst(count)
      waitingCommits = 0
      isFlushing = true
      return Round(last: inLog, needsDisk: changed > flushed, answers: answers)
    }
  }

  /// Readers' answers that may wait before readers do: their queue fills then, and refuses.
  static let maximumWaitingReads = 1_000

  /// What one flush is for.
  private struct Round {
    /// The last commit that it covers.
    let last: UInt64
    let needsDisk: Bool
    let answers: [Answer]
  }

  private let flush: @Sendable () throws(StorageError) -> Void
  private let counters: Counters
  private let state = Guarded(State())

  /// - Parameter flush: brings all that is in the log to the disk.
  init(counters: Counters, _ flush: @escaping @Sendable () throws(StorageError) -> Void) {
    self.counters = counters
    self.flush = flush
  }

  // MARK: The writer's side

  /// Blocks until another commit may be begun.
  ///
  /// - Returns: what made it impossible to take any more; `nil` unless something has.
  func waitForRoom() -> StorageError? {
    state.wait { state -> StorageError?? in
      let isBlocked = state.failure == nil && state.waitingCommits >= Self.maximumWaiting
      state.isWriterBlocked = isBlocked
      return isBlocked ? nil : .some(state.failure)
    }
  }

  /// A commit begins: from here on readers may see it.
  func begin() {
    state.withLock { $0.begun += 1 }
  }

  /// The commit that was begun is in the log, or had nothing to write.
  ///
  /// - Parameter isAlone: whether nothing else waits to be written, so that the writer may as well
  ///   wait for the disk itself: that saves waking another thread.
  func committed(hasChanged: Bool, isAlone: Bool, _ answer: @escaping Answer) {
    let (round, hasReaders) = state.withLock { state -> (Round?, Bool) in
      state.inLog = state.begun
      if hasChanged { state.changed = state.begun }
      state.waiting.append((state.begun, answer))
      state.waitingCommits += 1
      return (isAlone ? state.begin() : nil, state.isReaderBlocked)
    }
    if let round { return perform(round) }
    // One signal might wake a reader that waits for room, in place of the flusher.
    if hasReaders { state.broadcast { _ in } } else { state.signal { _ in } }
  }

  /// The commit that was begun has failed, and is not in the log.
  func gaveUp() {
    committed(hasChanged: false, isAlone: true) { _ in }
  }

  // MARK: The readers' side

  /// Answers at once if all that a snapshot taken before can show is on the disk; else when it is.
  /// Blocks while very many answers wait.
  func whenFlushed(_ answer: @escaping Answer) {
    let (isKnown, failure) = state.wait { state -> (Bool, StorageError?)? in
      if let failure = state.failure { return (true, failure) }
      if state.begun == state.flushed { return (true, nil) }
      guard state.waiting.count < Self.maximumWaitingReads else {
        state.isReaderBlocked = true
        return nil
      }
      state.waiting.append((state.begun, answer))
      return (false, nil)
    }
    if isKnown { answer(failure) } else { state.broadcast { _ in } }
  }

  // MARK: Flushing

  /// Flushes when there is something to flush, until it is closed: the body of its thread.
  func run() {
    while let round = state.wait(Self.next) {
      // There is room now.
      if state.withLock({ $0.isWriterBlocked }) { state.broadcast { _ in } }
      perform(round)
    }
  }

  private static func next(_ state: inout State) -> Round?? {
    if let round = state.begin() { return round }
    return state.isClosed && state.waiting.isEmpty ? .some(nil) : nil
  }

  private func perform(_ round: Round) {
    var failure = state.withLock { $0.failure }
    if failure == nil, round.needsDisk {
      do { try flush() } catch {
        failure = error
        fail(error)
      }
      counters.update { $0.flushes += 1 }
    }
    let wakesOthers = state.withLock { state in
      state.isFlushing = false
      if failure == nil { state.flushed = round.last }
      defer { state.isReaderBlocked = false }
      return !state.waiting.isEmpty || state.isWriterBlocked || state.isReaderBlocked
        || state.isClosed
    }
    if wakesOthers { state.broadcast { _ in } }
    for answer in round.answers { answer(failure) }
  }

  /// Has `action` called, once and before anybody is answered, when the disk fails; at once if it
  /// has.
  func onFailure(_ action: @escaping @Sendable (StorageError) -> Void) {
    let failure = state.withLock { state in
      if state.failure == nil { state.onFailure = action }
      return state.failure
    }
    if let failure { action(failure) }
  }

  /// The disk has failed: nothing is taken any more.
  func fail(_ error: StorageError) {
    state.withLock { $0.onFailure.take() }?(error)
    let late = state.broadcast { state in
      if state.failure == nil { state.failure = error }
      return state.onFailure.take()
    }
    late?(error)
  }

  /// To be called when the writer has ended.
  func close() { state.broadcast { $0.isClosed = true } }
}

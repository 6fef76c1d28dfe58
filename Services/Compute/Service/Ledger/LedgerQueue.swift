import RPC
import Storage
import Synchronization

/// Carries commands out one after the other, and commits together those that wait together.
///
/// A commit waits for the disk; what is asked meanwhile is the next group, one body of the
/// writer's. Each command runs on the ledger in memory; the group's entries, answers and balances
/// are written once, at its end. Nobody is answered before the commit.
final class LedgerQueue: Sendable {
  /// Most commands that may wait.
  static let maximumWaiting = 10_000
  /// Most commands that share a commit. Larger groups would have fewer flushes of the disk, but
  /// all callers would wait for one commit together, and nothing be done meanwhile: with groups
  /// that are smaller, some are answered and ask again while others are committed.
  static let maximumGroup = 96

  private struct Waiting {
    var commands: [QueuedCommand] = []
    /// Whether a body has been handed to the writer that has not begun yet.
    var isScheduled = false
  }

  private let database: Database
  private let waiting = Mutex(Waiting())
  /// Touched on the writer's thread alone.
  private let ledger = LedgerState()
  /// Whether balances, runs and usage are behind the journal.
  private let isBehind = Atomic(true)

  init(_ database: Database) { self.database = database }

  /// Runs `body` on the ledger, and answers once what it did is on the disk.
  ///
  /// What `body` throws comes back unchanged; it must throw before it changes anything.
  func submit<Answer: Sendable>(
    _ body: @escaping @Sendable (LedgerSession) throws -> Answer
  ) async throws -> Answer {
    try Task.checkCancellation()
    return try await withCheckedThrowingContinuation { continuation in
      enqueue(QueuedCommand(body, continuation))
    }
  }

  /// Brings balances, runs and usage up to the journal, so that SQL sees every answered command.
  func catchUp() async throws {
    guard isBehind.load(ordering: .acquiring) else { return }
    try await submit { $0.state.wantsFlush = true }
  }

  private func enqueue(_ command: QueuedCommand) {
    enum Next { case nothing, schedule, refuse }
    let next = waiting.withLock { waiting -> Next in
      guard waiting.commands.count < Self.maximumWaiting else { return .refuse }
      waiting.commands.append(command)
      defer { waiting.isScheduled = true }
      return waiting.isScheduled ? .nothing : .schedule
    }
    switch next {
    case .nothing: break
    case .schedule: schedule()
    case .refuse:
      command.fail(StorageError.overloaded(queue: "ledger", limit: Self.maximumWaiting))
    }
  }

  private func schedule() {
    let group = CommandGroup()
    database.enqueueWrite(
      { [self] tx in try perform(group, tx) },
      completion: { [self] result in complete(group, result) })
  }

  // MARK: - On the writer's thread

  private func perform(_ group: CommandGroup, _ tx: Transaction) throws {
    let (commands, hasMore) = waiting.withLock { waiting in
      let taken = Array(waiting.commands.prefix(Self.maximumGroup))
      waiting.commands.removeFirst(taken.count)
      waiting.isScheduled = !waiting.commands.isEmpty
      return (taken, waiting.isScheduled)
    }
    if hasMore { schedule() }
    group.state.withLock { $0.commands = commands }
    try ledger.begin(tx)
    let session = LedgerSession(ledger, tx)
    for (index, command) in commands.enumerated() {
      do { try command.perform(session) } catch {
        group.state.withLock { $0.culprit = index }
        throw error
      }
    }
    try ledger.finish(tx)
    let isBehind = ledger.isBehind
    tx.afterCommit { [self] in
      ledger.isCommitted = true
      self.isBehind.store(isBehind, ordering: .releasing)
    }
  }

  private func complete(_ group: CommandGroup, _ result: Result<Void, any Error>) {
    let (commands, culprit) = group.state.withLock { ($0.commands, $0.culprit) }
    guard case .failure(let error) = result else {
      for command in commands { command.succeed() }
      return
    }
    guard !commands.isEmpty else { return failAll(error) }
    // One use case that cannot be read must not keep the others' commands from the ledger.
    let isOwnFault = culprit != nil && !((error as? StorageError)?.isOfTheDisk ?? false)
    for (index, command) in commands.enumerated() {
      if isOwnFault, index != culprit { enqueue(command) } else { command.fail(error) }
    }
  }

  /// The writer takes nothing any more, so that what waits would wait for ever.
  private func failAll(_ error: any Error) {
    let commands = waiting.withLock { waiting in
      defer { waiting = Waiting() }
      return waiting.commands
    }
    for command in commands { command.fail(error) }
  }
}

extension StorageError {
  /// Whether it tells of the disk or the process rather than of one command.
  fileprivate var isOfTheDisk: Bool {
    switch self {
    case .busy, .diskFull, .readOnly, .inputOutput, .closed, .overloaded: true
    default: false
    }
  }
}

/// The commands that share a commit.
private final class CommandGroup: Sendable {
  struct State {
    var commands: [QueuedCommand] = []
    /// The one at which the group failed.
    var culprit: Int?
  }

  let state = Mutex(State())
}

/// A command that waits for its turn.
///
/// Not generic over its answer, for then each step would ask the runtime what an answer is.
private final class QueuedCommand: Sendable {
  /// Does the work, and returns what gives the answer; throws only what concerns the whole group.
  private let body: @Sendable (LedgerSession) throws -> @Sendable () -> Void
  private let refuse: @Sendable (any Error) -> Void
  private let answer = Mutex<(@Sendable () -> Void)?>(nil)

  init<Answer: Sendable>(
    _ body: @escaping @Sendable (LedgerSession) throws -> Answer,
    _ continuation: CheckedContinuation<Answer, any Error>
  ) {
    self.body = { session in
      do {
        let value = try body(session)
        return { continuation.resume(returning: value) }
      } catch let error as StorageError {
        throw error
      } catch {
        return { continuation.resume(throwing: error) }
      }
    }
    refuse = { continuation.resume(throwing: $0) }
  }

  func perform(_ session: LedgerSession) throws {
    let answer = try body(session)
    self.answer.withLock { $0 = answer }
  }

  func succeed() {
    if let answer = answer.withLock({ $0 }) { answer() } else { refuse(StorageError.closed) }
  }

  func fail(_ error: any Error) { refuse(error) }
}

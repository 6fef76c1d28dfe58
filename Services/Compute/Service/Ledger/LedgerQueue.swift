import Crypto
import RPC
import Storage
import Synchronization

/// Carries commands out one after the other, and commits together those that wait together.
///
/// What is asked while a group is carried out is the next one, one body of the writer's. Each
/// command runs on the ledger in memory; the group's entries and answers are written once, at its
/// end. Nobody is answered before the disk has the commit; meanwhile the next group is at work.
final class LedgerQueue: Sendable {
  /// Most commands that may wait.
  static let maximumWaiting = 10_000
  /// Most of them that may be of one tenant, so that no tenant's flood keeps the others out. They
  /// are done in some sixteen commits. What the installation itself asks for has only the limit of
  /// all, and what a watcher asks for neither.
  static let maximumWaitingOfTenant = 1_000
  /// Most commands that share a commit. Larger groups would have fewer commits, but all callers
  /// would wait for one together: with groups that are smaller, some are answered and ask again
  /// while others are committed.
  static let maximumGroup = 64

  private struct Waiting {
    var commands: [QueuedCommand] = []
    var countOfTenant: [String: Int] = [:]
    /// How many of the commands are watchers'.
    var countOfWatchers = 0
    /// Whether a body has been handed to the writer that has not begun yet.
    var isScheduled = false

    /// Why no further command of the asker may wait; `nil` if it may.
    func refusal(of asker: LedgerAsker) -> StorageError? {
      if case .watcher = asker { return nil }
      if commands.count - countOfWatchers >= maximumWaiting {
        return .overloaded(queue: "ledger", limit: maximumWaiting)
      }
      guard case .tenant(let tenant) = asker,
        countOfTenant[tenant, default: 0] >= maximumWaitingOfTenant
      else { return nil }
      return .overloaded(queue: "ledger, of one tenant", limit: maximumWaitingOfTenant)
    }

    mutating func append(_ command: QueuedCommand) {
      commands.append(command)
      switch command.asker {
      case .tenant(let tenant): countOfTenant[tenant, default: 0] += 1
      case .watcher: countOfWatchers += 1
      case .installation: break
      }
    }

    mutating func take() -> [QueuedCommand] {
      let taken = Array(commands.prefix(maximumGroup))
      commands.removeFirst(taken.count)
      // Mostly all that waits is taken.
      guard !commands.isEmpty else {
        countOfTenant.removeAll(keepingCapacity: true)
        countOfWatchers = 0
        return taken
      }
      for command in taken {
        switch command.asker {
        case .tenant(let tenant):
          let left = countOfTenant[tenant, default: 1] - 1
          countOfTenant[tenant] = left > 0 ? left : nil
        case .watcher: countOfWatchers -= 1
        case .installation: break
        }
      }
      return taken
    }
  }

  private let database: Database
  private let waiting = Mutex(Waiting())
  /// Touched on the writer's thread alone.
  private let ledger: LedgerState
  /// Whether balances, runs and usage are behind the journal.
  private let isBehind = Atomic(true)
  /// What readers wait for, until the ledger begins with it.
  private let catchingUp = Mutex<Task<Void, any Error>?>(nil)

  init(_ database: Database, clock: WallClock, answersInMemory: Int) {
    self.database = database
    ledger = LedgerState(clock: clock, answersInMemory: answersInMemory)
  }

  /// Runs `body` on the ledger, and answers with the bytes that it returns once what it did is on
  /// the disk.
  ///
  /// - Parameter status: what the caller is told of what `body` or the commit throws.
  func submit(
    _ asker: LedgerAsker, answer: RawAnswer,
    status: @escaping @Sendable (any Error) -> any Error,
    _ body: @escaping @Sendable (LedgerSession) throws -> [UInt8]
  ) {
    enqueue(AnsweringCommand(asker, answer, status: status, body))
  }

  /// Runs `body` on the ledger, and returns once what it did is on the disk.
  ///
  /// What `body` throws comes back unchanged; it must throw before it changes anything.
  func submit<Answer: Sendable>(
    _ asker: LedgerAsker, _ body: @escaping @Sendable (LedgerSession) throws -> Answer
  ) async throws -> Answer {
    try Task.checkCancellation()
    return try await withCheckedThrowingContinuation { continuation in
      enqueue(AwaitedCommand(asker, body, continuation))
    }
  }

  /// How many commands wait.
  var waitingCount: Int { waiting.withLock { $0.commands.count } }

  /// Brings balances, runs and usage up to the journal, so that SQL sees every answered command.
  ///
  /// Who reads while another waits for the same waits with it: a flood of reads is one command.
  func catchUp() async throws {
    guard isBehind.load(ordering: .acquiring) else { return }
    let task = catchingUp.withLock { shared in
      if let shared { return shared }
      let task = Task { [self] in
        // From here on others need a command of their own, for they may know of later answers.
        let begin: @Sendable () -> Void = { [self] in catchingUp.withLock { $0 = nil } }
        do {
          try await submit(.installation) { session in
            begin()
            session.state.wantsFlush = true
          }
        } catch {
          begin()
          throw error
        }
      }
      shared = task
      return task
    }
    try await task.value
  }

  private func enqueue(_ command: QueuedCommand) {
    enum Next {
      case nothing
      case schedule
      case refuse(StorageError)
    }
    let next = waiting.withLock { waiting -> Next in
      if let refusal = waiting.refusal(of: command.asker) { return .refuse(refusal) }
      waiting.append(command)
      defer { waiting.isScheduled = true }
      return waiting.isScheduled ? .nothing : .schedule
    }
    switch next {
    case .nothing: break
    case .schedule: schedule()
    case .refuse(let refusal): command.fail(refusal)
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
      let taken = waiting.take()
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
    tx.onCommit { [self] in
      ledger.committed()
      self.isBehind.store(isBehind, ordering: .releasing)
    }
  }

  /// On whichever of storage's threads has seen how the group ended.
  private func complete(_ group: CommandGroup, _ result: Result<Void, any Error>) {
    guard case .failure(let error) = result else { return succeed(group) }
    let (commands, culprit) = group.state.withLock { ($0.commands, $0.culprit) }
    guard !commands.isEmpty else { return failAll(error) }
    // One use case that cannot be read must not keep the others' commands from the ledger.
    let isOwnFault = culprit != nil && !((error as? StorageError)?.isOfTheDisk ?? false)
    for (index, command) in commands.enumerated() {
      if isOwnFault, index != culprit { enqueue(command) } else { command.fail(error) }
    }
  }

  private func succeed(_ group: CommandGroup) {
    var answers = AnswerBatch()
    // Only the answers hold the commands when they are sent, so that loops free them.
    for command in group.takeCommands() { command.succeed(&answers) }
    answers.send()
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

/// Who asks something of the ledger, on which depends how much of it may wait.
enum LedgerAsker: Sendable {
  /// A caller of the tenant.
  case tenant(String)
  /// The service itself.
  case installation
  /// A stream that was woken. It asks one thing at a time, and how many streams there may be is
  /// limited when they are opened: refused here, a stream would end without the stop that woke it,
  /// and a tenant's own calls could keep its runs from hearing one.
  case watcher
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

  func takeCommands() -> [QueuedCommand] {
    state.withLock { state in
      defer { state.commands = [] }
      return state.commands
    }
  }
}

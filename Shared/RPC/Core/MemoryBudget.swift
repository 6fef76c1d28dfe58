import Synchronization

/// How much the connections of a process may hold together: messages that nobody has taken yet,
/// parts of messages whose end has not come, answers that a peer does not read. What would go
/// beyond is refused with RESOURCE_EXHAUSTED, call by call.
///
/// Connections report in steps of `stepBytes`, so that a small call costs no shared counter: the
/// sum is exact up to one step for each connection.
public final class MemoryBudget: Sendable {
  /// What a connection may hold beyond what it has reported, in bytes.
  static let stepBytes = 4 << 10

  public let limitBytes: Int
  private let used = Atomic<Int>(0)

  public init(limitBytes: Int) {
    self.limitBytes = limitBytes
  }

  /// 1 GiB, shared by whatever is not given a budget of its own.
  public static let process = MemoryBudget(limitBytes: 1 << 30)

  public var usedBytes: Int { used.load(ordering: .relaxed) }

  var isExhausted: Bool { used.load(ordering: .relaxed) >= limitBytes }

  func add(_ bytes: Int) {
    used.wrappingAdd(bytes, ordering: .relaxed)
  }
}

/// One connection's part of the budget. Confined to the connection's loop.
struct HeldBytes {
  private(set) var count = 0
  private var reported = 0
  private var isReleased = false
  private let budget: MemoryBudget

  init(_ budget: MemoryBudget) {
    self.budget = budget
  }

  var isProcessExhausted: Bool { budget.isExhausted }

  var processLimit: Int { budget.limitBytes }

  mutating func change(by bytes: Int) {
    // What a call still gives back after its connection has gone was given back with it.
    guard !isReleased else { return }
    count += bytes
    assert(count >= 0, "more was released than held")
    let unreported = count - reported
    guard abs(unreported) >= MemoryBudget.stepBytes else { return }
    budget.add(unreported)
    reported = count
  }

  /// The connection is gone, and all that it held.
  mutating func releaseAll() {
    budget.add(-reported)
    count = 0
    reported = 0
    isReleased = true
  }
}

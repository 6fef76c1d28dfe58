import ComputeDomain
import RPC
import Storage

/// Ends what has been silent for too long, and what outlived its use case.
public struct HoldKeeper: Sendable {
  private let core: ComputeCore

  /// How often it looks: a run must hear within a second that its use case is over.
  public static let period = Duration.milliseconds(500)
  /// Most runs that one look ends; the next look takes the rest.
  static let maximumPerSweep = 1_000

  public init(_ core: ComputeCore) { self.core = core }

  /// Looks until its task is cancelled. A failing look is reported, and tried again.
  public func run() async {
    while !Task.isCancelled {
      do { try await sweep() } catch is CancellationError { return } catch {
        core.report("holds could not be checked: \(error)")
      }
      try? await Task.sleep(for: Self.period)
    }
  }

  /// Looks once. Returns how many runs were ended.
  @discardableResult
  public func sweep() async throws -> Int {
    let core = core
    let idle = core.settings.holdIdleMilliseconds
    let now = core.clock.now()
    let overdue = try await core.read { db in
      try RunStore.overdue(db, idleSince: now - idle, now: now, limit: Self.maximumPerSweep)
    }
    for located in overdue {
      do {
        try await core.write { tx in try end(located, tx, idleMilliseconds: idle) }
      } catch let error where !(error is CancellationError) {
        // One run that cannot be ended must not keep the others' holds.
        core.report("run \(located.run.id) could not be ended: \(error)")
      }
    }
    return overdue.count
  }

  private func end(
    _ located: RunStore.Located, _ tx: Transaction, idleMilliseconds: Int64
  ) throws {
    // Read again: it may have reported meanwhile.
    guard let current = try RunStore.find(tx, located.run.id), current.run.isRunning else {
      return
    }
    let id = current.run.id
    let commands: [(key: String, Command)] = [
      ("~/\(id)/end", .enforceEnd(run: id)),
      ("~/\(id)/expire", .expireRun(run: id, idleMilliseconds: idleMilliseconds)),
    ]
    for (key, command) in commands {
      guard let located = try RunStore.find(tx, id) else { return }
      try core.changeRun(tx, located, actor: "compute", trace: "", key: key, command)
    }
  }
}

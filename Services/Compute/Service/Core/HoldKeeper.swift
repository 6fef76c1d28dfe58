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
    var ended = 0
    for located in overdue {
      do {
        if try await core.command({ try end(located.run.id, $0, idleMilliseconds: idle) }) {
          ended += 1
        }
      } catch let error where !(error is CancellationError) {
        // One run that cannot be ended must not keep the others' holds.
        core.report("run \(located.run.id) could not be ended: \(error)")
      }
    }
    return ended
  }

  /// Whether the run has been ended: it may have reported meanwhile.
  private func end(
    _ id: String, _ session: LedgerSession, idleMilliseconds: Int64
  ) throws -> Bool {
    let commands: [(key: String, Command)] = [
      ("~/\(id)/end", .enforceEnd(run: id)),
      ("~/\(id)/expire", .expireRun(run: id, idleMilliseconds: idleMilliseconds)),
    ]
    for (key, command) in commands {
      guard let open = try session.book(ofRun: id) else { return false }
      let context = try core.commandContext(
        session, open, actor: "compute", trace: "", key: key)
      if try !core.perform(session, command, on: open, context).entries.isEmpty { return true }
    }
    return false
  }
}

import ComputeDomain
import RPC
import Storage

/// Ends what has been silent for too long, and what outlived its use case.
public struct HoldKeeper: Sendable {
  private let core: ComputeCore

  /// How often it looks: a run must hear within a second that its use case is over.
  public static let period = Duration.milliseconds(500)
  /// How many runs are looked up, and ended together, at a time.
  static let pageSize = 480

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

  /// Looks once, at all runs. Returns how many were ended.
  @discardableResult
  public func sweep() async throws -> Int {
    let core = core
    let now = core.clock.now()
    let idle = core.settings.holdIdleMilliseconds
    // First those whose clients are to hear of it within a second.
    let outliving = try await endAll { db, place in
      try RunStore.outliving(db, now: now, after: place, limit: Self.pageSize)
    }
    let meansSomething = try await core.command { isSilence(of: idle, $0) }
    guard meansSomething else { return outliving }
    let silent = try await endAll { db, place in
      try RunStore.silent(db, since: now - idle, after: place, limit: Self.pageSize)
    }
    return outliving + silent
  }

  /// Ends what is found, page by page: neither one run nor one tenant's many keep the keeper from
  /// the others.
  private func endAll(
    _ page: @escaping @Sendable (Reader, RunStore.Place) throws -> [RunStore.Place]
  ) async throws -> Int {
    var ended = 0
    var last: RunStore.Place? = .beforeAll
    while let place = last {
      let found = try await core.read { try page($0, place) }
      ended += await withTaskGroup(of: Bool.self) { group in
        // At once, so that they share commits.
        for place in found { group.addTask { await end(place.run) } }
        return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
      }
      try Task.checkCancellation()
      last = found.count < Self.pageSize ? nil : found.last
    }
    return ended
  }

  /// Whether the run has been ended. One that cannot be is reported.
  private func end(_ id: String) async -> Bool {
    do { return try await core.command { try end(id, $0) } } catch {
      if !Task.isCancelled { core.report("run \(id) could not be ended: \(error)") }
      return false
    }
  }

  /// Whether the run has been ended: it may have reported meanwhile.
  private func end(_ id: String, _ session: LedgerSession) throws -> Bool {
    let idle = core.settings.holdIdleMilliseconds
    var commands: [(key: String, Command)] = [("~/\(id)/end", .enforceEnd(run: id))]
    if isSilence(of: idle, session) {
      commands.append(("~/\(id)/expire", .expireRun(run: id, idleMilliseconds: idle)))
    }
    for (key, command) in commands {
      guard let open = try session.book(ofRun: id) else { return false }
      let context = try core.commandContext(
        session, open, actor: "compute", trace: "", key: key)
      if try !core.perform(session, command, on: open, context).entries.isEmpty { return true }
    }
    return false
  }

  /// Whether the ledger has listened for so long that silence means something: a sign of life of
  /// just before a start may be lost.
  private func isSilence(of milliseconds: Int64, _ session: LedgerSession) -> Bool {
    core.clock.now() - session.state.listeningSince >= milliseconds
  }
}
